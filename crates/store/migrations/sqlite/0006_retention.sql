-- What is older than it is kept is deleted: up to when it was of the log, and what is to be found by its incident.
ALTER TABLE log_states ADD COLUMN kept_from INTEGER; -- entries before this time were or are being deleted; NULL: none

CREATE INDEX incident_entities_by_incident ON incident_entities (tenant_id, incident_id);
