-- Alerts that belong together. What they tell stands in what is sealed.
CREATE TABLE incidents (
    tenant_id   TEXT    NOT NULL,
    incident_id TEXT    NOT NULL,
    version     INTEGER NOT NULL, -- counts changes
    severity    INTEGER NOT NULL, -- 0 informational to 4 critical
    status      TEXT    NOT NULL,
    disposition TEXT,             -- what it was, once closed
    assignee    TEXT,             -- who has it
    alerts      INTEGER NOT NULL, -- how many
    first_at    INTEGER NOT NULL, -- event time
    last_at     INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL, -- our clock
    due_at      INTEGER NOT NULL,
    key_id      TEXT    NOT NULL, -- the key that opens it
    sealed      BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, incident_id)
) STRICT;

CREATE INDEX incidents_in_time ON incidents (tenant_id, last_at, incident_id);

-- What the alerts of incidents are about, as keyed tags: by these the next alert finds its incident.
CREATE TABLE incident_entities (
    tenant_id   TEXT    NOT NULL,
    entity_tag  INTEGER NOT NULL,
    alert_id    TEXT    NOT NULL,
    incident_id TEXT    NOT NULL,
    first_at    INTEGER NOT NULL, -- of the alert, in event time
    last_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, entity_tag, alert_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX incident_entities_by_alert ON incident_entities (tenant_id, alert_id);

-- What people wrote about incidents.
CREATE TABLE incident_notes (
    tenant_id   TEXT    NOT NULL,
    incident_id TEXT    NOT NULL,
    note_id     TEXT    NOT NULL,
    written_at  INTEGER NOT NULL,
    key_id      TEXT    NOT NULL,
    sealed      BLOB    NOT NULL, -- author and text
    PRIMARY KEY (tenant_id, incident_id, note_id)
) STRICT;

-- What nobody is to be told of, for a while.
CREATE TABLE suppressions (
    tenant_id      TEXT    NOT NULL,
    suppression_id TEXT    NOT NULL,
    detector       TEXT,             -- of this detector; NULL: of any
    from_at        INTEGER NOT NULL, -- event time
    until_at       INTEGER NOT NULL, -- exclusive
    key_id         TEXT    NOT NULL,
    sealed         BLOB    NOT NULL, -- entity, reason and author
    PRIMARY KEY (tenant_id, suppression_id)
) STRICT;

-- What is to be told to others, until it was.
CREATE TABLE hook_deliveries (
    tenant_id   TEXT    NOT NULL,
    delivery_id TEXT    NOT NULL,
    hook        TEXT    NOT NULL, -- the configured name of the receiver
    about_id    TEXT    NOT NULL, -- the incident
    event       TEXT    NOT NULL, -- what happened to it
    state       TEXT    NOT NULL, -- waiting, sent or dead
    attempts    INTEGER NOT NULL,
    made_at     INTEGER NOT NULL,
    next_at     INTEGER NOT NULL, -- when it is tried next
    key_id      TEXT    NOT NULL,
    sealed      BLOB    NOT NULL, -- the body
    PRIMARY KEY (tenant_id, delivery_id)
) STRICT;

CREATE UNIQUE INDEX hook_deliveries_once ON hook_deliveries (tenant_id, hook, about_id, event);

CREATE INDEX hook_deliveries_due ON hook_deliveries (tenant_id, next_at) WHERE state = 'waiting';
