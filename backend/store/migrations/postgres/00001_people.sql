-- +goose Up
CREATE TABLE people (
    id                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email             TEXT    NOT NULL UNIQUE, -- normalised
    name              TEXT    NOT NULL,
    phone             TEXT    NOT NULL,
    password          TEXT,                    -- argon2id, in the PHC's form
    created_ms        BIGINT NOT NULL,        -- Unix time, like all *_ms
    mailed_ms         BIGINT NOT NULL,        -- when the last mail was put in the outbox
    link_nonce        BYTEA    NOT NULL,        -- with the key outside the database this gives the link's secret
    link_hash         BYTEA    NOT NULL,        -- of the secret; empty once it was used
    link_expires_ms   BIGINT NOT NULL,
    link_tries        BIGINT NOT NULL DEFAULT 0, -- of its code
    verified_ms       BIGINT,
    identity          TEXT,                    -- what the registry said last, or pending
    nik_index         BYTEA,                    -- keyed hash of the NIK
    nik_cipher        BYTEA,
    birth_date        TEXT,                    -- YYYY-MM-DD
    identified_ms     BIGINT,
    profile_cipher    BYTEA,
    ktp_sha256        TEXT,
    selfie_sha256     TEXT,
    otp_nonce         BYTEA,
    otp_expires_ms    BIGINT,
    otp_tries         BIGINT NOT NULL DEFAULT 0,
    otp_sent_ms       BIGINT,
    phone_verified_ms BIGINT,
    statement_ms      BIGINT,
    test_score        BIGINT,
    test_due_ms       BIGINT,                 -- when the score may be known
    eligible_ms       BIGINT,
    social_aid        BOOLEAN,
    batch             BIGINT,
    joined_ms         BIGINT,
    selected_ms       BIGINT,
    erased_ms         BIGINT                  -- the row stays, emptied, so that its number is never given again
);

-- A partial index, so that a sign-up without a NIK does not have to update it.
CREATE UNIQUE INDEX people_nik ON people (nik_index) WHERE nik_index IS NOT NULL;
CREATE INDEX people_batch ON people (batch) WHERE batch IS NOT NULL;

CREATE TABLE batches (
    id          BIGINT PRIMARY KEY,
    quota       BIGINT NOT NULL, -- 0 means none
    members     BIGINT NOT NULL DEFAULT 0,
    closed_ms   BIGINT,
    seed        TEXT,             -- of the selection, published with it
    places      BIGINT,
    selected_ms BIGINT
);

-- Outside work: mails, short messages, identity checks. There is no foreign key, because its check would
-- cost every sign-up a look-up of the row just written.
CREATE TABLE jobs (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id  BIGINT NOT NULL,
    kind       BIGINT NOT NULL,
    state      BIGINT NOT NULL DEFAULT 0, -- 0 pending, 1 done, 2 dead
    attempts   BIGINT NOT NULL DEFAULT 0,
    due_ms     BIGINT NOT NULL,           -- not before this: a pause after a failure, or somebody's lease
    payload    BYTEA,                       -- sealed
    settled_ms BIGINT
);

CREATE INDEX jobs_due ON jobs (kind, due_ms, id) WHERE state = 0;

CREATE TABLE idempotency (
    key         BYTEA    PRIMARY KEY, -- keyed hash of who asked for what, under which key
    fingerprint BYTEA    NOT NULL,
    status      BIGINT NOT NULL,    -- 0 while the request runs
    body        BYTEA,                -- sealed
    expires_ms  BIGINT NOT NULL
);

CREATE TABLE seal (
    id          INT PRIMARY KEY CHECK (id = 1),
    fingerprint BYTEA NOT NULL -- of the key, so that a wrong one is noticed
);

-- +goose Down
DROP TABLE seal;
DROP TABLE idempotency;
DROP TABLE jobs;
DROP TABLE batches;
DROP TABLE people;
