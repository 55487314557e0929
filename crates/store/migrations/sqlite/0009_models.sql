-- Versions of the model that scores, each with its card, and of operators' own models, in the order in which they were taken in; never changed.
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

CREATE UNIQUE INDEX models_by_tag ON models (tenant_id, tag);

CREATE TRIGGER models_are_not_updated BEFORE UPDATE ON models BEGIN
    SELECT RAISE(ABORT, 'models are insert only');
END;

CREATE TRIGGER models_are_not_deleted BEFORE DELETE ON models BEGIN
    SELECT RAISE(ABORT, 'models are insert only');
END;

-- Which version decides, which is only compared with it, and which own model counts beside: what holds is the act of the greatest number.
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

CREATE TRIGGER model_acts_are_not_updated BEFORE UPDATE ON model_acts BEGIN
    SELECT RAISE(ABORT, 'acts are insert only');
END;

CREATE TRIGGER model_acts_are_not_deleted BEFORE DELETE ON model_acts BEGIN
    SELECT RAISE(ABORT, 'acts are insert only');
END;
