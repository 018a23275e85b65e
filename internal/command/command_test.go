package command

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/sandbox"
	crm "plumbline.dev/plumbline/internal/sandbox/hubspot"
)

const portal = 4242

// desk is a folder with a configuration, from which commands are run.
type desk struct {
	t   *testing.T
	dir string
	now time.Time
	net *sandbox.Net
	crm *crm.Sandbox
	in  string
}

const configuration = `
database: plumbline.db
listen: 127.0.0.1:0
public_url: https://plumbline.example.com
locations:
  - id: boise
    playbook: [boise.yaml]
    connections:
      - name: hcp
        tool: housecallpro
        config:
          api_key: file:hcp.key
          webhook_secrets:
            - env:PLUMBLINE_TEST_SECRET
      - {name: hubspot, tool: hubspot, config: {token: pat-na1-sandbox, portal: "4242"}}
`

const policy = `
settings:
  brand: Brightwater
  zone: America/Boise
`

func newDesk(t *testing.T) *desk {
	t.Helper()
	t.Setenv("PLUMBLINE_TEST_SECRET", "the secret")
	d := &desk{t: t, dir: t.TempDir(), now: time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)}
	now := func() time.Time { return d.now }
	d.net = sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	d.crm = crm.New(crm.Options{Now: now, Rand: rand.New(rand.NewPCG(2, 2)), Portal: portal})
	d.net.Handle("api.hubapi.com", d.crm)
	d.write("plumbline.yaml", configuration)
	d.write("boise.yaml", policy)
	d.write("hcp.key", "key-0123456789\n")
	return d
}

func (d *desk) write(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// run runs a command and returns its exit code and what it printed.
func (d *desk) run(args ...string) (code int, out, err string) {
	d.t.Helper()
	var stdout, stderr bytes.Buffer
	code = Main(d.t.Context(), append([]string{"--config", filepath.Join(d.dir, "plumbline.yaml")}, args...), World{In: strings.NewReader(d.in), Out: &stdout, Err: &stderr,
		Now: func() time.Time { return d.now }, Client: &http.Client{Transport: d.net}})
	return code, stdout.String(), stderr.String()
}

// must runs a command that must go well.
func (d *desk) must(args ...string) string {
	d.t.Helper()
	code, out, err := d.run(args...)
	if code != 0 || err != "" {
		d.t.Fatalf("plumbline %s = %d: %s%s", strings.Join(args, " "), code, out, err)
	}
	return out
}

// keep posts webhooks to a node that serves for a moment, and lets it apply them.
func (d *desk) keep(bodies ...string) {
	d.t.Helper()
	s := d.serve()
	for _, b := range bodies {
		stamp := strconv.FormatInt(d.now.Unix(), 10)
		mac := hmac.New(sha256.New, []byte("the secret"))
		mac.Write([]byte(stamp + "." + b))
		req, err := http.NewRequestWithContext(d.t.Context(), "POST", s.url+"/hooks/boise/hcp", strings.NewReader(b))
		if err != nil {
			d.t.Fatal(err)
		}
		req.Header.Set("Api-Timestamp", stamp)
		req.Header.Set("Api-Signature", hex.EncodeToString(mac.Sum(nil)))
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			d.t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			d.t.Fatalf("a webhook was answered %s", answer.Status)
		}
	}
	d.until(func() bool {
		var all []struct{ Waiting int }
		d.read(&struct{ Lines any }{&all}, "tally", "--json")
		for _, l := range all {
			if l.Waiting > 0 {
				return false
			}
		}
		return len(all) > 0
	})
	if code := s.stop(); code != 0 {
		d.t.Fatalf("serve ended with %d: %s", code, s.log())
	}
}

func (d *desk) read(v any, args ...string) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(d.must(args...)), v); err != nil {
		d.t.Fatal(err)
	}
}

// until waits for what another goroutine does, as long as it takes a slow machine.
func (d *desk) until(holds func() bool) {
	d.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			d.t.Fatal("it did not come to hold")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// serving is a serve that runs.
type serving struct {
	url  string
	stop func() int
	log  func() string
}

// serve starts serve and waits until its log says where.
func (d *desk) serve() serving {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- Main(ctx, []string{"--config", filepath.Join(d.dir, "plumbline.yaml"), "serve"}, World{In: strings.NewReader(""), Out: io.Discard, Err: write,
			Now: func() time.Time { return d.now }, Client: &http.Client{Transport: d.net}})
		write.Close()
	}()
	var line struct{ Msg, Address string }
	text := &bytes.Buffer{}
	decoder := json.NewDecoder(io.TeeReader(read, text))
	for line.Msg != "serving" {
		if err := decoder.Decode(&line); err != nil {
			d.t.Fatalf("serve did not say where it serves: %v: %s", err, text)
		}
	}
	drained := make(chan struct{})
	go func() {
		_, _ = io.Copy(text, read)
		close(drained)
	}()
	return serving{url: "http://" + line.Address, stop: func() int { cancel(); return <-code }, log: func() string { <-drained; return text.String() }}
}

