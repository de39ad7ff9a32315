-- +goose Up
CREATE TABLE people (
    id              INTEGER PRIMARY KEY,
    email           TEXT    NOT NULL UNIQUE, -- normalised
    name            TEXT    NOT NULL,
    phone           TEXT    NOT NULL,
    created_ms      INTEGER NOT NULL,        -- Unix time, like all *_ms
    mailed_ms       INTEGER NOT NULL,        -- when the last mail was put in the outbox
    link_nonce      BLOB    NOT NULL,        -- with the key outside the database this gives the link's secret
    link_hash       BLOB    NOT NULL,        -- of the secret
    link_expires_ms INTEGER NOT NULL,
    verified_ms     INTEGER,
    nik_index       BLOB,                    -- keyed hash of the NIK
    nik_cipher      BLOB,
    birth_date      TEXT,                    -- YYYY-MM-DD
    identified_ms   INTEGER,
    photo_sha256    TEXT,
    eligible_ms     INTEGER,
    social_aid      INTEGER,
    batch           INTEGER REFERENCES batches (id),
    joined_ms       INTEGER
) STRICT;

-- Partial, so that a sign-up, which has no NIK yet, does not pay for it.
CREATE UNIQUE INDEX people_nik ON people (nik_index) WHERE nik_index IS NOT NULL;

CREATE TABLE batches (
    id      INTEGER PRIMARY KEY,
    quota   INTEGER NOT NULL, -- 0 means none
    members INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    person_id  INTEGER NOT NULL REFERENCES people (id),
    state      INTEGER NOT NULL DEFAULT 0, -- 0 pending, 1 sent, 2 dead
    attempts   INTEGER NOT NULL DEFAULT 0,
    settled_ms INTEGER
) STRICT;

CREATE TABLE seal (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint BLOB NOT NULL -- of the key, so that a wrong one is noticed
) STRICT;

-- +goose Down
DROP TABLE seal;
DROP TABLE outbox;
DROP TABLE batches;
DROP TABLE people;
