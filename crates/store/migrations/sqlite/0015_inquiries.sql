-- Questions to people whether a sign-in was theirs. Who is asked and what the page says stands in what is sealed.
CREATE TABLE inquiries (
    tenant_id   TEXT    NOT NULL,
    inquiry_id  TEXT    NOT NULL,
    decision_id TEXT    NOT NULL,
    subject_id  TEXT    NOT NULL,
    token       BLOB    NOT NULL CHECK (length(token) = 32), -- SHA-256 of the link's token
    state       TEXT    NOT NULL, -- waiting, sent, unreachable, yes, no or no_answer
    attempts    INTEGER NOT NULL, -- of mailing it
    made_at     INTEGER NOT NULL,
    next_at     INTEGER NOT NULL, -- when it is mailed, while it waits
    expires_at  INTEGER NOT NULL,
    answered_at INTEGER,          -- NULL: not yet
    key_id      TEXT    NOT NULL, -- the key that opens it
    sealed      BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, inquiry_id)
) STRICT;

CREATE UNIQUE INDEX inquiries_once ON inquiries (tenant_id, decision_id);

CREATE INDEX inquiries_of_subjects ON inquiries (tenant_id, subject_id, made_at);

CREATE INDEX inquiries_open ON inquiries (tenant_id, state, next_at) WHERE state IN ('waiting', 'sent');
