-- record: sources that are withdrawn as a whole, and say nothing any more. Derived; seen
-- and gone are working: how far their records have been taken away.
CREATE TABLE withdrawn (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	decision    TEXT NOT NULL, -- the delivery of the office that says so
	seen        TEXT NOT NULL DEFAULT '', -- the last source record that was looked at
	gone        BIGINT NOT NULL DEFAULT 0, -- 1: nothing is left
	PRIMARY KEY (location_id, connection)
);
-- importrun: files that were taken in. Promised: what was done, never derived.
CREATE TABLE import_run (
	location_id TEXT NOT NULL,
	name        TEXT NOT NULL,
	kind        TEXT NOT NULL, -- customer or asset
	file        TEXT NOT NULL,
	digest      TEXT NOT NULL, -- of the file's bytes
	reading     TEXT NOT NULL, -- how its columns are read, as JSON
	passed      BIGINT NOT NULL DEFAULT 0, -- rows looked at
	kept        BIGINT NOT NULL DEFAULT 0, -- of them, kept as deliveries
	refused     BIGINT NOT NULL DEFAULT 0, -- of them, of which nothing was kept
	partial     BIGINT NOT NULL DEFAULT 0, -- kept without some field
	state       TEXT NOT NULL, -- running, done or withdrawn
	began       BIGINT NOT NULL,
	ended       BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (location_id, name)
);
