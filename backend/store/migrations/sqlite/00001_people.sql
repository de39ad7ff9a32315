-- +goose Up
CREATE TABLE people (
    id                INTEGER PRIMARY KEY,
    email             TEXT    NOT NULL UNIQUE, -- normalised
    name              TEXT    NOT NULL,
    phone             TEXT    NOT NULL,
    password          TEXT,                    -- argon2id, in the PHC's form
    created_ms        INTEGER NOT NULL,        -- Unix time, like all *_ms
    mailed_ms         INTEGER NOT NULL,        -- when the last mail was put in the outbox
    link_nonce        BLOB    NOT NULL,        -- with the key outside the database this gives the link's secret
    link_hash         BLOB    NOT NULL,        -- of the secret; empty once it was used
    link_expires_ms   INTEGER NOT NULL,
    link_tries        INTEGER NOT NULL DEFAULT 0, -- of its code
    verified_ms       INTEGER,
    identity          TEXT,                    -- what the registry said last, or pending
    nik_index         BLOB,                    -- keyed hash of the NIK
    nik_cipher        BLOB,
    birth_date        TEXT,                    -- YYYY-MM-DD
    identified_ms     INTEGER,
    profile_cipher    BLOB,
    ktp_sha256        TEXT,
    selfie_sha256     TEXT,
    otp_nonce         BLOB,
    otp_expires_ms    INTEGER,
    otp_tries         INTEGER NOT NULL DEFAULT 0,
    otp_sent_ms       INTEGER,
    phone_verified_ms INTEGER,
    statement_ms      INTEGER,
    test_score        INTEGER,
    test_due_ms       INTEGER,                 -- when the score may be known
    eligible_ms       INTEGER,
    social_aid        INTEGER,
    batch             INTEGER,
    joined_ms         INTEGER,
    selected_ms       INTEGER,
    erased_ms         INTEGER                  -- the row stays, emptied, so that its number is never given again
) STRICT;

-- A partial index, so that a sign-up without a NIK does not have to update it.
CREATE UNIQUE INDEX people_nik ON people (nik_index) WHERE nik_index IS NOT NULL;
CREATE INDEX people_batch ON people (batch) WHERE batch IS NOT NULL;

CREATE TABLE batches (
    id          INTEGER PRIMARY KEY,
    quota       INTEGER NOT NULL, -- 0 means none
    members     INTEGER NOT NULL DEFAULT 0,
    closed_ms   INTEGER,
    seed        TEXT,             -- of the selection, published with it
    places      INTEGER,
    selected_ms INTEGER
) STRICT;

-- Outside work: mails, short messages, identity checks. There is no foreign key, because its check would
-- cost every sign-up a look-up of the row just written.
CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY,
    person_id  INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    state      INTEGER NOT NULL DEFAULT 0, -- 0 pending, 1 done, 2 dead
    attempts   INTEGER NOT NULL DEFAULT 0,
    due_ms     INTEGER NOT NULL,           -- not before this: a pause after a failure, or somebody's lease
    payload    BLOB,                       -- sealed
    settled_ms INTEGER
) STRICT;

CREATE INDEX jobs_due ON jobs (kind, due_ms, id) WHERE state = 0;

CREATE TABLE idempotency (
    key         BLOB    PRIMARY KEY, -- keyed hash of who asked for what, under which key
    fingerprint BLOB    NOT NULL,
    status      INTEGER NOT NULL,    -- 0 while the request runs
    body        BLOB,                -- sealed
    expires_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE seal (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint BLOB NOT NULL -- of the key, so that a wrong one is noticed
) STRICT;

-- +goose Down
DROP TABLE seal;
DROP TABLE idempotency;
DROP TABLE jobs;
DROP TABLE batches;
DROP TABLE people;
