-- errorqueue: what could not be finished, by cause.
CREATE TABLE error_item (
	location_id TEXT NOT NULL,
	kind        TEXT NOT NULL, -- delivery, record, message or lookup
	ref         TEXT NOT NULL, -- what it is about, in that kind's own words
	cause       TEXT NOT NULL, -- fingerprint: items of one cause are one row to people
	title       TEXT NOT NULL, -- the cause as a sentence
	cure        TEXT NOT NULL DEFAULT '',
	detail      TEXT NOT NULL DEFAULT '', -- masked
	opened      BIGINT NOT NULL,
	tries       BIGINT NOT NULL DEFAULT 1,
	state       TEXT NOT NULL DEFAULT 'open', -- open, retrying, snoozed, skipped or done
	until       BIGINT NOT NULL DEFAULT 0,
	assignee    TEXT NOT NULL DEFAULT '',
	closed      BIGINT NOT NULL DEFAULT 0,
	note        TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (location_id, kind, ref)
);
CREATE INDEX error_item_cause ON error_item (location_id, state, cause, opened);
