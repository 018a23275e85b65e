// Package importrun takes in files of customers and equipment: a run keeps the rows of one
// file as deliveries of a connection of its own, in groups, goes on where it stopped, and
// can be withdrawn whole. It owns the table of runs. It must not know what a row says.
package importrun

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// group is how many rows are kept in one transaction.
const group = 100

// States of a run.
const (
	Running   = "running"
	Done      = "done"
	Withdrawn = "withdrawn"
)

// A Run is one file that is or was taken in.
type Run struct {
	Name    string         `json:"name"`
	Kind    plumbline.Kind `json:"kind"`
	File    string         `json:"file"`
	Digest  string         `json:"digest"`
	Layout  csv.Layout     `json:"layout"`
	Passed  int            `json:"passed"`  // rows looked at
	Kept    int            `json:"kept"`    // deliveries kept of them, and of corrected ones
	Refused int            `json:"refused"` // rows of which nothing is kept
	Partial int            `json:"partial"` // rows that are kept without some field
	State   string         `json:"state"`
	Began   time.Time      `json:"began"`
	Ended   time.Time      `json:"ended,omitzero"`
}

// Connection is the name of the source that a run is.
func (r Run) Connection() string { return plumbline.Import + r.Name }

// NameOf names the run of a file by the file and what is in it.
func NameOf(f *csv.File) string {
	base := strings.ToLower(strings.TrimSuffix(f.Name, filepath.Ext(f.Name)))
	base = strings.Trim(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, base), "-")
	if len(base) > 40 {
		base = base[:40]
	}
	return strings.TrimPrefix(base+"-"+f.Digest[:8], "-")
}

// A Taking is a file on its way in.
type Taking struct {
	DB       *db.DB
	Location string
	Run      string // its name
	Layout   csv.Layout
	File     *csv.File
	// Faults hears of each row with a fault, in order, also of those that an earlier
	// beginning of the run has passed.
	Faults func(csv.Row, []csv.Fault) error
	// Progress hears how many bytes of the file have been passed.
	Progress func(passed int)
}

// A Report says what became of the rows of a file.
type Report struct {
	Run     Run `json:"run"`
	Rows    int `json:"rows"`    // that are not empty
	Kept    int `json:"kept"`    // deliveries that are new
	Resumed int `json:"resumed"` // rows that an earlier beginning had passed
	Refused int `json:"refused"`
	Partial int `json:"partial"`
}

// Begin makes the connection and the row of a run, or finds those that were made before:
// then it must read the file as it did then.
func (t *Taking) Begin(ctx context.Context, now time.Time) (run Run, err error) {
	defer plumbline.Wrap(&err, "begin import run %s", t.Run)

	if t.Run == "" || strings.ContainsAny(t.Run, "/ \t\n:") {
		return run, plumbline.Invalidf("use letters, digits and dashes", "%q is no name of a run", t.Run)
	}
	layout, err := json.Marshal(t.Layout)
	if err != nil {
		return run, fmt.Errorf("write down how the file is read: %w", err)
	}
	err = t.DB.Do(ctx, now, func(tx *db.Tx) error {
		n := int64(0)
		if t.File.Run == "" {
			if n, err = tx.Exec(insertRun, t.Location, t.Run, t.Layout.Kind, t.File.Name, t.File.Digest, string(layout), now.UnixMilli()); err != nil {
				return err
			}
		}
		if run, err = Get(tx, t.Location, t.Run); err != nil {
			return err
		}
		if n == 0 {
			return t.same(run, string(layout))
		}
		name := run.Connection()
		if err := tenant.Put(tx, tenant.Connection{Location: t.Location, Name: name, Tool: csv.Tool, Quota: csv.Tool + ":" + t.Location + "/" + name}); err != nil {
			return err
		}
		return tenant.Switch(tx, t.Location, name, tenant.Off) // nothing is ever written there
	})
	return run, err
}

// same says in what a run differs from the one that was begun under its name.
func (t *Taking) same(run Run, layout string) error {
	conflict := func(msg, hint string) error {
		return &plumbline.Error{Kind: plumbline.Conflict, Msg: msg, Hint: hint}
	}
	had, err := json.Marshal(run.Layout)
	switch {
	case err != nil:
		return err
	case run.State == Withdrawn:
		return conflict("the run was withdrawn", "to take the file in again, name another run with --run")
	case t.File.Run == "" && run.Digest != t.File.Digest:
		return conflict("the run was begun with another file", "name another run with --run, or leave the option out")
	case t.File.Run == "" && string(had) != layout:
		return conflict("the run was begun with another mapping or other options", "give the same ones, or plumbline import undo "+run.Name+" and name another run with --run")
	}
	return nil
}

