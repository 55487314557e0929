-- Why a run does not go on now and since when, JSON that names nobody; NULL: nothing keeps it.
ALTER TABLE plans ADD COLUMN waits TEXT COLLATE "C";

-- When it is tried again; NULL: at once.
ALTER TABLE plans ADD COLUMN try_at BIGINT;

-- What is due is listed from this alone, without a plan's row.
CREATE INDEX plans_due ON plans (tenant_id, state, plan_id, expires_at, try_at);

DROP INDEX plans_by_state;
