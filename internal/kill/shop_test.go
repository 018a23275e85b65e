package kill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

const (
	company = "3f6a1d20-0000-4000-8000-00000000c0de"
	account = "AC00000000000000000000000000000001"
	token   = "0123456789abcdef0123456789abcdef"
	public  = "https://plumbline.example.com"
)

// A place is where the shop's customers live: texts about their visits leave between
// 8 and 21 there.
type place struct{ zone, state, zip, area string }

// places lie so that it is day in one of them whenever the test is run, except for an
// hour around 11:00 UTC, in which only texts of a visit under way leave.
var places = []place{
	{"America/New_York", "NY", "10001", "212"},
	{"America/Phoenix", "AZ", "85004", "602"},
	{"Pacific/Honolulu", "HI", "96813", "808"},
	{"Pacific/Guam", "GU", "96910", "671"},
	{"America/Puerto_Rico", "PR", "00901", "787"},
}

// daytime picks the place where the working day has the most left before it.
func daytime(now time.Time) place {
	for _, p := range places {
		zone, err := time.LoadLocation(p.zone)
		if err != nil {
			continue
		}
		if h := now.In(zone).Hour(); h >= 8 && h < 19 {
			return p
		}
	}
	return places[0]
}

// A shop is a company with its accounts at three vendors, on sockets and in real time.
type shop struct {
	t     *testing.T
	place place
	rand  *rand.Rand
	nodes []*process

	field  *housecallpro.Sandbox
	crm    *hubspot.Sandbox
	phones *twilio.Sandbox
	hosts  [3]string
	tech   housecallpro.Employee

	mu    sync.Mutex
	taken map[string]int // webhooks answered 2xx, by path

	customers int
	open      []*visit
	jobs      []string
}

// A visit is one that can still be moved or done.
type visit struct {
	job    string
	start  time.Time
	moves  int
	leaves bool
}

func newShop(t *testing.T, seed uint64) *shop {
	t.Helper()
	s := &shop{t: t, place: daytime(time.Now()), rand: rand.New(rand.NewPCG(seed, 1)), taken: map[string]int{}}
	zone, err := time.LoadLocation(s.place.zone)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: s}
	retries := make([]time.Duration, 600)
	for i := range retries {
		retries[i] = 200 * time.Millisecond
	}
	s.field = housecallpro.New(housecallpro.Options{Now: time.Now, Rand: rand.New(rand.NewPCG(seed, 2)), CompanyID: company, CompanyName: "Brightwater", Zone: zone,
		APIKey: "key", Client: client, WebhookURL: public + "/hooks/north/hcp", WebhookSecret: "secret", Retries: retries})
	s.crm = hubspot.New(hubspot.Options{Now: time.Now, Rand: rand.New(rand.NewPCG(seed, 3)), Token: "pat", Portal: 62515, App: 7906213, Zone: zone, Limits: hubspot.Limits{Unlimited: true}})
	s.phones = twilio.New(twilio.Options{Now: time.Now, Rand: rand.New(rand.NewPCG(seed, 4)), AccountSid: account, AuthToken: token,
		Numbers: []string{"+12085550100"}, Client: client, InboundURL: public + "/hooks/north/twilio#rc=5&rp=all"})
	for i, vendor := range []http.Handler{s.field, s.crm, s.phones} {
		server := httptest.NewServer(distant(vendor))
		t.Cleanup(server.Close)
		s.hosts[i] = server.URL
	}
	s.tech = s.field.CreateEmployee(housecallpro.Employee{FirstName: "Rafael", LastName: "Ortiz", Role: "field tech"})
	return s
}

// distant answers after a few milliseconds, so that a node can die while it waits.
func distant(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(rand.N(4 * time.Millisecond))
		h.ServeHTTP(w, r)
		time.Sleep(rand.N(4 * time.Millisecond))
	})
}

// RoundTrip brings a vendor's webhook to any node that listens.
func (s *shop) RoundTrip(r *http.Request) (*http.Response, error) {
	var listening []string
	for _, p := range s.nodes {
		if a := p.at(); a != "" {
			listening = append(listening, a)
		}
	}
	if len(listening) == 0 {
		return nil, errors.New("nobody listens")
	}
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.Host = "http", listening[rand.IntN(len(listening))], r.URL.Host
	resp, err := http.DefaultTransport.RoundTrip(out)
	if err == nil && resp.StatusCode/100 == 2 {
		s.mu.Lock()
		s.taken[strings.Split(r.URL.Path, "/")[3]]++
		s.mu.Unlock()
	}
	return resp, err
}