// Take keeps the rows of the file. Cut off anywhere and called again, it goes on with the
// first row that it has not passed; called when all is done, it does nothing.
func (t *Taking) Take(ctx context.Context, now time.Time) (r Report, err error) {
	defer plumbline.Wrap(&err, "import %s", t.File.Name)

	if r.Run, err = t.Begin(ctx, now); err != nil {
		return r, err
	}
	if t.File.Run == "" {
		r.Resumed = r.Run.Passed
	}
	seen := map[string]int{}
	var rows []csv.Row
	for row := range t.File.Rows() {
		if rows = append(rows, row); len(rows) < group {
			continue
		}
		if err := t.takeSome(ctx, now, rows, seen, &r); err != nil {
			return r, err
		}
		rows = rows[:0]
	}
	if err := t.takeSome(ctx, now, rows, seen, &r); err != nil {
		return r, err
	}
	err = t.DB.Do(ctx, now, func(tx *db.Tx) error {
		if t.File.Run != "" { // it listed all that was wrong
			if _, err := tx.Exec(updateLeft, t.Location, t.Run, r.Refused, r.Partial); err != nil {
				return err
			}
		}
		if t.File.Run == "" {
			if _, err := tx.Exec(updateDone, t.Location, t.Run, now.UnixMilli()); err != nil {
				return err
			}
		}
		r.Run, err = Get(tx, t.Location, t.Run)
		return err
	})
	return r, err
}

// takeSome keeps a group of rows and notes that they have been passed, in one transaction.
func (t *Taking) takeSome(ctx context.Context, now time.Time, rows []csv.Row, seen map[string]int, r *Report) error {
	if len(rows) == 0 {
		return nil
	}
	checked, err := t.check(ctx, now, rows, seen)
	if err != nil {
		return err
	}
	var packed []inbox.Packed
	refused, partial, before := 0, 0, 0
	for i, c := range checked {
		fresh := r.Rows+i >= r.Resumed
		if !fresh {
			before++
		}
		switch {
		case c.entry == nil:
			r.Refused++
			if fresh {
				refused++
			}
		case len(c.faults) > 0:
			r.Partial++
			if fresh {
				partial++
			}
		}
		if fresh && c.entry != nil {
			packed = append(packed, t.pack(*c.entry))
		}
		if len(c.faults) > 0 {
			if err := t.Faults(rows[i], c.faults); err != nil {
				return fmt.Errorf("write down what is wrong with line %d: %w", rows[i].Line, err)
			}
		}
	}
	passed := r.Rows + before
	if r.Rows += len(rows); before < len(rows) {
		kept, err := t.keep(ctx, now, packed, passed, r.Rows, refused, partial)
		if err != nil {
			return err
		}
		r.Kept += kept
	}
	t.Progress(rows[len(rows)-1].Passed)
	return nil
}

func (t *Taking) keep(ctx context.Context, now time.Time, packed []inbox.Packed, from, to, refused, partial int) (kept int, err error) {
	err = t.DB.Do(ctx, now, func(tx *db.Tx) error {
		if kept, err = inbox.Keep(tx, slices.Clone(packed)...); err != nil {
			return err
		}
		n, err := int64(0), error(nil)
		if t.File.Run != "" {
			n, err = tx.Exec(updateFixed, t.Location, t.Run, kept)
		} else {
			n, err = tx.Exec(updatePassed, t.Location, t.Run, from, to, kept, refused, partial)
		}
		if err == nil && n == 0 {
			err = &plumbline.Error{Kind: plumbline.Conflict, Msg: "the run was taken up or withdrawn by somebody else meanwhile", Hint: "look at plumbline import list, then run the command again"}
		}
		return err
	})
	return kept, err
}

// pack makes the delivery of an entry. It is named by the row and by what is kept of it:
// kept again it is one delivery, corrected it is another of the same object.
func (t *Taking) pack(e csv.Entry) inbox.Packed {
	body := []byte(db.JSON(e))
	return inbox.Pack(plumbline.Delivery{Location: t.Location, Connection: plumbline.Import + t.Run, Tool: csv.Tool, Event: "row",
		Key: e.ID + "/" + inbox.Digest("row", body)[:16], Object: e.ID, Body: body})
}

