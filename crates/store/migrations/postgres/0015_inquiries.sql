-- Questions to people whether a sign-in was theirs. Who is asked and what the page says stands in what is sealed.
CREATE TABLE inquiries (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    inquiry_id  TEXT COLLATE "C" NOT NULL,
    decision_id TEXT COLLATE "C" NOT NULL,
    subject_id  TEXT COLLATE "C" NOT NULL,
    token       BYTEA   NOT NULL CHECK (octet_length(token) = 32), -- SHA-256 of the link's token
    state       TEXT COLLATE "C" NOT NULL, -- waiting, sent, unreachable, yes, no or no_answer
    attempts    BIGINT  NOT NULL, -- of mailing it
    made_at     BIGINT  NOT NULL,
    next_at     BIGINT  NOT NULL, -- when it is mailed, while it waits
    expires_at  BIGINT  NOT NULL,
    answered_at BIGINT ,          -- NULL: not yet
    key_id      TEXT COLLATE "C" NOT NULL, -- the key that opens it
    sealed      BYTEA   NOT NULL,
    PRIMARY KEY (tenant_id, inquiry_id)
);

CREATE UNIQUE INDEX inquiries_once ON inquiries (tenant_id, decision_id);

CREATE INDEX inquiries_of_subjects ON inquiries (tenant_id, subject_id, made_at);

CREATE INDEX inquiries_open ON inquiries (tenant_id, state, next_at) WHERE state IN ('waiting', 'sent');
