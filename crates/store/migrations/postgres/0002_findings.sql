-- What is found at each tenant now: the caller's own document, so that nothing of it is new after a start.
CREATE TABLE findings (
    tenant_id TEXT COLLATE "C" PRIMARY KEY,
    document  TEXT COLLATE "C" NOT NULL
);
