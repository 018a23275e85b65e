package app_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// samples are the vendor's webhooks in shared data beside the repository.
const samples = "../../../shared/vendors/data/housecallpro/samples"

// The vendor's samples, signed as the vendor signs them, posted in the order in which
// they say they happened, do what a shop does.
func TestTheVendorsSamplesRunTheRelay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samples, "webhook-*.json"))
	if err != nil || len(files) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the vendor's samples are not at %s", samples)
		}
		t.Skipf("the vendor's samples are not at %s", samples)
	}
	type sample struct {
		name string
		at   time.Time
		body []byte
	}
	var list []sample
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			At time.Time `json:"event_occurred_at"`
		}
		if err := json.Unmarshal(body, &said); err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f)
		if name == "webhook-job-canceled.json" || name == "webhook-job-deleted.json" {
			continue // another end of the same job
		}
		list = append(list, sample{name, said.At, body})
	}
	slices.SortFunc(list, func(a, b sample) int { return a.at.Compare(b.at) })

	w := newWorld(t, setting{start: time.Date(2026, 5, 4, 6, 0, 0, 0, boise)})
	w.net.Handle("api.housecallpro.com", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { // which has none of what they tell of
		rw.WriteHeader(http.StatusServiceUnavailable)
	}))
	hooks := w.node.Hooks()
	post := func(s sample) int {
		r := httptest.NewRequest(http.MethodPost, "https://plumbline.example.com/hooks/brightwater/hcp", bytes.NewReader(s.body))
		stamp := fmt.Sprint(w.now.Unix())
		mac := hmac.New(sha256.New, []byte("secret"))
		mac.Write([]byte(stamp + "." + string(s.body)))
		if s.name != "webhook-ping.json" {
			r.Header.Set("Api-Timestamp", stamp)
			r.Header.Set("Api-Signature", hex.EncodeToString(mac.Sum(nil)))
		}
		out := httptest.NewRecorder()
		hooks.ServeHTTP(out, r)
		return out.Code
	}
	for _, s := range list {
		if s.at.After(w.now) {
			w.until(s.at.Add(time.Second))
		}
		if code := post(s); code != http.StatusOK {
			t.Errorf("%s was answered %d", s.name, code)
		}
	}
	w.until(time.Date(2026, 5, 6, 10, 30, 0, 0, time.UTC))
	if got := w.stage("repair"); got != "invoiced" {
		t.Errorf("after a partial refund the deal is %s, want invoiced", got)
	}
	w.props(w.contact("Whitlock"), map[string]string{"plumbline_balance": "27.5", "plumbline_last_paid": "2026-05-05", "mobilephone": "+12085550143"})
	w.heard(dana, 0, "you are booked")
	for _, l := range w.tally() {
		if l.Waiting+l.Failed != 0 || l.Received != l.Applied+l.Ignored {
			t.Errorf("the tally does not close: %+v", l)
		}
	}
}
