CREATE TRIGGER model_acts_are_not_deleted BEFORE DELETE ON model_acts BEGIN
    SELECT RAISE(ABORT, 'acts are insert only');
END;
CREATE TRIGGER model_acts_are_not_updated BEFORE UPDATE ON model_acts BEGIN
    SELECT RAISE(ABORT, 'acts are insert only');
END;
CREATE TRIGGER models_are_not_deleted BEFORE DELETE ON models BEGIN
    SELECT RAISE(ABORT, 'models are insert only');
END;
CREATE TRIGGER models_are_not_updated BEFORE UPDATE ON models BEGIN
    SELECT RAISE(ABORT, 'models are insert only');
END;
CREATE TRIGGER plan_reviews_are_not_updated BEFORE UPDATE ON plan_reviews BEGIN
    SELECT RAISE(ABORT, 'reviews are insert only');
END;
CREATE TRIGGER records_are_not_deleted BEFORE DELETE ON records BEGIN
    SELECT RAISE(ABORT, 'records are insert only');
END;
CREATE TRIGGER records_are_not_updated BEFORE UPDATE ON records
WHEN NEW.bodies IS NOT NULL
  OR (OLD.place, OLD.record_id, OLD.recorded_at, OLD.organization_id, OLD.client_id, OLD.trigger_id, OLD.channel, OLD.mode,
      OLD.level, OLD.score, OLD.verdict, OLD.is_trusted, OLD.is_censored, OLD.chain, OLD.leaf)
  IS NOT (NEW.place, NEW.record_id, NEW.recorded_at, NEW.organization_id, NEW.client_id, NEW.trigger_id, NEW.channel, NEW.mode,
      NEW.level, NEW.score, NEW.verdict, NEW.is_trusted, NEW.is_censored, NEW.chain, NEW.leaf)
BEGIN
    SELECT RAISE(ABORT, 'records are insert only');
END;
CREATE TRIGGER remarks_are_not_updated BEFORE UPDATE ON remarks BEGIN
    SELECT RAISE(ABORT, 'remarks are insert only');