// configure writes the configuration of a node as an operator would.
func (s *shop) configure(node, store string) *process {
	s.t.Helper()
	dir := s.t.TempDir()
	layer := fmt.Sprintf("settings: {brand: Brightwater, zone: %s, phone: (208) 555-0100, links: https://bw.example/v}\nrules: {confirm: {quiet: 1s}}\n", s.place.zone)
	config := fmt.Sprintf(`database: %q
listen: 127.0.0.1:0
public_url: %s
node: %s
locations:
- id: north
  playbook: [shop.yaml]
  connections:
  - {name: hcp, tool: housecallpro, account: %s, mode: "on", speaks: {confirmation: us, on_my_way: us}, confirmed: [confirmation, on_my_way],
     config: {api_key: key, webhook_secrets: [secret], base_url: "%s"}}
  - {name: hubspot, tool: hubspot, account: "62515", mode: "on", config: {token: pat, portal: "62515", app_id: "7906213", zone: %s, base_url: "%s"}}
  - {name: twilio, tool: twilio, account: %s, mode: "on",
     config: {account_sid: %s, auth_tokens: [%s], from: "+12085550100", messages_per_second: 100, base_url: "%s"}}
`, store, public, node, company, s.hosts[0], s.place.zone, s.hosts[1], account, account, token, s.hosts[2])
	file := filepath.Join(dir, "plumbline.yaml")
	for name, text := range map[string]string{"shop.yaml": layer, "plumbline.yaml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	p := &process{t: s.t, config: file}
	s.nodes = append(s.nodes, p)
	return p
}

// provision makes the CRM's fields, as an operator does once.
func (s *shop) provision() {
	s.t.Helper()
	out, err := exec.Command(binary(s.t), "connect", "hubspot", "--create", "--config", s.nodes[0].config).CombinedOutput()
	if err != nil {
		s.t.Fatalf("set up the CRM: %v\n%s", err, out)
	}
}

// vendors lets the vendors send what is due until ctx ends.
func (s *shop) vendors(ctx context.Context) (wait func()) {
	var wg sync.WaitGroup
	for _, step := range []func(context.Context, time.Time) (bool, time.Time, error){
		s.field.Step, s.field.Step, s.field.Step, s.field.Step, s.field.Step, s.field.Step, s.field.Step, s.field.Step, s.phones.Step, s.phones.Step} {
		wg.Go(func() {
			for ctx.Err() == nil {
				worked, _, err := step(ctx, time.Now())
				if err != nil && ctx.Err() == nil {
					s.t.Errorf("a vendor: %v", err)
				}
				if !worked {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	return wg.Wait
}

// rush lets about n things happen in the shop at once.
func (s *shop) rush(n int) {
	s.t.Helper()
	for range n {
		var err error
		if i := s.rand.IntN(10); i < 4 || len(s.open) == 0 {
			err = s.book()
		} else {
			err = s.change(s.rand.IntN(len(s.open)), i < 7)
		}
		if err != nil {
			s.t.Errorf("the shop: %v", err)
		}
	}
}

// book lets somebody new, with a number of their own, book one visit.
func (s *shop) book() error {
	n := s.customers
	s.customers++
	c := s.field.CreateCustomer(housecallpro.Customer{FirstName: firstNames[n%len(firstNames)], LastName: fmt.Sprintf("Whit%s", letters(n)),
		Mobile: fmt.Sprintf("%s%d%04d", s.place.area, 240+n/10_000, n%10_000), NotificationsEnabled: true,
		Addresses: []housecallpro.Address{{Type: "service", Street: fmt.Sprintf("%d Larkspur Ln", 100+2*n), City: "Town", State: s.place.state, Zip: s.place.zip}}})
	j, err := s.field.CreateJob(housecallpro.NewJob{CustomerID: c.ID, Description: "No cooling upstairs"})
	if err != nil {
		return err
	}
	v := &visit{job: j.ID, start: time.Now().Add(90 * time.Minute)}
	s.open, s.jobs = append(s.open, v), append(s.jobs, j.ID)
	return s.plan(v)
}

func (s *shop) plan(v *visit) error {
	return s.field.ScheduleJob(v.job, housecallpro.Plan{Start: v.start, End: v.start.Add(2 * time.Hour), Window: 120, Employees: []string{s.tech.ID}})
}

// change moves a visit to a later time, at which it never was, or brings it further.
func (s *shop) change(i int, move bool) error {
	v := s.open[i]
	if v.leaves {
		s.open = append(s.open[:i], s.open[i+1:]...)
		if err := s.field.Start(v.job); err != nil {
			return err
		}
		return s.field.Complete(v.job)
	}
	if move && v.moves < 2 {
		v.moves++
		v.start = v.start.Add(45 * time.Minute)
		return s.plan(v)
	}
	v.leaves = true
	return s.field.OnMyWay(v.job)
}

var firstNames = []string{"Dana", "Maria", "Tom", "Ruth", "Omar", "Ines", "Paul", "Nina"}

// letters writes a number in letters, so that no two names are alike to a machine.
func letters(n int) string {
	var b strings.Builder
	for range 5 {
		b.WriteByte("bdfgklmnprstvz"[n%14])
		b.WriteByte("aeiou"[n/14%5])
		n /= 70
	}
	return b.String()
}
