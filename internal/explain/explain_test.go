package explain_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

var update = flag.Bool("update", false, "write the golden texts anew")

const config = `
database: %s
public_url: https://plumbline.example.com
locations:
  - id: boise
    playbook: [boise.yaml]
    connections:
      - {name: hcp, tool: housecallpro, mode: on, config: {api_key: key-0123456789, webhook_secrets: [the secret]}}
      - {name: hubspot, tool: hubspot, config: {token: pat-0123456789, portal: "12345"}}
      - {name: sms, tool: twilio, mode: on, config: {account_sid: AC00000000000000000000000000000001, auth_tokens: [0123456789abcdef0123456789abcdef], from: "+12085550100"}}
`

const policy = `
settings:
  brand: Brightwater
  phone: (208) 555-0100
  site: bw.example
  links: https://bw.example/v
  review_link: https://bw.example/r
  zone: America/Boise
  speaks: {confirmation: us, reminder: us, on_my_way: us, finished: us, review: us, invoice: us, payment_reminder: us}
`

// world is a node that is fed deliveries of a field tool.
type world struct {
	t    *testing.T
	node *app.Node
	now  time.Time
	n    int
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("SQLite", func(t *testing.T) { f(t, newWorld(t, filepath.Join(t.TempDir(), "test.db"), "")) })
	t.Run("PostgreSQL", func(t *testing.T) {
		_, o := dbtest.OpenPostgres(t, db.Options{})
		f(t, newWorld(t, dbtest.PostgresURL(t), o.Schema))
	})
}

func newWorld(t *testing.T, database, schema string) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "boise.yaml"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := app.ParseConfig(filepath.Join(dir, "plumbline.yaml"), fmt.Appendf(nil, config, database))
	if err != nil {
		t.Fatal(err)
	}
	net := sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	net.Handle("api.twilio.com", twilio.New(twilio.Options{Now: now, Rand: rand.New(rand.NewPCG(5, 5)), AccountSid: "AC00000000000000000000000000000001",
		AuthToken: "0123456789abcdef0123456789abcdef", Numbers: []string{"+12085550100"}, Client: &http.Client{Transport: net}}))
	w.node, err = app.Build(t.Context(), c, app.Options{Now: now, Client: &http.Client{Transport: net}, Volatile: true, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.node.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// hear keeps what a connection says and lets the node do what is due.
func (w *world) hear(body string) {
	w.t.Helper()
	w.n++
	event, _, _ := strings.Cut(strings.TrimPrefix(body, `{"event":"`), `"`)
	err := w.node.DB.Do(w.t.Context(), w.now, func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: "boise", Connection: "hcp", Tool: "housecallpro", Key: fmt.Sprintf("d%d", w.n), Event: event, Body: []byte(body)}))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.settle()
}

// settle does what is due now.
func (w *world) settle() { w.until(w.now) }

// until lets time pass to an instant, from one thing that is due to the next.
func (w *world) until(end time.Time) {
	w.t.Helper()
	for range 2000 {
		worked, next, err := w.node.Step(w.t.Context(), w.now)
		switch {
		case err != nil:
			w.t.Fatal(err)
		case worked:
		case next.IsZero() || next.After(end):
			w.now = end
			return
		default:
			w.now = next
		}
	}
	w.t.Fatal("the node does not come to rest")
}

func said(event, status, at, more string) string {
	return fmt.Sprintf(`{"event":%q,"event_occurred_at":%q,"job":{"id":"job_1","invoice_number":"1042","description":"No cooling upstairs",
		"customer":{"id":"cus_1","first_name":"Dana","last_name":"Whitlock","email":"dana@example.com","mobile_number":"2085550142","notifications_enabled":true,"created_at":"2026-05-04T13:00:01Z","updated_at":"2026-05-04T13:00:01Z"},
		"address":{"id":"adr_1","type":"service","street":"418 Larkspur Ln","city":"Boise","state":"ID","zip":"83702","country":"US"},
		"work_status":%q,"created_at":"2026-05-04T15:00:00Z","updated_at":%q,
		"schedule":{"scheduled_start":"2026-05-05T14:00:00Z","scheduled_end":"2026-05-05T16:00:00Z","arrival_window":60,
			"appointments":[{"id":"appt_1","start_time":"2026-05-05T14:00:00Z","end_time":"2026-05-05T16:00:00Z","arrival_window_minutes":60,"dispatched_employees_ids":[]}]}%s}}`, event, at, status, at, more)
}

