package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// The table of the relay, row by row: from a webhook of the field tool to what the
// CRM and the customer's phone show.

func TestBookedShowsTheAppointmentAndConfirms(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
	w.minutes(20)
	w.heard(dana, 0, "Brightwater: you are booked for repair, Tue")
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_next_appointment": "2026-05-05T19:00:00.000Z", "plumbline_service_type": "repair",
		"plumbline_technician": "", "plumbline_account_status": "none", "firstname": "Dana", "email": "dana@example.com", "mobilephone": dana})
	if got := w.stage("Larkspur"); got != "booked" {
		t.Errorf("the deal is %s, want booked", got)
	}
}

func TestWhatHousecallProDidNotTellIsReadFromItsLists(t *testing.T) {
	w := newWorld(t, setting{})
	w.field.SwitchWebhook(false)
	c := w.customer()
	j := w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
	w.minutes(75)
	if got := w.stage("Larkspur"); got != "booked" {
		t.Errorf("an hour after it was booked without a word the deal is %s, want booked", got)
	}
	w.until(at(5, 13, 0))
	w.finish(j.ID)
	w.bill(j.ID)
	w.minutes(75)
	if got := w.stage("Larkspur"); got != "invoiced" {
		t.Errorf("an hour after its invoice without a word the deal is %s, want invoiced", got)
	}
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_balance": "390"})
}

func TestAWindowMovedAndMovedBackIsNewsEachTime(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	j := w.book(c.ID, "No cooling upstairs", at(6, 13, 0))
	w.minutes(20)
	move := func(start time.Time) {
		w.ok(w.field.ScheduleJob(j.ID, housecallpro.Plan{Start: start, End: start.Add(2 * time.Hour), Window: 120, Employees: []string{w.tech.ID}}))
		w.minutes(20)
	}
	move(at(7, 9, 0))
	move(at(6, 13, 0))
	w.heard(dana, 0, "you are booked", "your visit is now Thu", "your visit is now Wed")
	move(at(6, 13, 10))
	w.heard(dana, 3) // ten minutes are not worth a text
}

func TestDispatchedShowsTechnicianAndETAUntilArrival(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	j := w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
	w.until(at(5, 5, 50))
	if got := w.stage("Larkspur"); got != "booked" {
		t.Errorf("assigned the day before, the deal is %s, want booked", got)
	}
	w.until(at(5, 6, 30))
	if got := w.stage("Larkspur"); got != "dispatched" {
		t.Errorf("on the morning of its day the deal is %s, want dispatched", got)
	}
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_technician": "Rafael", "plumbline_eta": ""})
	w.until(at(5, 12, 40))
	before := len(w.texts(dana))
	w.ok(w.field.OnMyWay(j.ID))
	w.minutes(5)
	// Nobody knows where the property is, so the estimate is the widest there is; the
	// window, which was promised, would be 1:00-3:00 PM.
	w.heard(dana, before, "Rafael is on the way, expected 12:50-1:55 PM.")
	if eta := w.contact("Whitlock").Properties["plumbline_eta"]; eta == "" {
		t.Error("on the way, and the CRM shows no ETA")
	}
	w.minutes(15)
	w.ok(w.field.Start(j.ID))
	w.minutes(5)
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_eta": ""})
	w.heard(dana, before+1)
}

func TestCompletedShowsTheServiceAndAsksEverybodyForAReview(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.minutes(1)
	w.agrees(c.ID, "marketing")
	j := w.book(c.ID, "No cooling upstairs", at(4, 10, 0))
	w.until(at(4, 9, 40))
	before := len(w.texts(dana))
	w.finish(j.ID)
	if got := w.stage("Larkspur"); got != "completed" {
		t.Errorf("the deal is %s, want completed", got)
	}
	contact := w.contact("Whitlock")
	if !strings.Contains(contact.Properties["plumbline_last_service_summary"], "No cooling upstairs") || contact.Properties["lifecyclestage"] != "customer" {
		t.Errorf("the contact shows %q, %q", contact.Properties["plumbline_last_service_summary"], contact.Properties["lifecyclestage"])
	}
	notes := w.crm.Objects("notes")
	if len(notes) != 1 || len(notes[0].Associations) < 1 {
		t.Fatalf("%d notes of the completed visit, want one that is associated: %+v", len(notes), notes)
	}
	w.until(at(4, 18, 0))
	w.heard(dana, before, "on the way") // no review: QA waits
	w.says(j.ID, map[string]plumbline.Value{"qa": plumbline.TextValue("passed")})
	w.until(at(5, 12, 0))
	w.heard(dana, before+1, "Would you share your experience, good or bad?")
}

