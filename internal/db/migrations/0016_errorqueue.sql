-- errorqueue: when what an item is about was received, which orders its replay, and
-- when somebody was told that it has waited too long; 0: nobody was.
ALTER TABLE error_item ADD COLUMN received BIGINT NOT NULL DEFAULT 0;
ALTER TABLE error_item ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
UPDATE error_item SET received = opened;
CREATE INDEX error_item_untold ON error_item (location_id, opened) WHERE state = 'open' AND told = 0;
CREATE INDEX error_item_snoozed ON error_item (location_id, until) WHERE state = 'snoozed';
-- notify: what staff were told.
CREATE INDEX message_staff ON message (location_id, rule, n) WHERE class = 'staff';
