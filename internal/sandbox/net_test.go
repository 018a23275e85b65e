package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

type world struct {
	*Net
	now    time.Time
	served int
}

func newWorld(seed uint64) *world {
	w := &world{now: noon}
	w.Net = New(Options{Now: func() time.Time { return w.now }, Rand: rand.New(rand.NewPCG(seed, 1))})
	w.Handle("api.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.served++
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 10))
		if err != nil {
			http.Error(rw, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		if r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
		if r.URL.Path == "/empty" {
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		rw.Header().Set("X-Seen", r.Method+" "+r.Host+" "+r.RequestURI+" "+r.Header.Get("User-Agent"))
		rw.WriteHeader(http.StatusCreated)
		fmt.Fprintf(rw, "got %s", body)
	}))
	return w
}

func (w *world) do(t *testing.T, method, url, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return (&http.Client{Transport: w}).Do(req)
}

func TestTheHandlerOfTheHostAnswersAsAServerWould(t *testing.T) {
	w := newWorld(1)
	resp, err := w.do(t, "POST", "https://API.example.com:443/a%2Fb?x=1", "hello")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 201 || string(body) != "got hello" {
		t.Errorf("answer %d %q, want 201 with the echoed body", resp.StatusCode, body)
	}
	if got, want := resp.Header.Get("X-Seen"), "POST API.example.com:443 /a%2Fb?x=1 Go-http-client/1.1"; got != want {
		t.Errorf("the server saw %q, want %q", got, want)
	}
	if resp.Header.Get("Date") != "Mon, 04 May 2026 12:00:00 GMT" || resp.ContentLength != 9 {
		t.Errorf("Date %q, length %d, want simulated noon and 9", resp.Header.Get("Date"), resp.ContentLength)
	}
}

func TestABodyOverTheHandlersLimitIsRefusedByTheHandler(t *testing.T) {
	resp, err := newWorld(1).do(t, "POST", "https://api.example.com/", strings.Repeat("x", 11))
	if err != nil || resp.StatusCode != 413 {
		t.Errorf("got %v, %v, want 413", resp, err)
	}
}

func TestHeadAndNoContentHaveNoBody(t *testing.T) {
	for _, c := range []struct {
		method, path string
		length       int64
	}{{"HEAD", "/", 4}, {"GET", "/empty", 0}} {
		resp, err := newWorld(1).do(t, c.method, "https://api.example.com"+c.path, "")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if len(body) != 0 {
			t.Errorf("%s %s has the body %q, want none", c.method, c.path, body)
		}
	}
}

func TestAnUnknownHostFailsLikeDNS(t *testing.T) {
	_, err := newWorld(1).do(t, "GET", "https://nobody.example.com/", "")
	var dns *net.DNSError
	if !errors.As(err, &dns) || !dns.IsNotFound || dns.Name != "nobody.example.com" {
		t.Errorf("got %v, want no such host", err)
	}
}

func TestFaultsEndAConnectionAtTheirOwnPoint(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults Faults
		want   error
		served int
	}{
		{"a refused connection reaches nobody", Faults{Refused: 1}, syscall.ECONNREFUSED, 0},
		{"a cut before the handler ran", Faults{CutBefore: 1}, io.ErrUnexpectedEOF, 0},
		{"a cut after the handler committed", Faults{CutAfter: 1}, io.ErrUnexpectedEOF, 1},
		{"an answer after the deadline", Faults{Slow: 1}, context.DeadlineExceeded, 1},
		{"no fault", Faults{}, nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(1)
			w.SetFaults("api.example.com", c.faults)
			_, err := w.do(t, "GET", "https://api.example.com/", "")
			if !errors.Is(err, c.want) || (c.want == nil && err != nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if w.served != c.served {
				t.Errorf("the handler ran %d times, want %d", w.served, c.served)
			}
		})
	}
}

func TestASlowAnswerIsATimeout(t *testing.T) {
	w := newWorld(1)
	w.SetFaults("api.example.com", Faults{Slow: 1})
	_, err := w.do(t, "GET", "https://api.example.com/", "")
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
}

func TestAHandlerThatAbortsHasCutTheConnection(t *testing.T) {
	w := newWorld(1)
	if _, err := w.do(t, "GET", "https://api.example.com/cut", ""); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want an unexpected end", err)
	}
	if w.served != 1 {
		t.Errorf("the handler ran %d times, want once", w.served)
	}
}

func TestAnotherPanicGoesThrough(t *testing.T) {
	w := newWorld(1)
	w.Handle("bug.example.com", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("bug") }))
	defer func() {
		if p := recover(); p != "bug" {
			t.Errorf("recovered %v, want the handler's own panic", p)
		}
	}()
	_, _ = w.do(t, "GET", "https://bug.example.com/", "")
}

func TestAnOutageRefusesFromItsStartUntilItsEnd(t *testing.T) {
	w := newWorld(1)
	w.Down("api.example.com", noon, noon.Add(time.Minute))
	for _, c := range []struct {
		at   time.Duration
		down bool
	}{{-time.Second, false}, {0, true}, {59 * time.Second, true}, {time.Minute, false}} {
		w.now = noon.Add(c.at)
		_, err := w.do(t, "GET", "https://api.example.com/", "")
		if got := errors.Is(err, syscall.ECONNREFUSED); got != c.down {
			t.Errorf("at %v refused = %v (%v), want %v", c.at, got, err, c.down)
		}
	}
}

func TestACanceledRequestReachesNobody(t *testing.T) {
	w := newWorld(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://api.example.com/", nil)
	if _, err := w.RoundTrip(req); !errors.Is(err, context.Canceled) || w.served != 0 {
		t.Errorf("got %v after %d calls, want canceled and none", err, w.served)
	}
}

func TestTheSameSeedGivesTheSameFaults(t *testing.T) {
	run := func(seed uint64) string {
		w := newWorld(seed)
		w.SetFaults("api.example.com", Faults{Refused: 0.2, CutBefore: 0.2, CutAfter: 0.2, Slow: 0.2})
		var b strings.Builder
		for range 50 {
			_, err := w.do(t, "GET", "https://api.example.com/", "")
			fmt.Fprintln(&b, err, w.served)
		}
		return b.String()
	}
	if first, second := run(7), run(7); first != second {
		t.Error("two runs with one seed differ")
	}
	if run(7) == run(8) {
		t.Error("two seeds gave the same 50 fates")
	}
}
