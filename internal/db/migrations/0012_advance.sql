-- advance: how far a derivation from the beginning has come. A working row.
CREATE TABLE rebuild (
	location_id TEXT NOT NULL,
	phase       TEXT NOT NULL, -- clear, derive, settle or remember
	connection  TEXT NOT NULL DEFAULT '', -- the last delivery that was applied
	name        TEXT NOT NULL DEFAULT '', -- likewise, or the last job that was remembered
	PRIMARY KEY (location_id)
);
