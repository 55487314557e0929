-- Where somebody who speaks for one organization alone said who it was: what the whole tenant holds of the decision; NULL: the same.
ALTER TABLE standings ADD COLUMN tenant_standing TEXT;
ALTER TABLE standings ADD COLUMN tenant_granted INTEGER; -- thousandths
