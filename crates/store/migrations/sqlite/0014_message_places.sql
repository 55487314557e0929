-- Where a receiver put a message, in words of its own, so that it is changed there; NULL: nowhere, or not sent yet.
ALTER TABLE hook_deliveries ADD COLUMN place TEXT;
