package demo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// lookEvery is how much of the demo's time passes between two looks at the vendors.
const lookEvery = 20 * time.Second

// widest is how much of a text to a customer a line shows.
const widest = 110

// A teller says what can be seen from outside: jobs, CRM records, texts.
type teller struct {
	*demo
	looked  time.Time
	jobs    map[plumbline.GoldenID]string // stage as told last
	records map[string]map[string]string  // values as told last, by type and id
	texts   int                           // messages of the sender that were told
	stages  map[string]string             // of deals, by the CRM's id
}

func newTeller(d *demo) *teller {
	return &teller{demo: d, jobs: map[plumbline.GoldenID]string{}, records: map[string]map[string]string{}}
}

func (t *teller) line(format string, args ...any) {
	fmt.Fprintln(t.opts.Out, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// tell says what happened, with the shop's local time. Numbers are masked.
func (t *teller) tell(at time.Time, where, format string, args ...any) {
	t.line("%s  %-13s  %s", at.In(t.zone).Format("15:04"), where, errorqueue.Mask(fmt.Sprintf(format, args...)))
}

// begin notes how everything stands, and tells from there on.
func (t *teller) begin() {
	now := t.clock.Now()
	t.looked = now
	t.texts = len(t.vendors.Sender.Messages())
	for _, kind := range shown {
		for _, o := range t.vendors.CRM.Objects(kind.plural) {
			t.records[kind.plural+o.ID] = o.Properties
		}
	}
}

// look tells what is new since the last look.
func (t *teller) look(ctx context.Context, now time.Time) error {
	if now.Sub(t.looked) < lookEvery {
		return nil
	}
	if err := t.lookAtJobs(ctx, now); err != nil {
		return err
	}
	if err := t.lookAtCRM(ctx, now); err != nil {
		return err
	}
	t.lookAtTexts()
	t.looked = now
	return nil
}

// lookAtJobs tells which stage a job has come to.
func (t *teller) lookAtJobs(ctx context.Context, now time.Time) error {
	return t.node.DB.View(ctx, now, func(tx *db.Tx) error {
		ids, err := moved(tx, t.looked)
		if err != nil {
			return err
		}
		golden, err := record.LoadGolden(tx, location, ids)
		if err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(golden)) {
			j, err := advance.ReadJob(golden[id])
			if err != nil {
				return err
			}
			was := t.jobs[id]
			if j.Stage == was {
				continue
			}
			t.jobs[id] = j.Stage
			if was == "" {
				t.tell(now, "Plumbline", "job %s: %s", name(j), j.Stage)
			} else {
				t.tell(now, "Plumbline", "job %s: %s -> %s", name(j), was, j.Stage)
			}
		}
		return nil
	})
}

func name(j advance.StoredJob) string {
	if j.Number == "" {
		return "of estimate"
	}
	return j.Number
}

// moved lists the jobs of which a transition was recorded since an instant.
func moved(tx *db.Tx, since time.Time) (ids []string, err error) {
	rows, err := tx.Query(`SELECT DISTINCT subject FROM transition WHERE location_id = $1 AND kind = 'job' AND recorded >= $2`, location, since.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// shown are the CRM's records and the fields of them that a newcomer understands.
var shown = []struct {
	plural, singular string
	fields           []struct{ name, label string }
}{
	{"contacts", "contact", []struct{ name, label string }{
		{"plumbline_next_appointment_window", "next appointment"},
		{"plumbline_technician", "technician"},
		{"plumbline_eta", "ETA"},
		{"plumbline_last_service", "last service"},
		{"plumbline_balance", "balance"},
		{"plumbline_account_status", "account"},
		{"plumbline_texts_service", "texts about service"},
	}},
	{"deals", "deal", []struct{ name, label string }{{"dealstage", "stage"}, {"amount", "amount"}}},
	{"tasks", "task", []struct{ name, label string }{{"hs_task_status", "status"}}},
}

// lookAtCRM tells what has changed in the CRM, one line a record.
func (t *teller) lookAtCRM(ctx context.Context, now time.Time) error {
	for _, kind := range shown {
		for _, o := range t.vendors.CRM.Objects(kind.plural) {
			was, known := t.records[kind.plural+o.ID]
			t.records[kind.plural+o.ID] = o.Properties
			var changes []string
			for _, f := range kind.fields {
				v := o.Properties[f.name]
				if v == was[f.name] {
					continue
				}
				text, err := t.value(ctx, f.name, v)
				if err != nil {
					return err
				}
				changes = append(changes, f.label+" "+text+author(o, f.name))
			}
			switch {
			case !known && len(changes) == 0:
				t.tell(now, "HubSpot", "new %s %s", kind.singular, title(o))
			case !known:
				t.tell(now, "HubSpot", "new %s %s: %s", kind.singular, title(o), strings.Join(changes, ", "))
			case len(changes) > 0:
				t.tell(now, "HubSpot", "%s %s: %s", kind.singular, title(o), strings.Join(changes, ", "))
			}
		}
	}
	return nil
}

func title(o hubspot.Object) string {
	p := o.Properties
	return cmp.Or(strings.TrimSpace(p["firstname"]+" "+p["lastname"]), p["dealname"], p["hs_task_subject"], o.ID)
}

// author says if somebody else than the program has set a value.
func author(o hubspot.Object, field string) string {
	if h := o.History[field]; len(h) > 0 && h[0].By.UserID != 0 {
		return " (typed there by a person)"
	}
	return ""
}

// value is a field's value as a person reads it.
func (t *teller) value(ctx context.Context, field, v string) (string, error) {
	if v == "" {
		return "none", nil
	}
	if field == "dealstage" {
		if t.stages == nil {
			if err := t.describe(ctx); err != nil {
				return "", err
			}
		}
		return cmp.Or(t.stages[v], v), nil
	}
	if at, err := time.Parse(time.RFC3339, v); err == nil {
		return at.In(t.zone).Format("Mon 15:04"), nil
	}
	return v, nil
}

// describe asks which stage of a deal has which id.
func (t *teller) describe(ctx context.Context) error {
	_, target, err := app.Tool[connect.Target](t.node, location, "hubspot")
	if err != nil {
		return err
	}
	schema, err := target.Describe(ctx)
	if err != nil {
		return err
	}
	t.stages = map[string]string{}
	for stage, id := range schema.Types["deal"].Stages {
		t.stages[id] = stage
	}
	return nil
}

// lookAtTexts tells what was said to customers, and what they have answered.
func (t *teller) lookAtTexts() {
	all := t.vendors.Sender.Messages()
	for _, m := range all[t.texts:] {
		body := m.Body
		if r := []rune(body); len(r) > widest {
			body = string(r[:widest]) + "…"
		}
		if m.Direction == "inbound" {
			t.tell(m.Created, "Twilio", "text from %s: %s", m.From, body)
		} else {
			t.tell(m.Created, "Twilio", "text to %s: %s", m.To, body)
		}
	}
	t.texts = len(all)
}