func said(event, id, more string) string {
	return fmt.Sprintf(`{"event":%q,"event_occurred_at":"2026-05-04T14:59:00Z","job":{"id":%q,"invoice_number":"1042","description":"No cooling upstairs",
		"customer":{"id":"cus_1","first_name":"Dana","last_name":"Whitlock","email":"dana@example.com","mobile_number":"2085550142","created_at":"2026-05-04T13:00:01Z","updated_at":"2026-05-04T13:00:01Z"},
		"address":{"id":"adr_1","type":"service","street":"418 Larkspur Ln","city":"Boise","state":"ID","zip":"83702","country":"US"},
		"work_status":"scheduled","created_at":"2026-05-04T13:02:11Z","updated_at":"2026-05-04T14:59:00Z",
		"schedule":{"scheduled_start":"2026-05-05T14:00:00Z","scheduled_end":"2026-05-05T16:00:00Z","arrival_window":60,
			"appointments":[{"id":"appt_1","start_time":"2026-05-05T14:00:00Z","end_time":"2026-05-05T16:00:00Z","arrival_window_minutes":60,"dispatched_employees_ids":[]}]}%s}}`, event, id, more)
}

const broken = `{"event":"job.created","job":{"id":"job_9","description":{"not":"a text"},"created_at":"2026-05-04T13:02:11Z"}}`

func TestAMistakeIsToldInOneFormWithItsCure(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		args       []string
		code       int
		says       string
	}{
		"no configuration":               {"", "", []string{"--config", "nowhere.yaml", "tally"}, 1, "cannot be read"},
		"a key that there is not":        {"plumbline.yaml", "databse: x.db", []string{"tally"}, 1, "databse"},
		"a variable that is not set":     {"plumbline.yaml", "database: env:PLUMBLINE_NOT_SET", []string{"check"}, 1, "PLUMBLINE_NOT_SET"},
		"a connection's wrong secret":    {"plumbline.yaml", strings.Replace(configuration, "webhook_secrets", "webhook_secret", 1), []string{"check"}, 1, "webhook_secret"},
		"a playbook that cannot be read": {"boise.yaml", "settings: {brnad: x}", []string{"check"}, 1, "boise.yaml"},
		"a command that there is not":    {"", "", []string{"errrors"}, 2, "errrors"},
		"a flag that there is not":       {"", "", []string{"tally", "--color"}, 2, "--color"},
		"a location that there is not":   {"", "", []string{"--location", "reno", "tally"}, 1, "boise"},
		"a day that is none":             {"", "", []string{"tally", "--from", "May"}, 1, "2026-05-04"},
		"a cause that there is not":      {"", "", []string{"errors", "retry", "abc"}, 1, "nothing open of cause abc"},
		"a job that there is not":        {"", "", []string{"explain", "hcp/nothing"}, 1, "hcp/nothing"},
		"a connection that there is not": {"", "", []string{"connections", "switch", "hubspott", "on"}, 1, "hubspott"},
		"a decision about nothing":       {"", "", []string{"decide", "qa", "hcp/nothing", "passed"}, 1, "no source record"},
		"a decision that is no JSON":     {"", "", []string{"decide", "say", "job", "hcp/x", "outcome=sold"}, 1, `outcome="sold"`},
		"no mode":                        {"", "", []string{"connections", "switch", "hubspot", "maybe"}, 2, "rehearsal"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			if c.file != "" {
				d.write(c.file, c.text)
			}
			code, _, err := d.run(c.args...)
			if code != c.code || !strings.HasPrefix(err, "plumbline: ") || !strings.Contains(err, c.says) {
				t.Errorf("= %d %q, want %d and %q", code, err, c.code, c.says)
			}
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	d := newDesk(t)
	code, out, err := d.run("--help")
	for _, c := range commands {
		if !strings.Contains(out, c.name) {
			t.Errorf("the help does not name %s", c.name)
		}
	}
	if code != 0 || err != "" {
		t.Errorf("= %d %q", code, err)
	}
	if code, out, _ := d.run("errors", "skip", "--help"); code != 0 || !strings.Contains(out, "--reason") {
		t.Errorf("help of a command = %d %q", code, out)
	}
}

func TestCheckLeavesNothingBehind(t *testing.T) {
	d := newDesk(t)
	if out := d.must("check"); !strings.Contains(out, "location boise: 0 findings") {
		t.Errorf("check printed %q", out)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "plumbline.db")); !os.IsNotExist(err) {
		t.Errorf("check has touched the database: %v", err)
	}
	d.write("boise.yaml", "texts:\n  help: {en: \"{{.brand}} call\", es: \"{{.brand}} {{.color}}\"}\n")
	code, out, _ := d.run("check", "--json")
	var found []checked
	if err := json.Unmarshal([]byte(out), &found); err != nil || code != 1 || len(found) != 1 || len(found[0].Findings) == 0 {
		t.Errorf("check of a text with an unknown variable = %d %s (%v)", code, out, err)
	}
}

