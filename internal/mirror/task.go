package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/mapping"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/tenant"
)

// taskKind is what a mapping of tasks is for.
const taskKind plumbline.Kind = "task"

// A Task is something that a person should do, shown to them at the targets.
type Task struct {
	Location string
	Rule     string             // why it was opened
	Subject  plumbline.SourceID // what it is about: a job, visit or customer
	Person   plumbline.SourceID // the customer, "" for none
	Title    string
	Body     string // plain text
	Due      time.Time

	id     string
	closed int64
}

// ID names the task: one rule opens one task about one subject and person.
func (t Task) ID() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{t.Location, t.Rule, string(t.Subject), string(t.Person)}, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// OpenTasks opens tasks. Opening one twice is opening it once, also when it has been
// closed meanwhile.
func (m *Mirror) OpenTasks(tx *db.Tx, location string, list ...Task) (err error) {
	defer plumbline.Wrap(&err, "open %d tasks", len(list))

	ids := make([]string, len(list))
	for i, t := range list {
		ids[i] = t.ID()
	}
	there, err := scanTasks(tx, location, selectTasks(tx), location, db.JSON(ids))
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, t := range there {
		have[t.id] = true
	}
	var made []string
	var rows [][]any
	for i, t := range list {
		if have[ids[i]] {
			continue
		}
		have[ids[i]] = true
		var due int64
		if !t.Due.IsZero() {
			due = t.Due.UnixMilli()
		}
		made = append(made, ids[i])
		rows = append(rows, []any{ids[i], t.Rule, t.Subject, t.Person, t.Title, t.Body, due, tx.Now.UnixMilli()})
	}
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
	if err := tx.InsertWide(insertTasks, "", location, rows); err != nil {
		return err
	}
	return m.oweTasksOf(tx, location, made)
}

// An EndedTask names the tasks that a rule has opened about a subject, and says why they
// need not be done any more.
type EndedTask struct {
	Rule    string
	Subject plumbline.SourceID
	Why     string
}

// CloseTasks closes tasks. Closing what is not open does nothing.
func (m *Mirror) CloseTasks(tx *db.Tx, location string, list ...EndedTask) (err error) {
	defer plumbline.Wrap(&err, "close %d tasks", len(list))

	type row struct {
		Rule    string `json:"r"`
		Subject string `json:"s"`
	}
	why := map[row]string{}
	var about []row
	for _, t := range list {
		r := row{t.Rule, string(t.Subject)}
		why[r] = t.Why
		about = append(about, r)
	}
	open, err := scanTasks(tx, location, selectOpenTasks(tx), location, db.JSON(about))
	if err != nil || len(open) == 0 {
		return err
	}
	type closing struct {
		ID  string `json:"i"`
		Why string `json:"w"`
	}
	var ids []string
	var closed []closing
	for _, t := range open {
		ids = append(ids, t.id)
		closed = append(closed, closing{t.id, why[row{t.Rule, string(t.Subject)}]})
	}
	if _, err := tx.Exec(closeTasks(tx), location, db.JSON(closed), tx.Now.UnixMilli()); err != nil {
		return err
	}
	return m.oweTasksOf(tx, location, ids)
}

// oweTasksOf owes some tasks' records at all targets that are on and have tasks.
func (m *Mirror) oweTasksOf(tx *db.Tx, location string, ids []string) error {
	pb, _, err := m.Policy(location)
	if err != nil {
		return err
	}
	list, err := tenant.Connections(tx, location)
	for _, c := range list {
		maps := mappings(pb.Mapping[c.Tool])
		for _, typ := range maps.of(taskKind) {
			if err != nil || c.Mode != tenant.On {
				continue
			}
			all := make([]owing, len(ids))
			for i, id := range ids {
				all[i] = owing{typ: typ, subject: id, wanted: true}
			}
			err = m.ensure(tx, c, maps, all...)
		}
	}
	return err
}

// oweTasks owes the open tasks to a connection that was just turned on.
func (m *Mirror) oweTasks(tx *db.Tx, c tenant.Connection, types mappings) error {
	for _, typ := range types.of(taskKind) {
		list, err := scanTasks(tx, c.Location, selectTasksAfter, c.Location, "", atOnce)
		if err != nil {
			return err
		}
		for _, t := range list {
			if t.closed == 0 {
				if err := m.ensure(tx, c, types, owing{typ: typ, subject: t.id, wanted: true}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// wantedTasks says what tasks' records should say. The last line of the text bears
// the key, by which a lost answer is found again.
func (p *pass) wantedTasks(ids []string) (map[string]*wanted, error) {
	list, err := scanTasks(p.tx, p.c.Location, selectTasks(p.tx), p.c.Location, db.JSON(ids))
	if err != nil {
		return nil, err
	}
	pb, _, err := p.m.Policy(p.c.Location)
	if err != nil {
		return nil, err
	}
	out := map[string]*wanted{}
	for _, t := range list {
		view := &playbook.TaskView{Subject: t.Title, Body: strings.TrimSpace(t.Body + "\n" + t.id), Due: t.Due, Done: t.closed != 0}
		fields, err := mapping.Desired(p.maps[p.typ], playbook.Env{Task: view, Key: t.id}, zoneOf(pb.Settings.Zone))
		if err != nil || fields == nil {
			return nil, err
		}
		w := &wanted{Fields: map[string]want{}}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			w.Fields[name] = want{Value: fields[name].Value}
		}
		for _, typ := range p.maps.of(plumbline.Customer) {
			if t.Person != "" && p.maps[typ].When == nil {
				w.Links = append(w.Links, link{Type: typ, Subject: string(t.Person)})
			}
		}
		for _, typ := range p.maps.of(plumbline.Job) {
			w.Links = append(w.Links, link{Type: typ, Subject: string(t.Subject)})
		}
		out[t.id] = w
	}
	return out, nil
}

func scanTasks(tx *db.Tx, location, query string, args ...any) (list []Task, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		t := Task{Location: location}
		var due, opened int64
		if err := rows.Scan(&t.id, &t.Rule, &t.Subject, &t.Person, &t.Title, &t.Body, &due, &opened, &t.closed); err != nil {
			return nil, err
		}
		if due == 0 {
			due = opened // targets want a date
		}
		t.Due = time.UnixMilli(due).UTC()
		list = append(list, t)
	}
	return list, rows.Err()
}

var _ outbox.Performer = (*Mirror)(nil)
