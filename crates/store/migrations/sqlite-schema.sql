CREATE TRIGGER leaves_are_not_deleted BEFORE DELETE ON leaves BEGIN
    SELECT RAISE(ABORT, 'leaves are insert only');
END;
CREATE TRIGGER leaves_are_not_updated BEFORE UPDATE ON leaves BEGIN
    SELECT RAISE(ABORT, 'leaves are insert only');
END;
CREATE TABLE checkpoints (
    tenant_id TEXT    NOT NULL,
    size      INTEGER NOT NULL,
    note      TEXT    NOT NULL,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, size)
) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (
    tenant_id       TEXT    NOT NULL,
    leaf_index      INTEGER NOT NULL,
    decision_id     TEXT    NOT NULL,
    decided_at      INTEGER NOT NULL,
    organization_id TEXT,
    client_id       TEXT,
    trigger_id      TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    mode            TEXT    NOT NULL,
    level           TEXT    NOT NULL,
    score           INTEGER NOT NULL, -- millionths
    verdict         TEXT    NOT NULL,
    is_trusted      INTEGER NOT NULL, -- scored below the challenge threshold
    is_censored     INTEGER NOT NULL, -- refused or challenged by us
    standing        TEXT    NOT NULL, -- what is known of its outcome
    granted         INTEGER NOT NULL, -- weight in the profile, thousandths
    PRIMARY KEY (tenant_id, leaf_index)
) STRICT, WITHOUT ROWID;
CREATE TABLE erasures (
    tenant_id TEXT    NOT NULL,
    key_id    TEXT    NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE leaves (
    tenant_id  TEXT    NOT NULL,
    leaf_index INTEGER NOT NULL,
    record_id  TEXT    NOT NULL,
    leaf       BLOB    NOT NULL,
    chain      BLOB    NOT NULL,
    UNIQUE (tenant_id, leaf_index),
    UNIQUE (tenant_id, record_id)
) STRICT;
CREATE TABLE ledgers (
    tenant_id TEXT PRIMARY KEY,
    frontier  BLOB NOT NULL, -- size and roots of the complete subtrees
    chain     BLOB NOT NULL  -- running hash over all leaves
) STRICT;
CREATE TABLE migrations (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE outcomes (
    tenant_id   TEXT    NOT NULL,
    outcome_id  TEXT    NOT NULL,
    decision_id TEXT,
    kind        TEXT    NOT NULL,
    happened_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, outcome_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE policies (
    tenant_id    TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    etag         TEXT    NOT NULL,
    document     TEXT    NOT NULL,
    activated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE profiles (
    tenant_id  TEXT    NOT NULL,
    subject_id TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE requests (
    number    INTEGER PRIMARY KEY,
    tenant_id TEXT    NOT NULL,
    digest    BLOB    NOT NULL, -- of the request's id, 128 bits
    seen_at   INTEGER NOT NULL
) STRICT;
CREATE TABLE sealed_bodies (
    tenant_id  TEXT    NOT NULL,
    leaf_index INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    key_id     TEXT    NOT NULL, -- names the key; whose it is stands beside the key alone
    sealed     BLOB    NOT NULL,
    UNIQUE (tenant_id, leaf_index, ordinal)
) STRICT;
CREATE TABLE silence_cursors (
    tenant_id  TEXT PRIMARY KEY,
    leaf_index INTEGER NOT NULL
) STRICT;
CREATE TABLE switches (
    tenant_id  TEXT    NOT NULL,
    trigger_id TEXT    NOT NULL,
    is_off     INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, trigger_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE tree_nodes (
    tenant_id  TEXT    NOT NULL,
    level      INTEGER NOT NULL,
    node_index INTEGER NOT NULL,
    hash       BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, level, node_index)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX outcomes_once ON outcomes (tenant_id, decision_id, kind) WHERE decision_id IS NOT NULL;

-- Subject keys, in a file of their own
CREATE TABLE migrations (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE subject_keys (
    tenant_id  TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    key_id     TEXT NOT NULL,
    wrapped    BLOB NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX subject_keys_by_id ON subject_keys (tenant_id, key_id);