func TestAReviewIsHeldWhileReopenedThenAsked(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.minutes(1)
	w.agrees(c.ID, "marketing")
	j := w.book(c.ID, "No cooling upstairs", at(4, 10, 0))
	w.until(at(4, 9, 40))
	w.finish(j.ID)
	w.says(j.ID, map[string]plumbline.Value{"qa": plumbline.TextValue("passed")})
	w.minutes(30)
	w.ok(w.field.Uncomplete(j.ID))
	before := len(w.texts(dana))
	w.until(at(4, 18, 0))
	w.heard(dana, before)
	w.until(at(5, 9, 0))
	w.ok(w.field.Complete(j.ID))
	w.until(at(5, 18, 0))
	w.heard(dana, before, "Would you share your experience")
}

func TestInvoicedShowsTheBalanceAndRemindsThePayer(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.minutes(1)
	w.agrees(c.ID, "service")
	j := w.book(c.ID, "No cooling upstairs", at(4, 10, 0))
	w.until(at(4, 9, 40))
	w.finish(j.ID)
	inv := w.bill(j.ID)
	w.minutes(20)
	if got := w.stage("Larkspur"); got != "invoiced" {
		t.Errorf("the deal is %s, want invoiced", got)
	}
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_balance": "390", "plumbline_account_status": "current"})
	if items := w.deal("Larkspur").Properties["plumbline_line_items"]; !strings.Contains(items, "AC repair") {
		t.Errorf("line items %q", items)
	}
	before := len(w.texts(dana))
	w.until(at(7, 12, 0))
	w.heard(dana, before, "a reminder that")
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_account_status": "past_due"})
	_, err := w.field.Pay(inv.ID, housecallpro.NewPayment{Amount: 39000, Method: "credit_card"})
	w.ok(err)
	w.until(at(14, 12, 0)) // the day of the second one
	w.heard(dana, before+1)
}

func TestAPromiseOrADisputeStopsReminders(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.minutes(1)
	w.agrees(c.ID, "service")
	j := w.book(c.ID, "No cooling upstairs", at(4, 10, 0))
	w.until(at(4, 9, 40))
	w.finish(j.ID)
	w.bill(j.ID)
	w.says(j.ID, map[string]plumbline.Value{"dispute": "true"})
	before := len(w.texts(dana))
	w.until(at(7, 12, 0))
	w.heard(dana, before)
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_account_status": "disputed"})
}

func TestPaidShowsLastPaidAndTheNextDueDate(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	j := w.book(c.ID, "Spring tune-up", at(4, 10, 0), "maintenance")
	w.until(at(4, 9, 40))
	w.finish(j.ID)
	inv := w.bill(j.ID)
	paid, err := w.field.Pay(inv.ID, housecallpro.NewPayment{Amount: 39000, Method: "credit_card"})
	w.ok(err)
	w.minutes(20)
	if got := w.stage("Larkspur"); got != "paid" {
		t.Errorf("the deal is %s, want paid", got)
	}
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_balance": "0", "plumbline_account_status": "current", "plumbline_last_paid": "2026-05-04",
		"plumbline_next_maintenance": "2026-11-04"})
	_, err = w.field.Refund(paid.ID, 39000)
	w.ok(err)
	w.minutes(20)
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_last_paid": "", "plumbline_balance": "390"})
	if got := w.stage("Larkspur"); got != "invoiced" {
		t.Errorf("after a refund the deal is %s, want invoiced", got)
	}
}

