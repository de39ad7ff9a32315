-- +goose Up
-- What there is a limited number of. The check is the last defence: no statement gives more than there is.
CREATE TABLE stocks (
    name      TEXT    PRIMARY KEY,
    opened    INTEGER NOT NULL, -- how many there are in all
    remaining INTEGER NOT NULL, -- how many nobody has booked
    CHECK (remaining >= 0 AND remaining <= opened)
) STRICT, WITHOUT ROWID;

CREATE TABLE bookings (
    id        INTEGER PRIMARY KEY AUTOINCREMENT, -- a number that was returned is never given again
    person_id INTEGER NOT NULL,
    stock     TEXT    NOT NULL,
    booked_ms INTEGER NOT NULL,
    UNIQUE (person_id, stock)
) STRICT;

-- +goose Down
DROP TABLE bookings;
DROP TABLE stocks;
