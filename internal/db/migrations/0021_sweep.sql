-- mirror: the sweep. When a target record was last verified and the rounds (target_record.verified,
-- sweep, sweep_plan: working), and what drift was found (drift, drift_tally: promised).
ALTER TABLE target_record ADD COLUMN verified BIGINT NOT NULL DEFAULT 0; -- when it was last read, or made
CREATE INDEX target_record_verified ON target_record (location_id, connection, type, verified) WHERE vendor_id <> '';
CREATE TABLE sweep (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	mode        TEXT NOT NULL, -- of the round: keep, plan or apply
	begun       BIGINT NOT NULL,
	ended       BIGINT NOT NULL DEFAULT 0, -- 0: it is under way
	records     BIGINT NOT NULL DEFAULT -1, -- to be read when it began, -1: it has not begun yet
	calls       BIGINT NOT NULL DEFAULT 0, -- answered so far
	PRIMARY KEY (location_id, connection)
);
CREATE TABLE sweep_plan (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	type        TEXT NOT NULL,
	key_id      TEXT NOT NULL,
	vendor_id   TEXT NOT NULL,
	doc         TEXT NOT NULL, -- what was found, field by field
	state       TEXT NOT NULL DEFAULT 'planned', -- planned, applied or left
	why         TEXT NOT NULL DEFAULT '', -- why it was left
	PRIMARY KEY (location_id, connection, type, key_id)
);
CREATE INDEX sweep_plan_planned ON sweep_plan (location_id, connection, type, key_id) WHERE state = 'planned';
CREATE TABLE drift (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	type        TEXT NOT NULL,
	key_id      TEXT NOT NULL,
	field       TEXT NOT NULL, -- '' for the record itself
	found       BIGINT NOT NULL,
	doc         TEXT NOT NULL, -- the last that was found
	PRIMARY KEY (location_id, connection, type, key_id, field)
);
CREATE TABLE drift_tally (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	day         BIGINT NOT NULL, -- UTC, since 1970
	type        TEXT NOT NULL,
	field       TEXT NOT NULL,
	cause       TEXT NOT NULL,
	did         TEXT NOT NULL,
	n           BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (location_id, connection, day, type, field, cause, did)
);
