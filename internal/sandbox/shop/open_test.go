package shop

import (
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTheShopKnowsTheSandboxesAlone(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if strings.Contains(path, ".") && !strings.HasPrefix(path, "plumbline.dev/plumbline/internal/sandbox") {
				t.Errorf("%s imports %s", f.Name(), path)
			}
		}
	}
}

func TestAShopDoesNotOpen(t *testing.T) {
	w := open(t, 1, 1, 1, 0)
	for name, change := range map[string]func(*Options){
		"without Housecall Pro":          func(o *Options) { o.HCP = nil },
		"without a CRM":                  func(o *Options) { o.HubSpot = nil },
		"without phones":                 func(o *Options) { o.Twilio = nil },
		"at another time than its tools": func(o *Options) { o.Start = o.Start.Add(time.Hour) },
	} {
		o := w.opts
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s it opened", name)
		}
	}
}

func TestNothingOfThePastIsTold(t *testing.T) {
	w := open(t, 1, 2, 2, 15)
	for _, h := range w.hcp.Webhooks() {
		if !h.Lost || h.Pending {
			t.Fatalf("%s of the past is not lost", h.Event)
		}
	}
	if !w.hcp.WebhookOn() {
		t.Error("the webhook stayed off")
	}
	finished := 0
	for _, j := range w.hcp.Jobs() {
		if j.Created.After(w.now) {
			t.Errorf("job %s was made at %s, after the start", j.ID, j.Created)
		}
		if !j.Work.CompletedAt.IsZero() {
			finished++
		}
	}
	if finished < 15 {
		t.Errorf("%d jobs of 15 customers are finished", finished)
	}
}

func TestASwitchThatIsOffDeniesTheNumberOnFile(t *testing.T) {
	w := open(t, 1, 1, 1, 20)
	for _, k := range w.clients {
		if k.mobile == "" || !w.Story().MayMarket(k.mobile, w.now) {
			continue
		}
		w.now = w.now.Add(time.Minute)
		w.Shop.now = w.now
		if err := w.notify(k, false); err != nil {
			t.Fatal(err)
		}
		if w.Story().MayMarket(k.mobile, w.now) || !w.Story().MayMarket(k.mobile, w.now.Add(-time.Second)) {
			t.Errorf("the switch of %s does not count from %s on", k.id, w.now)
		}
		for _, c := range w.hcp.Customers() {
			if c.ID == k.id && c.NotificationsEnabled != w.Story().notified(k.id, w.now) {
				t.Errorf("customer %s: notifications %v", k.id, c.NotificationsEnabled)
			}
		}
		return
	}
	t.Fatal("nobody agreed to advertising")
}
