-- Where somebody who speaks for one organization alone said who it was: what the whole tenant holds of the decision; NULL: the same.
ALTER TABLE standings ADD COLUMN tenant_standing text COLLATE "C";
ALTER TABLE standings ADD COLUMN tenant_granted bigint; -- thousandths
