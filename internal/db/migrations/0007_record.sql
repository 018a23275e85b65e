-- record: statements as source records, golden records, what is stale. history and
-- transition are promised, stale is working, the rest is derived.
CREATE TABLE source_record (
	location_id TEXT NOT NULL,
	id          TEXT NOT NULL,
	kind        TEXT NOT NULL,
	connection  TEXT NOT NULL,
	external    TEXT NOT NULL DEFAULT '', -- the source's id
	about       TEXT NOT NULL DEFAULT '', -- the source record that it speaks about
	golden_id   TEXT NOT NULL,
	doc         TEXT NOT NULL,
	PRIMARY KEY (location_id, id)
);
CREATE INDEX source_record_golden ON source_record (location_id, golden_id);
CREATE INDEX source_record_about ON source_record (location_id, about) WHERE about <> '';
CREATE TABLE ref (
	location_id TEXT NOT NULL,
	from_id     TEXT NOT NULL, -- source record
	name        TEXT NOT NULL, -- field
	to_id       TEXT NOT NULL, -- source record
	from_kind   TEXT NOT NULL,
	PRIMARY KEY (location_id, from_id, name, to_id)
);
CREATE INDEX ref_to ON ref (location_id, to_id, from_kind);
CREATE TABLE golden_record (
	location_id TEXT NOT NULL,
	id          TEXT NOT NULL,
	kind        TEXT NOT NULL,
	doc         TEXT NOT NULL,
	why         TEXT NOT NULL DEFAULT '{}', -- provenance per field
	PRIMARY KEY (location_id, id)
);
CREATE TABLE role (
	location_id TEXT NOT NULL,
	job_id      TEXT NOT NULL, -- golden job
	name        TEXT NOT NULL,
	person_id   TEXT NOT NULL, -- golden customer
	PRIMARY KEY (location_id, job_id, name, person_id)
);
CREATE INDEX role_person ON role (location_id, person_id);
CREATE TABLE stale (
	location_id TEXT NOT NULL,
	rank        BIGINT NOT NULL, -- properties, people and technicians before jobs before sums over jobs
	id          TEXT NOT NULL, -- golden record
	cause       TEXT NOT NULL DEFAULT '', -- delivery, or silent: model, playbook, derivation, activation
	since       BIGINT NOT NULL,
	PRIMARY KEY (location_id, rank, id)
);
CREATE TABLE history (
	location_id TEXT NOT NULL,
	subject     TEXT NOT NULL, -- job or visit
	doc         TEXT NOT NULL, -- stages that hold, each with when it was reached, as last recorded
	n           BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (location_id, subject)
);
CREATE TABLE transition (
	location_id TEXT NOT NULL,
	subject     TEXT NOT NULL,
	n           BIGINT NOT NULL,
	kind        TEXT NOT NULL,
	what        TEXT NOT NULL, -- reached, withdrawn or re-dated
	stage       TEXT NOT NULL,
	happened    BIGINT NOT NULL,
	known       BIGINT NOT NULL,
	recorded    BIGINT NOT NULL,
	cause       TEXT NOT NULL DEFAULT '',
	playbook    TEXT NOT NULL DEFAULT '',
	silent      BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (location_id, subject, n)
);
