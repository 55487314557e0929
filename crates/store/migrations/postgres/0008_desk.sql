-- Where attacks came from that people confirmed, as keyed tags.
CREATE TABLE attack_sources (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    source_tag  BIGINT NOT NULL,
    incident_id TEXT COLLATE "C" NOT NULL,
    from_at     BIGINT NOT NULL, -- event time
    until_at    BIGINT NOT NULL, -- exclusive
    PRIMARY KEY (tenant_id, source_tag, incident_id)
);

CREATE INDEX alerts_by_detector ON alerts (tenant_id, detector, last_at, alert_id);

CREATE INDEX alerts_by_entity ON alerts (tenant_id, entity_tag, last_at, alert_id);

-- What the log tells of one account: its entries are sealed under its key.
CREATE INDEX log_entries_by_key ON log_entries (tenant_id, key_id, seq);
