package app_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
	"plumbline.dev/plumbline/internal/tenant"
)

// A yard is the whole program between the fakes of Jobber, HubSpot and Twilio. It begins as a
// world does, with an account that has just let the program in.
type yard struct {
	*world
	tool *jobber.Sandbox
	user jobber.User
}

func newYard(t *testing.T, o jobber.Options) *yard {
	t.Helper()
	return newYardIn(t, o, at(4, 8, 0), "plumbline.db", "")
}

// newYardIn is newYard from an instant on in a database: a file, or a schema of a postgres:// URL.
func newYardIn(t *testing.T, o jobber.Options, start time.Time, store, schema string) *yard {
	t.Helper()
	w := &world{t: t, now: start, jobs: asDeals}
	y := &yard{world: w}
	now := func() time.Time { return w.now }
	rnd := rand.New(rand.NewPCG(7, 7))
	net := sandbox.New(sandbox.Options{Now: now, Rand: rnd})
	w.net = net
	client := &http.Client{Transport: net}
	home := "https://plumbline.example.com/hooks/brightwater/"
	o.Now, o.Rand, o.AppID, o.ClientID, o.ClientSecret, o.AccountName = now, rnd, "3ef22a50-0000-4000-8000-b7646657560b", "app", "a-secret", "Brightwater"
	o.Zone, o.Client, o.WebhookURL = boise, client, home+"jobber"
	y.tool = jobber.New(o)
	w.crm = hubspot.New(hubspot.Options{Now: now, Rand: rnd, Token: "pat", Portal: 62515, App: 7906213})
	w.phones = twilio.New(twilio.Options{Now: now, Rand: rnd, AccountSid: sid, AuthToken: "0123456789abcdef0123456789abcdef", Numbers: []string{sender},
		Client: client, InboundURL: home + "twilio"})
	net.Handle("api.getjobber.com", y.tool)
	net.Handle("api.hubapi.com", w.crm)
	net.Handle("api.twilio.com", w.phones)

	key, err := tenant.NewKey()
	w.ok(err)
	dir := t.TempDir()
	layer := "settings: {brand: Brightwater, zone: America/Boise, phone: (208) 555-0100, links: https://bw.example/v, shop: {latitude: \"43.6150\", longitude: \"-116.2023\"}}\n"
	w.ok(os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(layer), 0o600))
	c, err := app.ParseConfig(filepath.Join(dir, "plumbline.yaml"), []byte(fmt.Sprintf(`database: %s
public_url: https://plumbline.example.com
key: %s
locations:
- id: brightwater
  playbook: [shop.yaml]
  connections:
  - {name: jobber, tool: jobber, account: "%s", mode: "on", speaks: %s, confirmed: [confirmation, on_my_way, review, payment_reminder],
     config: {client_id: app, client_secret: a-secret}}
  - {name: hubspot, tool: hubspot, account: "62515", mode: "on", config: {token: pat, portal: "62515", app_id: "7906213", zone: America/Boise}}
  - {name: twilio, tool: twilio, account: %s, mode: "on", config: {account_sid: %s, auth_tokens: [0123456789abcdef0123456789abcdef], from: "%s", messages_per_second: 10}}
`, store, key, y.tool.AccountID(), weSpeak, sid, sid, sender)))
	w.ok(err)
	w.node, err = app.Build(t.Context(), c, app.Options{Now: now, Client: client, Volatile: true, Schema: schema, Log: slog.New(slog.DiscardHandler)})
	w.ok(err)
	t.Cleanup(func() { w.ok(w.node.Close()) })
	net.Handle("plumbline.example.com", w.node.Hooks())
	w.provision()
	w.steps = append(w.steps, y.tool.Step)
	y.connects()
	y.user = y.tool.CreateUser(jobber.User{FirstName: "Rafael", LastName: "Ortiz"})
	w.minutes(30) // adoption
	return y
}

// connects lets the account's administrator agree.
func (y *yard) connects() {
	y.t.Helper()
	if code := y.agrees(); code != http.StatusOK {
		y.t.Fatalf("connecting was answered %d", code)
	}
}

// agrees is an administrator's yes, and what the page then says.
func (y *yard) agrees() (status int) {
	y.t.Helper()
	address, err := y.node.AuthorizeURL("brightwater", "jobber")
	y.ok(err)
	u, err := url.Parse(address)
	y.ok(err)
	answer := httptest.NewRecorder()
	y.node.API().Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/oauth/brightwater/jobber?"+y.tool.Authorize(u.Query().Get("state")).Encode(), nil))
	return answer.Code
}

