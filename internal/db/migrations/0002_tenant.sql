-- tenant: locations, connections, holders and tokens. holder and location stand above a location.
CREATE TABLE location (
	location_id TEXT NOT NULL,
	network     TEXT NOT NULL DEFAULT '',
	name        TEXT NOT NULL DEFAULT '',
	doc         TEXT NOT NULL DEFAULT '{}',
	PRIMARY KEY (location_id)
);
CREATE TABLE connection (
	location_id TEXT NOT NULL,
	name        TEXT NOT NULL,
	tool        TEXT NOT NULL,
	account     TEXT NOT NULL DEFAULT '', -- the vendor's id of the account
	mode        TEXT NOT NULL DEFAULT 'rehearsal', -- rehearsal, on or off
	on_since    BIGINT NOT NULL DEFAULT 0,
	quota       TEXT NOT NULL DEFAULT '',
	speaks      TEXT NOT NULL DEFAULT '{}', -- kind of message -> tool, us or nobody
	PRIMARY KEY (location_id, name)
);
CREATE TABLE holder (
	quota   TEXT NOT NULL,
	node    TEXT NOT NULL DEFAULT '',
	epoch   BIGINT NOT NULL DEFAULT 0,
	expires BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (quota)
);
CREATE TABLE token (
	hash        TEXT NOT NULL,
	location_id TEXT NOT NULL,
	name        TEXT NOT NULL,
	created     BIGINT NOT NULL,
	PRIMARY KEY (hash)
);
CREATE TABLE activation (
	location_id TEXT NOT NULL,
	name        TEXT NOT NULL, -- a rule, or connection:NAME
	since       BIGINT NOT NULL, -- nothing known before is spoken about; 0: switched off
	PRIMARY KEY (location_id, name)
);
