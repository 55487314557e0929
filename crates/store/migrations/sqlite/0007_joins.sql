-- How far the journal was joined to decisions.
CREATE TABLE join_states (
    tenant_id  TEXT    PRIMARY KEY,
    seq        INTEGER NOT NULL, -- entries before this place were looked at
    leaf_index INTEGER NOT NULL, -- decisions up to this leaf are among `join_candidates`
    since      INTEGER           -- when the first of them was made; NULL: there was none yet
) STRICT;

-- Decisions of late about people's sign-ins, by the name of the key that each is sealed under. Once the key is destroyed the name
-- says nothing. Written behind the decisions and not with them: a row among random keys would cost each decision a page.
CREATE TABLE join_candidates (
    tenant_id   TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    decided_at  INTEGER NOT NULL,
    decision_id TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, key_id, decided_at, decision_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX join_candidates_in_time ON join_candidates (tenant_id, decided_at);

-- Which decision an entry of the log belongs to.
CREATE TABLE joins (
    tenant_id   TEXT    NOT NULL,
    log_id      TEXT    NOT NULL,
    seq         INTEGER NOT NULL, -- the entry's place in the journal
    happened_at INTEGER NOT NULL, -- by Auth0's clock
    is_login    INTEGER NOT NULL, -- it tells of a sign-in that went through
    decision_id TEXT,             -- NULL: none, or none yet
    how         TEXT    NOT NULL, -- by what it was joined, or why not
    PRIMARY KEY (tenant_id, log_id)
) STRICT;

CREATE INDEX joins_by_decision ON joins (tenant_id, decision_id, log_id) WHERE decision_id IS NOT NULL;

CREATE UNIQUE INDEX joins_one_login ON joins (tenant_id, decision_id) WHERE is_login = 1 AND decision_id IS NOT NULL;

CREATE INDEX joins_of_logins ON joins (tenant_id, how, happened_at, seq) WHERE is_login = 1;
