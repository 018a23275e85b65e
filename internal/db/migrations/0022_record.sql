-- record: whether a location has equipment or plans at all is asked in every transaction,
-- and what belongs to whom only where it has.
CREATE INDEX ref_belonging ON ref (location_id, from_kind) WHERE from_kind IN ('asset', 'membership');
