package shop

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

const (
	account = "AC00000000000000000000000000000001"
	sender  = "+14805559900"
)

// world is a shop with its three vendors and a program that only texts: to
// everybody whose job was booked, the same three texts.
type world struct {
	t *testing.T
	*Shop
	now    time.Time
	net    *sandbox.Net
	hcp    *housecallpro.Sandbox
	jobber *jobber.Sandbox
	hub    *hubspot.Sandbox
	twilio *twilio.Sandbox
	acts   []OfficeAct
	texts  int
	body   string // of the texts; none are sent if it is empty
	steps  int
}

func zone(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("America/Phoenix")
	if err != nil {
		t.Skip("the machine has no time zones")
	}
	return z
}

func open(t *testing.T, seed uint64, trucks, days, past int) *world {
	t.Helper()
	return openWith(t, seed, trucks, days, past, true, false)
}

// openWith opens a shop with Housecall Pro, Jobber or both.
func openWith(t *testing.T, seed uint64, trucks, days, past int, hcp, inJobber bool) *world {
	t.Helper()
	z := zone(t)
	start := time.Date(2026, 5, 4, 5, 0, 0, 0, z)
	w := &world{t: t, now: start}
	clock := func() time.Time { return w.now }
	w.net = sandbox.New(sandbox.Options{Now: clock, Rand: rand.New(rand.NewPCG(seed, 1))})
	client := &http.Client{Transport: w.net}
	w.hcp = housecallpro.New(housecallpro.Options{
		Now: clock, Rand: rand.New(rand.NewPCG(seed, 2)), CompanyID: "3f6a1d20-0000-4000-8000-00000000c0de", CompanyName: "Brightwater",
		Zone: z, APIKey: "key", Client: client, WebhookURL: "https://hooks.example.com/hcp", WebhookSecret: "secret",
	})
	w.hub = hubspot.New(hubspot.Options{Now: clock, Rand: rand.New(rand.NewPCG(seed, 3)), Zone: z})
	w.twilio = twilio.New(twilio.Options{
		Now: clock, Rand: rand.New(rand.NewPCG(seed, 4)), AccountSid: account, AuthToken: "token", Numbers: []string{sender}, Client: client,
	})
	w.net.Handle("api.twilio.com", w.twilio)
	w.net.Handle("hooks.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { rw.WriteHeader(200) }))
	w.jobber = jobber.New(jobber.Options{Now: clock, Rand: rand.New(rand.NewPCG(seed, 5)), Zone: z, Client: client})
	o := Options{HCP: w.hcp, Jobber: w.jobber}
	if !hcp {
		o.HCP = nil
	}
	if !inJobber {
		o.Jobber = nil
	}
	s, err := New(Options{Seed: seed, Trucks: trucks, Days: days, Start: start, Zone: z, HCP: o.HCP, Jobber: o.Jobber, HubSpot: w.hub, Twilio: w.twilio, Past: past})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	w.Shop, w.body = s, "Brightwater: news of your visit. Reply C to confirm, R for another time."
	return w
}

// run lives the story to its end.
func (w *world) run() *world {
	w.t.Helper()
	told := map[news]bool{}
	for {
		_, next, err := w.Shop.Step(w.t.Context(), w.now)
		if err != nil {
			w.t.Fatalf("seed %d: %v", w.opts.Seed, err)
		}
		w.steps++
		w.acts = append(w.acts, w.Acts()...)
		w.chatter(told)
		if next.IsZero() {
			return w
		}
		if !next.After(w.now) {
			w.t.Fatalf("the next event %s is not after %s", next, w.now)
		}
		if w.steps > 100_000 {
			w.t.Fatal("the story does not end")
		}
		for _, step := range []func() (time.Time, error){w.hcpStep, w.twilioStep} {
			due, err := step()
			if err != nil {
				w.t.Fatal(err)
			}
			if !due.IsZero() && due.After(w.now) && due.Before(next) {
				next = due
			}
		}
		w.now = next
	}
}

func (w *world) hcpStep() (time.Time, error) {
	_, due, err := w.hcp.Step(w.t.Context(), w.now)
	return due, err
}

func (w *world) twilioStep() (time.Time, error) {
	_, due, err := w.twilio.Step(w.t.Context(), w.now)
	return due, err
}

type news struct {
	job  *Job
	what Happening
}

// chatter texts the number on file of each job, at three of its marks.
func (w *world) chatter(told map[news]bool) {
	for _, j := range w.Story().Jobs {
		if w.body == "" || !j.Marks[len(j.Marks)-1].At.Equal(w.now) {
			continue
		}
		k := w.client(j.Customer)
		for _, m := range j.Marks {
			key := news{j, m.What}
			if m.At.Before(w.Story().Start) || k == nil || k.mobile == "" || told[key] {
				continue
			}
			switch m.What {
			case Scheduled, OnMyWay, Completed:
				told[key] = true
				w.text(k.mobile, w.body)
			}
		}
	}
}

func (w *world) client(id string) *client {
	for _, k := range w.clients {
		if k.id == id {
			return k
		}
	}
	return nil // deleted
}

func (w *world) text(to, body string) {
	w.t.Helper()
	form := url.Values{"To": {to}, "From": {sender}, "Body": {body}}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "https://api.twilio.com/2010-04-01/Accounts/"+account+"/Messages.json", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth(account, "token")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := w.net.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusCreated:
		w.texts++
	case http.StatusBadRequest: // opted out
	default:
		w.t.Fatalf("text to %s: answered %d", to, resp.StatusCode)
	}
}