func TestCheckPrintsTheSchemaThatEditorsHave(t *testing.T) {
	d := newDesk(t)
	have, err := os.ReadFile(filepath.Join("..", "..", "playbooks", "playbook.schema.json"))
	if out := d.must("check", "--schema"); err != nil || out != string(have) {
		t.Errorf("it prints %d bytes, and editors have %d (%v)", len(out), len(have), err)
	}
}

func TestAKeyIsOneThatSecretsCanBeSealedWith(t *testing.T) {
	d := newDesk(t)
	file := d.write("age.key", d.must("key"))
	d.in = "pat-na1-sandbox\n"
	sealed := strings.TrimSpace(d.must("seal", file))
	if strings.Contains(sealed, "sandbox") {
		t.Errorf("sealed it is %s", sealed)
	}
	d.write("plumbline.yaml", "key: file:age.key\n"+strings.Replace(configuration, "pat-na1-sandbox", sealed, 1))
	d.must("check")
	if _, out, err := d.run("connect", "hubspot", "--create"); !strings.Contains(out, "created property contact plumbline_key") || err != "" {
		t.Errorf("with the sealed token connect printed\n%s%s", out, err)
	}
}

func TestATokenLetsItsHolderIn(t *testing.T) {
	d := newDesk(t)
	token := strings.TrimSpace(d.must("user", "token", "june"))
	s := d.serve()
	for _, c := range []struct {
		token string
		want  int
	}{{token, 200}, {token + "x", 401}} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/errors", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+c.token)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.want {
			t.Errorf("with token %s: %d, want %d", c.token, answer.StatusCode, c.want)
		}
	}
	if code := s.stop(); code != 0 {
		t.Errorf("serve ended with %d", code)
	}
	if log := s.log(); strings.Contains(log, token) || !strings.Contains(log, `"msg":"stopping"`) {
		t.Errorf("the log of serve: %s", log)
	}
}