func TestNoSaleSetsATaskThatABookingEnds(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	e, err := w.field.CreateEstimate(c.ID, "", housecallpro.NewOption{Name: "Good", Lines: []housecallpro.Line{{Name: "System", UnitPrice: 500000, Quantity: 100}}}, housecallpro.NewOption{Name: "Best", Lines: []housecallpro.Line{{Name: "System", UnitPrice: 900000, Quantity: 100}}})
	w.ok(err)
	w.minutes(1)
	w.ok(w.field.ScheduleEstimate(e.ID, housecallpro.Plan{Start: at(4, 10, 0), End: at(4, 11, 0), Employees: []string{w.tech.ID}}))
	w.until(at(4, 10, 0))
	w.ok(w.field.EstimateOnMyWay(e.ID))
	w.minutes(20)
	w.ok(w.field.CompleteEstimate(e.ID))
	w.minutes(5)
	w.ok(w.field.SendEstimate(e.ID))
	w.minutes(5)
	for _, o := range e.Options {
		w.ok(w.field.DeclineOption(e.ID, o.ID, false))
		w.minutes(1)
	}
	w.minutes(20)
	if got := w.stage("Larkspur"); got != "no_sale" {
		t.Errorf("the deal is %s, want no_sale", got)
	}
	w.until(at(8, 12, 0))
	open := w.tasks("NOT_STARTED")
	if len(open) == 0 {
		t.Fatal("no task asks anybody to call about the lost estimate")
	}
	w.book(c.ID, "No cooling upstairs", at(9, 13, 0))
	w.minutes(30)
	if left := w.tasks("NOT_STARTED"); len(left) != 0 {
		t.Errorf("after a booking %d tasks are open: %v", len(left), left)
	}
}

func (w *world) tasks(status string) (subjects []string) {
	for _, o := range w.crm.Objects("tasks") {
		if o.Properties["hs_task_status"] == status {
			subjects = append(subjects, o.Properties["hs_task_subject"])
		}
	}
	return subjects
}

func TestAJobWithoutChargeClosesAndTouchesNoMoney(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	j := w.book(c.ID, "Leak is back", at(4, 10, 0), "warranty")
	w.until(at(4, 9, 40))
	w.finish(j.ID)
	w.minutes(20)
	if got := w.stage("Larkspur"); got != "closed" {
		t.Errorf("the deal is %s, want closed", got)
	}
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_balance": "0", "plumbline_last_paid": "", "plumbline_account_status": "none"})
}

func TestTheFieldToolSpeaksUnlessItIsSwitched(t *testing.T) {
	w := newWorld(t, setting{speaks: "{}"})
	c := w.customer()
	j := w.book(c.ID, "No cooling upstairs", at(4, 10, 0))
	w.until(at(4, 9, 40))
	w.finish(j.ID)
	w.minutes(30)
	w.heard(dana, 0)
}

func TestTheToolsDenialCountsAsOptOut(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.field.CreateCustomer(housecallpro.Customer{FirstName: "Dana", LastName: "Whitlock", Mobile: "2085550142", NotificationsEnabled: false,
		Addresses: []housecallpro.Address{{Type: "service", Street: "418 Larkspur Ln", City: "Boise", State: "ID", Zip: "83702"}}})
	w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
	w.minutes(30)
	w.heard(dana, 0)
	if len(w.tasks("NOT_STARTED")) == 0 {
		t.Error("nobody was told, and no task says so")
	}
}

func TestSTOPIsEffectiveAtOnce(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	j := w.book(c.ID, "No cooling upstairs", at(6, 13, 0))
	w.minutes(20)
	w.heard(dana, 0, "you are booked")
	_, err := w.phones.Receive(dana, sender, "please don't text me anymore")
	w.ok(err)
	w.minutes(1)
	w.ok(w.field.ScheduleJob(j.ID, housecallpro.Plan{Start: at(7, 9, 0), End: at(7, 11, 0), Window: 120, Employees: []string{w.tech.ID}}))
	w.minutes(30)
	w.heard(dana, 1)
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_texts_service": "no"})
}

// One whole job on PostgreSQL.
func TestTheRelayRunsOnPostgreSQLToo(t *testing.T) {
	w := newWorld(t, setting{store: dbtest.PostgresURL(t), schema: fmt.Sprintf("relay_%d", time.Now().UnixNano())})
	wholeJob(w)
}

