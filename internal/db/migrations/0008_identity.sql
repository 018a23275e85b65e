-- identity: keys, people's decisions, and what a person must decide. Derived rows.
CREATE TABLE match_key (
	location_id TEXT NOT NULL,
	name        TEXT NOT NULL,
	record_id   TEXT NOT NULL,
	kind        TEXT NOT NULL,
	PRIMARY KEY (location_id, name, record_id)
);
CREATE INDEX match_key_record ON match_key (location_id, record_id);
CREATE TABLE decided_link (
	location_id TEXT NOT NULL,
	a           TEXT NOT NULL,
	b           TEXT NOT NULL,
	same        BIGINT NOT NULL,
	decision    TEXT NOT NULL, -- orders decisions: receipt and delivery
	PRIMARY KEY (location_id, a, b)
);
CREATE INDEX decided_link_b ON decided_link (location_id, b);
CREATE TABLE ask (
	location_id TEXT NOT NULL,
	a           TEXT NOT NULL,
	b           TEXT NOT NULL,
	evidence    TEXT NOT NULL,
	PRIMARY KEY (location_id, a, b)
);
CREATE INDEX ask_b ON ask (location_id, b);