END;
CREATE TABLE account_tokens (
    token_id   TEXT    NOT NULL PRIMARY KEY,
    account_id TEXT    NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the token
    scopes     TEXT    NOT NULL, -- JSON
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    seen_at    INTEGER, -- NULL: never
    revoked_at INTEGER  -- before its time; NULL: it was not
, created_by TEXT) STRICT;
CREATE TABLE addresses (
    tenant_id   TEXT    NOT NULL,
    address_id  TEXT    NOT NULL,
    subject_id  TEXT    NOT NULL,
    is_verified INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, address_id, subject_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE alerts (
    tenant_id    TEXT    NOT NULL,
    alert_id     TEXT    NOT NULL,
    detector     TEXT    NOT NULL,
    severity     INTEGER NOT NULL, -- 0 informational to 4 critical
    audience     TEXT    NOT NULL, -- who is told
    is_retracted INTEGER NOT NULL, -- a replay in event time did not find it
    is_late      INTEGER NOT NULL, -- only a replay found it
    first_at     INTEGER NOT NULL, -- event time
    last_at      INTEGER NOT NULL,
    entity_tag   INTEGER NOT NULL, -- what it is about, as a keyed tag
    incident_id  TEXT,
    key_id       TEXT    NOT NULL, -- the key that opens it
    sealed       BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, alert_id)
) STRICT;
CREATE TABLE attack_sources (
    tenant_id   TEXT    NOT NULL,
    source_tag  INTEGER NOT NULL,
    incident_id TEXT    NOT NULL,
    from_at     INTEGER NOT NULL, -- event time
    until_at    INTEGER NOT NULL, -- exclusive
    PRIMARY KEY (tenant_id, source_tag, incident_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE breakers (
    tenant_id TEXT    NOT NULL PRIMARY KEY,
    version   INTEGER NOT NULL, -- counts changes
    document  TEXT    NOT NULL -- the caller's own, JSON
) STRICT;
CREATE TABLE checkpoints (
    tenant_id TEXT    NOT NULL,
    size      INTEGER NOT NULL,
    note      TEXT    NOT NULL,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, size)
) STRICT, WITHOUT ROWID;
CREATE TABLE erasures (
    tenant_id TEXT    NOT NULL,
    key_id    TEXT    NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE findings (
    tenant_id TEXT PRIMARY KEY,
    document  TEXT NOT NULL
) STRICT;
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
CREATE TABLE hook_deliveries (
    tenant_id   TEXT    NOT NULL,
    delivery_id TEXT    NOT NULL,
    hook        TEXT    NOT NULL, -- the configured name of the receiver
    about_id    TEXT    NOT NULL, -- the incident
    event       TEXT    NOT NULL, -- what happened to it
    state       TEXT    NOT NULL, -- waiting, sent or dead
    attempts    INTEGER NOT NULL,
    made_at     INTEGER NOT NULL,
    next_at     INTEGER NOT NULL, -- when it is tried next
    key_id      TEXT    NOT NULL,
    sealed      BLOB    NOT NULL, place TEXT, -- the body
    PRIMARY KEY (tenant_id, delivery_id)
) STRICT;
CREATE TABLE incident_entities (
    tenant_id   TEXT    NOT NULL,
    entity_tag  INTEGER NOT NULL,
    alert_id    TEXT    NOT NULL,
    incident_id TEXT    NOT NULL,
    first_at    INTEGER NOT NULL, -- of the alert, in event time
    last_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, entity_tag, alert_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE incident_notes (
    tenant_id   TEXT    NOT NULL,
    incident_id TEXT    NOT NULL,
    note_id     TEXT    NOT NULL,
    written_at  INTEGER NOT NULL,
    key_id      TEXT    NOT NULL,
    sealed      BLOB    NOT NULL, -- author and text
    PRIMARY KEY (tenant_id, incident_id, note_id)
) STRICT;
CREATE TABLE incidents (
    tenant_id   TEXT    NOT NULL,
    incident_id TEXT    NOT NULL,
    version     INTEGER NOT NULL, -- counts changes
    severity    INTEGER NOT NULL, -- 0 informational to 4 critical
    status      TEXT    NOT NULL,
    disposition TEXT,             -- what it was, once closed
    assignee    TEXT,             -- who has it
    alerts      INTEGER NOT NULL, -- how many
    first_at    INTEGER NOT NULL, -- event time
    last_at     INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL, -- our clock
    due_at      INTEGER NOT NULL,
    key_id      TEXT    NOT NULL, -- the key that opens it
    sealed      BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, incident_id)
) STRICT;
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
    sealed      BLOB    NOT NULL, origin TEXT NOT NULL DEFAULT 'person', follow TEXT, follow_tries INTEGER NOT NULL DEFAULT 0, plan_id TEXT,
    PRIMARY KEY (tenant_id, inquiry_id)
) STRICT;
CREATE TABLE join_candidates (
    tenant_id   TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    decided_at  INTEGER NOT NULL,
    decision_id TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, key_id, decided_at, decision_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE join_states (
    tenant_id  TEXT    PRIMARY KEY,
    seq        INTEGER NOT NULL, -- entries before this place were looked at
    leaf_index INTEGER NOT NULL, -- decisions up to this leaf are among `join_candidates`
    since      INTEGER           -- when the first of them was made; NULL: there was none yet
) STRICT;
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
CREATE TABLE leases (
    tenant_id  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    holder     TEXT    NOT NULL, -- empty: given back
    epoch      INTEGER NOT NULL, -- counts up when the holder changes
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE ledgers (
    number    INTEGER PRIMARY KEY, -- stands for the tenant where each byte counts
    tenant_id TEXT    NOT NULL UNIQUE,
    frontier  BLOB    NOT NULL, -- size and roots of the complete subtrees
    chain     BLOB    NOT NULL  -- running hash over all leaves
) STRICT;
CREATE TABLE log_cursors (
    tenant_id TEXT NOT NULL,
    name      TEXT NOT NULL,
    cursor    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_entries (
    tenant_id   TEXT    NOT NULL,
    seq         INTEGER NOT NULL, -- rises as entries arrive, without gaps
    log_id      TEXT    NOT NULL, -- Auth0's
    kind        TEXT    NOT NULL, -- Auth0's type code
    happened_at INTEGER NOT NULL, -- by Auth0's clock
    arrived_at  INTEGER NOT NULL,
    key_id      TEXT    NOT NULL, -- the key that opens it
    sealed      BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) STRICT;
CREATE TABLE log_progress (
    tenant_id  TEXT    PRIMARY KEY,
    turn       INTEGER NOT NULL, -- counts its changes
    worked     INTEGER NOT NULL, -- entries before this place were looked at
    late_from  INTEGER,          -- the oldest time of what came late and was not put in its place yet; NULL: nothing
    reached_at INTEGER           -- up to when absence was found by our clock; NULL: never
) STRICT;
CREATE TABLE log_rejects (
    tenant_id  TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    sealed     BLOB    NOT NULL, -- its first bytes
    PRIMARY KEY (tenant_id, number)
) STRICT;
CREATE TABLE log_snapshot_pieces (
    tenant_id TEXT    NOT NULL,
    number    INTEGER NOT NULL, -- the snapshot's
    piece     INTEGER NOT NULL, -- from 0
    sealed    BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, number, piece)
) STRICT;
CREATE TABLE log_snapshots (
    tenant_id   TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    happened_at INTEGER NOT NULL, -- that entry's time
    log_id      TEXT    NOT NULL, -- that entry's
    pieces      INTEGER NOT NULL, -- how many
    key_id      TEXT    NOT NULL, -- the key that opens them
    PRIMARY KEY (tenant_id, number)
) STRICT;
CREATE TABLE log_states (
    tenant_id TEXT    PRIMARY KEY,
    next_seq  INTEGER NOT NULL, kept_from INTEGER) STRICT;
CREATE TABLE migrations (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE model_acts (
    tenant_id  TEXT    NOT NULL,
    number     INTEGER NOT NULL, -- from 1 on
    act        TEXT    NOT NULL,
    champion   INTEGER NOT NULL, -- 0: the shipped one
    challenger INTEGER, -- NULL: none
    own        INTEGER, -- NULL: none
    acted_at   INTEGER NOT NULL,
    acted_by   TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE models (
    tenant_id  TEXT    NOT NULL,
    version    INTEGER NOT NULL, -- from 1 on
    kind       TEXT    NOT NULL, -- constants, own
    tag        TEXT    NOT NULL,
    document   TEXT    NOT NULL, -- the constants, or the own model as it was taken in; JSON
    card       TEXT    NOT NULL, -- JSON; empty for an own model
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, version)
) STRICT;
CREATE TABLE outcomes (
    tenant_id   TEXT    NOT NULL,
    outcome_id  TEXT    NOT NULL,
    decision_id TEXT,
    kind        TEXT    NOT NULL,
    happened_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, outcome_id)
) STRICT, WITHOUT ROWID;
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
    sealed        BLOB    NOT NULL, waits TEXT, try_at INTEGER,
    PRIMARY KEY (tenant_id, plan_id)
) STRICT;
CREATE TABLE policies (
    tenant_id    TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    etag         TEXT    NOT NULL,
    document     TEXT    NOT NULL,
    activated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE profiles (
    tenant_id  TEXT    NOT NULL,
    subject_id TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,
    updated_at INTEGER NOT NULL, medium_until INTEGER, high_until INTEGER,
    PRIMARY KEY (tenant_id, subject_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    place           INTEGER PRIMARY KEY, -- number of the ledger * 2^40 + index of the leaf
    ledger          INTEGER NOT NULL GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    leaf_index      INTEGER NOT NULL GENERATED ALWAYS AS (place & 0xFFFFFFFFFF) VIRTUAL,
    record_id       TEXT    NOT NULL,
    recorded_at     INTEGER NOT NULL,
    organization_id TEXT, -- this and what follows up to `is_censored`: of a decision
    client_id       TEXT,
    trigger_id      TEXT,
    channel         TEXT,
    mode            TEXT,
    level           TEXT,
    score           INTEGER, -- millionths
    verdict         TEXT,
    is_trusted      INTEGER, -- scored below the challenge threshold
    is_censored     INTEGER, -- refused or challenged by us
    chain           BLOB    NOT NULL,
    leaf            BLOB    NOT NULL,
    bodies          BLOB -- what the leaf says about people, sealed under their keys; NULL: nothing, or deleted
) STRICT;
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
CREATE TABLE requests (
    number    INTEGER PRIMARY KEY,
    tenant_id TEXT    NOT NULL,
    digest    BLOB    NOT NULL, -- of the request's id, 128 bits
    seen_at   INTEGER NOT NULL
) STRICT;
CREATE TABLE retention_cursors (
    tenant_id  TEXT    NOT NULL,
    prefix     TEXT    NOT NULL, -- of the kind's record ids
    leaf_index INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, prefix)
) STRICT, WITHOUT ROWID;
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
    sealed       BLOB    NOT NULL, is_settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, review_id)
) STRICT;
CREATE TABLE risk_tokens (
    tenant_id  TEXT    NOT NULL,
    token_id   TEXT    NOT NULL,
    digest     BLOB    NOT NULL, -- SHA-256 of the token
    created_at INTEGER NOT NULL,
    revoked_at INTEGER, -- NULL: it holds
    PRIMARY KEY (tenant_id, token_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE service_accounts (
    account_id  TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    created_by  TEXT    NOT NULL,
    disabled_at INTEGER -- NULL: its tokens may hold
) STRICT;
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
CREATE TABLE sign_in_links (
    link_id TEXT    NOT NULL PRIMARY KEY,
    digest  BLOB    NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the token
    how     TEXT    NOT NULL, -- link, break_glass
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    used_at INTEGER -- NULL: not yet
) STRICT;
CREATE TABLE sign_ups (
    tenant_id     TEXT    NOT NULL,
    holder_id     TEXT    NOT NULL, -- an account, or an address
    connection    TEXT    NOT NULL, -- of an address; empty for an account
    decision_id   TEXT    NOT NULL,
    score         INTEGER NOT NULL, -- millionths
    is_challenged INTEGER NOT NULL, -- a challenge or more was decided
    decided_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, holder_id, connection)
) STRICT, WITHOUT ROWID;
CREATE TABLE silence_cursors (
    tenant_id  TEXT PRIMARY KEY,
    leaf_index INTEGER NOT NULL
) STRICT;
CREATE TABLE standings (
    place         INTEGER PRIMARY KEY, -- of the decision
    standing      TEXT    NOT NULL,    -- what is known of its outcome
    granted       INTEGER NOT NULL,    -- weight in the profile, thousandths
    is_unanswered INTEGER NOT NULL     -- nobody was told of it
, tenant_standing TEXT, tenant_granted INTEGER) STRICT;
CREATE TABLE suppressions (
    tenant_id      TEXT    NOT NULL,
    suppression_id TEXT    NOT NULL,
    detector       TEXT,             -- of this detector; NULL: of any
    from_at        INTEGER NOT NULL, -- event time
    until_at       INTEGER NOT NULL, -- exclusive
    key_id         TEXT    NOT NULL,
    sealed         BLOB    NOT NULL, -- entity, reason and author
    PRIMARY KEY (tenant_id, suppression_id)
) STRICT;
CREATE TABLE switches (
    tenant_id  TEXT    NOT NULL,
    trigger_id TEXT    NOT NULL,
    is_off     INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, trigger_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE tree_nodes (
    tenant_id  TEXT    NOT NULL,
    level      INTEGER NOT NULL,
    node_index INTEGER NOT NULL,
    hash       BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, level, node_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_tokens_by_account ON account_tokens (account_id, created_at, token_id);
CREATE UNIQUE INDEX account_tokens_by_digest ON account_tokens (digest);
CREATE INDEX addresses_by_subject ON addresses (tenant_id, subject_id);
CREATE INDEX alerts_by_detector ON alerts (tenant_id, detector, last_at, alert_id);
CREATE INDEX alerts_by_entity ON alerts (tenant_id, entity_tag, last_at, alert_id);
CREATE INDEX alerts_by_incident ON alerts (tenant_id, incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX alerts_in_time ON alerts (tenant_id, last_at, alert_id);
CREATE UNIQUE INDEX grants_that_hold ON grants (principal, role, COALESCE(tenant_id, ''), COALESCE(organization_id, ''))
    WHERE ended_at IS NULL;
CREATE INDEX hook_deliveries_due ON hook_deliveries (tenant_id, next_at) WHERE state = 'waiting';
CREATE UNIQUE INDEX hook_deliveries_once ON hook_deliveries (tenant_id, hook, about_id, event);
CREATE INDEX incident_entities_by_alert ON incident_entities (tenant_id, alert_id);
CREATE INDEX incident_entities_by_incident ON incident_entities (tenant_id, incident_id);
CREATE INDEX incidents_in_time ON incidents (tenant_id, last_at, incident_id);
CREATE INDEX inquiries_of_subjects ON inquiries (tenant_id, subject_id, made_at);
CREATE UNIQUE INDEX inquiries_once ON inquiries (tenant_id, decision_id);
CREATE INDEX inquiries_open ON inquiries (tenant_id, state, next_at) WHERE state IN ('waiting', 'sent');
CREATE INDEX inquiries_to_follow ON inquiries (tenant_id, next_at) WHERE follow = 'pending';
CREATE INDEX join_candidates_in_time ON join_candidates (tenant_id, decided_at);
CREATE INDEX joins_by_decision ON joins (tenant_id, decision_id, log_id) WHERE decision_id IS NOT NULL;
CREATE INDEX joins_of_logins ON joins (tenant_id, how, happened_at, seq) WHERE is_login = 1;
CREATE UNIQUE INDEX joins_one_login ON joins (tenant_id, decision_id) WHERE is_login = 1 AND decision_id IS NOT NULL;
CREATE INDEX log_entries_by_key ON log_entries (tenant_id, key_id, seq);
CREATE INDEX log_entries_in_time ON log_entries (tenant_id, happened_at, log_id);
CREATE UNIQUE INDEX log_entries_once ON log_entries (tenant_id, log_id);
CREATE UNIQUE INDEX models_by_tag ON models (tenant_id, tag);
CREATE UNIQUE INDEX outcomes_once ON outcomes (tenant_id, decision_id, kind) WHERE decision_id IS NOT NULL;
CREATE UNIQUE INDEX people_by_subject ON people (issuer, subject);
CREATE INDEX plan_steps_by_record ON plan_steps (tenant_id, record_id);
CREATE INDEX plans_begun ON plans (tenant_id, begun_at) WHERE begun_at IS NOT NULL;
CREATE INDEX plans_by_change ON plans (tenant_id, changed_at);
CREATE INDEX plans_due ON plans (tenant_id, state, plan_id, expires_at, try_at);
CREATE INDEX plans_of_incidents ON plans (tenant_id, incident_id, plan_id) WHERE incident_id IS NOT NULL;
CREATE INDEX profiles_high_until ON profiles (tenant_id, high_until DESC, subject_id) WHERE high_until IS NOT NULL;
CREATE INDEX profiles_medium_until ON profiles (tenant_id, medium_until DESC, subject_id) WHERE medium_until IS NOT NULL;
CREATE UNIQUE INDEX records_by_id ON records (ledger, record_id);
CREATE INDEX reviews_by_status ON reviews (tenant_id, status, review_id);
CREATE UNIQUE INDEX reviews_of_decisions ON reviews (tenant_id, decision_id);
CREATE INDEX reviews_to_settle ON reviews (tenant_id, review_id) WHERE is_settled = 0;
CREATE UNIQUE INDEX sessions_by_digest ON sessions (digest);
CREATE INDEX sessions_by_end ON sessions (ends_at);
CREATE INDEX sessions_by_principal ON sessions (principal, ends_at);
CREATE UNIQUE INDEX sign_in_links_by_digest ON sign_in_links (digest);
CREATE INDEX sign_in_links_by_end ON sign_in_links (ends_at);
CREATE INDEX sign_ups_by_time ON sign_ups (tenant_id, decided_at);

-- Subject keys, in a file of their own
CREATE TABLE migrations (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE pseudonym_roots (
    tenant_id TEXT PRIMARY KEY,
    wrapped   BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE subject_keys (
    tenant_id  TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    key_id     TEXT NOT NULL,
    wrapped    BLOB NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX subject_keys_by_id ON subject_keys (tenant_id, key_id);
