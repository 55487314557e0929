-- Texts are compared byte by byte, whatever the database's language. Booleans are 0 or 1, times microseconds since 1970.

-- The head of each tenant's ledger: what the next leaf is appended to. Its row's lock is held by whoever writes for the
-- tenant, so that one writes at a time.
CREATE TABLE ledgers (
    tenant_id TEXT COLLATE "C" PRIMARY KEY,
    frontier  BYTEA NOT NULL, -- size and roots of the complete subtrees
    chain     BYTEA NOT NULL  -- running hash over all leaves
);

-- A row for each leaf, with all that is known when it is written. Insert only: the triggers below refuse anything but
-- the deletion of its bodies.
CREATE TABLE records (
    tenant_id       TEXT COLLATE "C" NOT NULL,
    leaf_index      BIGINT NOT NULL,
    record_id       TEXT COLLATE "C" NOT NULL,
    recorded_at     BIGINT NOT NULL,
    organization_id TEXT COLLATE "C", -- this and what follows up to `is_censored`: of a decision
    client_id       TEXT COLLATE "C",
    trigger_id      TEXT COLLATE "C",
    channel         TEXT COLLATE "C",
    mode            TEXT COLLATE "C",
    level           TEXT COLLATE "C",
    score           BIGINT, -- millionths
    verdict         TEXT COLLATE "C",
    is_trusted      BIGINT, -- scored below the challenge threshold
    is_censored     BIGINT, -- refused or challenged by us
    chain           BYTEA NOT NULL,
    leaf            BYTEA NOT NULL,
    bodies          BYTEA, -- what the leaf says about people, sealed under their keys; NULL: nothing, or deleted
    PRIMARY KEY (tenant_id, leaf_index),
    CONSTRAINT records_by_id UNIQUE (tenant_id, record_id)
);

-- What is sealed does not compress, and the name of its first key is read without the rest.
ALTER TABLE records ALTER COLUMN bodies SET STORAGE EXTERNAL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept RECORD;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        kept := NEW;
        kept.bodies := OLD.bodies;
        IF NEW.bodies IS NULL AND kept IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'records are insert only';
END $$;

CREATE TRIGGER records_are_not_changed BEFORE UPDATE OR DELETE ON records
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER records_are_not_emptied BEFORE TRUNCATE ON records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What became known of a decision later; absent: nothing yet.
CREATE TABLE standings (
    tenant_id     TEXT COLLATE "C" NOT NULL,
    leaf_index    BIGINT NOT NULL, -- of the decision
    standing      TEXT COLLATE "C" NOT NULL, -- what is known of its outcome
    granted       BIGINT NOT NULL, -- weight in the profile, thousandths
    is_unanswered BIGINT NOT NULL, -- nobody was told of it
    PRIMARY KEY (tenant_id, leaf_index)
);

-- Roots of complete subtrees of 256^level leaves, so that a proof reads few hashes.
CREATE TABLE tree_nodes (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    level      BIGINT NOT NULL,
    node_index BIGINT NOT NULL,
    hash       BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, level, node_index)
);

CREATE TABLE checkpoints (
    tenant_id TEXT COLLATE "C" NOT NULL,
    size      BIGINT NOT NULL,
    note      TEXT COLLATE "C" NOT NULL,
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, size)
);

CREATE TABLE outcomes (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    outcome_id  TEXT COLLATE "C" NOT NULL,
    decision_id TEXT COLLATE "C",
    kind        TEXT COLLATE "C" NOT NULL,
    happened_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, outcome_id)
);

CREATE UNIQUE INDEX outcomes_once ON outcomes (tenant_id, decision_id, kind) WHERE decision_id IS NOT NULL;

CREATE TABLE profiles (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    subject_id TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    sealed     BYTEA NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
);

-- Which accounts have an e-mail address, all under pseudonyms. Several may: what is not verified is anybody's word.
CREATE TABLE addresses (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    address_id  TEXT COLLATE "C" NOT NULL,
    subject_id  TEXT COLLATE "C" NOT NULL,
    is_verified BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, address_id, subject_id)
);

CREATE INDEX addresses_by_subject ON addresses (tenant_id, subject_id);

-- The riskiest sign-up of late of an account, or of an address at a connection; kept for the first login.
CREATE TABLE sign_ups (
    tenant_id     TEXT COLLATE "C" NOT NULL,
    holder_id     TEXT COLLATE "C" NOT NULL, -- an account, or an address
    connection    TEXT COLLATE "C" NOT NULL, -- of an address; empty for an account
    decision_id   TEXT COLLATE "C" NOT NULL,
    score         BIGINT NOT NULL, -- millionths
    is_challenged BOOLEAN NOT NULL, -- a challenge or more was decided
    decided_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, holder_id, connection)
);

CREATE INDEX sign_ups_by_time ON sign_ups (tenant_id, decided_at);

-- Keys that are to be destroyed or were: done again at each start, should an old copy of the keys be put back.
CREATE TABLE erasures (
    tenant_id TEXT COLLATE "C" NOT NULL,
    key_id    TEXT COLLATE "C" NOT NULL,
    erased_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key_id)
);

-- Each process looks for the latest ones every half second.
CREATE INDEX erasures_by_time ON erasures (tenant_id, erased_at);

-- Signed requests within the replay window, seen by any of the processes.
CREATE TABLE requests (
    tenant_id TEXT COLLATE "C" NOT NULL,
    digest    BYTEA NOT NULL, -- of the request's id, 128 bits
    seen_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, digest)
);

CREATE INDEX requests_by_time ON requests (tenant_id, seen_at);

CREATE TABLE switches (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    trigger_id TEXT COLLATE "C" NOT NULL,
    is_off     BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, trigger_id)
);

CREATE TABLE policies (
    tenant_id    TEXT COLLATE "C" NOT NULL,
    version      BIGINT NOT NULL,
    etag         TEXT COLLATE "C" NOT NULL,
    document     TEXT COLLATE "C" NOT NULL,
    activated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

-- Tokens of the short form; only their digests are kept.
CREATE TABLE risk_tokens (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    token_id   TEXT COLLATE "C" NOT NULL,
    digest     BYTEA NOT NULL, -- SHA-256 of the token
    created_at BIGINT NOT NULL,
    revoked_at BIGINT, -- NULL: it holds
    PRIMARY KEY (tenant_id, token_id)
);

-- Up to which leaf 24 hours of silence have been counted.
CREATE TABLE silence_cursors (
    tenant_id  TEXT COLLATE "C" PRIMARY KEY,
    leaf_index BIGINT NOT NULL
);

-- Up to which leaf (exclusive) bodies of records of one kind were deleted.
CREATE TABLE retention_cursors (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    prefix     TEXT COLLATE "C" NOT NULL, -- of the kind's record ids
    leaf_index BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, prefix)
);

-- Work that one process does at a time. A row stays when its lease ends, so that its epoch never comes again.
CREATE TABLE leases (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    holder     TEXT COLLATE "C" NOT NULL, -- empty: given back
    epoch      BIGINT NOT NULL, -- counts up when the holder changes
    expires_at BIGINT NOT NULL, -- by this server's clock
    PRIMARY KEY (tenant_id, name)
);
