-- Versions of the model that scores, each with its card, and of operators' own models, in the order in which they were taken in; never changed.
CREATE TABLE models (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL, -- from 1 on
    kind       TEXT COLLATE "C" NOT NULL, -- constants, own
    tag        TEXT COLLATE "C" NOT NULL,
    document   TEXT COLLATE "C" NOT NULL, -- the constants, or the own model as it was taken in; JSON
    card       TEXT COLLATE "C" NOT NULL, -- JSON; empty for an own model
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

CREATE UNIQUE INDEX models_by_tag ON models (tenant_id, tag);

-- Which version decides, which is only compared with it, and which own model counts beside: what holds is the act of the greatest number.
CREATE TABLE model_acts (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    number     BIGINT NOT NULL, -- from 1 on
    act        TEXT COLLATE "C" NOT NULL,
    champion   BIGINT NOT NULL, -- 0: the shipped one
    challenger BIGINT, -- NULL: none
    own        BIGINT, -- NULL: none
    acted_at   BIGINT NOT NULL,
    acted_by   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, number)
);

CREATE FUNCTION refuse_model_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'models and acts are insert only';
END $$;

CREATE TRIGGER models_are_not_changed BEFORE UPDATE OR DELETE ON models
    FOR EACH ROW EXECUTE FUNCTION refuse_model_change();

CREATE TRIGGER models_are_not_emptied BEFORE TRUNCATE ON models
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_model_change();

CREATE TRIGGER model_acts_are_not_changed BEFORE UPDATE OR DELETE ON model_acts
    FOR EACH ROW EXECUTE FUNCTION refuse_model_change();

CREATE TRIGGER model_acts_are_not_emptied BEFORE TRUNCATE ON model_acts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_model_change();
