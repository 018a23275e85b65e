-- lookup: how many objects each list of a source had on each night, and how many we held. Promised rows.
CREATE TABLE counted (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	stream      TEXT NOT NULL, -- of the tool
	night       TEXT NOT NULL, -- the local day, 2026-05-05
	began       BIGINT NOT NULL,
	ours        BIGINT NOT NULL,
	theirs      BIGINT NOT NULL, -- -1: the source does not tell
	cursor      TEXT NOT NULL DEFAULT '', -- how far the ids have been read
	page        BIGINT NOT NULL DEFAULT 0,
	compared    TEXT NOT NULL DEFAULT 'count', -- or ids
	done        BIGINT NOT NULL DEFAULT 0,
	missing     BIGINT NOT NULL DEFAULT 0, -- there, and not here
	gone        BIGINT NOT NULL DEFAULT 0, -- here, and not there
	ids         TEXT NOT NULL DEFAULT '{}', -- the first of both
	believed    BIGINT NOT NULL DEFAULT 0, -- 1: a person says that so many are gone
	PRIMARY KEY (location_id, connection, stream, night)
);
-- The ids of a list while it is read, page by page. Working rows.
CREATE TABLE listed (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	stream      TEXT NOT NULL,
	page        BIGINT NOT NULL,
	ids         TEXT NOT NULL,
	PRIMARY KEY (location_id, connection, stream, page)
);
-- What is known of how a source tells us what happens. Working rows.
CREATE TABLE watch (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	state       TEXT NOT NULL DEFAULT '', -- told, restored or off; empty: not known yet
	since       BIGINT NOT NULL DEFAULT 0, -- it is so
	checked     BIGINT NOT NULL DEFAULT 0, -- when the vendor was asked last
	shown       BIGINT NOT NULL DEFAULT 0, -- 1: the vendor shows what it tells us of
	restored    BIGINT NOT NULL DEFAULT 0, -- when it was asked last to tell us again
	restores    BIGINT NOT NULL DEFAULT 0, -- and how often
	kept        TEXT NOT NULL DEFAULT '', -- what the tool needs for the next time
	untold      TEXT NOT NULL DEFAULT '[]', -- what lists told of, and no webhook since
	listening   BIGINT NOT NULL DEFAULT 0, -- since when we have been there to hear, without a gap
	judged      BIGINT NOT NULL DEFAULT 0, -- when its silence was judged last
	silent      BIGINT NOT NULL DEFAULT 0, -- since when it is too silent; 0: it is not
	note        TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (location_id, connection)
);
