-- +goose Up
-- What there is a limited number of. The check is the last defence: no statement gives more than there is.
CREATE TABLE stocks (
    name      TEXT   PRIMARY KEY,
    opened    BIGINT NOT NULL, -- how many there are in all
    remaining BIGINT NOT NULL, -- how many nobody has booked
    CHECK (remaining >= 0 AND remaining <= opened)
);

CREATE TABLE bookings (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id BIGINT NOT NULL,
    stock     TEXT   NOT NULL,
    booked_ms BIGINT NOT NULL,
    UNIQUE (person_id, stock)
);

-- +goose Down
DROP TABLE bookings;
DROP TABLE stocks;
