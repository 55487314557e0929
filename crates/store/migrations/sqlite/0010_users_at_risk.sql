-- Until when a person is at a level of user risk, if nothing more is confirmed; NULL: never. Written with the profile that it
-- is read from, and gone with it. Profiles of before have it from their next change on.
ALTER TABLE profiles ADD COLUMN medium_until INTEGER;

ALTER TABLE profiles ADD COLUMN high_until INTEGER;

CREATE INDEX profiles_medium_until ON profiles (tenant_id, medium_until DESC, subject_id) WHERE medium_until IS NOT NULL;

CREATE INDEX profiles_high_until ON profiles (tenant_id, high_until DESC, subject_id) WHERE high_until IS NOT NULL;
