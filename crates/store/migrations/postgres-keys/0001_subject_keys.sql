-- A key per person, wrapped by the master key. Deleting a row erases the person.
CREATE TABLE subject_keys (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    subject_id TEXT COLLATE "C" NOT NULL,
    key_id     TEXT COLLATE "C" NOT NULL,
    wrapped    BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
);

-- Sealed bodies name keys, not people.
CREATE UNIQUE INDEX subject_keys_by_id ON subject_keys (tenant_id, key_id);

-- The root of a tenant's pseudonyms, wrapped by the master key; absent: it derives from the master key.
CREATE TABLE pseudonym_roots (
    tenant_id TEXT COLLATE "C" PRIMARY KEY,
    wrapped   BYTEA NOT NULL
);
