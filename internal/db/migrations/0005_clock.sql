-- clock: what rings, and when. Working rows.
CREATE TABLE clock (
	location_id TEXT NOT NULL,
	subject     TEXT NOT NULL, -- source record that the ring is about
	rule        TEXT NOT NULL,
	due         BIGINT NOT NULL,
	kind        TEXT NOT NULL, -- of the subject
	owner       TEXT NOT NULL DEFAULT '', -- the job from which it was set
	until       BIGINT NOT NULL DEFAULT 0, -- later it is recorded as missed; 0: of use for ever
	PRIMARY KEY (location_id, subject, rule, due)
);
CREATE INDEX clock_due ON clock (location_id, due);
CREATE INDEX clock_owner ON clock (location_id, owner);
