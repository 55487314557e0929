-- What was proposed to be written at a tenant, and where it stands. What the plan says stands in what is sealed, and never changes.
CREATE TABLE plans (
    tenant_id     TEXT COLLATE "C" NOT NULL,
    plan_id       TEXT COLLATE "C" NOT NULL,
    version       BIGINT NOT NULL, -- counts changes of where it stands
    state         TEXT COLLATE "C" NOT NULL,
    hash          BYTEA NOT NULL CHECK (octet_length(hash) = 32), -- SHA-256 of the plan's canonical JSON
    origin        TEXT COLLATE "C" NOT NULL, -- what proposed it: person, playbook, undo …
    incident_id   TEXT COLLATE "C",             -- NULL: it is about none
    undoes        TEXT COLLATE "C",             -- the plan whose run it takes back; NULL: none
    audience      TEXT COLLATE "C" NOT NULL, -- whose queue it stands in
    priority      BIGINT NOT NULL, -- 0 least
    proposer      TEXT COLLATE "C" NOT NULL, -- the principal's id
    assignee      TEXT COLLATE "C",
    steps         BIGINT NOT NULL,
    users         BIGINT NOT NULL, -- whom it reaches
    organizations BIGINT NOT NULL,
    proposed_at   BIGINT NOT NULL,
    due_at        BIGINT NOT NULL, -- when somebody should have looked at it
    expires_at    BIGINT NOT NULL, -- it can't be begun from then on
    begun_at      BIGINT,          -- NULL: not yet
    halt          TEXT COLLATE "C", -- where and why its run halted, JSON that names places and no values; NULL: it did not
    is_by_policy  BIGINT NOT NULL, -- 1: no person was asked
    changed_at    BIGINT NOT NULL,
    key_id        TEXT COLLATE "C" NOT NULL, -- the key that opens it
    sealed        BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, plan_id)
);

CREATE INDEX plans_by_state ON plans (tenant_id, state, plan_id);

CREATE INDEX plans_of_incidents ON plans (tenant_id, incident_id, plan_id) WHERE incident_id IS NOT NULL;

CREATE INDEX plans_begun ON plans (tenant_id, begun_at) WHERE begun_at IS NOT NULL;

-- What people and policies said about plans; never changed. The version is the one that the act led to, so that of two at once one is refused.
CREATE TABLE plan_reviews (
    tenant_id TEXT COLLATE "C" NOT NULL,
    plan_id   TEXT COLLATE "C" NOT NULL,
    version   BIGINT NOT NULL,
    act       TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    acted_at  BIGINT NOT NULL,
    key_id    TEXT COLLATE "C" NOT NULL,
    sealed    BYTEA NOT NULL, -- the reason, and by whom in words
    PRIMARY KEY (tenant_id, plan_id, version)
);

CREATE FUNCTION refuse_review_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'reviews are insert only';
END $$;

CREATE TRIGGER plan_reviews_are_not_updated BEFORE UPDATE ON plan_reviews
    FOR EACH ROW EXECUTE FUNCTION refuse_review_change();

-- How far each step of a run came. A step without a row was not begun.
CREATE TABLE plan_steps (
    tenant_id TEXT COLLATE "C" NOT NULL,
    plan_id   TEXT COLLATE "C" NOT NULL,
    step      BIGINT NOT NULL, -- its place in the plan, from 0
    state     TEXT COLLATE "C" NOT NULL,
    record_id TEXT COLLATE "C" NOT NULL, -- the leaf of the intent
    epoch     BIGINT NOT NULL, -- of the lease under which it was written
    sent      BIGINT NOT NULL, -- how often it was sent, or was about to be
    is_seen   BIGINT NOT NULL, -- 1: what is so after it was seen
    status    BIGINT,          -- of the answer; NULL: none is known
    acted_at  BIGINT NOT NULL,
    kept      BYTEA NOT NULL, -- what later steps need of the answer, sealed under the plan's key; empty: nothing
    PRIMARY KEY (tenant_id, plan_id, step)
);

CREATE INDEX plan_steps_by_record ON plan_steps (tenant_id, record_id);

-- What lets nothing go by itself at a tenant once runs went wrong.
CREATE TABLE breakers (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version   BIGINT NOT NULL, -- counts changes
    document  TEXT COLLATE "C" NOT NULL -- the caller's own, JSON
);