// story is a job that is booked, confirmed, driven to and finished.
func (w *world) story() {
	w.hear(said("job.scheduled", "scheduled", "2026-05-04T15:00:00Z", ""))
	w.until(w.now.Add(5 * time.Minute)) // the news settles, then the budget has room
	w.now = time.Date(2026, 5, 5, 13, 32, 0, 0, time.UTC)
	w.hear(said("job.on_my_way", "scheduled", "2026-05-05T13:31:00Z", `,"work_timestamps":{"on_my_way_at":"2026-05-05T13:31:00Z"}`))
	w.until(w.now.Add(10 * time.Second))
	w.now = time.Date(2026, 5, 5, 15, 50, 0, 0, time.UTC)
	w.hear(said("job.completed", "complete unrated", "2026-05-05T15:48:30Z",
		`,"work_timestamps":{"on_my_way_at":"2026-05-05T13:31:00Z","started_at":"2026-05-05T14:06:03Z","completed_at":"2026-05-05T15:48:30Z"}`))
}

func (w *world) view(f func(tx *db.Tx, x *explain.Explainer) error) {
	w.t.Helper()
	err := w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error { return f(tx, w.node.API().Explain) })
	if err != nil {
		w.t.Fatal(err)
	}
}

// text renders an explanation.
func (w *world) text(f func(x *explain.Explainer) func(*db.Tx, string, string) (explain.Explanation, error), name string) string {
	w.t.Helper()
	zone, err := time.LoadLocation("America/Boise")
	if err != nil {
		w.t.Fatal(err)
	}
	var b bytes.Buffer
	w.view(func(tx *db.Tx, x *explain.Explainer) error {
		e, err := f(x)(tx, "boise", name)
		if err != nil {
			return err
		}
		return e.Write(&b, zone)
	})
	return b.String()
}

func (w *world) job() string {
	w.t.Helper()
	return w.text(func(x *explain.Explainer) func(*db.Tx, string, string) (explain.Explanation, error) { return x.Job }, "hcp/job_1")
}

func (w *world) record(name string) string {
	w.t.Helper()
	return w.text(func(x *explain.Explainer) func(*db.Tx, string, string) (explain.Explanation, error) { return x.Record }, name)
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not as it was; with -update it is written anew. It is now\n%s", name, got)
	}
}

// Which of the question after a drive and the text on the way leaves first is the
// dispatchers' business.
var expected = regexp.MustCompile(`expected [^.]*\.|07:32:0[0-9]`)

// without takes out the digests of playbooks, which change with every word of them,
// and what depends on the order of calls.
func (w *world) without(text string) string {
	pb, _, err := w.node.Advance.Policy("boise")
	if err != nil {
		w.t.Fatal(err)
	}
	text = expected.ReplaceAllStringFunc(text, func(s string) string { return s[:7] + "…" })
	return strings.ReplaceAll(text, pb.Version, "VERSION")
}

func TestAJobIsExplainedFromItsFactsToItsSilence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.story()
		text := w.without(w.job())
		golden(t, "job.txt", text)
		for _, secret := range []string{"5550142", "dana@", "bw.example/v/w"} {
			if strings.Contains(text, secret) {
				t.Errorf("it shows %q", secret)
			}
		}
	})
}

func TestACustomerIsExplainedFieldByField(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.story()
		golden(t, "customer.txt", w.without(w.record("hcp/cus_1")))
	})
}

func TestAMessageIsExplainedWithItsAttempts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.story()
		var id string
		w.view(func(tx *db.Tx, _ *explain.Explainer) error {
			list, err := notify.Messages(tx, "boise", plumbline.NewSourceID("boise", "hcp", plumbline.Job, "job_1"))
			if err == nil && len(list) > 0 {
				id = list[0].ID
			}
			return err
		})
		golden(t, "message.txt", w.without(w.text(func(x *explain.Explainer) func(*db.Tx, string, string) (explain.Explanation, error) {
			return func(tx *db.Tx, location, name string) (explain.Explanation, error) {
				return x.Message(tx, location, name)
			}
		}, id)))
	})
}

func TestTheSilenceOfARuleNamesWhatItWaitsFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hear(said("job.scheduled", "scheduled", "2026-05-04T15:00:00Z", ""))
		text := w.job()
		for rule, want := range map[string]string{
			"canceled":    "no visit has been canceled",
			"rebook_call": "the job has not been no_sale",
			"review":      "clock review is not set, since this does not hold: job.holds(",
			"help":        "nobody wrote what it answers",
			"onway":       "no visit has been en_route",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("rule %s: nothing of %q in\n%s", rule, want, text)
			}
		}
	})
}

