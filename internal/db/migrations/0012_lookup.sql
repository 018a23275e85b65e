-- advance: how far a derivation from the beginning has come. A working row.
CREATE TABLE rebuild (
	location_id TEXT NOT NULL,
	phase       TEXT NOT NULL, -- clear, derive, settle or remember
	connection  TEXT NOT NULL DEFAULT '', -- the last delivery that was applied
	name        TEXT NOT NULL DEFAULT '', -- likewise, or the last job that was remembered
	PRIMARY KEY (location_id)
);
-- lookup: where each technician has finished a visit, and when. Derived rows.
CREATE TABLE stop (
	location_id TEXT NOT NULL,
	job_id      TEXT NOT NULL, -- golden job
	visit_id    TEXT NOT NULL,
	technician  TEXT NOT NULL, -- golden record
	completed   BIGINT NOT NULL,
	PRIMARY KEY (location_id, job_id, visit_id, technician)
);
CREATE INDEX stop_technician ON stop (location_id, technician, completed);
