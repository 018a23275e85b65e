-- notify: what is and was said to people, what each address was last told, and what
-- came of every rule whose trigger was reached. Promised rows.
CREATE TABLE message (
	location_id TEXT NOT NULL,
	id          TEXT NOT NULL, -- hash of rule, subject, turn and address
	rule        TEXT NOT NULL,
	subject     TEXT NOT NULL, -- source record: visit, job, property or address
	n           BIGINT NOT NULL, -- the outcome to which it belongs
	job         TEXT NOT NULL DEFAULT '',
	visit       TEXT NOT NULL DEFAULT '',
	news        TEXT NOT NULL DEFAULT '', -- visit.window, visit.eta or job.balance; empty: an occasion
	value       TEXT NOT NULL DEFAULT '', -- the truth that news tells
	person      TEXT NOT NULL DEFAULT '',
	role        TEXT NOT NULL DEFAULT '',
	address     TEXT NOT NULL, -- E.164
	household   TEXT NOT NULL DEFAULT '',
	connection  TEXT NOT NULL,
	class       TEXT NOT NULL,
	state       TEXT NOT NULL, -- owed, deferred, sent, delivered, undelivered, failed, dropped, unknown, withdrawn or rehearsed
	body        TEXT NOT NULL DEFAULT '', -- as it was or is being sent
	cause       TEXT NOT NULL DEFAULT '', -- why it stands where it stands
	due         BIGINT NOT NULL,
	happened    BIGINT NOT NULL,
	known       BIGINT NOT NULL,
	made        BIGINT NOT NULL,
	sent        BIGINT NOT NULL DEFAULT 0,
	foot        BIGINT NOT NULL DEFAULT 0, -- it said how to stop
	attempt     TEXT NOT NULL DEFAULT '', -- the last one
	vendor      TEXT NOT NULL DEFAULT '', -- the vendor's id
	rank        BIGINT NOT NULL DEFAULT 0, -- of the carrier's word
	code        BIGINT NOT NULL DEFAULT 0,
	link        TEXT NOT NULL DEFAULT '', -- token of the page that it links to
	playbook    TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (location_id, id)
);
CREATE INDEX message_subject ON message (location_id, subject);
CREATE INDEX message_job ON message (location_id, job, made);
CREATE INDEX message_address ON message (location_id, address, made);
CREATE INDEX message_household ON message (location_id, household, sent) WHERE household <> '';
CREATE INDEX message_attempt ON message (location_id, attempt) WHERE attempt <> '';
CREATE INDEX message_vendor ON message (location_id, vendor) WHERE vendor <> '';
CREATE INDEX message_link ON message (location_id, link) WHERE link <> '';
CREATE TABLE told (
	location_id TEXT NOT NULL,
	news        TEXT NOT NULL,
	subject     TEXT NOT NULL, -- source record
	address     TEXT NOT NULL,
	value       TEXT NOT NULL, -- what was last told; empty: nothing for certain
	maybe       TEXT NOT NULL DEFAULT '', -- possibly told, by an attempt that is undecided
	attempt     TEXT NOT NULL DEFAULT '', -- that attempt
	message     TEXT NOT NULL DEFAULT '', -- its message
	how         TEXT NOT NULL DEFAULT '', -- by which text, or why without one
	at          BIGINT NOT NULL,
	PRIMARY KEY (location_id, news, subject, address)
);
CREATE INDEX told_subject ON told (location_id, subject);
CREATE TABLE outcome (
	location_id TEXT NOT NULL,
	rule        TEXT NOT NULL,
	subject     TEXT NOT NULL,
	n           BIGINT NOT NULL,
	job         TEXT NOT NULL DEFAULT '',
	state       TEXT NOT NULL, -- as of a message, or task
	until       BIGINT NOT NULL DEFAULT 0, -- deferred until
	reason      TEXT NOT NULL,
	value       TEXT NOT NULL DEFAULT '', -- of news
	who         TEXT NOT NULL DEFAULT '', -- technicians, as the occasion found them
	happened    BIGINT NOT NULL,
	known       BIGINT NOT NULL,
	at          BIGINT NOT NULL,
	again       BIGINT NOT NULL DEFAULT 0, -- the occasion is open once more
	tasked      BIGINT NOT NULL DEFAULT 0, -- a person was given a task
	playbook    TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (location_id, rule, subject, n)
);
CREATE INDEX outcome_subject ON outcome (location_id, subject);
CREATE INDEX outcome_job ON outcome (location_id, job, at);
CREATE TABLE heard (
	location_id TEXT NOT NULL,
	address     TEXT NOT NULL,
	sid         TEXT NOT NULL,
	label       TEXT NOT NULL, -- what the text means for consent
	scope       TEXT NOT NULL DEFAULT '',
	why         TEXT NOT NULL,
	at          BIGINT NOT NULL,
	PRIMARY KEY (location_id, address, sid)
);
