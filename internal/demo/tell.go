package demo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
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

// overlap is how long ago something may have begun that was not there at the last look.
const overlap = 5 * time.Minute

// widest is how much of a text to a customer a line shows.
const widest = 170

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
	t := &teller{demo: d, looked: d.start, jobs: map[plumbline.GoldenID]string{}, records: map[string]map[string]string{}}
	for _, kind := range shown {
		for _, o := range d.vendors.CRM.Objects(kind.plural) {
			t.records[kind.plural+o.ID] = o.Properties
		}
	}
	return t
}

func (t *teller) line(format string, args ...any) {
	fmt.Fprintln(t.opts.Out, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// tell says what happens now, with the shop's local time.
func (t *teller) tell(where, format string, args ...any) {
	t.line("%s  %-11s  %s", t.clock.Now().In(t.zone).Format("15:04"), where, fmt.Sprintf(format, args...))
}

// look tells what is new since the last look.
func (t *teller) look(ctx context.Context, now time.Time) error {
	if now.Sub(t.looked) < lookEvery {
		return nil
	}
	if err := t.lookAtJobs(ctx, now); err != nil {
		return err
	}
	if err := t.lookAtCRM(ctx); err != nil {
		return err
	}
	t.lookAtTexts()
	t.looked = now
	return nil
}

// lookAtJobs tells which stage a job has come to.
func (t *teller) lookAtJobs(ctx context.Context, now time.Time) error {
	return t.node.DB.View(ctx, now, func(tx *db.Tx) error {
		ids, err := moved(tx, t.looked.Add(-overlap))
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
			t.tell("Plumbline", "job %s: %s", t.name(j), strings.TrimPrefix(was+" -> "+j.Stage, " -> "))
		}
		return nil
	})
}

// name is a job's number with whom it is for and what it is, as the shop knows it.
func (t *teller) name(j advance.StoredJob) string {
	for _, k := range t.shop.Story().Jobs {
		if p := t.shop.Story().Person(k.Person); k.Number == j.Number && p != nil {
			return fmt.Sprintf("%s (%s, %s %s)", j.Number, strings.ToLower(string(k.Kind)), p.First, p.Last)
		}
	}
	if j.Estimate {
		return strings.TrimSpace(j.Number + " (estimate)")
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

type field struct{ name, label string }

// shown are the CRM's records and the fields of them that a newcomer understands.
var shown = []struct {
	plural, singular string
	fields           []field
}{
	{"contacts", "contact", []field{{"plumbline_next_appointment_window", "next appointment"}, {"plumbline_technician", "technician"}, {"plumbline_eta", "ETA"},
		{"plumbline_last_service", "last service"}, {"plumbline_balance", "balance"}, {"plumbline_account_status", "account"},
		{"plumbline_texts_service", "texts about service"}}},
	{"deals", "deal", []field{{"dealstage", "stage"}, {"amount", "amount"}}},
	{"tasks", "task", nil},
}

// lookAtCRM tells what has changed in the CRM, one line a record.
func (t *teller) lookAtCRM(ctx context.Context) error {
	for _, kind := range shown {
		for _, o := range t.vendors.CRM.Objects(kind.plural) {
			was, known := t.records[kind.plural+o.ID]
			t.records[kind.plural+o.ID] = o.Properties
			changes, err := t.changes(ctx, kind.fields, o, was)
			if err != nil {
				return err
			}
			line := kind.singular + " " + title(o)
			if len(changes) > 0 {
				line += ": " + strings.Join(changes, ", ")
			}
			if !known {
				t.tell("HubSpot", "new %s%s", line, author(o, "lastname"))
			} else if len(changes) > 0 {
				t.tell("HubSpot", "%s", line)
			}
		}
	}
	return nil
}

// changes are the fields that have another value than before. What says nothing yet
// is left out.
func (t *teller) changes(ctx context.Context, fields []field, o hubspot.Object, was map[string]string) (list []string, err error) {
	for _, f := range fields {
		v := o.Properties[f.name]
		if v == was[f.name] || was[f.name] == "" && (v == "0" || v == "none") {
			continue
		}
		text, err := t.value(ctx, f.name, v)
		if err != nil {
			return nil, err
		}
		list = append(list, f.label+" "+text+author(o, f.name))
	}
	return list, nil
}

func title(o hubspot.Object) string {
	p := o.Properties
	return cmp.Or(strings.TrimSpace(p["firstname"]+" "+p["lastname"]), p["dealname"], p["hs_task_subject"], o.ID)
}

// author says if a person has typed a value there, or if what they typed was put right.
func author(o hubspot.Object, field string) string {
	h := o.History[field]
	switch {
	case len(h) > 0 && h[0].By.UserID != 0:
		return " (typed there by a person)"
	case len(h) > 1 && h[1].By.UserID != 0:
		return " (put right again)"
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

// lookAtTexts tells what was said to customers, and what they have answered. Numbers
// are masked, and so is the link to a homeowner's own page.
func (t *teller) lookAtTexts() {
	all := t.vendors.Sender.Messages()
	for _, m := range all[t.texts:] {
		body := []rune(errorqueue.Mask(ownPage.ReplaceAllString(m.Body, "$1…")))
		if len(body) > widest {
			body = append(body[:widest], '…')
		}
		who := "text to " + errorqueue.Mask(m.To)
		if m.Direction == "inbound" {
			who = "text from " + errorqueue.Mask(m.From)
		}
		t.tell("Twilio", "%s: %s", who, string(body))
	}
	t.texts = len(all)
}

var ownPage = regexp.MustCompile(`(https://[^ ]*/v/)[\w-]+`)
