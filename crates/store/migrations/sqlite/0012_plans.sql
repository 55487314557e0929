-- What was proposed to be written at a tenant, and where it stands. What the plan says stands in what is sealed, and never changes.
CREATE TABLE plans (
    tenant_id     TEXT    NOT NULL,
    plan_id       TEXT    NOT NULL,
    version       INTEGER NOT NULL, -- counts changes of where it stands
    state         TEXT    NOT NULL,
    hash          BLOB    NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the plan's canonical JSON
    origin        TEXT    NOT NULL, -- what proposed it: person, playbook, undo …
    incident_id   TEXT,             -- NULL: it is about none
    undoes        TEXT,             -- the plan whose run it takes back; NULL: none
    audience      TEXT    NOT NULL, -- whose queue it stands in
    priority      INTEGER NOT NULL, -- 0 least
    proposer      TEXT    NOT NULL, -- the principal's id
    assignee      TEXT,
    steps         INTEGER NOT NULL,
    users         INTEGER NOT NULL, -- whom it reaches
    organizations INTEGER NOT NULL,
    proposed_at   INTEGER NOT NULL,
    due_at        INTEGER NOT NULL, -- when somebody should have looked at it
    expires_at    INTEGER NOT NULL, -- it can't be begun from then on
    begun_at      INTEGER,          -- NULL: not yet
    halt          TEXT,             -- where and why its run halted, JSON that names places and no values; NULL: it did not
    is_by_policy  INTEGER NOT NULL, -- 1: no person was asked
    changed_at    INTEGER NOT NULL,
    key_id        TEXT    NOT NULL, -- the key that opens it
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, plan_id)
) STRICT;

CREATE INDEX plans_by_state ON plans (tenant_id, state, plan_id);

CREATE INDEX plans_of_incidents ON plans (tenant_id, incident_id, plan_id) WHERE incident_id IS NOT NULL;

CREATE INDEX plans_begun ON plans (tenant_id, begun_at) WHERE begun_at IS NOT NULL;

-- What people and policies said about plans; never changed. The version is the one that the act led to, so that of two at once one is refused.
CREATE TABLE plan_reviews (
    tenant_id TEXT    NOT NULL,
    plan_id   TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    act       TEXT    NOT NULL,
    principal TEXT    NOT NULL,
    acted_at  INTEGER NOT NULL,
    key_id    TEXT    NOT NULL,
    sealed    BLOB    NOT NULL, -- the reason, and by whom in words
    PRIMARY KEY (tenant_id, plan_id, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER plan_reviews_are_not_updated BEFORE UPDATE ON plan_reviews BEGIN
    SELECT RAISE(ABORT, 'reviews are insert only');
END;

-- How far each step of a run came. A step without a row was not begun.
CREATE TABLE plan_steps (
    tenant_id TEXT    NOT NULL,
    plan_id   TEXT    NOT NULL,
    step      INTEGER NOT NULL, -- its place in the plan, from 0
    state     TEXT    NOT NULL,
    record_id TEXT    NOT NULL, -- the leaf of the intent
    epoch     INTEGER NOT NULL, -- of the lease under which it was written
    sent      INTEGER NOT NULL, -- how often it was sent, or was about to be
    is_seen   INTEGER NOT NULL, -- 1: what is so after it was seen
    status    INTEGER,          -- of the answer; NULL: none is known
    acted_at  INTEGER NOT NULL,
    kept      BLOB    NOT NULL, -- what later steps need of the answer, sealed under the plan's key; empty: nothing
    PRIMARY KEY (tenant_id, plan_id, step)
) STRICT, WITHOUT ROWID;

CREATE INDEX plan_steps_by_record ON plan_steps (tenant_id, record_id);

-- What lets nothing go by itself at a tenant once runs went wrong.
CREATE TABLE breakers (
    tenant_id TEXT    NOT NULL PRIMARY KEY,
    version   INTEGER NOT NULL, -- counts changes
    document  TEXT    NOT NULL -- the caller's own, JSON
) STRICT;
