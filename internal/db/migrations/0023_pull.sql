-- How far the first reading of a source's list is.
ALTER TABLE pull ADD COLUMN had BIGINT NOT NULL DEFAULT 0;   -- objects that its pages have held
ALTER TABLE pull ADD COLUMN total BIGINT NOT NULL DEFAULT 0; -- of how many, 0: the vendor does not say
ALTER TABLE pull ADD COLUMN began BIGINT NOT NULL DEFAULT 0; -- ms UTC, when its first page was read
