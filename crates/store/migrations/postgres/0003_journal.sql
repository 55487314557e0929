-- How far each tenant's log was journaled and looked at. Its row's lock is held by whoever journals, so that places are visible in their order.
CREATE TABLE log_states (
    tenant_id TEXT COLLATE "C" PRIMARY KEY,
    next_seq  BIGINT NOT NULL, -- the place of the next entry
    worked    BIGINT NOT NULL, -- entries before this place were looked at
    late_from BIGINT           -- the oldest time of what came late and was not put in its place yet; NULL: nothing
);

-- What Auth0 wrote into its log, once each. Who it is about stands in what is sealed.
CREATE TABLE log_entries (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    seq         BIGINT NOT NULL, -- rises as entries arrive, without gaps
    log_id      TEXT COLLATE "C" NOT NULL, -- Auth0's
    kind        TEXT COLLATE "C" NOT NULL, -- Auth0's type code
    happened_at BIGINT NOT NULL, -- by Auth0's clock
    arrived_at  BIGINT NOT NULL,
    key_id      TEXT COLLATE "C" NOT NULL, -- the key that opens it
    sealed      BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, seq),
    CONSTRAINT log_entries_once UNIQUE (tenant_id, log_id)
);

ALTER TABLE log_entries ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE INDEX log_entries_in_time ON log_entries (tenant_id, happened_at, log_id);

-- What came among entries and could not be read.
CREATE TABLE log_rejects (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    number     BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL,
    reason     TEXT COLLATE "C" NOT NULL,
    key_id     TEXT COLLATE "C" NOT NULL,
    sealed     BYTEA NOT NULL, -- its first bytes
    PRIMARY KEY (tenant_id, number)
);

-- What detectors knew at a place of the journal.
CREATE TABLE log_snapshots (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    seq         BIGINT NOT NULL, -- entries before this place are in it
    happened_at BIGINT NOT NULL, -- the newest time of an entry that is in it
    log_id      TEXT COLLATE "C" NOT NULL, -- that entry's
    state       BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);

-- Up to where a tenant's log was read through its API.
CREATE TABLE log_cursors (
    tenant_id TEXT COLLATE "C" NOT NULL,
    name      TEXT COLLATE "C" NOT NULL,
    cursor    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- What was found in a tenant's log. Who it is about stands in what is sealed.
CREATE TABLE alerts (
    tenant_id    TEXT COLLATE "C" NOT NULL,
    alert_id     TEXT COLLATE "C" NOT NULL,
    detector     TEXT COLLATE "C" NOT NULL,
    severity     BIGINT NOT NULL, -- 0 informational to 4 critical
    audience     TEXT COLLATE "C" NOT NULL, -- who is told
    is_retracted BIGINT NOT NULL, -- a replay in event time did not find it
    is_late      BIGINT NOT NULL, -- only a replay found it
    first_at     BIGINT NOT NULL, -- event time
    last_at      BIGINT NOT NULL,
    entity_tag   BIGINT NOT NULL, -- what it is about, as a keyed tag
    incident_id  TEXT COLLATE "C",
    key_id       TEXT COLLATE "C" NOT NULL, -- the key that opens it
    sealed       BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, alert_id)
);

CREATE INDEX alerts_in_time ON alerts (tenant_id, last_at, alert_id);

CREATE INDEX alerts_by_incident ON alerts (tenant_id, incident_id) WHERE incident_id IS NOT NULL;
