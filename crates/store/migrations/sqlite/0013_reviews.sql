-- Decisions that wait for a person. What was written about one stands in what is sealed.
CREATE TABLE reviews (
    tenant_id    TEXT    NOT NULL,
    review_id    TEXT    NOT NULL,
    version      INTEGER NOT NULL, -- counts changes
    decision_id  TEXT    NOT NULL,
    origin       TEXT    NOT NULL, -- what put it there: risk, person
    audience     TEXT    NOT NULL, -- whose queue it stands in
    priority     INTEGER NOT NULL, -- 0 least
    status       TEXT    NOT NULL,
    verdict      TEXT,             -- NULL: none yet
    opener       TEXT    NOT NULL, -- the principal's id
    assignee     TEXT,
    opened_at    INTEGER NOT NULL,
    due_at       INTEGER NOT NULL, -- when somebody should have looked at it
    escalated_at INTEGER,          -- when that was over; NULL: not yet
    closed_at    INTEGER,
    mark         TEXT,             -- the plan that marks the user; NULL: none
    clearing     TEXT,             -- the plan that takes the mark away; NULL: none
    key_id       TEXT    NOT NULL, -- the key that opens it
    sealed       BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, review_id)
) STRICT;

CREATE INDEX reviews_by_status ON reviews (tenant_id, status, review_id);

CREATE UNIQUE INDEX reviews_of_decisions ON reviews (tenant_id, decision_id);

-- What people wrote about plans and reviews; never changed.
CREATE TABLE remarks (
    tenant_id TEXT    NOT NULL,
    about     TEXT    NOT NULL, -- the plan or the review
    remark_id TEXT    NOT NULL,
    principal TEXT    NOT NULL,
    made_at   INTEGER NOT NULL,
    key_id    TEXT    NOT NULL,
    sealed    BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, about, remark_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER remarks_are_not_updated BEFORE UPDATE ON remarks BEGIN
    SELECT RAISE(ABORT, 'remarks are insert only');
END;
