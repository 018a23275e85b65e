-- lookup: how far the lists of sources have been read.
CREATE TABLE pull (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	stream      TEXT NOT NULL, -- of the tool
	next        TEXT NOT NULL DEFAULT '', -- cursor
	complete    BIGINT NOT NULL DEFAULT 0, -- 1: it has been read whole once
	PRIMARY KEY (location_id, connection, stream)
);
