-- outbox: who may be called when. outbox is working, attempt is promised.
CREATE TABLE outbox (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	room        TEXT NOT NULL, -- performer: mirror, notify or lookup
	record      TEXT NOT NULL, -- what is owed, in that room's words
	gen         BIGINT NOT NULL DEFAULT 1,
	due         BIGINT NOT NULL,
	class       BIGINT NOT NULL DEFAULT 1, -- 0 emergency, 1 ordinary, 2 backfill, 3 sweeps
	lot         TEXT NOT NULL DEFAULT '', -- rows of one lot may go in one call
	rank        BIGINT NOT NULL DEFAULT 0, -- dependency order within a lot's type
	tries       BIGINT NOT NULL DEFAULT 0,
	attempt     TEXT NOT NULL DEFAULT '', -- the open attempt that carries it
	PRIMARY KEY (location_id, connection, room, record)
);
CREATE INDEX outbox_due ON outbox (location_id, connection, due) WHERE attempt = '';
CREATE TABLE attempt (
	location_id TEXT NOT NULL,
	id          TEXT NOT NULL,
	connection  TEXT NOT NULL,
	room        TEXT NOT NULL,
	quota       TEXT NOT NULL,
	epoch       BIGINT NOT NULL,
	started     BIGINT NOT NULL,
	deadline    BIGINT NOT NULL,
	carries     TEXT NOT NULL, -- [{"record","gen"}]
	request     TEXT NOT NULL DEFAULT '{}', -- what the call is made of, for asking after it
	state       TEXT NOT NULL DEFAULT 'open', -- open, done, refused, unknown or decided
	outcome     TEXT NOT NULL DEFAULT '', -- masked, for people
	settled     BIGINT NOT NULL DEFAULT 0,
	asks        BIGINT NOT NULL DEFAULT 0, -- look-ups after an unknown one
	PRIMARY KEY (location_id, id)
);
CREATE INDEX attempt_open ON attempt (location_id, quota, deadline) WHERE state IN ('open', 'unknown');
