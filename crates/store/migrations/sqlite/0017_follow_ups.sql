-- What is still to be done after an answer or a verdict, so that it outlives the process; and by what plans that ended are found.
ALTER TABLE inquiries ADD COLUMN origin TEXT NOT NULL DEFAULT 'person'; -- who asks: person or risk
ALTER TABLE inquiries ADD COLUMN follow TEXT;                           -- of the plan that an answer leads to: pending, proposed, needless or failed; NULL: none
ALTER TABLE inquiries ADD COLUMN follow_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inquiries ADD COLUMN plan_id TEXT;                          -- that plan; NULL: none

CREATE INDEX inquiries_to_follow ON inquiries (tenant_id, next_at) WHERE follow = 'pending';

ALTER TABLE reviews ADD COLUMN is_settled INTEGER NOT NULL DEFAULT 0; -- 1: nothing is left to be done about the mark
UPDATE reviews SET is_settled = 1 WHERE status = 'closed' AND (mark IS NULL OR clearing IS NOT NULL);

CREATE INDEX reviews_to_settle ON reviews (tenant_id, review_id) WHERE is_settled = 0;

CREATE INDEX plans_by_change ON plans (tenant_id, changed_at);

ALTER TABLE account_tokens ADD COLUMN created_by TEXT; -- a principal's id; NULL: it was made before this was kept
