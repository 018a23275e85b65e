package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

// A vendor grants accesses of an hour. Each refresh voids the token before.
type vendor struct {
	now     func() time.Time
	n       int
	refresh string        // the token that is good
	fails   error         // of the next call
	using   connect.Grant // what Use was given last
	amid    func()        // happens while the next grant is on its way
}

func (v *vendor) grant() connect.Grant {
	v.n++
	v.refresh = strings.Repeat("r", v.n)
	return connect.Grant{Access: connect.Secret(strings.Repeat("a", v.n)), Refresh: connect.Secret(v.refresh), Expires: v.now().Add(time.Hour)}
}

func (v *vendor) AuthorizeURL(redirect, state string) string {
	return "https://vendor.example/agree?" + url.Values{"redirect_uri": {redirect}, "state": {state}}.Encode()
}

func (v *vendor) Redeem(_ context.Context, redirect, code string) (connect.Grant, error) {
	if code != "good" || redirect != "https://plumbline.example.com/oauth/boise/hcp" {
		return connect.Grant{}, &connect.Error{Class: connect.Human, Msg: "no such code"}
	}
	return v.grant(), nil
}

func (v *vendor) Refresh(_ context.Context, g connect.Grant) (connect.Grant, error) {
	if err := v.fails; err != nil {
		v.fails = nil
		return connect.Grant{}, err
	}
	if string(g.Refresh) != v.refresh {
		return connect.Grant{}, &connect.Error{Class: connect.Human, Msg: "the token is void"}
	}
	next := v.grant()
	if v.amid != nil {
		v.amid()
	}
	return next, nil
}

func (v *vendor) Use(g connect.Grant) { v.using = g }

type accessWorld struct {
	t      *testing.T
	now    time.Time
	node   *Node
	vendor *vendor
}

