package jobber

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	fake "plumbline.dev/plumbline/internal/sandbox/jobber"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering is a tool whose vendor always answers the same, and counts the calls.
func answering(status int, body string, calls *int) *Tool {
	tool := New(config(), &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		if calls != nil {
			*calls++
		}
		if status == 0 {
			return nil, errors.New("the connection broke")
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}, func() time.Time { return received })
	tool.Use(connect.Grant{Access: "access-0123456789", Refresh: "refresh-0123456789"})
	return tool
}

func TestAnswersAreClassified(t *testing.T) {
	got := samples(t)
	for name, c := range map[string]struct {
		status int
		body   string
		class  connect.Class
		code   string
		cure   string
		waits  time.Duration
	}{
		"throttled":            {200, string(got["error-throttled"]), connect.Wait, "THROTTLED", "", 15 * time.Second},
		"throttled as 429":     {429, string(got["error-throttled"]), connect.Wait, "429", "", 11 * time.Second},
		"too many calls":       {429, `{"message":"Too Many Requests"}`, connect.Wait, "429", "", time.Minute},
		"an expired token":     {401, string(got["error-unauthenticated-flat"]), connect.Wait, "401", "connect it anew", 0},
		"a bad token as 200":   {200, `{"message":"Token not recognized"}`, connect.Wait, "UNAUTHENTICATED", "connect it anew", 0},
		"without a token":      {200, `{"data":null,"errors":[{"message":"x was hidden","path":["a0"],"extensions":{"code":"UNAUTHENTICATED"}}]}`, connect.Wait, "UNAUTHENTICATED", "connect it anew", 0},
		"no token at all":      {200, string(got["error-field-hidden"]), connect.Wait, "UNAUTHENTICATED", "connect it anew", 0},
		"a field of no scope":  {200, `{"data":null,"errors":[{"message":"The field emails on an object of type Client was hidden due to permissions","path":["a0"]}]}`, connect.Human, "FORBIDDEN", "scope", 0},
		"an unknown version":   {404, string(got["error-version-flat"]), connect.Human, "VERSION", "leave version out", 0},
		"a mistake of ours":    {200, `{"errors":[{"message":"Field 'x' doesn't exist on type 'Job'","extensions":{"code":"undefinedField"}}]}`, connect.Human, "undefinedField", "version", 0},
		"trouble of theirs":    {200, `{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`, connect.Retry, "INTERNAL_SERVER_ERROR", "", 0},
		"trouble as a status":  {503, "<html>", connect.Retry, "503", "", 0},
		"a page of a proxy":    {200, "<html>", connect.Retry, "", "", 0},
		"no answer":            {0, "", connect.Retry, "", "", 0},
		"another server":       {200, `{"hello":"world"}`, connect.Human, "", "base_url", 0},
		"another server's 404": {404, "nothing here", connect.Human, "404", "look at", 0},
	} {
		_, err := answering(c.status, c.body, nil).Fetch(t.Context(), plumbline.Job, []string{"x"})
		e := connect.AsError(err)
		switch {
		case e == nil:
			t.Errorf("%s is no error", name)
		case e.Class != c.class || c.code != "" && e.Code != c.code || e.After != c.waits || e.Gone:
			t.Errorf("%s = %+v, want class %v, code %s, after %v", name, e, c.class, c.code, c.waits)
		case !strings.Contains(e.Cure, c.cure) || e.Class == connect.Human && e.Cure == "":
			t.Errorf("%s has the cure %q, want one with %q", name, e.Cure, c.cure)
		case strings.Contains(e.Error(), "0123456789"):
			t.Errorf("%s shows a secret: %v", name, e)
		}
	}
}

func TestPartialProblemHurtsOnlyItsObject(t *testing.T) {
	for code, class := range map[string]connect.Class{"FORBIDDEN": connect.Human, "INTERNAL_SERVER_ERROR": connect.Retry} {
		body := `{"data":{"a0":{"id":"x"},"a1":null,"a2":{"id":"z","emails":null}},"errors":[
			{"message":"Client not found","path":["a1"],"extensions":{"code":"NOT_FOUND"}},
			{"message":"hurt","path":["a2","emails"],"extensions":{"code":"` + code + `"}}]}`
		got, err := answering(200, body, nil).Fetch(t.Context(), plumbline.Customer, []string{"x", "y", "z"})
		if len(got) != 2 || got[0].Object != "x" || got[0].Gone || got[1].Object != "y" || !got[1].Gone {
			t.Errorf("Fetch = %+v, want x, and y gone", got)
		}
		if e := connect.AsError(err); e == nil || e.Class != class {
			t.Errorf("Fetch = %v, want class %v for the third", err, class)
		}
	}
}

