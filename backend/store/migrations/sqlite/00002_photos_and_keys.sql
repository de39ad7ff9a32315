-- +goose Up
-- Finds expired keys whenever a new key is taken.
CREATE INDEX idempotency_expires ON idempotency (expires_ms);

-- A transaction that changes nothing needs no fsync. Its time would reveal that an address is known.
CREATE TABLE beats (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    n  INTEGER NOT NULL
) STRICT;
INSERT INTO beats (id, n) VALUES (1, 0);

-- Always empty: photos are files beside the database.
CREATE TABLE photos (
    person_id INTEGER NOT NULL,
    sha256    TEXT    NOT NULL,
    content   BLOB    NOT NULL,
    PRIMARY KEY (person_id, sha256)
) STRICT;

-- +goose Down
DROP TABLE photos;
DROP TABLE beats;
DROP INDEX idempotency_expires;
