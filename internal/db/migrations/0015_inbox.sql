-- inbox: deliveries that wait for a look-up say which in their reason, and are not taken up again before it.
DROP INDEX delivery_waiting;
CREATE INDEX delivery_waiting ON delivery (location_id, received, connection, name) WHERE state = 0 AND reason = '';
CREATE INDEX delivery_thin ON delivery (location_id, connection, reason) WHERE state = 0 AND reason <> '';
