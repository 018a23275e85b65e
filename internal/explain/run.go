package explain

import (
	"encoding/json"
	"fmt"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/importrun"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/record"
)

// run explains an import run, and any record of one that is withdrawn: it says nothing
// any more, and this is why. Not ok: the name is of neither.
func (x *Explainer) run(tx *db.Tx, location, name string) (e Explanation, ok bool, err error) {
	connection, object, of := strings.Cut(name, "/")
	if strings.HasPrefix(connection, plumbline.Lookup) && !of {
		return provider(tx, location, connection)
	}
	r, err := importrun.Get(tx, location, connection)
	if plumbline.KindOf(err) == plumbline.NotFound {
		return e, false, nil
	}
	if err != nil {
		return e, false, err
	}
	withdrawn, err := record.Withdrawn(tx, location)
	if err != nil {
		return e, false, err
	}
	decision, gone := withdrawn[r.Connection()]
	if of && !gone {
		return e, false, nil
	}
	e = Explanation{Subject: "import run " + r.Name, ID: r.Connection()}
	e.add("What was taken in", Line{Time: r.Began, Source: r.Connection(), Fact: fmt.Sprintf("%ss of %s: %d rows, %d deliveries kept, %d rows refused, %d without some field",
		r.Kind, r.File, r.Passed, r.Kept, r.Refused, r.Partial), Decision: r.State})
	if !gone {
		return e, true, nil
	}
	l, err := withdrawal(tx, location, decision)
	if of {
		l.Fact = object + " says nothing any more: " + l.Fact
	}
	e.add("Withdrawn", l)
	return e, true, err
}

// provider explains a provider of looked-up values that is withdrawn.
func provider(tx *db.Tx, location, source string) (e Explanation, ok bool, err error) {
	withdrawn, err := record.Withdrawn(tx, location)
	decision, gone := withdrawn[source]
	if err != nil || !gone {
		return e, false, err
	}
	l, err := withdrawal(tx, location, decision)
	e = Explanation{Subject: "provider " + strings.TrimPrefix(source, plumbline.Lookup), ID: source}
	e.add("Withdrawn", l)
	return e, true, err
}

// withdrawal says who has withdrawn a source, and when.
func withdrawal(tx *db.Tx, location, decision string) (l Line, err error) {
	d, _, _, err := inbox.Get(tx, location, plumbline.Office, decision)
	if err != nil {
		return l, err
	}
	var said advance.OfficeDecision
	if err := json.Unmarshal(d.Body, &said); err != nil {
		return l, err
	}
	return Line{Time: d.Received, Source: plumbline.Office, Fact: said.By + " withdrew it as a whole", Decision: "what it said counts no more", Rule: decision}, nil
}
