-- inbox: in which hours each source has spoken by itself, and in which twelfths of them. It follows from the deliveries.
CREATE TABLE spoken (
	location_id TEXT NOT NULL,
	connection  TEXT NOT NULL,
	hour        BIGINT NOT NULL, -- since 1970, UTC
	slots       BIGINT NOT NULL, -- bit n: in the n-th five minutes of it
	PRIMARY KEY (location_id, connection, hour)
);
INSERT INTO spoken (location_id, connection, hour, slots)
	SELECT location_id, connection, received / 3600000, CAST(SUM(DISTINCT CAST(1 AS BIGINT) << CAST(received % 3600000 / 300000 AS INTEGER)) AS BIGINT)
	FROM delivery WHERE event <> 'read' AND attempt = '' AND replaces = '' AND tool NOT IN ('office', 'clock', 'route', 'csv')
	GROUP BY location_id, connection, received / 3600000;
