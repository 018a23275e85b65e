-- One row per thing that only one node may do at a time in a location.
CREATE TABLE lane (
	location_id TEXT NOT NULL,
	name        TEXT NOT NULL,
	PRIMARY KEY (location_id, name)
);
