package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/shop"
)

// An afterlife is a run that has come to its end, to be tampered with.
type afterlife struct {
	*oracle
	t    *testing.T
	file []byte // the database as it was
}

// lived runs a day of two shops without faults.
func lived(t *testing.T) *afterlife {
	o, err := Options{Seed: 11, Trucks: 1, Faults: "none"}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorld(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := w.live(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := &afterlife{t: t, oracle: &oracle{company: w.companies[0], node: w.nodes[0].app}}
	a.must(w.check(t.Context()))
	if len(w.report.Violations) > 0 {
		t.Fatalf("before anything was tampered with: %v", w.report.Violations)
	}
	a.must(w.store.Close())
	w.store = nil
	a.file, err = os.ReadFile(a.w.file())
	a.must(err)
	a.restore()
	return a
}

func (a *afterlife) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// restore puts the database back and begins the program anew on it.
func (a *afterlife) restore() {
	a.t.Helper()
	for _, more := range []string{"-wal", "-shm"} {
		if err := os.Remove(a.w.file() + more); err != nil && !os.IsNotExist(err) {
			a.t.Fatal(err)
		}
	}
	a.must(os.WriteFile(a.w.file(), a.file, 0o600))
	a.must(a.w.nodes[0].build(a.t.Context()))
	a.node = a.w.nodes[0].app
}

// sql changes rows, at least one.
func (a *afterlife) sql(query string, args ...any) {
	a.t.Helper()
	a.must(a.node.DB.Do(a.t.Context(), a.w.now, func(tx *db.Tx) error {
		n, err := tx.Exec(query, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("nothing to tamper with: %s", query)
		}
		return err
	}))
}

// one reads a text that the test goes on from.
func (a *afterlife) one(query string, args ...any) (s string) {
	a.t.Helper()
	a.must(a.view(a.t.Context(), func(tx *db.Tx) error {
		err := tx.QueryRow(query, args...).Scan(&s)
		if err != nil {
			err = fmt.Errorf("%w: %s", err, query)
		}
		return err
	}))
	return s
}

// text sends what a message of ours said once more, at an hour of the next day, changed.
func (a *afterlife) text(s said, hour int, change func(url.Values)) {
	a.t.Helper()
	was := a.w.now
	defer func() { a.w.now = was }()
	day := was.In(a.w.zone).AddDate(0, 0, 1)
	a.w.now = time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, a.w.zone).UTC()
	form := url.Values{"To": {s.To}, "From": {a.number}, "Body": {s.Body}, "StatusCallback": {s.StatusCallback}}
	if change != nil {
		change(form)
	}
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost,
		"https://"+a.host("twilio")+"/2010-04-01/Accounts/"+a.sid+"/Messages.json", strings.NewReader(form.Encode()))
	a.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(a.sid, senderToken)
	resp, err := (&http.Client{Transport: a.w.network}).Do(r)
	a.must(err)
	a.must(resp.Body.Close())
	if resp.StatusCode/100 != 2 {
		a.t.Fatalf("the sender answered %s", resp.Status)
	}
}

// said finds a text of the run.
func (a *afterlife) said(what string, fits func(said) bool) said {
	a.t.Helper()
	list, err := a.texts(a.t.Context())
	a.must(err)
	i := slices.IndexFunc(list, func(s said) bool { return s.found && fits(s) })
	if i < 0 {
		a.t.Fatalf("no text of the run is %s", what)
	}
	return list[i]
}

func (a *afterlife) job(what string, fits func(*shop.Job) bool) *shop.Job {
	a.t.Helper()
	jobs := a.shop.Story().Jobs
	i := slices.IndexFunc(jobs, func(j *shop.Job) bool { return a.knowable(j) && fits(j) })
	if i < 0 {
		a.t.Fatalf("no job of the run is %s", what)
	}
	return jobs[i]
}

// deal is the record of a job in the CRM.
func (a *afterlife) deal() (vendor, key string) {
	key = a.one(`SELECT max(key_id) FROM target_record WHERE location_id = $1 AND type = 'deal' AND state = 'live'`, a.id)
	return a.one(`SELECT vendor_id FROM target_record WHERE location_id = $1 AND type = 'deal' AND key_id = $2`, a.id, key), key
}

