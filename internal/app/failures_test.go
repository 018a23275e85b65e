package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// Every kind of failure that can be injected between here and the vendors: none is
// swallowed. Each is counted where it can be seen, is an item with a cause and a cure,
// or is tried again until it has succeeded, and written down as tried.

// open lists the items that want a person.
func (w *world) open() (list []errorqueue.Item) {
	w.t.Helper()
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) (err error) {
		list, err = errorqueue.List(tx, "brightwater")
		return err
	}))
	return list
}

// wantItem holds that there is an item that says so, with its cause and a cure.
func (w *world) wantItem(kind, says string) (cause string) {
	w.t.Helper()
	var all []string
	for _, i := range w.open() {
		if i.Kind == kind && strings.Contains(i.Title+" "+i.Detail, says) {
			if i.Cause == "" || i.Cure == "" {
				w.t.Errorf("the item %+v has no cause or no cure", i)
			}
			return i.Cause
		}
		all = append(all, i.Kind+" "+i.Ref+": "+i.Title+" ("+i.Detail+")")
	}
	w.t.Errorf("no item of kind %s says %q; there are:\n%s", kind, says, strings.Join(all, "\n"))
	return ""
}

// attempts are what became of the calls of a room.
func (w *world) attempts(room string) (list []string) {
	w.t.Helper()
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT state, outcome, asks FROM attempt WHERE location_id = 'brightwater' AND room = $1 ORDER BY started, id`, room)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var state, outcome string
			var asks int
			if err := rows.Scan(&state, &outcome, &asks); err != nil {
				return err
			}
			list = append(list, fmt.Sprintf("%s: %s (asked after %d times)", state, outcome, asks))
		}
		return rows.Err()
	}))
	return list
}

// wantTried holds that a call which did not succeed was written down.
func (w *world) wantTried(room string) {
	w.t.Helper()
	list := w.attempts(room)
	if !slices.ContainsFunc(list, func(a string) bool { return !strings.HasPrefix(a, "done") }) {
		w.t.Errorf("no attempt of %s is written down as failed:\n%s", room, strings.Join(list, "\n"))
	}
}

// between lets a fault answer calls to a vendor instead of it.
func (w *world) between(host string, vendor http.Handler, fault func(rw http.ResponseWriter, r *http.Request) bool) (mend func()) {
	w.net.Handle(host, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !fault(rw, r) {
			vendor.ServeHTTP(rw, r)
		}
	}))
	return func() { w.net.Handle(host, vendor) }
}

// answers is a fault that answers what matches with a status and a body.
func answers(status int, kind, body string, matches func(*http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		if !matches(r) {
			return false
		}
		rw.Header().Set("Content-Type", kind)
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(body))
		return true
	}
}

// cutAfter is a fault that lets the vendor do what it is asked and cuts its answer off.
func cutAfter(vendor http.Handler, matches func(*http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if !matches(r) {
			return false
		}
		vendor.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}

// to matches posts to addresses that hold all of the pieces.
func to(pieces ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		for _, p := range pieces {
			if !strings.Contains(r.URL.Path, p) {
				return false
			}
		}
		return r.Method == http.MethodPost
	}
}

// writes matches what changes records.
func writes(r *http.Request) bool {
	return to("/crm/objects/", "/batch/")(r) && !to("/read")(r)
}

const (
	crmHost   = "api.hubapi.com"
	textHost  = "api.twilio.com"
	fieldHost = "api.housecallpro.com"
)

// crm answers writes with a status, as HubSpot words it.
func crm(status int, body string) func(w *world) func() {
	return func(w *world) func() {
		return w.between(crmHost, w.crm, answers(status, "application/json", body, writes))
	}
}

// faults lets the network to a host misbehave.
func faults(host string, f sandbox.Faults) func(w *world) func() {
	return func(w *world) func() {
		w.net.SetFaults(host, f)
		return func() { w.net.SetFaults(host, sandbox.Faults{}) }
	}
}

func crmFaults(f hubspot.Faults) func(w *world) func() {
	return func(w *world) func() {
		w.crm.SetFaults(f)
		return func() { w.crm.SetFaults(hubspot.Faults{}) }
	}
}

// An injected failure is what breaks, and what must come of it.
type injected struct {
	name   string
	breaks func(w *world) (mend func())
	item   string // what an item for a person says; empty: it is tried again until it has succeeded
}

// What goes wrong while the CRM is written. In the end the CRM is right, once.
var crmFailures = []injected{
	{"400 without a body", crm(400, ""), "hubspot refused the value of a property"},
	{"400 for one field", crm(400, `{"category":"VALIDATION_ERROR","message":"no","errors":[{"message":"no","code":"INVALID_OPTION","context":{"propertyName":["lifecyclestage"]}}]}`), "hubspot refused the value of lifecyclestage"},
	{"400 for a property that is missing", crm(400, `{"category":"VALIDATION_ERROR","message":"no","errors":[{"message":"no","code":"PROPERTY_DOESNT_EXIST","context":{"propertyName":["plumbline_eta"]}}]}`), "the property plumbline_eta does not exist"},
	{"400 for a property that is required", crm(400, `{"category":"VALIDATION_ERROR","message":"no","errors":[{"message":"it is required","code":"REQUIRED_FIELD","context":{"propertyName":["closedate"]}}]}`), "hubspot requires the property closedate"},
	{"400 for a property that is read-only", crm(400, `{"category":"VALIDATION_ERROR","message":"no","errors":[{"message":"no","code":"READ_ONLY_VALUE","context":{"propertyName":["amount"]}}]}`), "read-only"},
	{"401", crm(401, `{"category":"INVALID_AUTHENTICATION"}`), "hubspot does not accept the token"},
	{"a token that was taken back", func(w *world) func() { w.crm.SetToken("another"); return func() { w.crm.SetToken("pat") } }, "hubspot does not accept the token"},
	{"403", crm(403, `{"category":"MISSING_SCOPES"}`), "the token may not do this"},
	{"404", crm(404, `{"message":"no such type"}`), "hubspot does not know the address or type"},
	{"405", crm(405, ""), "hubspot refused the call"},
	{"409", crm(409, `{"category":"CONFLICT","message":"it exists"}`), "another record already has this value"},
	{"422", crm(422, `{"category":"VALIDATION_ERROR","message":"no"}`), "hubspot refused the value of a property"},
	{"423", crmFaults(hubspot.Faults{Locked423: 1}), ""},
	{"429", crmFaults(hubspot.Faults{TooMany: 1}), ""},
	{"477", crmFaults(hubspot.Faults{Migrating: 1}), ""},
	{"500", crm(500, "{}"), ""},
	{"502 or 503", crmFaults(hubspot.Faults{ServerError: 1}), ""},
	{"504 in HTML", crm(504, "<html>"), ""},
	{"200 of a wrong content type", func(w *world) func() {
		return w.between(crmHost, w.crm, answers(200, "text/html", "<html>Please log in", writes))
	}, ""},
	{"200 with a body of another shape", crm(200, `[1, 2]`), ""},
	{"200 that breaks off", crmFaults(hubspot.Faults{Garbage: 1}), ""},
	{"an answer that is lost", crmFaults(hubspot.Faults{LostAnswer: 1}), ""},
	{"no connection", faults(crmHost, sandbox.Faults{Refused: 1}), ""},
	{"a connection that is cut before", faults(crmHost, sandbox.Faults{CutBefore: 1}), ""},
	{"a connection that is cut after", faults(crmHost, sandbox.Faults{CutAfter: 1}), ""},
	{"a timeout", faults(crmHost, sandbox.Faults{Slow: 1}), ""},
	{"a field that is gone from the target", func(w *world) func() {
		w.crmDo("DELETE", "/crm/properties/2026-09/deals/plumbline_window")
		return w.provision
	}, "does not exist in hubspot"},
	{"an association that is refused", func(w *world) func() {
		return w.between(crmHost, w.crm, answers(400, "application/json", `{"category":"VALIDATION_ERROR","message":"no"}`, func(r *http.Request) bool {
			return to("/crm/associations/", "/batch/")(r) && !to("/read")(r)
		}))
	}, "refused"},
	{"a poll that is refused", func(w *world) func() {
		return w.between(crmHost, w.crm, answers(403, "application/json", `{"category":"MISSING_SCOPES"}`, to("/search")))
	}, "hubspot cannot be read: the token may not do this"},
}

// crmDo asks the CRM for something as an administrator does.
func (w *world) crmDo(method, path string) {
	w.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Authorization", "Bearer pat")
	rec := httptest.NewRecorder()
	w.crm.ServeHTTP(rec, r)
	if rec.Code >= 300 {
		w.t.Fatalf("%s %s = %d %s", method, path, rec.Code, rec.Body)
	}
}

// retryAll says of every item that it may be tried again.
func (w *world) retryAll() {
	w.t.Helper()
	for _, c := range errorqueue.Group(w.open()) {
		_, err := w.node.Queue().Retry(w.t.Context(), "brightwater", c.Cause, "office")
		w.ok(err)
	}
}

func TestNoFailureOfTheCRMIsSwallowed(t *testing.T) {
	for _, f := range crmFailures {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			c := w.customer()
			mend := f.breaks(w)
			w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
			w.minutes(40)
			if f.item != "" {
				w.wantItem(errorqueue.Record, f.item)
			} else {
				w.wantTried("mirror")
			}
			w.wantPatience()
			mend()
			if f.item != "" {
				w.retryAll()
			}
			w.minutes(150)
			if left := w.open(); len(left) != 0 {
				t.Errorf("mended, there is still %+v", left)
			}
			if got := w.stage("Larkspur"); got != "booked" {
				t.Errorf("mended, the deal is %s, want booked", got)
			}
			w.props(w.contact("Whitlock"), map[string]string{"plumbline_next_appointment": "2026-05-05T19:00:00.000Z"})
			w.associated("deals", "contacts")
		})
	}
}

// wantPatience holds that what fails again and again is tried less and less often.
func (w *world) wantPatience() {
	w.t.Helper()
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		var record string
		var n int
		err := tx.QueryRow(`SELECT COALESCE(MAX(n), 0), COALESCE(MAX(record), '') FROM (
			SELECT json_extract(carries, '$[0].record') AS record, COUNT(*) AS n FROM attempt
			WHERE room = 'mirror' AND started > $1 AND (carries LIKE '%"record/%' OR carries LIKE '%"describe/%')
			GROUP BY 1 ORDER BY n DESC LIMIT 1) AS most`, w.now.Add(-40*time.Minute).UnixMilli()).Scan(&n, &record)
		if n > 20 {
			w.t.Errorf("in 40 minutes %s was tried %d times", record, n)
		}
		return err
	}))
}

// associated holds that the one record of ours of a type is associated with another.
func (w *world) associated(from, with string) {
	w.t.Helper()
	list := w.crm.Objects(from)
	if len(list) != 1 || len(list[0].Associations) == 0 {
		w.t.Errorf("%d %s, want one that is associated with its %s: %+v", len(list), from, with, list)
	}
}

func texts(status int, body string) func(w *world) func() {
	return func(w *world) func() {
		return w.between(textHost, w.phones, answers(status, "application/json", body, to("/Messages.json")))
	}
}

func textFaults(f twilio.Faults) func(w *world) func() {
	return func(w *world) func() {
		w.phones.SetFaults(f)
		return func() { w.phones.SetFaults(twilio.Faults{}) }
	}
}

// What goes wrong while a text is sent. In the end it was said, once.
var textFailures = []injected{
	{"401", texts(401, `{"code":20003}`), "the credentials are wrong"},
	{"an account that is suspended", texts(403, `{"code":20005}`), "the account is not active"},
	{"a sender that cannot send", texts(400, `{"code":21606}`), "the sender's number cannot send texts"},
	{"a text that is refused", texts(400, `{"code":21617}`), "the text is longer"},
	{"400 of no known code", texts(400, `{"code":29999}`), "refused"},
	{"429", textFaults(twilio.Faults{TooMany: 1}), ""},
	{"500 before it was taken", textFaults(twilio.Faults{ServerError: 1}), ""},
	{"500 after it was taken", textFaults(twilio.Faults{CreateError: 1}), ""},
	{"an answer that is lost", textFaults(twilio.Faults{LostAnswer: 1}), ""},
	{"201 that cannot be read", func(w *world) func() {
		return w.between(textHost, w.phones, answers(201, "text/html", "<html>", to("/Messages.json")))
	}, ""},
	{"no connection", faults(textHost, sandbox.Faults{Refused: 1}), ""},
	{"a connection that is cut after", func(w *world) func() {
		return w.between(textHost, w.phones, cutAfter(w.phones, to("/Messages.json")))
	}, ""},
	{"a timeout", func(w *world) func() {
		cut := cutAfter(w.phones, to("/Messages.json"))
		once := false // what follows is not answered at all
		return w.between(textHost, w.phones, func(rw http.ResponseWriter, r *http.Request) bool {
			if once {
				panic(http.ErrAbortHandler)
			}
			if to("/Messages.json")(r) {
				once = true
				return cut(rw, r)
			}
			return false
		})
	}, ""},
}

func TestNoFailureOfATextIsSwallowed(t *testing.T) {
	for _, f := range textFailures {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			c := w.customer()
			mend := f.breaks(w)
			w.book(c.ID, "No cooling upstairs", at(6, 13, 0))
			w.minutes(20)
			if f.item != "" {
				w.wantItem(errorqueue.Message, f.item)
			} else {
				w.wantTried("notify")
			}
			mend()
			if f.item != "" {
				w.retryAll()
			}
			w.minutes(60)
			if left := w.open(); len(left) != 0 {
				t.Errorf("mended, there is still %+v", left)
			}
			w.heard(dana, 0, "you are booked")
		})
	}
}

func TestACallOfWhichNothingIsAnsweredIsShownAndNotMadeAgain(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	mend := w.between(textHost, w.phones, func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			http.Error(rw, "no", http.StatusInternalServerError)
			return true
		}
		return cutAfter(w.phones, to("/Messages.json"))(rw, r)
	})
	w.phones.SetFaults(twilio.Faults{Lose: 1})
	w.book(c.ID, "No cooling upstairs", at(6, 13, 0))
	w.minutes(120)
	w.wantItem(errorqueue.Message, "does not say what became of a call")
	w.heard(dana, 0, "you are booked")
	mend()
	w.minutes(60)
	w.heard(dana, 0, "you are booked")
	if left := w.open(); len(left) != 0 {
		t.Errorf("answered, there is still %+v", left)
	}
}

// Numbers to which nothing can be said: what was owed there is decided, with its
// reason, and a person is asked to do it instead.
func TestANumberThatCannotBeTextedIsSeenAndGivenToAPerson(t *testing.T) {
	for name, c := range map[string]struct {
		mark twilio.Mark
		stop bool
		says string
	}{
		"a number that is none":            {mark: twilio.Invalid, says: "the number is not valid"},
		"a number that is not mobile":      {mark: twilio.NotMobile, says: "the number is not a mobile number"},
		"a landline":                       {mark: twilio.Landline, says: "the number is a landline"},
		"a number that is not in use":      {mark: twilio.Dead, says: "the number is unknown or not in use"},
		"a number that blocks us":          {mark: twilio.Blocked, says: "the number blocks texts"},
		"a carrier that takes it for spam": {mark: twilio.Filtered, says: "filtered"},
		"a handset that is switched off":   {mark: twilio.Unreachable, says: "the handset cannot be reached"},
		"a number that opted out":          {stop: true, says: "said no to all texts"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setting{})
			w.phones.Mark(dana, c.mark)
			if c.stop {
				_, err := w.phones.Receive(dana, sender, "STOP")
				w.ok(err)
				w.minutes(1)
			}
			customer := w.customer()
			w.book(customer.ID, "No cooling upstairs", at(6, 13, 0))
			w.minutes(120)
			if got := strings.Join(w.outcomes(), "\n"); !strings.Contains(got, c.says) {
				t.Errorf("what came of it does not say %q:\n%s", c.says, got)
			}
			if tasks := w.crm.Objects("tasks"); len(tasks) == 0 {
				t.Error("nobody was asked to do it instead")
			}
		})
	}
}

// read makes two statements of one version about a job, so that it is read at its
// source.
func (w *world) tie() {
	for _, what := range []string{"No cooling upstairs", "No cooling downstairs"} {
		w.post("secret", fmt.Sprintf(`{"event":"job.updated","company_id":%q,"event_occurred_at":"2026-05-04T14:20:00Z","job":{"id":"job_tie","description":%q,
			"customer":{"id":"cus_tie","first_name":"Lee"},"work_status":"unscheduled","created_at":"2026-05-04T13:00:00Z","updated_at":"2026-05-04T14:20:00Z"}}`, company, what))
	}
	w.minutes(30)
}

func field(status int) func(w *world) func() {
	return func(w *world) func() {
		return w.between(fieldHost, w.field, answers(status, "application/json", "{}", func(*http.Request) bool { return true }))
	}
}

func TestNoFailureOfALookUpIsSwallowed(t *testing.T) {
	for _, f := range []injected{
		{"401", field(401), "does not accept our credentials"},
		{"403", field(403), "does not let our key do this"},
		{"400", field(400), "refused the call"},
		{"429", field(429), ""},
		{"500", field(500), ""},
		{"no connection", faults(fieldHost, sandbox.Faults{Refused: 1}), ""},
		{"an answer that cannot be read", func(w *world) func() {
			return w.between(fieldHost, w.field, answers(200, "text/html", "<html>", func(*http.Request) bool { return true }))
		}, "the answer is not one of Housecall Pro"},
	} {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			mend := f.breaks(w)
			w.tie()
			if f.item != "" {
				w.wantItem(errorqueue.Lookup, f.item)
			} else {
				w.wantTried("lookup")
			}
			mend()
			if f.item != "" {
				w.retryAll()
			}
			w.minutes(150)
			if left := w.open(); len(left) != 0 {
				t.Errorf("mended, there is still %+v", left)
			}
			if list := w.attempts("lookup"); len(list) == 0 || !strings.HasPrefix(list[len(list)-1], "done") {
				t.Errorf("the look-up was not answered in the end:\n%s", strings.Join(list, "\n"))
			}
		})
	}
}

// post posts a webhook of the field tool, signed with a secret; empty: not signed.
func (w *world) post(secret, body string) int {
	w.t.Helper()
	return w.postTo(w.node.Hooks(), w.now, secret, body)
}

func (w *world) postTo(hooks http.Handler, signed time.Time, secret, body string) int {
	r := httptest.NewRequest("POST", "/hooks/brightwater/hcp", strings.NewReader(body))
	stamp := strconv.FormatInt(signed.Unix(), 10)
	r.Header.Set("Api-Timestamp", stamp)
	if secret != "" {
		r.Header.Set("Api-Signature", housecallpro.Sign(secret, stamp, []byte(body)))
	}
	rec := httptest.NewRecorder()
	hooks.ServeHTTP(rec, r)
	return rec.Code
}

func (w *world) keep(d plumbline.Delivery) {
	w.t.Helper()
	d.Location = "brightwater"
	w.ok(w.node.DB.Do(w.t.Context(), w.now, func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(d))
		return err
	}))
}

func sums(lines []inbox.Line) (s inbox.Line) {
	for _, l := range lines {
		s.Received, s.Applied, s.Ignored, s.Waiting, s.Failed = s.Received+l.Received, s.Applied+l.Applied, s.Ignored+l.Ignored, s.Waiting+l.Waiting, s.Failed+l.Failed
		s.Duplicates, s.Refused, s.Unknown = s.Duplicates+l.Duplicates, s.Refused+l.Refused, s.Unknown+l.Unknown
	}
	return s
}

func event(account, job string) string {
	return fmt.Sprintf(`{"event":"job.created","company_id":%q,"event_occurred_at":"2026-05-04T14:20:00Z","job":%s}`, account, job)
}

// What goes wrong with what comes in: it is counted, or an item.
func TestNoFailureOfADeliveryIsSwallowed(t *testing.T) {
	good := event(company, `{"id":"job_1","description":"AC repair","created_at":"2026-05-04T13:00:00Z"}`)
	office := func(body string) func(w *world) int {
		return func(w *world) int {
			w.keep(plumbline.Delivery{Connection: plumbline.Office, Tool: plumbline.Office, Event: "say", Body: []byte(body)})
			return 0
		}
	}
	hook := func(body string) func(w *world) int {
		return func(w *world) int { return w.post("secret", body) }
	}
	for _, c := range []struct {
		name    string
		happens func(w *world) (status int)
		status  int
		counted func(s inbox.Line) int64
		item    string
	}{
		{"a signature that is wrong", func(w *world) int { return w.post("another", good) }, 401, func(s inbox.Line) int64 { return s.Refused }, ""},
		{"no signature", func(w *world) int { return w.post("", good) }, 401, func(s inbox.Line) int64 { return s.Refused }, ""},
		{"a signature of yesterday", func(w *world) int { return w.postTo(w.node.Hooks(), w.now.AddDate(0, 0, -1), "secret", good) }, 401, func(s inbox.Line) int64 { return s.Refused }, ""},
		{"a body that is too long", hook(strings.Repeat("x", inbox.MaxBody+1)), 413, func(s inbox.Line) int64 { return s.Refused }, ""},
		{"an account that is not ours", hook(event("another", `{"id":"job_1"}`)), 200, func(s inbox.Line) int64 { return s.Unknown }, ""},
		{"an event of nothing that we know", hook(`{"event":"pet.created","company_id":"` + company + `","pet":{"id":"1"}}`), 200, func(s inbox.Line) int64 { return s.Ignored }, ""},
		{"the same once more", func(w *world) int { w.post("secret", good); w.minutes(1); return w.post("secret", good) }, 200, func(s inbox.Line) int64 { return s.Duplicates }, ""},
		{"a receipt of an attempt that is not ours", func(w *world) int {
			w.keep(plumbline.Delivery{Connection: "twilio", Tool: "twilio", Event: "status", Subject: dana, Attempt: "nobody's",
				Body: []byte("MessageSid=SM00000000000000000000000000000009&MessageStatus=delivered&To=%2B12085550142&From=%2B12085550100&AccountSid=" + sid)})
			return 0
		}, 0, func(s inbox.Line) int64 { return s.Applied }, ""},
		{"a body that is no JSON", hook("<html>"), 200, nil, "could not be read"},
		{"a body that is empty", hook(""), 200, nil, "could not be read"},
		{"a body that breaks off", hook(good[:60]), 200, nil, "could not be read"},
		{"a form where JSON is promised", hook("event=job.created&id=job_1"), 200, nil, "could not be read"},
		{"a field of another type", hook(event(company, `{"id":"job_1","description":{"not":"a text"}}`)), 200, nil, "description"},
		{"an object without its id", hook(event(company, `{"description":"AC repair"}`)), 200, nil, "id"},
		{"a time that is none", hook(event(company, `{"id":"job_1","created_at":"yesterday"}`)), 200, nil, "created_at"},
		{"a tool that there is not", func(w *world) int {
			w.keep(plumbline.Delivery{Connection: "hcp", Tool: "nosuch", Event: "x", Body: []byte("{}")})
			return 0
		}, 0, nil, `there is no tool "nosuch"`},
		{"a field that there is not", office(`{"do":"say","by":"Kim","kind":"job","about":"x","fields":{"colour":"red"}}`), 0, nil, "colour"},
		{"a decision that there is not", office(`{"do":"dance","by":"Kim"}`), 0, nil, "dance"},
		{"a decision that cannot be read", office(`{`), 0, nil, "could not be read"},
		{"a ring that cannot be read", func(w *world) int {
			w.keep(plumbline.Delivery{Connection: plumbline.Clock, Tool: plumbline.Clock, Event: "ring", Body: []byte("?")})
			return 0
		}, 0, nil, "could not be read"},
		{"a drive that cannot be read", func(w *world) int {
			w.keep(plumbline.Delivery{Connection: advance.Route, Tool: advance.Route, Event: "read", Body: []byte("?")})
			return 0
		}, 0, nil, "could not be read"},
		{"a receipt that cannot be read", func(w *world) int {
			w.keep(plumbline.Delivery{Connection: "twilio", Tool: "twilio", Event: "status", Body: []byte("%zz")})
			return 0
		}, 0, nil, "could not be read"},
		{"a decoder that breaks", func(w *world) int {
			right := w.node.Advance.Decoder
			w.node.Advance.Decoder = func(string, string, string) connect.Decoder { return breaking{} }
			w.t.Cleanup(func() { w.node.Advance.Decoder = right })
			return w.post("secret", good)
		}, 200, nil, "the decoder of housecallpro broke"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{})
			before := sums(w.tally())
			if status := c.happens(w); status != c.status {
				t.Errorf("it was answered %d, want %d", status, c.status)
			}
			w.minutes(2)
			after := sums(w.tally())
			if after.Received != after.Applied+after.Ignored+after.Waiting+after.Failed || after.Waiting != 0 {
				t.Errorf("the tally does not balance: %+v", after)
			}
			if c.counted != nil {
				if n := c.counted(after) - c.counted(before); n < 1 {
					t.Errorf("it was not counted: %+v", after)
				}
				if left := w.open(); len(left) != 0 {
					t.Errorf("it is an item, too: %+v", left)
				}
				return
			}
			if after.Failed != before.Failed+1 {
				t.Errorf("%d failed, want one more than %d", after.Failed, before.Failed)
			}
			w.wantItem(errorqueue.Delivery, c.item)
		})
	}
}

type breaking struct{}

func (breaking) Decode(plumbline.Delivery) ([]plumbline.Reading, error) { panic("out of range") }

// A follower that breaks, or fails, over one job.
type stumbling struct {
	over  string
	panic bool
}

func (s stumbling) Follow(_ *db.Tx, b *advance.Batch) error {
	for _, j := range b.Jobs {
		if string(j.ID) != s.over {
			continue
		}
		if s.panic {
			panic("index out of range")
		}
		return errors.New("an expression of the playbook divides by zero")
	}
	return nil
}

func TestADerivationThatFailsOrBreaksIsAnItemAndDelaysNoOther(t *testing.T) {
	for name, breaks := range map[string]bool{"an expression that fails": false, "a derivation that breaks": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setting{})
			right := w.node.Advance.Followers
			w.node.Advance.Followers = append(slices.Clone(right), stumbling{string(jobID("job_1")), breaks})
			for _, id := range []string{"job_1", "job_2"} {
				w.post("secret", event(company, `{"id":"`+id+`","description":"AC repair","created_at":"2026-05-04T13:00:00Z"}`))
			}
			w.minutes(5)
			says := "divides by zero"
			if breaks {
				says = "out of range"
			}
			var kinds []string
			for _, i := range w.open() {
				kinds = append(kinds, i.Kind)
			}
			if len(kinds) != 1 {
				t.Fatalf("items of kinds %v, want one", kinds)
			}
			w.wantItem(kinds[0], says)
			w.node.Advance.Followers = right
			w.retryAll()
			w.minutes(5)
			if left := w.open(); len(left) != 0 {
				t.Errorf("mended, there is still %+v", left)
			}
			if s := sums(w.tally()); s.Failed+s.Waiting != 0 {
				t.Errorf("the tally is %+v, want nothing failed or waiting", s)
			}
		})
	}
}

func TestAWebhookThatTheDiskRefusesIsSentAgain(t *testing.T) {
	w := newWorld(t, setting{})
	full, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "full.db"), db.Options{Volatile: true})
	w.ok(err)
	w.ok(full.Close())
	hooks := w.node.Hooks()
	refuses := *hooks
	refuses.DB = full
	if status := w.postTo(&refuses, w.now, "secret", event(company, `{"id":"job_1"}`)); status != http.StatusServiceUnavailable {
		t.Errorf("it was answered %d, want 503", status)
	}
	w.net.Handle("plumbline.example.com", &refuses)
	c := w.customer()
	_, err = w.field.CreateJob(housecallpro.NewJob{CustomerID: c.ID, Description: "No cooling upstairs"})
	w.ok(err)
	w.until(w.now.Add(2 * time.Second))
	w.net.Handle("plumbline.example.com", hooks)
	w.minutes(60)
	if got := w.stage("Larkspur"); got != "booked" {
		t.Errorf("sent again, the deal is %s, want booked", got)
	}
}

func TestARecordThatOthersMergedOrDeletedIsFollowedOrShown(t *testing.T) {
	move := func(w *world, j housecallpro.Job) {
		start := at(6, 13, 0)
		w.ok(w.field.ScheduleJob(j.ID, housecallpro.Plan{Start: start, End: start.Add(2 * time.Hour), Window: 120, Employees: []string{w.tech.ID}}))
		w.minutes(40)
	}
	t.Run("merged", func(t *testing.T) {
		w := newWorld(t, setting{})
		c := w.customer()
		j := w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
		w.minutes(20)
		other, err := w.crm.Create("contacts", map[string]string{"firstname": "D", "lastname": "W"}, hubspot.Author{})
		w.ok(err)
		_, err = w.crm.Merge("contacts", other, w.contact("Whitlock").ID, hubspot.Author{})
		w.ok(err)
		move(w, j)
		if left := w.open(); len(left) != 0 {
			t.Errorf("it is not followed: %+v", left)
		}
		var found bool
		for _, o := range w.crm.Objects("contacts") {
			found = found || !o.Archived && strings.HasPrefix(o.Properties["plumbline_next_appointment"], "2026-05-06")
		}
		if !found {
			t.Error("the record that it became does not say what changed")
		}
	})
	t.Run("deleted", func(t *testing.T) {
		w := newWorld(t, setting{})
		c := w.customer()
		j := w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
		w.minutes(20)
		w.ok(w.crm.Archive("contacts", w.contact("Whitlock").ID))
		move(w, j)
		w.wantItem(errorqueue.Record, "Somebody deleted a contact in hubspot")
	})
}

func TestADamagedCursorIsPulledFromTheBeginning(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
	w.minutes(40)
	w.ok(w.node.DB.Do(t.Context(), w.now, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE poll SET next = 'damaged' WHERE location_id = 'brightwater' AND next <> ''`)
		if n == 0 {
			t.Error("nothing is polled yet")
		}
		return err
	}))
	before := len(w.attempts("mirror"))
	w.ok(w.crm.Edit("contacts", w.contact("Whitlock").ID, map[string]string{"jobtitle": "Owner"}, hubspot.Author{}))
	w.minutes(40)
	list := w.attempts("mirror")[before:]
	i := slices.IndexFunc(list, func(a string) bool { return strings.Contains(a, "the cursor cannot be read") })
	if i < 0 || !strings.HasPrefix(list[len(list)-1], "done") {
		t.Errorf("the damaged cursor was not seen and got over:\n%s", strings.Join(list, "\n"))
	}
	if left := w.open(); len(left) != 0 {
		t.Errorf("there is still %+v", left)
	}
}

func TestANoteWhoseAnswerIsLostIsThereOnce(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	j := w.book(c.ID, "No cooling upstairs", at(4, 10, 0))
	w.until(at(4, 9, 40))
	mend := w.between(crmHost, w.crm, cutAfter(w.crm, to("/objects/", "/notes/batch/create")))
	w.finish(j.ID)
	w.wantTried("mirror")
	mend()
	w.minutes(90)
	if notes := w.crm.Objects("notes"); len(notes) != 1 {
		t.Errorf("%d notes, want the one: %+v", len(notes), notes)
	}
}
