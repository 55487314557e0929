-- How far each tenant's log was journaled and looked at.
CREATE TABLE log_states (
    tenant_id TEXT    PRIMARY KEY,
    next_seq  INTEGER NOT NULL, -- the place of the next entry
    worked    INTEGER NOT NULL, -- entries before this place were looked at
    late_from INTEGER           -- the oldest time of what came late and was not put in its place yet; NULL: nothing
) STRICT;

-- What Auth0 wrote into its log, once each. Who it is about stands in what is sealed.
CREATE TABLE log_entries (
    tenant_id   TEXT    NOT NULL,
    seq         INTEGER NOT NULL, -- rises as entries arrive, without gaps
    log_id      TEXT    NOT NULL, -- Auth0's
    kind        TEXT    NOT NULL, -- Auth0's type code
    happened_at INTEGER NOT NULL, -- by Auth0's clock
    arrived_at  INTEGER NOT NULL,
    key_id      TEXT    NOT NULL, -- the key that opens it
    sealed      BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) STRICT;

CREATE UNIQUE INDEX log_entries_once ON log_entries (tenant_id, log_id);

CREATE INDEX log_entries_in_time ON log_entries (tenant_id, happened_at, log_id);

-- What came among entries and could not be read.
CREATE TABLE log_rejects (
    tenant_id  TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    sealed     BLOB    NOT NULL, -- its first bytes
    PRIMARY KEY (tenant_id, number)
) STRICT;

-- What detectors knew at a place of the journal.
CREATE TABLE log_snapshots (
    tenant_id   TEXT    NOT NULL,
    seq         INTEGER NOT NULL, -- entries before this place are in it
    happened_at INTEGER NOT NULL, -- the newest time of an entry that is in it
    log_id      TEXT    NOT NULL, -- that entry's
    state       BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) STRICT;

-- Up to where a tenant's log was read through its API.
CREATE TABLE log_cursors (
    tenant_id TEXT NOT NULL,
    name      TEXT NOT NULL,
    cursor    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- What was found in a tenant's log. Who it is about stands in what is sealed.
CREATE TABLE alerts (
    tenant_id    TEXT    NOT NULL,
    alert_id     TEXT    NOT NULL,
    detector     TEXT    NOT NULL,
    severity     INTEGER NOT NULL, -- 0 informational to 4 critical
    audience     TEXT    NOT NULL, -- who is told
    is_retracted INTEGER NOT NULL, -- a replay in event time did not find it
    is_late      INTEGER NOT NULL, -- only a replay found it
    first_at     INTEGER NOT NULL, -- event time
    last_at      INTEGER NOT NULL,
    entity_tag   INTEGER NOT NULL, -- what it is about, as a keyed tag
    incident_id  TEXT,
    key_id       TEXT    NOT NULL, -- the key that opens it
    sealed       BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, alert_id)
) STRICT;

CREATE INDEX alerts_in_time ON alerts (tenant_id, last_at, alert_id);

CREATE INDEX alerts_by_incident ON alerts (tenant_id, incident_id) WHERE incident_id IS NOT NULL;
