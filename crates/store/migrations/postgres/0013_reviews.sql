-- Decisions that wait for a person. What was written about one stands in what is sealed.
CREATE TABLE reviews (
    tenant_id    TEXT COLLATE "C" NOT NULL,
    review_id    TEXT COLLATE "C" NOT NULL,
    version      BIGINT NOT NULL, -- counts changes
    decision_id  TEXT COLLATE "C" NOT NULL,
    origin       TEXT COLLATE "C" NOT NULL, -- what put it there: risk, person
    audience     TEXT COLLATE "C" NOT NULL, -- whose queue it stands in
    priority     BIGINT NOT NULL, -- 0 least
    status       TEXT COLLATE "C" NOT NULL,
    verdict      TEXT COLLATE "C", -- NULL: none yet
    opener       TEXT COLLATE "C" NOT NULL, -- the principal's id
    assignee     TEXT COLLATE "C",
    opened_at    BIGINT NOT NULL,
    due_at       BIGINT NOT NULL, -- when somebody should have looked at it
    escalated_at BIGINT, -- when that was over; NULL: not yet
    closed_at    BIGINT,
    mark         TEXT COLLATE "C", -- the plan that marks the user; NULL: none
    clearing     TEXT COLLATE "C", -- the plan that takes the mark away; NULL: none
    key_id       TEXT COLLATE "C" NOT NULL, -- the key that opens it
    sealed       BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, review_id)
);

CREATE INDEX reviews_by_status ON reviews (tenant_id, status, review_id);

CREATE UNIQUE INDEX reviews_of_decisions ON reviews (tenant_id, decision_id);

-- What people wrote about plans and reviews; never changed.
CREATE TABLE remarks (
    tenant_id TEXT COLLATE "C" NOT NULL,
    about     TEXT COLLATE "C" NOT NULL, -- the plan or the review
    remark_id TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    made_at   BIGINT NOT NULL,
    key_id    TEXT COLLATE "C" NOT NULL,
    sealed    BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, about, remark_id)
);

CREATE FUNCTION refuse_remark_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'remarks are insert only';
END $$;

CREATE TRIGGER remarks_are_not_updated BEFORE UPDATE ON remarks
    FOR EACH ROW EXECUTE FUNCTION refuse_remark_change();