func TestATargetInRehearsalHasNoRecordYet(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.story()
		text := w.record("hcp/cus_1")
		for _, want := range []string{"hubspot contact of ", "no record of it is known there; hubspot is rehearsal"} {
			if !strings.Contains(text, want) {
				t.Errorf("nothing of %q in\n%s", want, text)
			}
		}
	})
}

func TestWhatIsNotThereIsSaidSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.story()
		w.view(func(tx *db.Tx, x *explain.Explainer) error {
			for name, err := range map[string]error{
				"a job":                            func() error { _, err := x.Job(tx, "boise", "hcp/nothing"); return err }(),
				"a record":                         func() error { _, err := x.Record(tx, "boise", "hcp/nothing"); return err }(),
				"a target's record":                func() error { _, err := x.Record(tx, "boise", "hubspot/contact/1"); return err }(),
				"a message":                        func() error { _, err := x.Message(tx, "boise", "nothing"); return err }(),
				"a job that is another location's": func() error { _, err := x.Job(tx, "reno", "hcp/job_1"); return err }(),
			} {
				if plumbline.KindOf(err) != plumbline.NotFound {
					t.Errorf("%s: %v, want that it is not there", name, err)
				}
			}
			return nil
		})
	})
}

func TestANameAloneIsEnough(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.story()
		var m *notify.Message
		job := string(plumbline.NewSourceID("boise", "hcp", plumbline.Job, "job_1"))
		w.view(func(tx *db.Tx, _ *explain.Explainer) error {
			list, err := notify.Messages(tx, "boise", plumbline.GoldenID(job))
			if err == nil {
				m = list[0]
			}
			return err
		})
		err := w.node.DB.Do(t.Context(), w.now, func(tx *db.Tx) error { // the target has its records
			for typ, id := range map[string]string{"deal": "901", "contact": "902"} {
				key := map[string]string{"deal": job, "contact": string(plumbline.NewSourceID("boise", "hcp", plumbline.Customer, "cus_1"))}[typ]
				if _, err := tx.Exec(`INSERT INTO target_record (location_id, connection, type, key_id, vendor_id, state, reason, owed, doc)
					VALUES ('boise', 'hubspot', $1, $2, $3, 'live', '', 0, '{}')`, typ, key, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"1042": "job 1042", "job_1": "job 1042", "hcp/job_1": "job 1042", job: "job 1042", "appt_1": "job 1042",
			"901": "job 1042", "hubspot/deal/901": "job 1042", "902": "customer", "hubspot/contact/902": "customer", "cus_1": "customer",
			m.ID: "message of rule " + m.Rule, m.Vendor: "message of rule " + m.Rule, "(208) 555-0142": "number …42", "+12085550142": "number …42",
		} {
			w.view(func(tx *db.Tx, x *explain.Explainer) error {
				e, err := x.Any(tx, "boise", name)
				if err != nil || e.Subject != want {
					t.Errorf("explain %q tells of %q, want %q: %v", name, e.Subject, want, err)
				}
				return nil
			})
		}
		number := w.text(func(x *explain.Explainer) func(*db.Tx, string, string) (explain.Explanation, error) { return x.Any }, "2085550142")
		if !strings.Contains(number, "What was said to it and from it") || strings.Contains(number, "5550142") {
			t.Errorf("a number is explained as\n%s", number)
		}
	})
}

func TestANameOfSeveralIsToldWithAllOfThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := said("job.scheduled", "scheduled", "2026-05-04T15:00:00Z", "")
		w.hear(first)
		w.hear(strings.NewReplacer("job_1", "job_2", "appt_1", "appt_2").Replace(first))
		w.view(func(tx *db.Tx, x *explain.Explainer) error {
			_, err := x.Any(tx, "boise", "1042")
			var told *plumbline.Error
			if !errors.As(err, &told) || told.Kind != plumbline.Conflict {
				t.Fatalf("explain 1042 = %v, want that there are two", err)
			}
			for _, ext := range []string{"job_1", "job_2"} {
				if id := plumbline.NewSourceID("boise", "hcp", plumbline.Job, ext); !strings.Contains(told.Hint, "job "+string(id)) {
					t.Errorf("the hint does not name %s: %s", ext, told.Hint)
				}
			}
			if _, err := x.Any(tx, "boise", "7777"); !errors.As(err, &told) || told.Kind != plumbline.NotFound || told.Hint == "" {
				t.Errorf("explain 7777 = %v, want that it is not there and what to give", err)
			}
			return nil
		})
	})
}
