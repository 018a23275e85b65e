package mirror

import (
	"strings"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

// A Wanted is what one target record should say, by its fields.
type Wanted struct {
	Type, Subject string
	Fields        map[string]string
}

// WantedAfter lists what the records of a connection should say, in the order of type and
// subject, after one of them.
func WantedAfter(tx *db.Tx, c tenant.Connection, typ, subject string, limit int) (list []Wanted, err error) {
	rows, err := desiredAfter(tx, c, typ, subject, limit)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		w, err := readWanted(r.doc)
		if err != nil {
			return nil, err
		}
		out := Wanted{r.typ, r.subject, map[string]string{}}
		for name, f := range w.Fields {
			out.Fields[name] = strings.ReplaceAll(f.Value, keyMark, "our key")
		}
		list = append(list, out)
	}
	return list, nil
}
