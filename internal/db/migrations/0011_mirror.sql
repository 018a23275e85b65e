-- mirror: desired records (derived: desired, desired_link), what was confirmed at targets
-- and tasks for people (promised: target_record, task), how far targets were read (poll,
-- target_schema: asked again when lost).
CREATE TABLE desired (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	type        TEXT NOT NULL,
	subject     TEXT NOT NULL, -- golden record, or visit
	doc         TEXT NOT NULL, -- fields with why, links by role
	PRIMARY KEY (location_id, connection, type, subject)
);
CREATE TABLE desired_link (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	type        TEXT NOT NULL,
	subject     TEXT NOT NULL,
	to_type     TEXT NOT NULL,
	to_subject  TEXT NOT NULL,
	role        TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (location_id, connection, type, subject, to_type, to_subject, role)
);
CREATE INDEX desired_link_to ON desired_link (location_id, connection, to_type, to_subject);
CREATE TABLE target_record (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	type        TEXT NOT NULL,
	key_id      TEXT NOT NULL, -- source record under which it was first owed; never changes
	vendor_id   TEXT NOT NULL DEFAULT '', -- once confirmed
	state       TEXT NOT NULL DEFAULT 'owed',
	reason      TEXT NOT NULL DEFAULT '', -- for people
	owed        BIGINT NOT NULL, -- when its making was first owed
	doc         TEXT NOT NULL DEFAULT '{}', -- observed values, pairs, links and writes
	PRIMARY KEY (location_id, connection, type, key_id)
);
CREATE INDEX target_record_vendor ON target_record (location_id, connection, type, vendor_id) WHERE vendor_id <> '';
CREATE INDEX target_record_waiting ON target_record (location_id, connection, type, key_id) WHERE state IN ('waiting_adoption', 'waiting_poll', 'waiting_candidate', 'waiting_record');
CREATE TABLE poll (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	stream      TEXT NOT NULL, -- of the tool; "wake" and "all" page through our own tables
	next        TEXT NOT NULL DEFAULT '', -- cursor
	through     BIGINT NOT NULL DEFAULT 0, -- all that changed before it has been handed over
	complete    BIGINT NOT NULL DEFAULT 0, -- 1: the first pull is done
	news        BIGINT NOT NULL DEFAULT 0, -- answers kept since the poll began
	PRIMARY KEY (location_id, connection, stream)
);
CREATE TABLE target_schema (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	at          BIGINT NOT NULL,
	doc         TEXT NOT NULL, -- of the fields that are mapped
	PRIMARY KEY (location_id, connection)
);
CREATE TABLE task (
	location_id TEXT NOT NULL,
	id          TEXT NOT NULL,
	rule        TEXT NOT NULL,
	about       TEXT NOT NULL DEFAULT '', -- source record that it is about
	person      TEXT NOT NULL DEFAULT '', -- source record of the customer
	title       TEXT NOT NULL,
	body        TEXT NOT NULL DEFAULT '',
	due         BIGINT NOT NULL DEFAULT 0,
	opened      BIGINT NOT NULL,
	closed      BIGINT NOT NULL DEFAULT 0,
	why         TEXT NOT NULL DEFAULT '', -- why it was closed
	PRIMARY KEY (location_id, id)
);
CREATE INDEX task_about ON task (location_id, about);
