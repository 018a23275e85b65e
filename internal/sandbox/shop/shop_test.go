package shop

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

func TestAWeekRunsWithoutAnErrorOfASandbox(t *testing.T) {
	for seed := range uint64(4) {
		w := open(t, seed, 4, 5, 40).run()
		visits := 0
		for _, j := range w.Story().Jobs {
			for _, v := range j.Visits {
				if start := v.window().Start; !start.Before(w.Story().Start) && start.Before(w.Story().End) {
					visits++
				}
			}
		}
		if visits < 60 || visits > 110 {
			t.Errorf("seed %d: %d visits were planned in a week of 4 trucks, want about 70 and those of emergencies and installs", seed, visits)
		}
		if w.now.After(w.Story().End.AddDate(0, 0, 7)) {
			t.Errorf("seed %d: loose ends until %s, want them tied within a week", seed, w.now)
		}
	}
}

func (v *Visit) window() Window { return v.Windows[len(v.Windows)-1] }

func TestOneTruckAndOneDayAreSmall(t *testing.T) {
	for seed := range uint64(30) {
		w := open(t, seed, 1, 1, 10)
		before := len(w.Story().Jobs)
		live := func() (n int) {
			for _, j := range w.Story().Jobs {
				if !j.Marks[0].At.Before(w.Story().Start.AddDate(0, 0, -10)) && j.Plot[:4] != "past" {
					n++
				}
			}
			return n + len(w.Story().Estimates)
		}
		w.run()
		if n := live(); n < 2 || n > 12 {
			t.Errorf("seed %d: %d jobs and estimates of the day, want about 4 to 8", seed, n)
		}
		if n := len(w.hcp.Customers()); n < 10 || n > 24 {
			t.Errorf("seed %d: %d customers, want 10 to 20 or so", seed, n)
		}
		if w.steps > 1500 || before == 0 {
			t.Errorf("seed %d: %d steps after %d jobs of the past", seed, w.steps, before)
		}
	}
}

func TestTheSameSeedTellsTheSameStory(t *testing.T) {
	told := func(seed uint64) (string, string, string) {
		w := open(t, seed, 2, 2, 15).run()
		story, err := json.Marshal(w.Story())
		if err != nil {
			t.Fatal(err)
		}
		var hooks []byte
		for _, h := range w.hcp.Webhooks() {
			hooks = append(hooks, h.Body...)
		}
		contacts, err := json.Marshal(w.hub.Objects("contacts"))
		if err != nil {
			t.Fatal(err)
		}
		return string(story), string(hooks), string(contacts)
	}
	a1, b1, c1 := told(7)
	a2, b2, c2 := told(7)
	if a1 != a2 || b1 != b2 || c1 != c2 {
		t.Error("two runs of one seed differ")
	}
	if a3, _, _ := told(8); a3 == a1 {
		t.Error("two seeds tell one story")
	}
}

