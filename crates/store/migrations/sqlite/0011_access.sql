-- Who may ask for what. These tables are of the installation, and no tenant stands first in their keys as it does elsewhere: one
-- person or service account may work at several tenants, and sessions, tokens and links are looked for before any tenant is
-- known. Where a grant holds is a matter of the grant, which names its tenant.

-- People who sign in; the only place that has their names.
CREATE TABLE people (
    person_id   TEXT    NOT NULL PRIMARY KEY,
    issuer      TEXT    NOT NULL,
    subject     TEXT    NOT NULL, -- what the issuer calls them
    name        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL, -- signed in last
    disabled_at INTEGER,          -- NULL: they may sign in
    CHECK (octet_length(issuer) + octet_length(subject) <= 2048)
) STRICT;

CREATE UNIQUE INDEX people_by_subject ON people (issuer, subject);

-- Roles that people and service accounts have, and had.
CREATE TABLE grants (
    grant_id        TEXT    NOT NULL PRIMARY KEY,
    principal       TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    tenant_id       TEXT, -- NULL: at the installation
    organization_id TEXT, -- NULL: at all of the tenant
    given_at        INTEGER NOT NULL,
    given_by        TEXT    NOT NULL,
    ended_at        INTEGER, -- NULL: it holds
    ended_by        TEXT,
    CHECK (organization_id IS NULL OR tenant_id IS NOT NULL),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;

-- A principal has a role at a place once.
CREATE UNIQUE INDEX grants_that_hold ON grants (principal, role, COALESCE(tenant_id, ''), COALESCE(organization_id, ''))
    WHERE ended_at IS NULL;

CREATE TABLE sessions (
    session_id  TEXT    NOT NULL PRIMARY KEY,
    digest      BLOB    NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the token
    principal   TEXT    NOT NULL,
    how         TEXT    NOT NULL,
    claimed     TEXT    NOT NULL, -- grants by claims, JSON
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    idle_micros INTEGER NOT NULL CHECK (idle_micros > 0), -- holds for less than this after it was seen
    ends_at     INTEGER NOT NULL, -- in any case
    ended_at    INTEGER           -- before its time; NULL: it was not
) STRICT;

CREATE UNIQUE INDEX sessions_by_digest ON sessions (digest);

CREATE INDEX sessions_by_principal ON sessions (principal, ends_at);

CREATE INDEX sessions_by_end ON sessions (ends_at);

CREATE TABLE service_accounts (
    account_id  TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    created_by  TEXT    NOT NULL,
    disabled_at INTEGER -- NULL: its tokens may hold
) STRICT;

CREATE TABLE account_tokens (
    token_id   TEXT    NOT NULL PRIMARY KEY,
    account_id TEXT    NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the token
    scopes     TEXT    NOT NULL, -- JSON
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    seen_at    INTEGER, -- NULL: never
    revoked_at INTEGER  -- before its time; NULL: it was not
) STRICT;

CREATE UNIQUE INDEX account_tokens_by_digest ON account_tokens (digest);

CREATE INDEX account_tokens_by_account ON account_tokens (account_id, created_at, token_id);

-- Links that make one session each.
CREATE TABLE sign_in_links (
    link_id TEXT    NOT NULL PRIMARY KEY,
    digest  BLOB    NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the token
    how     TEXT    NOT NULL, -- link, break_glass
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    used_at INTEGER -- NULL: not yet
) STRICT;

CREATE UNIQUE INDEX sign_in_links_by_digest ON sign_in_links (digest);

CREATE INDEX sign_in_links_by_end ON sign_in_links (ends_at);
