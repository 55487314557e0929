-- Alerts that belong together. What they tell stands in what is sealed.
CREATE TABLE incidents (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    incident_id TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL, -- counts changes
    severity    BIGINT NOT NULL, -- 0 informational to 4 critical
    status      TEXT COLLATE "C" NOT NULL,
    disposition TEXT COLLATE "C", -- what it was, once closed
    assignee    TEXT COLLATE "C", -- who has it
    alerts      BIGINT NOT NULL, -- how many
    first_at    BIGINT NOT NULL, -- event time
    last_at     BIGINT NOT NULL,
    opened_at   BIGINT NOT NULL, -- our clock
    due_at      BIGINT NOT NULL,
    key_id      TEXT COLLATE "C" NOT NULL, -- the key that opens it
    sealed      BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, incident_id)
);

CREATE INDEX incidents_in_time ON incidents (tenant_id, last_at, incident_id);

-- What the alerts of incidents are about, as keyed tags: by these the next alert finds its incident.
CREATE TABLE incident_entities (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    entity_tag  BIGINT NOT NULL,
    alert_id    TEXT COLLATE "C" NOT NULL,
    incident_id TEXT COLLATE "C" NOT NULL,
    first_at    BIGINT NOT NULL, -- of the alert, in event time
    last_at     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, entity_tag, alert_id)
);

CREATE INDEX incident_entities_by_alert ON incident_entities (tenant_id, alert_id);

-- What people wrote about incidents.
CREATE TABLE incident_notes (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    incident_id TEXT COLLATE "C" NOT NULL,
    note_id     TEXT COLLATE "C" NOT NULL,
    written_at  BIGINT NOT NULL,
    key_id      TEXT COLLATE "C" NOT NULL,
    sealed      BYTEA NOT NULL, -- author and text
    PRIMARY KEY (tenant_id, incident_id, note_id)
);

-- What nobody is to be told of, for a while.
CREATE TABLE suppressions (
    tenant_id      TEXT COLLATE "C" NOT NULL,
    suppression_id TEXT COLLATE "C" NOT NULL,
    detector       TEXT COLLATE "C", -- of this detector; NULL: of any
    from_at        BIGINT NOT NULL, -- event time
    until_at       BIGINT NOT NULL, -- exclusive
    key_id         TEXT COLLATE "C" NOT NULL,
    sealed         BYTEA NOT NULL, -- entity, reason and author
    PRIMARY KEY (tenant_id, suppression_id)
);

-- What is to be told to others, until it was.
CREATE TABLE hook_deliveries (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    delivery_id TEXT COLLATE "C" NOT NULL,
    hook        TEXT COLLATE "C" NOT NULL, -- the configured name of the receiver
    about_id    TEXT COLLATE "C" NOT NULL, -- the incident
    event       TEXT COLLATE "C" NOT NULL, -- what happened to it
    state       TEXT COLLATE "C" NOT NULL, -- waiting, sent or dead
    attempts    BIGINT NOT NULL,
    made_at     BIGINT NOT NULL,
    next_at     BIGINT NOT NULL, -- when it is tried next
    key_id      TEXT COLLATE "C" NOT NULL,
    sealed      BYTEA NOT NULL, -- the body
    PRIMARY KEY (tenant_id, delivery_id)
);

CREATE UNIQUE INDEX hook_deliveries_once ON hook_deliveries (tenant_id, hook, about_id, event);

CREATE INDEX hook_deliveries_due ON hook_deliveries (tenant_id, next_at) WHERE state = 'waiting';