// wholeJob drives a job of Dana's from booking to payment, row by row of the table.
func wholeJob(w *world) {
	w.t.Helper()
	stage := func(want string) {
		w.t.Helper()
		if got := w.stage("Larkspur"); got != want {
			w.t.Errorf("the %s is %s, want %s", w.jobs.typ, got, want)
		}
	}
	c := w.customer()
	w.minutes(1)
	w.agrees(c.ID, "marketing")
	j := w.book(c.ID, "No cooling upstairs", at(4, 10, 0))
	w.until(at(4, 9, 40))
	stage("dispatched")
	w.finish(j.ID)
	stage("completed")
	inv := w.bill(j.ID)
	w.minutes(5)
	stage("invoiced")
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_balance": "390"})
	_, err := w.field.Pay(inv.ID, housecallpro.NewPayment{Amount: 39000, Method: "credit_card"})
	w.ok(err)
	w.says(j.ID, map[string]plumbline.Value{"qa": plumbline.TextValue("passed")})
	w.until(at(4, 16, 0))
	stage("paid")
	w.heard(dana, 0, "you are booked", "is on the way", "Would you share your experience")
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_balance": "0", "plumbline_last_paid": "2026-05-04"})
}

func TestACompletionTakenBackIsWithdrawn(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	j := w.book(c.ID, "Leak", at(4, 10, 0))
	w.until(at(4, 9, 40))
	w.finish(j.ID)
	w.ok(w.field.Uncomplete(j.ID))
	w.minutes(10)
	if got := w.stage("Larkspur"); got != "dispatched" {
		t.Errorf("the deal is %s, want dispatched again", got)
	}
	if o := w.deal("Larkspur"); o.Properties["closedate"] != "" && o.Properties["closedate"] < "2026-05-04" {
		t.Errorf("the deal closes %s", o.Properties["closedate"])
	}
	w.ok(w.field.Complete(j.ID))
	w.minutes(10)
	if got := w.stage("Larkspur"); got != "completed" {
		t.Errorf("the deal is %s, want completed", got)
	}
}

func TestCashOnTheTruckIsNoPaidJobYet(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	j := w.book(c.ID, "Leak", at(4, 10, 0))
	w.until(at(4, 10, 0))
	w.ok(w.field.Start(j.ID))
	w.minutes(5)
	inv := w.bill(j.ID)
	_, err := w.field.Pay(inv.ID, housecallpro.NewPayment{Amount: 39000, Method: "cash"})
	w.ok(err)
	w.minutes(10)
	if got := w.stage("Larkspur"); got != "dispatched" {
		t.Errorf("paid before the work is done, the deal is %s, want dispatched", got)
	}
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_last_paid": ""})
	w.ok(w.field.Complete(j.ID))
	w.minutes(10)
	if got := w.stage("Larkspur"); got != "paid" {
		t.Errorf("done after the cash, the deal is %s, want paid", got)
	}
}

// The CRM already holds Dana, under another spelling of name and phone.
func TestACustomerOfTheCRMIsAdoptedAndNotDoubled(t *testing.T) {
	w := newWorld(t, setting{before: func(w *world) {
		_, err := w.crm.Create("contacts", map[string]string{"firstname": "Dana", "lastname": "WHITLOCK", "phone": "(208) 555-0142", "jobtitle": "nurse"}, hubspot.Person(1))
		w.ok(err)
	}})
	c := w.customer()
	w.book(c.ID, "Leak", at(5, 13, 0))
	w.minutes(30)
	o := w.contact("WHITLOCK")
	if len(w.crm.Objects("contacts")) != 1 || o.Properties["plumbline_key"] == "" {
		t.Errorf("%d contacts, the key is %q; want the one contact, bearing our key", len(w.crm.Objects("contacts")), o.Properties["plumbline_key"])
	}
	w.props(o, map[string]string{"lastname": "WHITLOCK", "jobtitle": "nurse", "email": "dana@example.com", "plumbline_service_type": "repair"})
}

// A person's later edit in the CRM wins and comes back.
func TestAnEditInTheCRMWinsAndComesBack(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.book(c.ID, "Leak", at(5, 13, 0))
	w.minutes(30)
	o := w.contact("Whitlock")
	w.ok(w.crm.Edit("contacts", o.ID, map[string]string{"mobilephone": "+12085550199"}, hubspot.Person(1)))
	w.minutes(30)
	w.ok(w.field.UpdateCustomer(c.ID, func(c *housecallpro.Customer) { c.Notes = "side door" }))
	w.minutes(30)
	w.props(w.contact("Whitlock"), map[string]string{"mobilephone": "+12085550199"})
	before := len(w.texts("+12085550199"))
	w.book(c.ID, "Drip", at(6, 13, 0))
	w.minutes(20)
	if got := w.texts("+12085550199")[before:]; len(got) == 0 {
		t.Errorf("the new number heard nothing; %v", w.outcomes())
	}
}