func TestAFailedDeliveryIsSeenMendedAndExplained(t *testing.T) {
	d := newDesk(t)
	d.keep(broken, strings.Replace(broken, "job_9", "job_8", 1))
	list := d.must("errors", "list")
	var causes struct {
		Causes []struct {
			Cause string
			Items int
		}
	}
	d.read(&causes, "errors", "list", "--json")
	if len(causes.Causes) != 1 || causes.Causes[0].Items != 2 || !strings.Contains(list, "could not be read") {
		t.Fatalf("the queue is %s", list)
	}
	cause := causes.Causes[0].Cause
	var shown struct{ Items []struct{ Kind, Ref string } }
	d.read(&shown, "errors", "show", cause, "--json")
	if len(shown.Items) != 2 {
		t.Fatalf("the cause has %d items", len(shown.Items))
	}
	if out := d.must("errors", "show", shown.Items[0].Ref); !strings.Contains(out, `"not":"a text"`) {
		t.Errorf("the delivery is shown as %q", out)
	}

	d.must("errors", "assign", cause, "Kim")
	d.must("errors", "assign", cause, "Lee", "--kind", shown.Items[1].Kind, "--ref", shown.Items[1].Ref)
	if out := d.must("errors", "list"); !strings.Contains(out, "Kim, Lee") && !strings.Contains(out, "Lee, Kim") {
		t.Errorf("the list does not say who has it: %s", out)
	}
	if out := d.must("errors", "list", "--items", cause); !strings.Contains(out, shown.Items[0].Ref) || !strings.Contains(out, shown.Items[1].Ref) || !strings.Contains(out, "Lee") {
		t.Errorf("the items are listed as %s", out)
	}
	if out := d.must("errors", "show", cause); !strings.Contains(out, "more: plumbline errors show "+shown.Items[0].Ref) {
		t.Errorf("the cause is shown without where more is: %s", out)
	}
	d.must("errors", "snooze", cause, "--until", d.now.Add(time.Hour).Format(time.RFC3339))
	if out := d.must("errors", "list"); out != "nothing wants a person\n" {
		t.Errorf("snoozed, the queue is %q", out)
	}
	if out := d.must("errors", "list", "--items", cause); !strings.Contains(out, "snoozed until "+d.now.Add(time.Hour).UTC().Format(time.RFC3339)) {
		t.Errorf("the items are listed as %s, want until when they are snoozed", out)
	}

	d.now = d.now.Add(time.Minute)
	if code, _, err := d.run("errors", "edit", shown.Items[0].Ref, "--body", d.write("bad.json", broken)); code != 1 || !strings.Contains(err, "nothing was kept") {
		t.Errorf("an edit that cannot be read = %d %q", code, err)
	}
	d.in = said("job.created", "job_9", "")
	if out := d.must("errors", "edit", shown.Items[0].Ref, "--body", "-"); !strings.Contains(out, "kept as hcp/edit:") {
		t.Errorf("edit printed %q", out)
	}
	d.must("errors", "retry", cause, "--kind", shown.Items[1].Kind, "--ref", shown.Items[1].Ref)
	d.keep(said("job.scheduled", "job_9", ""))
	d.must("errors", "skip", cause, "--reason", "a test of the vendor's")
	if out := d.must("errors", "list"); out != "nothing wants a person\n" {
		t.Errorf("the queue is %q", out)
	}
	for _, want := range []string{"job 1042", "stage booked", "hcp: job job_9 says", "booked reached", "(rule review)"} {
		if out := d.must("explain", "hcp/job_9"); !strings.Contains(out, want) {
			t.Errorf("the explanation lacks %q:\n%s", want, out)
		}
	}
	if out := d.must("rebuild", "--verify"); !strings.Contains(out, "what is stored is what follows") {
		t.Errorf("verify printed %q", out)
	}
	if out := d.must("rebuild"); !strings.Contains(out, "derived again") {
		t.Errorf("rebuild printed %q", out)
	}
}

// Equipment and a plan that no tool knows are written down, corrected and retired.
func TestEquipmentAndPlansLiveHere(t *testing.T) {
	d := newDesk(t)
	d.keep(said("job.scheduled", "job_1", ""))
	name := func(out string) string { return strings.TrimSpace(strings.TrimPrefix(out, "kept as ")) }
	unit := name(d.must("decide", "add", "asset", "type=AC", "maker=Carrier", "serial=X-1001", "--property", "hcp/adr_1"))
	plan := name(d.must("decide", "add", "membership", "plan=Gold", "renews=2027-01-01", "months=6", "--customer", "hcp/cus_1"))
	d.keep(said("job.scheduled", "job_1", `,"tags":["a"]`))
	d.must("decide", "say", "asset", unit, `model="24ACC6"`)
	d.must("decide", "retire", "membership", plan, "--on", "2026-05-04")
	d.keep(said("job.scheduled", "job_1", `,"tags":["b"]`))
	for what, want := range map[string][]string{
		"hcp/cus_1": {"equipment is 418 Larkspur Ln: AC Carrier 24ACC6, serial X-1001", "plan is Gold", "plan_status is ended"},
		unit:        {"model is 24ACC6", "property ", "Made of"},
		plan:        {"retired is 2026-05-04", "months is 6", "customer "},
	} {
		out := d.must("explain", what)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("the explanation of %s lacks %q:\n%s", what, w, out)
			}
		}
	}
}