func TestAnotherObjectIsNoAnswer(t *testing.T) {
	_, err := answering(200, `{"data":{"a0":{"id":"other"}}}`, nil).Fetch(t.Context(), plumbline.Job, []string{"x"})
	if e := connect.AsError(err); e == nil || e.Class != connect.Human {
		t.Errorf("Fetch = %v, want class human", err)
	}
}

func TestIdsThatNameNothingAreNotAskedFor(t *testing.T) {
	calls := 0
	for kind, id := range map[plumbline.Kind]string{plumbline.Job: "quote/", plumbline.Visit: "", plumbline.Address: "x"} {
		if _, err := answering(200, "{}", &calls).Fetch(t.Context(), kind, []string{id}); err == nil {
			t.Errorf("Fetch(%s %q) = nil, want an error", kind, id)
		}
	}
	if calls != 0 {
		t.Errorf("there were %d calls, want none", calls)
	}
}

func TestNothingIsAskedBeforeAnAccountLetsUsIn(t *testing.T) {
	calls := 0
	tool := answering(200, "{}", &calls)
	tool.Use(connect.Grant{})
	_, err := tool.Fetch(t.Context(), plumbline.Job, []string{"x"})
	if e := connect.AsError(err); e == nil || e.Class != connect.Wait || e.Cure == "" || calls != 0 {
		t.Errorf("Fetch = %v after %d calls, want a wait without any", err, calls)
	}
}

func TestCallsBearTokenAndVersion(t *testing.T) {
	var got *http.Request
	tool := New(config(), &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		got = r
		return nil, errors.New("enough")
	})}, func() time.Time { return received })
	tool.Use(connect.Grant{Access: "one"})
	tool.Use(connect.Grant{Access: "two"})
	_, _ = tool.Pull(t.Context(), "jobs", "")
	for name, want := range map[string]string{
		"Authorization": "Bearer two", "X-Jobber-Graphql-Version": DefaultVersion, "Content-Type": "application/json",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

// told is an answer that tells how many points are left.
func told(requested, actual, available float64) string {
	return fmt.Sprintf(`{"data":{"a0":null},"extensions":{"cost":{"requestedQueryCost":%v,"actualQueryCost":%v,
		"throttleStatus":{"maximumAvailable":10000,"currentlyAvailable":%v,"restoreRate":500}}}}`, requested, actual, available)
}

func TestWhatDoesNotFitIsNotAsked(t *testing.T) {
	calls, now := 0, received
	tool := answering(200, told(3000, 30, 4900), &calls)
	tool.meter.now = func() time.Time { return now }
	ask := func() *connect.Error {
		_, err := tool.Fetch(t.Context(), plumbline.Job, []string{"x"})
		return connect.AsError(err)
	}
	if e := ask(); e != nil {
		t.Fatalf("the first question = %v", e)
	}
	// It is known by now that the question costs 3,000, and that 4,900 are left, of which
	// 2,000 are not for us.
	e := ask()
	if e == nil || e.Class != connect.Wait || e.After != 200*time.Millisecond || calls != 1 {
		t.Errorf("the second question = %+v after %d calls, want a wait for 100 points and no call", e, calls)
	}
	now = now.Add(time.Second)
	if e := ask(); e != nil || calls != 2 {
		t.Errorf("the question after the wait = %v after %d calls, want none and 2", e, calls)
	}
	if got := tool.Spent(); got != 60 {
		t.Errorf("spent = %v, want 60", got)
	}
}

func TestWhatNeverFitsNeedsAPerson(t *testing.T) {
	calls := 0
	tool := answering(200, told(20_000, 10, 10_000), &calls)
	_, _ = tool.Fetch(t.Context(), plumbline.Job, []string{"x"})
	_, err := tool.Fetch(t.Context(), plumbline.Job, []string{"x"})
	if e := connect.AsError(err); e == nil || e.Class != connect.Human || !strings.Contains(e.Cure, "page_size") || calls != 1 {
		t.Errorf("Fetch = %v after %d calls, want class human with a cure and one call", err, calls)
	}
}

func TestBucketOfTheVendorIsNeverOverdrawn(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.Points, o.RestoreRate = 1000, 5 })
	w.fill(30)
	w.now = w.now.Add(time.Hour)
	w.refresh()
	waits, began := 0, w.now
	for cursor, more := "", true; more; {
		p, err := w.tool.Pull(t.Context(), "invoices", cursor)
		switch e := connect.AsError(err); {
		case e == nil:
			cursor, more = p.Next, p.More
		case e.Class == connect.Wait && e.Code != codeThrottled || waits == 0:
			waits++
			w.now = w.now.Add(e.After)
		default:
			t.Fatalf("Pull = %v, want no more than one refusal before the size of the bucket is known", e)
		}
	}
	if waits == 0 || w.now.Sub(began) > time.Hour {
		t.Errorf("there were %d waits in %v, want some", waits, w.now.Sub(began))
	}
}

