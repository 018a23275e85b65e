-- record: golden records of a kind, for paging.
CREATE INDEX golden_record_kind ON golden_record (location_id, kind, id);