// adoptable is a person whose contact the CRM had before us, and one of their customers.
func (a *afterlife) adoptable() (contact, golden string) {
	a.t.Helper()
	there := a.objects()["contact"]
	for _, p := range a.shop.Story().People {
		for _, c := range p.Contacts {
			for _, k := range p.Customers {
				if x, ok := there[c]; ok && !x.Archived && plain(a.customerOf(k), x) && touched(x) {
					return c, a.one(`SELECT golden_id FROM source_record WHERE location_id = $1 AND id = $2`, a.id, string(a.source(plumbline.Customer, k)))
				}
			}
		}
	}
	a.t.Fatal("nobody's contact was adopted in the run")
	return "", ""
}

var (
	dispatcher = hubspot.Author{SourceType: "CRM_UI", SourceID: "userId:4711", UserID: 4711}
	ourselves  = hubspot.Author{SourceType: "INTEGRATION", SourceID: fmt.Sprint(crmApp)}
)

const ofJob = ` WHERE location_id = $1 AND kind = 'job' AND id = (SELECT golden_id FROM source_record WHERE location_id = $1 AND id = $2)`

// Every check of the oracle is shown a run in which its law is broken.
func TestEachLawCanBeBroken(t *testing.T) {
	a := lived(t)
	paid := a.job("paid", func(j *shop.Job) bool { return truthOf(j).paid })
	paidID := string(a.source(plumbline.Job, paid.ID))
	occasion := func(s said) bool { return s.news == "" }
	window := func(s said) bool { return s.news == "visit.window" }
	some := func(said) bool { return true }
	hook := func() hook {
		hooks := a.hooks()
		return hooks[slices.IndexFunc(hooks, func(x hook) bool { return x.Delivered && strings.HasPrefix(x.Event, "job.") })]
	}
	name := func() string { x := hook(); return inbox.Digest(x.Event, x.Body) }
	inbound := func(body string) (from, sid string) {
		s := a.said("there", some)
		sid, err := a.sender.Receive(s.To, a.number, body)
		a.must(err)
		for range 10 {
			if _, _, err := a.sender.Step(t.Context(), a.w.now); err != nil {
				t.Fatal(err)
			}
			a.w.now = a.w.now.Add(time.Second)
		}
		return s.To, sid
	}
	for _, test := range []struct {
		name   string
		check  func(context.Context, *oracle, broken) error
		tamper func()
		want   string
	}{
		{"1: a delivery is gone", acknowledgedMeansKept, func() {
			a.sql(`DELETE FROM delivery WHERE location_id = $1 AND connection = 'hcp' AND name = $2`, a.id, name())
		}, "is not kept"},
		{"1: its bytes are others", acknowledgedMeansKept, func() {
			a.sql(`UPDATE delivery SET bytes = (SELECT bytes FROM delivery WHERE location_id = $1 AND connection = 'hcp' AND name <> $2 LIMIT 1)
				WHERE location_id = $1 AND connection = 'hcp' AND name = $2`, a.id, name())
		}, "is kept with other bytes"},
		{"1: a text that came is gone", acknowledgedMeansKept, func() {
			_, sid := inbound("Thanks")
			a.sql(`DELETE FROM delivery WHERE location_id = $1 AND connection = 'twilio' AND object = $2`, a.id, sid)
		}, "was answered 2xx and is not kept"},

		{"4: a delivery is not counted", theTallyCloses, func() {
			a.sql(`DELETE FROM delivery WHERE location_id = $1 AND connection = 'hcp' AND name = $2`, a.id, name())
		}, "came through the door"},
		{"4: one is in no column", theTallyCloses, func() {
			a.sql(`UPDATE delivery SET state = 9 WHERE location_id = $1 AND name = $2`, a.id, name())
		}, "does not close"},
		{"4: one waits for ever", theTallyCloses, func() {
			a.sql(`UPDATE delivery SET state = 0 WHERE location_id = $1 AND name = $2`, a.id, name())
		}, "wait still at the end"},
		{"4: one failed in silence", theTallyCloses, func() {
			a.sql(`UPDATE delivery SET state = 3 WHERE location_id = $1 AND name = $2`, a.id, name())
		}, "nobody is shown it"},

		{"2: a golden record is gone", derivedNotAccumulated, func() {
			a.sql(`DELETE FROM golden_record`+ofJob, a.id, paidID)
		}, "golden_record"},
		{"2: a golden record says something else", derivedNotAccumulated, func() {
			a.sql(`UPDATE golden_record SET doc = replace(doc, '"paid"', '"lost"')`+ofJob, a.id, paidID)
		}, "golden_record"},
		{"2: what was promised finds no subject", derivedNotAccumulated, func() {
			a.sql(`UPDATE transition SET subject = 'nobody' WHERE location_id = $1 AND subject = (SELECT max(subject) FROM transition WHERE location_id = $1)`, a.id)
		}, "nobody"},

		{"3: a job is not there", stagesAreTrue, func() { a.sql(`DELETE FROM golden_record`+ofJob, a.id, paidID) }, "is not there"},
		{"3: a job is not paid", stagesAreTrue, func() {
			a.sql(`UPDATE golden_record SET doc = replace(doc, ',"paid"]', ']')`+ofJob, a.id, paidID)
		}, "paid is false there and true in truth"},
		{"3: another amount", stagesAreTrue, func() {
			a.sql(`UPDATE golden_record SET doc = replace(doc, '"issued_total":', '"issued_total":1')`+ofJob, a.id, paidID)
		}, "issued and"},

		{"5: a list is not read for long", listsAreRead, func() {
			a.sql(`DELETE FROM attempt WHERE location_id = $1 AND carries LIKE '%"pull/jobs"%' AND started BETWEEN $2 AND $3`, a.id,
				a.w.start.Add(6*time.Hour).UnixMilli(), a.w.start.Add(9*time.Hour).UnixMilli())
		}, "the list pull/jobs of hcp was read at"},
		{"5: no list is read", listsAreRead, func() {
			a.sql(`DELETE FROM attempt WHERE location_id = $1 AND carries LIKE '%"pull/%'`, a.id)
		}, "no list of hcp was ever read"},
		{"5: a wrong deal field", theMirrorConverges, func() {
			id, _ := a.deal()
			a.must(a.crm.Edit("deals", id, map[string]string{"amount": "1"}, dispatcher))
		}, "and should be"},
		{"5: a record is refused in silence", theMirrorConverges, func() {
			_, key := a.deal()
			a.sql(`UPDATE target_record SET state = 'refused' WHERE location_id = $1 AND type = 'deal' AND key_id = $2`, a.id, key)
		}, "nobody is shown it"},
		{"5: one record stands for two", theMirrorConverges, func() {
			id, key := a.deal()
			a.sql(`UPDATE target_record SET vendor_id = $3 WHERE location_id = $1 AND type = 'deal' AND state = 'live' AND key_id <> $2`, a.id, key, id)
		}, "stands for two"},
		{"5: a job has two deals", theMirrorConverges, func() {
			_, key := a.deal()
			golden := a.one(`SELECT golden_id FROM source_record WHERE location_id = $1 AND id = $2`, a.id, key)
			a.sql(`UPDATE source_record SET golden_id = $3 WHERE location_id = $1 AND id = (SELECT min(key_id) FROM target_record
				WHERE location_id = $1 AND type = 'deal' AND state = 'live' AND key_id <> $2)`, a.id, key, golden)
		}, "both bear a key of"},
		{"5: a contact is doubled", theMirrorConverges, func() {
			contact, golden := a.adoptable()
			id, err := a.crm.Create("contacts", map[string]string{"lastname": "Twice"}, ourselves)
			a.must(err)
			a.sql(`UPDATE target_record SET vendor_id = $3 WHERE location_id = $1 AND type = 'contact' AND vendor_id = $2`, a.id, contact, id)
			a.sql(`UPDATE source_record SET golden_id = id WHERE location_id = $1 AND golden_id = $2 AND connection = 'hubspot'`, a.id, golden)
		}, "was doubled and nobody is asked"},
		{"5: a lead is written to", theMirrorConverges, func() {
			lead := a.shop.Story().Leads[slices.IndexFunc(a.shop.Story().Leads, func(l string) bool { return !a.becameCustomer(l) })]
			a.must(a.crm.Edit("contacts", lead, map[string]string{"city": "Nowhere"}, ourselves))
		}, "is a lead of the CRM's own"},
		{"5: a deal of others is written to", theMirrorConverges, func() {
			id, err := a.crm.Create("deals", map[string]string{"dealname": "Theirs"}, dispatcher)
			a.must(err)
			a.w.now = a.w.now.Add(time.Minute)
			a.must(a.crm.Edit("deals", id, map[string]string{"dealname": "Ours"}, ourselves))
		}, "is not ours, and we wrote to it"},
		{"5: a field of others is written", theMirrorConverges, func() {
			id, _ := a.deal()
			a.must(a.crm.Edit("deals", id, map[string]string{"description": "ours now"}, ourselves))
		}, "which is not ours"},
		{"5: a deal is not its booker's", theMirrorConverges, func() {
			_, key := a.deal()
			golden := a.one(`SELECT golden_id FROM source_record WHERE location_id = $1 AND id = $2`, a.id, key)
			booker := a.one(`SELECT person_id FROM role WHERE location_id = $1 AND job_id = $2 AND name = 'booker'`, a.id, golden)
			a.sql(`UPDATE role SET person_id = (SELECT max(person_id) FROM role WHERE location_id = $1 AND name = 'booker' AND person_id <> $3)
				WHERE location_id = $1 AND job_id = $2 AND name = 'booker'`, a.id, golden, booker)
		}, "who booked the job"},
		{"5: a person's edit is undone", theMirrorConverges, func() {
			contact, _ := a.adoptable()
			a.shop.Story().CRM = append(a.shop.Story().CRM, shop.CRMAct{At: a.w.now, Kind: shop.CRMEdit, Contact: contact, Property: "firstname", Value: "Theirs"})
			a.w.now = a.w.now.Add(time.Minute)
			a.must(a.crm.Edit("contacts", contact, map[string]string{"firstname": "Ours"}, ourselves))
		}, "over it"},

		{"6: a text is said twice", saidOnce, func() { a.text(a.said("an occasion", occasion), 12, nil) }, "was sent twice"},
		{"6: an occasion is said twice", saidOnce, func() {
			var other said
			s := a.said("an occasion of somebody who heard more", func(s said) bool {
				list, err := a.texts(t.Context())
				a.must(err)
				i := slices.IndexFunc(list, func(x said) bool { return x.found && x.id != s.id && x.To == s.To })
				if i >= 0 {
					other = list[i]
				}
				return occasion(s) && i >= 0
			})
			a.sql(`UPDATE message SET news = '', rule = $3, subject = $4, n = $5 WHERE location_id = $1 AND id = $2`, a.id, other.id, s.rule, s.subject, s.n+1000)
			a.sql(`UPDATE message SET n = $3 WHERE location_id = $1 AND id = $2`, a.id, s.id, s.n+1000)
		}, "is the second of one occasion"},
		{"6: news is no news", saidOnce, func() { a.text(a.said("a window", window), 12, nil) }, "says what was said last"},
		{"6: a text of nobody's", saidOnce, func() {
			a.text(a.said("there", some), 12, func(f url.Values) { f.Set("StatusCallback", "https://"+home+"/status/none") })
		}, "belongs to no message of ours"},
		{"6: at night", saidWhenItMayBe, func() {
			a.text(a.said("of a class with hours", func(s said) bool { return opened[s.class].from != "" }), 3, nil)
		}, "left outside the hours"},
		{"6: after an objection", saidWhenItMayBe, func() {
			from, _ := inbound("Please leave me in peace")
			n := a.shop.Story().Number(from)
			n.Events = append(n.Events, shop.NumberEvent{At: a.w.now.Add(-20 * time.Second), What: shop.OptOut, Words: "Please leave me in peace"})
			a.text(a.said("to them", func(s said) bool { return s.To == from }), 12, nil)
		}, "left although"},
		{"6: without a yes", saidWhenItMayBe, func() {
			s := a.said("to somebody without a yes", func(s said) bool { return !a.shop.Story().Consented(s.To, shop.Marketing, s.Created) })
			a.sql(`UPDATE message SET class = 'marketing' WHERE location_id = $1 AND id = $2`, a.id, s.id)
		}, "left without a yes"},
		{"6: a price to a stranger", saidToTheRightOnes, func() {
			a.text(a.said("there", some), 12, func(f url.Values) { f.Set("To", "+14805550987"); f.Set("Body", "It is $12.00.") })
		}, "to somebody who does not pay"},
		{"6: a review of an estimate", saidToTheRightOnes, func() {
			a.shop.Story().Estimates = append(a.shop.Story().Estimates, &shop.Estimate{ID: "csr_none"})
			a.sql(`UPDATE message SET rule = 'review', job = $3 WHERE location_id = $1 AND id = $2`, a.id, a.said("there", some).id, string(a.source(plumbline.Job, "csr_none")))
		}, "asks for a review of an estimate"},
		{"6: a window that is over", saidToTheRightOnes, func() {
			s := a.said("a window", window)
			a.sql(`UPDATE message SET value = $3 WHERE location_id = $1 AND id = $2`, a.id, s.id,
				fmt.Sprintf("%d-%d", s.Created.Add(-3*time.Hour).UnixMilli(), s.Created.Add(-time.Hour).UnixMilli()))
		}, "tells of a visit that was over"},
		{"6: on the way to nobody", saidToTheRightOnes, func() {
			s := a.said("not of a truck", func(s said) bool { return s.rule == "confirm" })
			a.sql(`UPDATE message SET rule = 'onway' WHERE location_id = $1 AND id = $2`, a.id, s.id)
		}, "nobody was on the way"},
		{"6: another window than was told", whatWasToldIsTrue, func() {
			s := a.said("a window", window)
			for _, j := range a.shop.Story().Jobs {
				for _, v := range j.Visits {
					if id := string(a.source(plumbline.Visit, v.Appointment)); id == s.visit || string(a.source(plumbline.Visit, j.ID)) == s.visit {
						v.Windows = append(v.Windows, shop.Window{Start: v.Windows[len(v.Windows)-1].Start.Add(3 * time.Hour)})
					}
				}
			}
			a.sql(`UPDATE outcome SET reason = '' WHERE location_id = $1 AND subject = $2`, a.id, s.subject)
			a.sql(`UPDATE message SET cause = '' WHERE location_id = $1 AND subject = $2`, a.id, s.subject)
		}, "was the last word on a visit"},
		{"6: a window that is none", whatWasToldIsTrue, func() {
			a.sql(`UPDATE message SET value = 'soon' WHERE location_id = $1 AND news = 'visit.window'`, a.id)
		}, "cannot be read"},

		{"9: a text by another's number", locationsNeverMeet, func() {
			c := *a.company
			c.number = "+14805550000"
			a.company = &c
		}, "which is not this location's"},
		{"9: a record of another's", locationsNeverMeet, func() {
			theirs := a.w.companies[1].customers()[0].id
			a.sql(`UPDATE source_record SET external = $2 WHERE location_id = $1 AND id = (SELECT max(id) FROM source_record WHERE location_id = $1 AND kind = 'customer')`, a.id, theirs)
		}, "is known here"},
		{"9: a deal about another's job", locationsNeverMeet, func() {
			other := a.w.companies[1]
			_, err := a.crm.Create("deals", map[string]string{"dealname": "Theirs", "plumbline_key": string(other.source(plumbline.Job, other.shop.Story().Jobs[0].ID))}, dispatcher)
			a.must(err)
		}, "is about a job of second"},

		{"10: a job that nobody speaks of", everythingSaysWhy, func() {
			a.sql(`DELETE FROM source_record WHERE location_id = $1 AND golden_id = (SELECT golden_id FROM source_record WHERE location_id = $1 AND id = $2)`, a.id, paidID)
		}, "stands on nothing"},
		{"10: a stage without a cause", everythingSaysWhy, func() {
			a.sql(`UPDATE transition SET cause = '' WHERE location_id = $1 AND kind = 'job' AND stage = 'paid'`, a.id)
		}, `holds "paid", and nothing says why`},
		{"10: a rule that was silent without an outcome", everythingSaysWhy, func() {
			a.sql(`DELETE FROM outcome WHERE location_id = $1 AND rule = 'onway'`, a.id)
		}, "was silent about"},
		{"10: a rule of which nothing is said", everythingSaysWhy, func() {
			a.sql(`UPDATE outcome SET state = '', reason = '' WHERE location_id = $1 AND rule = 'onway'`, a.id)
		}, "nothing says what came of rule onway"},
		{"10: a record made of nothing", everythingSaysWhy, func() {
			_, golden := a.adoptable()
			a.sql(`DELETE FROM source_record WHERE location_id = $1 AND golden_id = $2`, a.id, golden)
		}, "is made of nothing"},
		{"10: a field without a rule", everythingSaysWhy, func() {
			a.sql(`UPDATE golden_record SET why = replace(why, '"rule"', '"role"') WHERE location_id = $1 AND kind = 'customer'`, a.id)
		}, "and nothing says why"},
		{"10: a record that cannot be read", everythingSaysWhy, func() {
			_, golden := a.adoptable()
			a.sql(`UPDATE golden_record SET why = 'because' WHERE location_id = $1 AND id = $2`, a.id, golden)
		}, "cannot be explained"},
		{"10: a message about nobody's job", everythingSaysWhy, func() {
			a.sql(`UPDATE message SET job = 'nobody' WHERE location_id = $1 AND id = $2`, a.id, a.said("there", some).id)
		}, "has no cause"},
		{"10: a message of no rule", everythingSaysWhy, func() {
			a.sql(`UPDATE message SET rule = 'none' WHERE location_id = $1 AND id = $2`, a.id, a.said("there", some).id)
		}, "has no cause"},
		{"10: a message kept back without a reason", everythingSaysWhy, func() {
			s := a.said("there", some)
			a.sql(`UPDATE message SET state = 'dropped', cause = '' WHERE location_id = $1 AND id = $2`, a.id, s.id)
			a.sql(`DELETE FROM attempt WHERE location_id = $1 AND carries LIKE $2`, a.id, `%"`+s.id+`"%`)
		}, "was not sent, and nothing says why"},
		{"10: an outcome without a reason", everythingSaysWhy, func() {
			a.sql(`UPDATE outcome SET reason = '' WHERE location_id = $1 AND state = 'dropped'`, a.id)
		}, "came to be dropped, and nothing says why"},
		{"10: a record refused without a reason", everythingSaysWhy, func() {
			_, key := a.deal()
			a.sql(`UPDATE target_record SET state = 'refused', reason = '' WHERE location_id = $1 AND key_id = $2`, a.id, key)
		}, "is refused at the target"},

		{"12: a transaction of many rows", transactionsAreShort, func() { a.w.report.MostRows = 2001 }, "2001 rows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			was, company := a.t, a.company
			a.t = t
			defer func() {
				a.t, a.company = was, company
				a.must(a.node.Close())
				a.restore()
			}()
			before := a.breaks(test.check)
			test.tamper()
			for _, s := range a.breaks(test.check) {
				if strings.Contains(s, test.want) && !slices.Contains(before, s) {
					return
				}
			}
			t.Errorf("nobody noticed; said was %q", a.breaks(test.check))
		})
	}
}

// breaks lists what a check has to say.
func (a *afterlife) breaks(check func(context.Context, *oracle, broken) error) (list []string) {
	a.t.Helper()
	a.must(check(a.t.Context(), a.oracle, func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }))
	return list
}

// A step that fails breaks law 7.
func TestAStepThatFailsIsSeen(t *testing.T) {
	w := &world{opts: Options{Seed: 1}, broken: map[string]bool{}}
	w.round(t.Context(), []*actor{{name: "the broken one", due: func() bool { return true }, step: func(context.Context) (bool, time.Time, error) {
		return true, time.Time{}, fmt.Errorf("it broke")
	}}})
	if got := w.report.Violations; len(got) != 1 || !strings.Contains(got[0], "breaks law 7: a step of the broken one failed: it broke") {
		t.Errorf("after a step that failed the report says %q", got)
	}
}
