-- inbox: deliveries, kept once, counted. Kept rows: nothing here is derived.
CREATE TABLE delivery (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	name        TEXT NOT NULL, -- the delivery's key within the connection
	tool        TEXT NOT NULL,
	event       TEXT NOT NULL DEFAULT '',
	object      TEXT NOT NULL DEFAULT '',
	subject     TEXT NOT NULL DEFAULT '',
	attempt     TEXT NOT NULL DEFAULT '',
	received    BIGINT NOT NULL,
	began       BIGINT NOT NULL DEFAULT 0, -- start of the read, for answers
	replaces    TEXT NOT NULL DEFAULT '',
	echoes      TEXT NOT NULL DEFAULT '',
	bytes       BLOB NOT NULL DEFAULT '', -- compressed
	state       BIGINT NOT NULL DEFAULT 0, -- 0 waiting, 1 applied, 2 ignored, 3 failed
	reason      TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (location_id, connection, name)
);
CREATE INDEX delivery_waiting ON delivery (location_id, received, connection, name) WHERE state = 0;
CREATE INDEX delivery_subject ON delivery (location_id, subject, received) WHERE subject <> '' AND state = 0;
CREATE INDEX delivery_object ON delivery (location_id, connection, object, received);
CREATE TABLE tally (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	day         BIGINT NOT NULL, -- days since 1970, UTC
	what        TEXT NOT NULL, -- duplicate, bad_signature, unknown_account, expired
	n           BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (location_id, connection, day, what)
);