// A checked is a row with what is to be kept of it, nil if nothing is.
type checked struct {
	entry  *csv.Entry
	faults []csv.Fault
}

func (t *Taking) check(ctx context.Context, now time.Time, rows []csv.Row, seen map[string]int) (list []checked, err error) {
	err = t.DB.View(ctx, now, func(tx *db.Tx) error {
		list = list[:0]
		for _, row := range rows {
			e, faults := t.Layout.Entry(t.File, row)
			c := checked{faults: faults}
			if row.Fault == "" {
				c.faults = append(c.faults, e.Check(&t.Layout, now)...)
				whole, err := t.whole(tx, row, &e, seen, &c.faults)
				if err != nil {
					return err
				}
				if whole {
					c.entry = &e
				}
			}
			list = append(list, c)
		}
		return nil
	})
	return list, err
}

// whole says whether an entry is to be kept, and finds whose it is.
func (t *Taking) whole(tx *db.Tx, row csv.Row, e *csv.Entry, seen map[string]int, faults *[]csv.Fault) (bool, error) {
	refuse := func(field, reason string) (bool, error) {
		*faults = append(*faults, csv.Fault{Field: field, Column: t.Layout.Columns[field], Reason: reason})
		return false, nil
	}
	if line, twice := seen[e.ID]; twice && line != row.Line {
		return refuse("id", fmt.Sprintf("the id %s stands on line %d already", e.ID, line))
	}
	seen[e.ID] = row.Line
	if !e.Says() {
		what := "a name, an organization, an e-mail or a phone"
		switch e.Kind {
		case plumbline.Membership:
			what = "the name of a plan"
		case plumbline.Asset:
			what = "a type, a maker, a model or a serial number"
		}
		return refuse("", "it has not got "+what+" that can be read")
	}
	if e.Kind == plumbline.Customer {
		return true, nil
	}
	return t.owned(tx, e, faults)
}

// Get returns a run.
func Get(tx *db.Tx, location, name string) (Run, error) {
	list, err := runs(tx, selectRun, location, strings.TrimPrefix(name, plumbline.Import))
	if err == nil && len(list) == 0 {
		return Run{}, &plumbline.Error{Kind: plumbline.NotFound, Msg: "there is no import run " + name, Hint: "see plumbline import list"}
	}
	if err != nil {
		return Run{}, err
	}
	return list[0], nil
}

// List returns the runs of a location, the oldest first.
func List(tx *db.Tx, location string) ([]Run, error) { return runs(tx, selectRuns, location) }

func runs(tx *db.Tx, query string, args ...any) (list []Run, err error) {
	defer plumbline.Wrap(&err, "read import runs")

	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Run
		var layout string
		var began, ended int64
		if err := rows.Scan(&r.Name, &r.Kind, &r.File, &r.Digest, &layout, &r.Passed, &r.Kept, &r.Refused, &r.Partial, &r.State, &began, &ended); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(layout), &r.Layout); err != nil {
			return nil, err
		}
		r.Began, r.Ended = record.Time(began), record.Time(ended)
		list = append(list, r)
	}
	return list, rows.Err()
}

// decision names the delivery by which a run is withdrawn.
func decision(run string) string { return "decision:withdraw:" + run }

// Undo keeps the decision that a run is withdrawn: what it said is taken away when the
// decision is applied. Undone twice it is undone once.
func Undo(ctx context.Context, d *db.DB, now time.Time, location, name, by string) (run Run, err error) {
	defer plumbline.Wrap(&err, "undo import run %s", name)

	err = d.Do(ctx, now, func(tx *db.Tx) error {
		if run, err = Get(tx, location, name); err != nil || run.State == Withdrawn {
			return err
		}
		body := []byte(db.JSON(advance.OfficeDecision{Do: "withdraw", By: by, Connection: run.Connection()}))
		if _, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: location, Connection: plumbline.Office, Tool: plumbline.Office,
			Event: "withdraw", Key: decision(run.Name), Object: run.Connection(), Body: body})); err != nil {
			return err
		}
		if _, err := tx.Exec(updateWithdrawn, location, run.Name, now.UnixMilli()); err != nil {
			return err
		}
		run, err = Get(tx, location, run.Name)
		return err
	})
	return run, err
}
