package demo

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
)

func quiet(io.Writer) *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestADayIsToldToItsEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole day takes some seconds")
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := filepath.Join(t.TempDir(), "demo")
	var out bytes.Buffer
	// A Wednesday: the demo's day is the Tuesday before.
	err = Run(t.Context(), Options{Dir: dir, Listen: taken.Addr().String(), Speed: 1e6, Seed: 1, Program: "plumbline", Out: &out, Log: quiet,
		Now: time.Date(2026, 5, 6, 18, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatalf("the demo failed: %v\n%s", err, &out)
	}
	text := out.String()
	for _, want := range []string{`Twilio +text to …\d\d: Brightwater: \w+ is on the way`, `text from …\d\d: `} { // when is the shop's
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%q is not told, in\n%s", want, &out)
		}
	}
	// In this order, whatever stands between.
	for _, want := range []string{
		`Tuesday 5 May 2026`,
		`HubSpot and Twilio are in rehearsal: nothing is written, nobody is texted`,
		`connections plan hubspot`,
		`if HubSpot were on: .*contact create \d+`,
		`connections switch hubspot on`,
		`HubSpot +new contact \w+ \w+: next appointment Tue`,
		`Error queue +[0-9a-f]{10}: hcp sent an event job\.on_my_way that could not be read`,
		`why +.*on_my_way_at: expected a text, got another number`,
		`errors retry [0-9a-f]{10}`,
		`it came back`,
		`errors edit hcp/[0-9a-f]+ --body`,
		`job \d+ \(.*\): (\w+ -> )?dispatched`,
		`HubSpot +deal .*: stage paid`,
		`The day is over`,
		`hcp +\d+ +\d+ +\d+ +0 +0 +yes`,
		`HubSpot holds contacts \d+`,
		`One text was not sent`,
		`dropped, `,
		`plumbline tally --config `,
		`plumbline explain hcp/job_`,
	} {
		at := regexp.MustCompile(want).FindStringIndex(text)
		if at == nil {
			t.Fatalf("%q is not told, or not in its turn, in\n%s", want, &out)
		}
		text = text[at[1]:]
	}
	if !strings.Contains(out.String(), "corrected deliveries applied") {
		t.Error("what the clerk has mended was not seen going through")
	}
	if n := regexp.MustCompile(`\+1\d{10}|\(?\d{3}\)?[ -]555`).FindString(out.String()); n != "" {
		t.Errorf("a number is not masked: %s", n)
	}
	leftAsItIs(t, dir)
}

// leftAsItIs checks that the folder works for other commands afterwards.
func leftAsItIs(t *testing.T, dir string) {
	t.Helper()
	c, err := app.ReadConfig(filepath.Join(dir, "plumbline.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := app.Build(t.Context(), c, app.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	var lines []inbox.Line
	err = n.DB.View(t.Context(), time.Now(), func(tx *db.Tx) (err error) {
		lines, err = inbox.Tally(tx, location, time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC), time.Date(2026, 5, 6, 23, 0, 0, 0, time.UTC))
		return err
	})
	if _, closes := sum(lines); err != nil || !closes || len(lines) < 5 {
		t.Errorf("the tally afterwards is %+v, %v", lines, err)
	}
}

func TestAFolderThatTheDemoDidNotMakeIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := clear(dir); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("clear of somebody's folder = %v, want a refusal with its cure", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Errorf("somebody's file: %v", err)
	}
}

func TestADemosOwnFolderIsWiped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	old := filepath.Join(dir, "plumbline.db")
	for range 2 {
		if err := clear(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(old); !os.IsNotExist(err) {
			t.Errorf("what an earlier demo left: %v", err)
		}
		if err := os.WriteFile(old, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheDayLiesOnAWorkdayThatIsOver(t *testing.T) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	for now, want := range map[string]string{
		"2026-05-04T12:00:00-07:00": "2026-05-01", // Monday: the Friday before
		"2026-05-05T00:10:00-07:00": "2026-05-04",
		"2026-05-10T12:00:00-07:00": "2026-05-08", // Sunday
		"2026-05-05T06:00:00Z":      "2026-05-01", // still Monday in the shop
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := lastWorkday(at, zone); got.Format("2006-01-02 15:04") != want+" 05:00" {
			t.Errorf("at %s the demo's day begins %s, want five on %s", now, got, want)
		}
	}
}

func TestATallyThatDoesNotCloseIsSeen(t *testing.T) {
	good := inbox.Line{Connection: "hcp", Day: "2026-05-05", Received: 7, Applied: 3, Ignored: 2, Waiting: 1, Failed: 1}
	bad := good
	bad.Received = 8
	if sums, closes := sum([]inbox.Line{good, good}); !closes || len(sums) != 1 || sums[0].Received != 14 {
		t.Errorf("sum of two days = %+v, %v", sums, closes)
	}
	lost := good
	lost.Received = 6
	if _, closes := sum([]inbox.Line{bad, lost}); closes {
		t.Error("two days of which one has too many and one too few are said to close")
	}
}

func TestAMistakeIsCorrectedToWhatWasMeant(t *testing.T) {
	meant := `{"event":"job.on_my_way","event_occurred_at":"2026-05-05T16:20:00Z","job":{"work_timestamps":{"on_my_way_at":"2026-05-05T16:20:00Z"}}}`
	other := strings.ReplaceAll(meant, "16:20", "16:21")
	s := &slip{}
	if s.slips([]byte(meant)) {
		t.Error("a slip that is not armed slips")
	}
	s.arm()
	if !s.slips([]byte(meant)) || !s.slips([]byte(strings.Replace(meant, "on_my_way", "updated", 1))) || s.slips([]byte(other)) {
		t.Error("want a slip in all webhooks of one event, and in no other")
	}
	bad := mistaken([]byte(meant))
	if !strings.Contains(string(bad), `"on_my_way_at":1777998000`) {
		t.Errorf("the mistake is %s", bad)
	}
	if got := string(corrected(bad)); got != meant {
		t.Errorf("corrected to %s, want %s", got, meant)
	}
}

func TestTimeThatIsLostWhileBusyIsMadeUpFor(t *testing.T) {
	p := newPace(600)
	for _, c := range []struct {
		what string
		busy bool
		want time.Duration
	}{
		{"at rest", false, 6 * time.Second},
		{"busy", true, 1200 * time.Millisecond},
		{"at rest after having been busy", false, 10800 * time.Millisecond},
		{"at rest again", false, 6 * time.Second},
	} {
		if got := p.by(10*time.Millisecond, c.busy); got != c.want {
			t.Errorf("%s, 10 ms move the clock by %s, want %s", c.what, got, c.want)
		}
	}
	if got := newPace(1e9).by(time.Second, false); got != stride {
		t.Errorf("at any speed the clock moves by %s at most, got %s", stride, got)
	}
}
