-- A key per person, wrapped by the master key. Deleting a row erases the person.
CREATE TABLE subject_keys (
    tenant_id  TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    key_id     TEXT NOT NULL,
    wrapped    BLOB NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
) STRICT, WITHOUT ROWID;

-- Sealed bodies name keys, not people.
CREATE UNIQUE INDEX subject_keys_by_id ON subject_keys (tenant_id, key_id);

-- The root of a tenant's pseudonyms, wrapped by the master key; absent: it derives from the master key.
CREATE TABLE pseudonym_roots (
    tenant_id TEXT PRIMARY KEY,
    wrapped   BLOB NOT NULL
) STRICT, WITHOUT ROWID;