func newAccessWorld(t *testing.T, key string) *accessWorld {
	t.Helper()
	w := &accessWorld{t: t, now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
	c, err := ParseConfig(filepath.Join(t.TempDir(), "plumbline.yaml"), []byte(key+`
public_url: https://plumbline.example.com
locations:
  - id: boise
    connections:
      - {name: hcp, tool: housecallpro, config: {api_key: key, webhook_secrets: [secret]}}
`))
	w.must(err)
	w.node, err = Build(t.Context(), c, Options{Now: func() time.Time { return w.now }, Volatile: true, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	t.Cleanup(func() { w.must(w.node.Close()) })
	w.vendor = &vendor{now: func() time.Time { return w.now }}
	w.node.bindings["boise/hcp"].tool = w.vendor
	return w
}

func (w *accessWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// freshens does what is done before calls leave, in a process that knows nothing yet.
func (w *accessWorld) freshens() {
	w.t.Helper()
	w.must(w.node.before(w.node.bindings["boise/hcp"].Quota)(w.t.Context(), w.now))
}

func (w *accessWorld) connects() {
	w.t.Helper()
	address, err := w.node.AuthorizeURL("boise", "hcp")
	w.must(err)
	u, err := url.Parse(address)
	w.must(err)
	answer := httptest.NewRecorder()
	w.node.API().Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet,
		"/oauth/boise/hcp?"+url.Values{"code": {"good"}, "state": {u.Query().Get("state")}}.Encode(), nil))
	if answer.Code != http.StatusOK {
		w.t.Fatalf("connecting was answered %d %s", answer.Code, answer.Body)
	}
}

func withKey(t *testing.T) string {
	t.Helper()
	key, err := tenant.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return "key: " + key
}

func TestWhatAnAccountGrantsIsSealedUsedAndRenewed(t *testing.T) {
	w := newAccessWorld(t, withKey(t))
	w.connects()
	w.freshens()
	if w.vendor.using.Access != "a" {
		t.Fatalf("the tool uses another access than the account granted")
	}
	var stored string
	w.must(w.node.DB.View(t.Context(), w.now, func(tx *db.Tx) error {
		g, _, err := tenant.GrantOf(tx, "boise", "hcp")
		stored = g.Tokens
		return err
	}))
	if !tenant.Sealed(stored) {
		t.Errorf("the tokens are stored as %s, want them sealed", stored)
	}
	w.now = w.now.Add(54 * time.Minute)
	w.freshens()
	if w.vendor.n != 1 {
		t.Errorf("it was renewed six minutes before its end")
	}
	w.now = w.now.Add(2 * time.Minute)
	w.freshens()
	if w.vendor.n != 2 || w.vendor.using.Access != "aa" {
		t.Errorf("%d grants, the tool uses number %d; want the second", w.vendor.n, len(w.vendor.using.Access))
	}
	w.now = w.now.Add(56 * time.Minute)
	w.freshens() // with the token that was stored
	if w.vendor.n != 3 || w.vendor.using.Access != "aaa" {
		t.Errorf("%d grants, the tool uses number %d; want the third", w.vendor.n, len(w.vendor.using.Access))
	}
}

func TestOneOfSeveralAsksForTheNextGrant(t *testing.T) {
	w := newAccessWorld(t, withKey(t))
	w.connects()
	w.now = w.now.Add(56 * time.Minute)
	w.vendor.amid = func() {
		w.vendor.amid = nil
		w.freshens() // another that believes it holds the quota
	}
	w.freshens()
	if w.vendor.n != 2 {
		t.Errorf("%d grants, want the second alone", w.vendor.n)
	}
}

func TestAGrantThatWasLostWithItsNodeNeedsThePerson(t *testing.T) {
	w := newAccessWorld(t, withKey(t))
	w.connects()
	w.now = w.now.Add(56 * time.Minute)
	w.vendor.amid = func() { panic("killed") }
	func() {
		defer func() { _ = recover() }()
		w.freshens()
	}()
	w.vendor.amid = nil
	w.freshens()
	if w.vendor.n != 2 {
		t.Fatalf("it was asked for again within the time in which the other may still store it")
	}
	w.now = w.now.Add(2 * time.Minute)
	w.freshens() // the old token is void by now
	if w.vendor.n != 2 || w.vendor.using.Access != "a" {
		t.Errorf("%d grants; want none after the one that was lost", w.vendor.n)
	}
	w.connects()
	w.freshens()
	if w.vendor.using.Access != "aaa" {
		t.Errorf("connected anew, the tool uses number %d, want the third", len(w.vendor.using.Access))
	}
}

func TestARefusedRefreshIsAskedForAgain(t *testing.T) {
	w := newAccessWorld(t, withKey(t))
	w.connects()
	w.now = w.now.Add(56 * time.Minute)
	w.vendor.fails = errors.New("the line broke")
	w.freshens()
	w.freshens()
	if w.vendor.n != 2 || w.vendor.using.Access != "aa" {
		t.Errorf("%d grants, want the second after a try that failed", w.vendor.n)
	}
}

func TestNobodyConnectsWhoWasNotAsked(t *testing.T) {
	w := newAccessWorld(t, withKey(t))
	address, err := w.node.AuthorizeURL("boise", "hcp")
	w.must(err)
	u, err := url.Parse(address)
	w.must(err)
	state := u.Query().Get("state")
	for name, try := range map[string]struct {
		code, state string
		later       time.Duration
	}{
		"a made-up state": {"good", "1788000000.AAAA", 0},
		"none":            {"good", "", 0},
		"too late":        {"good", state, agreeWithin + time.Second},
		"a wrong code":    {"bad", state, 0},
	} {
		was := w.now
		w.now = w.now.Add(try.later)
		if err := w.node.Redeem(t.Context(), "boise", "hcp", try.code, try.state); err == nil {
			t.Errorf("%s: it was connected", name)
		}
		w.now = was
	}
}

func TestWithoutAKeyNothingIsGranted(t *testing.T) {
	w := newAccessWorld(t, "")
	if _, err := w.node.AuthorizeURL("boise", "hcp"); plumbline.KindOf(err) != plumbline.Invalid || !strings.Contains(err.Error(), "plumbline key") {
		t.Errorf("AuthorizeURL = %v, want it to name the key", err)
	}
}
