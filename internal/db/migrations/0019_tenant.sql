-- tenant: what accounts have granted us, sealed.
CREATE TABLE granted (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	n           BIGINT NOT NULL, -- counts the grants of this connection
	tokens      TEXT NOT NULL, -- sealed
	expires     BIGINT NOT NULL, -- of the access
	refreshing  BIGINT NOT NULL DEFAULT 0, -- since when the grant that follows is asked for, and was not stored
	PRIMARY KEY (location_id, connection)
);