func TestThrottledQuestionsSucceedAfterTheWait(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.Faults.Throttled = 0.5 })
	has := w.fill(6)
	got, _ := w.drain("jobs", "")
	w.wantAll("jobs", got, has["jobs"])
}

func TestGrantIsRedeemedAndRotated(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fake.Options)
		life   time.Duration
		keeps  bool
	}{
		"as apps are made":    {nil, 55 * time.Minute, false},
		"with expires_in":     {func(o *fake.Options) { o.ExpiresIn = true }, time.Hour, false},
		"with rotation off":   {func(o *fake.Options) { o.KeepRefreshToken = true }, 55 * time.Minute, true},
		"bad tokens with 200": {func(o *fake.Options) { o.TokenErrorsAs200 = true }, 55 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.change)
			first := w.grant
			if got := first.Expires.Sub(w.now); got != c.life {
				t.Errorf("the grant works for %v, want %v", got, c.life)
			}
			next, err := w.tool.Refresh(t.Context(), first)
			w.must(err)
			if next.Access == first.Access || (next.Refresh == first.Refresh) != c.keeps {
				t.Errorf("Refresh = the same tokens %v, %v, want another access token and the refresh token kept %v", next.Access == first.Access, next.Refresh == first.Refresh, c.keeps)
			}
			_, err = w.tool.Refresh(t.Context(), first)
			if e := connect.AsError(err); (e == nil) != c.keeps || e != nil && (e.Class != connect.Human || !strings.Contains(e.Cure, "connected anew")) {
				t.Errorf("Refresh with the token before = %v, want class human with a cure unless it is kept", err)
			}
			w.now = w.now.Add(2 * time.Hour)
			_, err = w.tool.Pull(t.Context(), "users", "")
			if e := connect.AsError(err); e == nil || e.Class != connect.Wait || !strings.Contains(e.Cure, "connect it anew") {
				t.Errorf("Pull with an expired token = %v, want a wait with a cure", err)
			}
		})
	}
}

func TestLostTokenAnswerIsUnknown(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.SetFaults(fake.Faults{LostTokens: 1})
	_, err := w.tool.Refresh(t.Context(), w.grant)
	if e := connect.AsError(err); e == nil || e.Class != connect.Unknown {
		t.Errorf("Refresh without an answer = %v, want class unknown", err)
	}
	w.fake.SetFaults(fake.Faults{})
	_, err = w.tool.Refresh(t.Context(), w.grant)
	if e := connect.AsError(err); e == nil || e.Class != connect.Human {
		t.Errorf("Refresh after it = %v, want class human: the token was rotated", err)
	}
}

func TestTokenAnswersAreClassified(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		class  connect.Class
	}{
		"a void code":       {400, `{"error":"invalid_grant"}`, connect.Human},
		"a foreign app":     {401, `{"message":"x"}`, connect.Human},
		"trouble of theirs": {503, "", connect.Unknown},
		"no token":          {200, `{}`, connect.Unknown},
		"no JSON":           {200, `<html>`, connect.Unknown},
		"no answer":         {0, "", connect.Unknown},
	} {
		_, err := answering(c.status, c.body, nil).Redeem(t.Context(), "https://x", "code")
		if e := connect.AsError(err); e == nil || e.Class != c.class || e.Class == connect.Human && e.Cure == "" {
			t.Errorf("%s = %v, want class %v", name, err, c.class)
		}
	}
	g, err := answering(200, string(samples(t)["oauth-token-response"]), nil).Redeem(t.Context(), "https://x", "code")
	if err != nil || g.Access == "" || g.Refresh == "" || !g.Expires.Equal(received.Add(accessLife)) {
		t.Errorf("Redeem = %+v, %v, want the tokens of the sample", g, err)
	}
}

func TestAdministratorAgreesOnTheVendorsPage(t *testing.T) {
	u, err := url.Parse(newTool().AuthorizeURL("https://plumbline.example.com/back?x=1", "a&b"))
	if err != nil || u.Host != "api.getjobber.com" || u.Path != "/api/oauth/authorize" {
		t.Fatalf("AuthorizeURL = %v, %v", u, err)
	}
	q := u.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != config().ClientID || q.Get("state") != "a&b" || q.Get("redirect_uri") != "https://plumbline.example.com/back?x=1" {
		t.Errorf("AuthorizeURL asks %v", q)
	}
	if strings.Contains(u.String(), "secret") {
		t.Errorf("AuthorizeURL = %s, which shows the secret", u)
	}
}

func TestCursorsBetweenPollsAreShort(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(8)
	for _, stream := range w.tool.Streams() {
		_, cursor := w.drain(stream, "")
		var c map[string]any
		if err := json.Unmarshal([]byte(cursor), &c); err != nil || len(cursor) > 200 || len(c) > 2 {
			t.Errorf("the cursor of %s = %s, want a mark, and heads", stream, cursor)
		}
	}
}
