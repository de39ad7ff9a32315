-- +goose Up
-- Finds expired keys whenever a new key is taken.
CREATE INDEX idempotency_expires ON idempotency (expires_ms);

-- Photos are stored here because replicas share only the database.
CREATE TABLE photos (
    person_id BIGINT NOT NULL,
    sha256    TEXT   NOT NULL,
    content   BYTEA  NOT NULL,
    PRIMARY KEY (person_id, sha256)
);

-- +goose Down
DROP TABLE photos;
DROP INDEX idempotency_expires;