// client is Dana Whitlock with her home.
func (y *yard) client() (client jobber.Client, home jobber.Property) {
	y.t.Helper()
	client = y.tool.CreateClient(jobber.Client{FirstName: "Dana", LastName: "Whitlock", Emails: []jobber.Email{{Address: "dana@example.com", Primary: true}},
		Phones: []jobber.Phone{{Number: "(208) 555-0142", Description: "Mobile", Primary: true, SMSAllowed: true}}})
	home, err := y.tool.CreateProperty(jobber.Property{ClientID: client.ID, Address: jobber.Address{Street1: "418 Larkspur Ln", City: "Boise", Province: "ID", PostalCode: "83702"}})
	y.ok(err)
	return client, home
}

// job books a visit of two hours.
func (y *yard) job(client, home, title string, start time.Time) (jobber.Job, jobber.Visit) {
	y.t.Helper()
	j, err := y.tool.CreateJob(jobber.NewJob{ClientID: client, PropertyID: home, Title: title,
		Lines: []jobber.Line{{Name: title, UnitPrice: 39000}}, Plans: []jobber.Plan{{Start: start, End: start.Add(2 * time.Hour), Users: []string{y.user.ID}}}})
	y.ok(err)
	for _, v := range y.tool.Visits() {
		if v.JobID == j.ID {
			return j, v
		}
	}
	y.t.Fatalf("job %s has no visit", j.ID)
	return j, jobber.Visit{}
}

// nothingWaits checks that the tally closes with nothing left to do.
func (y *yard) nothingWaits() {
	y.t.Helper()
	for _, l := range y.tally() {
		if l.Received != l.Applied+l.Ignored || l.Waiting+l.Failed > 0 {
			y.t.Errorf("the tally of %s on %s does not close: %+v", l.Connection, l.Day, l)
		}
	}
	var items []errorqueue.Item
	y.ok(y.node.DB.View(y.t.Context(), y.now, func(tx *db.Tx) (err error) {
		items, err = errorqueue.List(tx, "brightwater")
		return err
	}))
	if len(items) > 0 {
		y.t.Errorf("the error queue holds %+v", items)
	}
}

// The table of the relay, wherever Jobber can show it.
func TestTheTableRunsFromJobber(t *testing.T) {
	y := newYard(t, jobber.Options{})
	client, home := y.client()
	j, v := y.job(client.ID, home.ID, "No cooling upstairs", at(5, 13, 0))
	y.minutes(20)
	y.heard(dana, 0, "Brightwater: you are booked for repair, Tue")
	y.props(y.contact("Whitlock"), map[string]string{"plumbline_next_appointment": "2026-05-05T19:00:00.000Z", "plumbline_service_type": "repair",
		"firstname": "Dana", "email": "dana@example.com", "mobilephone": dana})
	if got := y.stage("Larkspur"); got != "booked" {
		t.Errorf("the deal is %s, want booked", got)
	}

	y.until(at(5, 9, 0))
	if got := y.stage("Larkspur"); got != "dispatched" {
		t.Errorf("on the morning of its day the deal is %s, want dispatched", got)
	}
	y.props(y.contact("Whitlock"), map[string]string{"plumbline_technician": "Rafael", "plumbline_eta": ""})
	y.heard(dana, 1, "today") // nobody will be seen on the way

	y.until(at(5, 15, 0))
	y.ok(y.tool.Complete(v.ID, y.user.ID))
	y.minutes(20)
	if got := y.stage("Larkspur"); got != "completed" {
		t.Errorf("the deal is %s, want completed", got)
	}
	if got := y.contact("Whitlock").Properties["plumbline_last_service_summary"]; !strings.Contains(got, "No cooling upstairs") {
		t.Errorf("the contact's last service is %q", got)
	}
	y.ok(y.tool.Uncomplete(v.ID))
	y.minutes(20)
	if got := y.stage("Larkspur"); got == "completed" {
		t.Errorf("its completion was taken back, and the deal is %s", got)
	}
	y.ok(y.tool.Complete(v.ID, y.user.ID))
	y.minutes(20)

	inv, err := y.tool.CreateInvoice(jobber.NewInvoice{JobIDs: []string{j.ID}, NetDays: 14})
	y.ok(err)
	y.minutes(10)
	if got := y.stage("Larkspur"); got != "completed" {
		t.Errorf("its invoice is a draft, and the deal is %s", got)
	}
	y.ok(y.tool.SendInvoice(inv.ID))
	y.minutes(20)
	if got := y.stage("Larkspur"); got != "invoiced" {
		t.Errorf("the deal is %s, want invoiced", got)
	}
	y.props(y.contact("Whitlock"), map[string]string{"plumbline_balance": "390"})
	_, err = y.tool.Pay(inv.ID, jobber.NewPayment{Amount: 39000, Type: "CHEQUE"})
	y.ok(err)
	y.minutes(20)
	if got := y.stage("Larkspur"); got != "paid" {
		t.Errorf("the deal is %s, want paid", got)
	}
	y.props(y.contact("Whitlock"), map[string]string{"plumbline_balance": "0", "plumbline_account_status": "current"})
	y.nothingWaits()
}

