-- How far each tenant's log was looked at. Apart from the row that gives out places, so that a delivery which is being journaled
-- and what is found meanwhile don't wait for each other.
CREATE TABLE log_progress (
    tenant_id  TEXT    PRIMARY KEY,
    turn       INTEGER NOT NULL, -- counts its changes
    worked     INTEGER NOT NULL, -- entries before this place were looked at
    late_from  INTEGER,          -- the oldest time of what came late and was not put in its place yet; NULL: nothing
    reached_at INTEGER           -- up to when absence was found by our clock; NULL: never
) STRICT;

INSERT INTO log_progress (tenant_id, turn, worked, late_from)
SELECT tenant_id, 1, worked, late_from FROM log_states;

ALTER TABLE log_states DROP COLUMN late_from;

ALTER TABLE log_states DROP COLUMN worked;

-- They were not sealed.
DROP TABLE log_snapshots;

-- What detectors knew when event time had passed an entry.
CREATE TABLE log_snapshots (
    tenant_id   TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    happened_at INTEGER NOT NULL, -- that entry's time
    log_id      TEXT    NOT NULL, -- that entry's
    pieces      INTEGER NOT NULL, -- how many
    key_id      TEXT    NOT NULL, -- the key that opens them
    PRIMARY KEY (tenant_id, number)
) STRICT;

-- Their pieces; those of a snapshot that is not there are being written, or being forgotten.
CREATE TABLE log_snapshot_pieces (
    tenant_id TEXT    NOT NULL,
    number    INTEGER NOT NULL, -- the snapshot's
    piece     INTEGER NOT NULL, -- from 0
    sealed    BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, number, piece)
) STRICT;
