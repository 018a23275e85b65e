package mirror

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// States of a record in a plan.
const (
	planned = "planned"
	applied = "applied"
	left    = "left" // it has changed since
)

// A PlanRow is a record of a plan: the drift that was found in it, and what became of
// the plan for it.
type PlanRow struct {
	Type  string  `json:"type"`
	Key   string  `json:"key"`
	ID    string  `json:"id"` // the target's
	State string  `json:"state"`
	Why   string  `json:"why,omitempty"` // why it was left
	Found []Found `json:"found"`

	doc string
}

// PlanSweep begins a plan in the place of the one before: all records are read within
// the share of sweeps, and what is found is listed and not acted upon. It returns the
// plan's name.
func (m *Mirror) PlanSweep(tx *db.Tx, location, connection string) (name string, err error) {
	defer plumbline.Wrap(&err, "plan a sweep of %s", connection)

	c, err := m.swept(tx, location, connection)
	if err != nil {
		return "", err
	}
	if c.Mode == tenant.Off {
		return "", conflict("switch it to rehearsal or on", "%s is off", connection)
	}
	r, err := loadRound(tx, c)
	if err != nil {
		return "", err
	}
	if !r.over() && r.Mode == applyRound {
		return "", conflict("wait until it has been", "the plan before is being applied")
	}
	r = round{Mode: planRound, Begun: tx.Now.UnixMilli(), Records: -1}
	if err := storeRound(tx, c, r); err != nil {
		return "", err
	}
	return r.name(), outbox.Owe(tx, sweepDebt(c))
}

// ApplySweep lets a plan be carried out, exactly: each of its records is read again, and
// left where anything of it is otherwise than listed.
func (m *Mirror) ApplySweep(tx *db.Tx, location, connection, name string) (err error) {
	defer plumbline.Wrap(&err, "apply plan %s of %s", name, connection)

	c, err := m.swept(tx, location, connection)
	if err != nil {
		return err
	}
	r, err := loadRound(tx, c)
	switch {
	case err != nil:
		return err
	case c.Mode != tenant.On:
		return conflict("switch it on first", "%s is in %s, in which nothing is written", connection, c.Mode)
	case r.Mode != planRound || r.name() != name:
		return conflict("make a new plan and read it", "there is no plan %s of %s any more", name, connection)
	case !r.over():
		return conflict("wait until all records have been read", "the plan is being made")
	}
	n, err := planCounts(tx, c)
	if err != nil {
		return err
	}
	r = round{Mode: applyRound, Begun: tx.Now.UnixMilli(), Records: int64(n[planned])}
	if err := storeRound(tx, c, r); err != nil {
		return err
	}
	return outbox.Owe(tx, sweepDebt(c))
}