// Homeowners have a chance of their own, so that a program that says more or
// less does not drive the trucks elsewhere, unless somebody is offered another
// day.
func TestTextsThatOfferNothingDoNotChangeTheWork(t *testing.T) {
	work := func(body string) string {
		w := open(t, 3, 2, 2, 15)
		w.body = body
		w.run()
		if (w.texts > 0) != (body != "") {
			t.Fatalf("%d texts of %q", w.texts, body)
		}
		b, err := json.Marshal(w.Story().Jobs)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if work("") != work("Brightwater: we are on our way.") {
		t.Error("the work differs")
	}
	if work("") == work("Brightwater: see you. R for another time.") {
		t.Error("nobody asked for another time, so this test shows nothing")
	}
}

// TestEveryKindOfStoryHappens counts what the brief of this package names.
func TestEveryKindOfStoryHappens(t *testing.T) {
	all := map[string]int{}
	for seed := range uint64(6) {
		for kind, n := range open(t, seed, 4, 5, 40).run().Story().Tally {
			all[kind] += n
		}
	}
	want := []string{
		"people/couple with one phone", "people/junior", "people/landlord", "people/tenant opens", "people/manager", "people/strangers with one phone",
		"people/house sold", "people/wrong number on file", "people/one person twice: two phones", "people/one person twice: typo", "people/one person twice: nickname",
		"number/landline", "number/dead",
		"kind/Repair", "kind/Maintenance", "kind/Install", "kind/Callback", "kind/Warranty", "kind/Emergency",
		"job/booked online", "job/needs scheduling", "job/tags", "job/note", "job/canceled", "job/deleted", "job/completed", "job/reopened",
		"job/completed again", "job/several appointments", "job/rated",
		"visit/assigned ahead", "visit/moved", "visit/moved back", "visit/discarded", "visit/nobody home", "visit/on my way", "visit/started",
		"visit/start not pressed", "visit/another technician", "visit/double booked", "visit/return", "visit/moved by reply",
		"estimate/booked", "estimate/option approved", "estimate/option declined", "estimate/option expired", "estimate/unanswered", "estimate/approved late",
		"money/several invoices", "money/zero invoice", "money/invoiced days later", "money/partial", "money/deposit", "money/cash before complete", "money/tip",
		"money/payment pending", "money/ach settles", "money/ach comes back pending", "money/ach comes back settled", "money/refund part", "money/refund all",
		"money/voided", "money/invoice canceled", "money/chargeback", "money/payment declined",
		"customer/deleted", "customer/notifications off", "customer/notifications on", "customer/new mobile number", "customer/work number", "customer/new e-mail",
		"customer/note", "customer/billing address", "customer/lead in the field tool",
		"consent/account", "consent/marketing", "consent/withdrawn", "consent/later",
		"office/qa", "office/same", "office/different", "office/dispute", "office/promise", "office/no charge",
		"crm/known under another spelling", "crm/known twice", "crm/lead", "crm/edit", "crm/merge", "crm/delete", "crm/create", "crm/lead who books",
		"text/opt out", "text/opt in", "text/wrong number", "text/other",
	}
	for _, p := range plots {
		if p.kind != estimating {
			want = append(want, "job/"+p.name)
		}
	}
	for _, kind := range want {
		if all[kind] == 0 {
			t.Errorf("%s never happened", kind)
		}
	}
}

func TestTheTruthAgreesWithHousecallPro(t *testing.T) {
	for seed := range uint64(6) {
		w := open(t, seed, 3, 3, 20)
		w.agree(w.Story().Start)
		w.run()
		w.agree(w.now)
	}
}

// agree compares the truth with all that Housecall Pro lists.
func (w *world) agree(at time.Time) {
	w.t.Helper()
	st := w.Story()
	jobs := w.hcp.Jobs()
	if len(jobs) != len(st.Jobs) {
		w.t.Errorf("%d jobs, want %d", len(jobs), len(st.Jobs))
	}
	for _, j := range jobs {
		w.job(st.Job(j.ID), j, at)
	}
	bills := map[string]*Invoice{}
	for _, j := range st.Jobs {
		for _, i := range j.Invoices {
			bills[i.ID] = i
		}
	}
	due := map[string]int64{}
	for _, i := range w.hcp.Invoices() {
		b := bills[i.ID]
		if b == nil {
			w.t.Errorf("invoice %s is unknown to the truth", i.ID)
			continue
		}
		w.invoice(b, i, at)
		if b.out(at) {
			due[st.Job(i.JobID).Person] += i.Due
		}
	}
	for _, p := range st.People {
		if got := st.Balance(p.ID, at).Due; got != due[p.ID] {
			w.t.Errorf("balance of %s is %d, want %d", p.ID, got, due[p.ID])
		}
	}
	w.people()
	w.offers()
}

func (w *world) job(truth *Job, j housecallpro.Job, at time.Time) {
	w.t.Helper()
	if truth == nil {
		w.t.Errorf("job %s is unknown to the truth", j.ID)
		return
	}
	same := func(what string, got, want any) {
		w.t.Helper()
		if got != want {
			w.t.Errorf("job %s (%s): %s is %v, want %v", j.ID, truth.Plot, what, got, want)
		}
	}
	same("customer", truth.Customer, j.CustomerID)
	same("person", w.Story().PersonOf(j.CustomerID).ID, truth.Person)
	tips := int64(0)
	for _, i := range truth.Invoices {
		tips += i.Tips
	}
	same("price", truth.Price, j.Total-tips)
	same("number", truth.Number, j.InvoiceNumber)
	stage := truth.StageAt(at, w.Story().Zone)
	switch {
	case !j.CanceledAt.IsZero() || !j.DeletedAt.IsZero():
		same("stage", stage, StageCanceled)
		same("canceled", truth.last(Canceled, at).Equal(j.CanceledAt) || truth.last(Deleted, at).Equal(j.DeletedAt), true)
	case !j.Work.CompletedAt.IsZero():
		same("stage is a completed one", slices.Contains([]Stage{StageCompleted, StageInvoiced, StagePaid, StageClosed}, stage), true)
		same("completed", truth.last(Completed, at).Equal(j.Work.CompletedAt), true)
	default:
		same("stage is an open one", stage == StageBooked || stage == StageDispatched, true)
	}
	same("on my way", truth.last(OnMyWay, at).Equal(j.Work.OnMyWayAt), true)
	same("started", truth.last(Started, at).Equal(j.Work.StartedAt), true)
	if !j.DeletedAt.IsZero() {
		return
	}
	n := 0
	for _, v := range truth.Visits {
		if v.Discarded {
			continue
		}
		if n >= len(j.Appointments) {
			same("appointments", n+1, len(j.Appointments))
			return
		}
		a, win := j.Appointments[n], v.window()
		n++
		same("appointment", v.Appointment, a.ID)
		same("window", win.Start.Equal(a.Start) && win.End.Equal(a.End) && win.Minutes == a.Window, true)
		same("technicians", slices.Equal(v.Techs, a.Employees), true)
	}
	same("appointments", n, len(j.Appointments))
}

func (w *world) invoice(truth *Invoice, i housecallpro.Invoice, at time.Time) {
	w.t.Helper()
	ended := i.Status == "voided" || i.Status == "canceled"
	switch {
	case ended != !truth.EndedAt.IsZero():
		w.t.Errorf("invoice %s is %s, the truth says ended %v", i.ID, i.Status, truth.EndedAt)
	case !ended && truth.Due(at) != i.Due:
		w.t.Errorf("invoice %s: %d due, want %d", i.ID, truth.Due(at), i.Due)
	case truth.Amount+truth.Tips != i.Amount:
		w.t.Errorf("invoice %s: amount %d and tips %d, want %d", i.ID, truth.Amount, truth.Tips, i.Amount)
	case len(truth.Payments) != len(i.Payments):
		w.t.Errorf("invoice %s: %d payments, want %d", i.ID, len(truth.Payments), len(i.Payments))
	case !i.SentAt.IsZero() && truth.Issued.After(i.SentAt):
		w.t.Errorf("invoice %s: issued %s, want by %s", i.ID, truth.Issued, i.SentAt)
	case i.SentAt.IsZero() && truth.Issued.IsZero() == (i.Status == "paid"):
		w.t.Errorf("invoice %s: not sent, %s, issued %s", i.ID, i.Status, truth.Issued)
	}
	for n, p := range i.Payments {
		if want := truth.Payments[n]; want.ID != p.ID || (p.Status == "succeeded") != (!want.Settled.IsZero() && want.Returned.IsZero()) {
			w.t.Errorf("payment %s is %s, the truth says %+v", p.ID, p.Status, want)
		}
	}
}

// people compares who is who: each customer is one person's, its number is
// that person's or filed as wrong, and each seeded contact is somebody's.
func (w *world) people() {
	w.t.Helper()
	st := w.Story()
	for _, c := range w.hcp.Customers() {
		p := st.PersonOf(c.ID)
		if p == nil {
			w.t.Errorf("customer %s is nobody", c.ID)
			continue
		}
		if slices.Contains(p.Deleted, c.ID) != !c.DeletedAt.IsZero() {
			w.t.Errorf("customer %s: deleted %v, the truth says %v", c.ID, c.DeletedAt, p.Deleted)
		}
		if n := st.Number("+1" + c.Mobile); c.Mobile != "" && c.DeletedAt.IsZero() && (n == nil || !slices.ContainsFunc(n.Files, func(f Filing) bool { return f.Customer == c.ID && f.Until.IsZero() })) {
			w.t.Errorf("customer %s has the number %s, the truth has not", c.ID, c.Mobile)
		}
		if c.NotificationsEnabled != st.notified(c.ID, w.now) {
			w.t.Errorf("customer %s: notifications %v, the truth disagrees", c.ID, c.NotificationsEnabled)
		}
	}
	for _, o := range w.hub.Objects("contacts") {
		owners := 0
		for _, p := range st.People {
			if slices.Contains(p.Contacts, o.ID) {
				owners++
			}
		}
		if owners != 1 {
			w.t.Errorf("contact %s belongs to %d people, want 1", o.ID, owners)
		}
	}
}

func (w *world) offers() {
	w.t.Helper()
	es := w.hcp.Estimates()
	if len(es) != len(w.Story().Estimates) {
		w.t.Errorf("%d estimates, want %d", len(w.Story().Estimates), len(es))
		return
	}
	words := map[string]Happening{"approved": Approved, "pro approved": Approved, "declined": Refused, "pro declined": Refused, "expired": Expired}
	for n, e := range es {
		for i, o := range e.Options {
			truth := w.Story().Estimates[n].Options[i]
			if truth.ID != o.ID || truth.Total != o.Total || truth.Decision != words[o.Approval] {
				w.t.Errorf("option %s is %q over %d, the truth says %+v", o.ID, o.Approval, o.Total, truth)
			}
		}
	}
}