func TestADecisionIsKeptUnderWhoeverDecided(t *testing.T) {
	d := newDesk(t)
	d.keep(said("job.scheduled", "job_1", ""))
	for _, args := range [][]string{
		{"decide", "qa", "hcp/job_1", "passed"},
		{"decide", "no-charge", "hcp/job_1"},
		{"decide", "dispute", "hcp/job_1", "--over"},
		{"decide", "promise", "hcp/job_1", "2026-05-09T12:00:00Z"},
		{"decide", "kind", "hcp/job_1", "maintenance"},
		{"decide", "say", "job", "hcp/job_1", `outcome="sold"`},
		{"decide", "consent", "+12085550142", "hcp/cus_1", "yes", "--tick", "service", "--wording", "May we text you?", "--via", "phone"},
	} {
		if out := d.must(args...); !strings.Contains(out, "kept as office/decision:") {
			t.Errorf("plumbline %s printed %q", strings.Join(args, " "), out)
		}
	}
	d.keep(said("job.scheduled", "job_1", `,"tags":["vip"]`))
	if out := d.must("tally"); strings.Count(out, "\n") != 3 {
		t.Errorf("the tally is\n%s", out)
	}
	var e struct {
		Sections []struct {
			Lines []struct{ Source, Fact string }
		}
	}
	d.read(&e, "explain", "hcp/job_1", "--json")
	found := 0
	for _, s := range e.Sections {
		for _, l := range s.Lines {
			if l.Source == "office" && (strings.Contains(l.Fact, "qa passed") || strings.Contains(l.Fact, "outcome sold")) {
				found++
			}
		}
	}
	if found != 2 {
		t.Errorf("%d of 2 decisions are in the explanation", found)
	}
}

func TestConnectChangesNothingUntilTold(t *testing.T) {
	d := newDesk(t)
	code, out, _ := d.run("connect", "hubspot")
	if code != 1 || !strings.Contains(out, "would create property contact plumbline_key") {
		t.Errorf("connect without --create = %d\n%s", code, out)
	}
	if _, out, err := d.run("connect", "hubspot", "--create"); !strings.Contains(out, "created property contact plumbline_key") || strings.Contains(out, "has no field") || err != "" {
		t.Errorf("connect --create printed\n%s%s", out, err)
	}
	if _, out, err := d.run("connect", "hubspot"); strings.Contains(out, "create") || err != "" {
		t.Errorf("once created, connect printed\n%s%s", out, err)
	}
	if out := d.must("connect", "hcp"); !strings.Contains(out, "https://plumbline.example.com/hooks/boise/hcp") {
		t.Errorf("connect of a source printed %q", out)
	}
}

func TestAConnectionIsSwitchedAndShown(t *testing.T) {
	d := newDesk(t)
	d.keep(said("job.scheduled", "job_1", ""))
	if out := d.must("connections", "plan", "hubspot"); !strings.Contains(out, "hubspot is rehearsal") || !strings.Contains(out, "contact create: 1") {
		t.Errorf("the plan is\n%s", out)
	}
	d.must("connections", "switch", "hubspot", "on")
	if out := d.must("connections", "list"); !strings.Contains(out, "on         2026-05-04T15:00:00Z") {
		t.Errorf("the connections are\n%s", out)
	}
}

func TestConnectionsSayWhichListsAreStillToBeRead(t *testing.T) {
	d := newDesk(t)
	if out := d.must("connections", "list"); !strings.Contains(out, "hcp: the list of jobs is still to be read for the first time") {
		t.Errorf("the connections are\n%s", out)
	}
	r := lookup.Reading{Connection: "hcp", List: "jobs", Read: 400, Total: 1600, Began: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC), Ends: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	if got, want := readingLine(r), "hcp: the list of jobs is being read for the first time: 400 of 1600 (25 %), until about 2026-05-04T09:00:00Z"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestThePairsToDecideAreListed(t *testing.T) {
	d := newDesk(t)
	if out := d.must("questions"); out != "nobody needs to be asked\n" {
		t.Errorf("questions printed %q", out)
	}
	d.keep(said("job.scheduled", "job_1", ""),
		strings.NewReplacer("cus_1", "cus_2", "adr_1", "adr_2", "appt_1", "appt_2", "Dana", "Dane", "dana@", "dane@", "418 Larkspur", "77 Sego").Replace(said("job.scheduled", "job_2", "")))
	out := d.must("questions")
	_, ids, ok := strings.Cut(out, "plumbline decide same ")
	if !ok || strings.Contains(out, "5550142") {
		t.Fatalf("questions printed\n%s", out)
	}
	ids, _, _ = strings.Cut(ids, ",")
	d.must(append([]string{"decide", "different"}, strings.Fields(ids)...)...)
	d.must(append([]string{"decide", "undecided"}, strings.Fields(ids)...)...)
}
