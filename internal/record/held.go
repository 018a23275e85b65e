package record

import (
	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Held pages through the source records of one kind of a connection, in the order of their
// ids; what is said about others' records is not among them. It begins after an id.
func Held(tx *db.Tx, location, connection string, kind plumbline.Kind, after plumbline.SourceID, limit int) (list []*Row, err error) {
	defer plumbline.Wrap(&err, "page through what %s has said of each %s", connection, kind)

	return scan(tx, selectHeld, location, connection, kind, after, limit)
}