func TestWhatIsDestroyedInJobberIsCanceledHere(t *testing.T) {
	y := newYard(t, jobber.Options{})
	client, home := y.client()
	j, _ := y.job(client.ID, home.ID, "No cooling upstairs", at(6, 13, 0))
	y.minutes(20)
	y.ok(y.tool.DeleteJob(j.ID))
	y.minutes(20)
	if got := y.stage("Larkspur"); got != "canceled" {
		t.Errorf("the job was deleted, and the deal is %s", got)
	}
	y.nothingWaits()
}

func TestEveryVisitOfASeriesIsAJobToJobberAndIsKnown(t *testing.T) {
	y := newYard(t, jobber.Options{})
	client, home := y.client()
	j, _ := y.job(client.ID, home.ID, "Tune-up", at(6, 9, 0))
	_, err := y.tool.AddVisits(j.ID, jobber.Plan{Start: at(13, 9, 0), End: at(13, 10, 0)}, jobber.Plan{Start: at(20, 9, 0), End: at(20, 10, 0)})
	y.ok(err)
	y.until(at(4, 11, 0))
	n := 0
	y.ok(y.node.DB.View(t.Context(), y.now, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM source_record WHERE connection = 'jobber' AND kind = 'visit'`).Scan(&n)
	}))
	if n != 3 {
		t.Errorf("%d visits are known of a job with three", n)
	}
	y.nothingWaits()
}

func TestWhatJobberDidNotTellIsReadFromItsLists(t *testing.T) {
	y := newYard(t, jobber.Options{})
	y.tool.SwitchWebhooks(false)
	client, home := y.client()
	_, v := y.job(client.ID, home.ID, "No cooling upstairs", at(4, 12, 0))
	y.minutes(75)
	if got := y.stage("Larkspur"); got != "dispatched" {
		t.Errorf("an hour after it was booked without a word the deal is %s, want dispatched", got)
	}
	y.ok(y.tool.Complete(v.ID, y.user.ID))
	y.minutes(75)
	if got := y.stage("Larkspur"); got != "completed" {
		t.Errorf("an hour after its completion without a word the deal is %s, want completed", got)
	}
	y.nothingWaits()
}

func TestOneChangeInJobberIsReadOnceHoweverOftenItIsAnnounced(t *testing.T) {
	y := newYard(t, jobber.Options{Faults: jobber.Faults{}})
	client, home := y.client()
	j, v := y.job(client.ID, home.ID, "No cooling upstairs", at(4, 12, 0))
	y.minutes(10)
	before, told := y.tool.Calls(), len(y.tool.Webhooks())
	y.ok(y.tool.UpdateJob(j.ID, func(j *jobber.Job) { j.Title = "No cooling at all" }))
	y.ok(y.tool.Complete(v.ID, y.user.ID))
	y.minutes(2)
	calls, events := y.tool.Calls()-before, len(y.tool.Webhooks())-told
	if events < 3 || calls > 2 {
		t.Errorf("%d calls for %d events of one job and its visit, want two at most", calls, events)
	}
	y.nothingWaits()
}

func TestAccessToJobberIsRenewedAndLostAccessIsShown(t *testing.T) {
	y := newYard(t, jobber.Options{})
	client, home := y.client()
	y.until(at(4, 12, 0)) // past the hour of the first token
	_, _ = y.job(client.ID, home.ID, "No cooling upstairs", at(5, 13, 0))
	y.minutes(20)
	if got := y.stage("Larkspur"); got != "booked" {
		t.Errorf("three hours later the deal is %s, want booked", got)
	}
	y.ok(y.tool.Disconnect())
	_, err := y.tool.CreateProperty(jobber.Property{ClientID: client.ID, Address: jobber.Address{Street1: "9 Elm St", City: "Boise", Province: "ID", PostalCode: "83702"}})
	y.ok(err)
	y.minutes(90)
	var items []errorqueue.Item
	y.ok(y.node.DB.View(t.Context(), y.now, func(tx *db.Tx) (err error) {
		items, err = errorqueue.List(tx, "brightwater")
		return err
	}))
	if len(items) == 0 || !strings.Contains(items[0].Cure, "connect") {
		t.Fatalf("the account is disconnected, and the error queue shows %+v", items)
	}
	y.connects()
	y.minutes(120)
	y.nothingWaits()
}

func TestOneInvoiceOfJobberForTwoJobsIsSharedByThem(t *testing.T) {
	y := newYard(t, jobber.Options{})
	client, home := y.client()
	first, v1 := y.job(client.ID, home.ID, "No cooling upstairs", at(4, 9, 0))
	second, v2 := y.job(client.ID, home.ID, "Furnace short cycles", at(4, 11, 0))
	y.until(at(4, 13, 0))
	y.ok(y.tool.Complete(v1.ID, y.user.ID))
	y.ok(y.tool.Complete(v2.ID, y.user.ID))
	inv, err := y.tool.CreateInvoice(jobber.NewInvoice{JobIDs: []string{first.ID, second.ID}, NetDays: 14})
	y.ok(err)
	y.ok(y.tool.SendInvoice(inv.ID))
	y.minutes(30)
	y.props(y.contact("Whitlock"), map[string]string{"plumbline_balance": "780"})
	deals := y.crm.Objects("deals")
	if len(deals) != 2 {
		t.Fatalf("%d deals of two jobs", len(deals))
	}
	for _, d := range deals {
		y.props(d, map[string]string{"amount": "390", "plumbline_balance": "390"})
	}
	_, err = y.tool.Pay(inv.ID, jobber.NewPayment{Amount: 78000})
	y.ok(err)
	y.minutes(30)
	for _, d := range y.crm.Objects("deals") {
		y.props(d, map[string]string{"plumbline_balance": "0"})
	}
	y.nothingWaits()
}

func TestADayOfFaultsAndALostHourOfJobberEndTrue(t *testing.T) {
	y := newYard(t, jobber.Options{})
	faults := jobber.Faults{TooMany: 0.1, Throttled: 0.1, ServerError: 0.1, CutBefore: 0.1, LostAnswer: 0.1, Garbage: 0.1, SameTime: 0.3, LateCommit: 0.3, ShuffleTies: 0.3,
		Duplicate: 0.3, Reorder: 0.3, Late: 0.2, Lose: 0.2}
	y.tool.SetFaults(faults)
	client, home := y.client()
	j, v := y.job(client.ID, home.ID, "No cooling upstairs", at(4, 12, 0))
	y.until(at(4, 12, 0))
	lost := faults
	lost.Lose = 1
	y.tool.SetFaults(lost)
	y.ok(y.tool.Complete(v.ID, y.user.ID))
	inv, err := y.tool.CreateInvoice(jobber.NewInvoice{JobIDs: []string{j.ID}, NetDays: 14})
	y.ok(err)
	y.ok(y.tool.SendInvoice(inv.ID))
	y.minutes(60)
	y.tool.SetFaults(faults)
	_, err = y.tool.Pay(inv.ID, jobber.NewPayment{Amount: 39000})
	y.ok(err)
	y.minutes(120)
	y.tool.SetFaults(jobber.Faults{})
	y.minutes(150)
	lostOnes := 0
	for _, h := range y.tool.Webhooks() {
		if h.Lost {
			lostOnes++
		}
	}
	if lostOnes < 3 {
		t.Errorf("%d webhooks were lost, want several", lostOnes)
	}
	if got := y.stage("Larkspur"); got != "paid" {
		t.Errorf("the deal is %s, want paid", got)
	}
	y.props(y.contact("Whitlock"), map[string]string{"plumbline_balance": "0", "plumbline_account_status": "current"})
	y.nothingWaits()
}
