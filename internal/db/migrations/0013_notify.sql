-- notify: which tasks for people are still to be done (outcome.tasked 1; 2 once it has
-- ended), and whether a message is being said once more because it did not arrive.
CREATE INDEX outcome_open ON outcome (location_id, job) WHERE tasked = 1;
ALTER TABLE message ADD COLUMN tried BIGINT NOT NULL DEFAULT 0;