func conflict(hint, format string, args ...any) error {
	return &plumbline.Error{Kind: plumbline.Conflict, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

func (r round) name() string { return strconv.FormatInt(r.Begun, 10) }

// swept returns a connection whose records can be read back.
func (m *Mirror) swept(tx *db.Tx, location, connection string) (c tenant.Connection, err error) {
	if c, err = tenant.Get(tx, location, connection); err != nil {
		return c, err
	}
	pb, _, err := m.Policy(location)
	if err == nil && (m.Fetch == nil || len(pb.Mapping[c.Tool]) == 0) {
		err = plumbline.Invalidf("name a connection that keeps records of ours", "%s has no records of ours", connection)
	}
	return c, err
}

// SweepPlan lists records of the plan that stands, those after (afterType, afterKey) first.
func (m *Mirror) SweepPlan(tx *db.Tx, location, connection, afterType, afterKey string, limit int) ([]PlanRow, error) {
	return scanPlan(tx, selectPlan, location, connection, afterType, afterKey, limit)
}

func scanPlan(tx *db.Tx, query string, args ...any) (list []PlanRow, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x PlanRow
		if err := rows.Scan(&x.Type, &x.Key, &x.ID, &x.doc, &x.State, &x.Why); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(x.doc), &x.Found); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, rows.Err()
}

// planCounts counts the records of a plan by their states.
func planCounts(tx *db.Tx, c tenant.Connection) (map[string]int, error) {
	rows, err := tx.Query(countPlan, c.Location, c.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		out[state] = n
	}
	return out, rows.Err()
}

func storePlan(tx *db.Tx, c tenant.Connection, list []PlanRow) error {
	type row struct {
		Type  string `json:"t"`
		Key   string `json:"k"`
		ID    string `json:"v"`
		Doc   string `json:"d"`
		State string `json:"s"`
		Why   string `json:"w"`
	}
	if len(list) == 0 {
		return nil
	}
	var rows []row
	for _, x := range list {
		rows = append(rows, row{x.Type, x.Key, x.ID, x.doc, x.State, x.Why})
	}
	_, err := tx.Exec(upsertPlan(tx), c.Location, c.Name, db.JSON(rows))
	return err
}

// finds says what keeping the answers would find, by the keys of records, and does
// nothing about it.
func (s *sweeping) finds() (map[string][]Found, error) {
	found := map[string][]Found{}
	var same []*target
	for _, a := range s.told {
		if a.wrong != nil {
			continue // it is shown where it is kept
		}
		for _, t := range s.targets[a.says.ID] {
			switch {
			case s.differs(t, a.says):
				busy := t.busy(s.call.Started.UnixMilli())
				if len(busy) > 0 && (a.says.Archived || a.says.MergedTo != "" || t.State == Gone) {
					continue // the next read will tell
				}
				list, _, err := s.drift(t.clone(), a.says, busy)
				if err != nil {
					return nil, err
				}
				if len(list) > 0 {
					found[t.Key] = list
				}
			default:
				same = append(same, t)
			}
		}
	}
	lost, err := s.unwritten(same)
	for _, x := range lost {
		found[x.Key] = append(found[x.Key], x)
	}
	return found, err
}

// plan lists what was found.
func (s *sweeping) plan() error {
	found, err := s.finds()
	if err != nil {
		return err
	}
	var list []PlanRow
	for _, key := range fieldNames(found) {
		x := found[key]
		list = append(list, PlanRow{Type: s.typ, Key: key, ID: x[0].ID, State: planned, doc: db.JSON(x)})
	}
	return storePlan(s.tx, s.c, list)
}

// apply does what the plan lists of the records that were read, where the same is found
// as then.
func (s *sweeping) apply() error {
	rows, err := scanPlan(s.tx, selectPlanned, s.c.Location, s.c.Name, judgedAtOnce)
	if err != nil {
		return err
	}
	found, err := s.finds()
	if err != nil {
		return err
	}
	now := map[string]bool{} // the target's ids of those that are as listed
	planned := map[string]bool{}
	var unowed []Found
	for i := range rows {
		x := &rows[i]
		planned[x.ID] = true
		is := found[x.Key]
		if len(is) == 0 || db.JSON(is) != x.doc {
			x.State, x.Why = left, sinceThen(x.Found, is)
			continue
		}
		x.State, now[x.ID] = applied, true
		unowed = append(unowed, slices.DeleteFunc(slices.Clone(is), func(f Found) bool { return f.Cause != CauseUnwritten })...)
	}
	var answers []connect.Answer
	for _, a := range s.told {
		if a.wrong == nil && (now[a.says.ID] || !planned[a.says.ID] && len(s.targets[a.says.ID]) == 0) {
			answers = append(answers, a.answer) // the record that one was merged into, too
		}
	}
	if _, err := s.m.keep(s.tx, s.c, s.call, answers); err != nil {
		return err
	}
	if err := s.owe(unowed); err != nil {
		return err
	}
	return storePlan(s.tx, s.c, rows)
}

// sinceThen says how what is found differs from what was planned.
func sinceThen(then, now []Found) string {
	if len(now) == 0 {
		return "nothing of it differs any more"
	}
	for _, x := range now {
		i := slices.IndexFunc(then, func(f Found) bool { return f.Field == x.Field })
		switch {
		case i < 0:
			return "more of it differs: " + named(x)
		case then[i].There != x.There || then[i].Cause != x.Cause || !then[i].At.Equal(x.At):
			return named(x) + " has changed there since"
		case then[i].Desired != x.Desired:
			return named(x) + " should say something else by now"
		}
	}
	return "less of it differs"
}

func named(f Found) string {
	if f.Field == "" {
		return "the record"
	}
	return f.Field
}

// waited is how long a number of calls takes within a budget.
func waited(calls int64, share connect.Budget) time.Duration {
	if calls == 0 || share.Calls == 0 {
		return 0
	}
	return time.Duration((calls+int64(share.Calls)-1)/int64(share.Calls)) * share.Window
}
