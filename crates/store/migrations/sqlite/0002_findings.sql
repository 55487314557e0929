-- What is found at each tenant now: the caller's own document, so that nothing of it is new after a start.
CREATE TABLE findings (
    tenant_id TEXT PRIMARY KEY,
    document  TEXT NOT NULL
) STRICT;
