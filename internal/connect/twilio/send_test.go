package twilio

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

// transport answers requests with a function, after holding them to the vendor's
// description.
type transport func(r *http.Request, body []byte) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	return f(r, body)
}

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func contract(t *testing.T) *connecttest.Contract {
	return connecttest.LoadContract(t, filepath.Join("..", "..", "..", "..", "shared", "vendors", "data", "twilio", "openapi-api-v2010-messages-calls.json"))
}

func client(t *testing.T, c Config, f transport) *Tool {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	vendor := contract(t)
	u := mustURL(t, c.withDefaults().BaseURL)
	return New(c, &http.Client{Transport: transport(func(r *http.Request, body []byte) (*http.Response, error) {
		vendor.Check(t, r, body, u.Path)
		return f(r, body)
	})}, func() time.Time { return received })
}

const taken = `{"sid":"` + textSid + `","status":"queued","to":"+14155552671","direction":"outbound-api","error_code":null,"date_created":"Tue, 05 May 2026 14:00:01 +0000"}`

func TestSendAsksForWhatTheVendorDescribes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		text   connect.Text
		want   url.Values
	}{
		"from a number": {nil, connect.Text{To: "+14155552671", Body: "“hi” & bye", Attempt: "a/1", Valid: 15 * time.Minute}, url.Values{
			"To": {"+14155552671"}, "Body": {"“hi” & bye"}, "From": {"+15005550006"}, "ValidityPeriod": {"900"}, "SmartEncoded": {"false"},
			"StatusCallback": {hooks + "/status/a%2F1#rc=5&rp=all"},
		}},
		"from a service": {func(c *Config) { c.From, c.MessagingServiceSid = "", service }, connect.Text{To: "+14155552671", Body: "x", Attempt: "a1"}, url.Values{
			"To": {"+14155552671"}, "Body": {"x"}, "MessagingServiceSid": {service}, "SmartEncoded": {"false"},
			"StatusCallback": {hooks + "/status/a1#rc=5&rp=all"},
		}},
		"for longer than the vendor holds": {nil, connect.Text{To: "+14155552671", Body: "x", Valid: 24 * time.Hour}, url.Values{
			"To": {"+14155552671"}, "Body": {"x"}, "From": {"+15005550006"}, "ValidityPeriod": {"36000"}, "SmartEncoded": {"false"},
		}},
		"beneath a path": {func(c *Config) { c.BaseURL = "http://127.0.0.1:9/twilio/" }, connect.Text{To: "+14155552671", Body: "x", Valid: time.Millisecond}, url.Values{
			"To": {"+14155552671"}, "Body": {"x"}, "From": {"+15005550006"}, "ValidityPeriod": {"1"}, "SmartEncoded": {"false"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			if c.change != nil {
				c.change(&cfg)
			}
			tool := client(t, cfg, func(r *http.Request, body []byte) (*http.Response, error) {
				got, err := url.ParseQuery(string(body))
				if err != nil || got.Encode() != c.want.Encode() {
					t.Errorf("form = %v, %v, want %v", got, err, c.want)
				}
				if user, pass, _ := r.BasicAuth(); user != account || pass != token {
					t.Errorf("credentials = %s, %s, want the account and its primary token", user, pass)
				}
				return answer(201, taken), nil
			})
			sent, err := tool.Send(t.Context(), c.text)
			want := connect.Sent{ID: textSid, Status: "queued", At: received.Add(time.Second)}
			if err != nil || sent != want {
				t.Errorf("Send = %+v, %v, want %+v", sent, err, want)
			}
		})
	}
}

func TestRefusedSendsAreClassified(t *testing.T) {
	body := func(code, status int) string {
		return fmt.Sprintf(`{"code":%d,"message":"about +14155552671","more_info":"https://www.twilio.com/docs/errors","status":%d}`, code, status)
	}
	for name, c := range map[string]struct {
		resp *http.Response
		err  error
		want connect.Error
	}{
		"opted out":                        {answer(400, body(21610, 400)), nil, connect.Error{Class: connect.Human, OptedOut: true, Code: "21610"}},
		"a bad number":                     {answer(400, body(21211, 400)), nil, connect.Error{Class: connect.Human, Dead: true, Code: "21211"}},
		"a landline":                       {answer(400, body(21614, 400)), nil, connect.Error{Class: connect.Human, Dead: true, Code: "21614"}},
		"a sender that cannot reach it":    {answer(400, body(21612, 400)), nil, connect.Error{Class: connect.Human, Code: "21612"}},
		"a broken sender":                  {answer(400, body(21606, 400)), nil, connect.Error{Class: connect.Human, Code: "21606", After: rest}},
		"bad credentials":                  {answer(401, body(20003, 401)), nil, connect.Error{Class: connect.Human, Code: "20003", After: rest}},
		"bad credentials without a code":   {answer(401, ``), nil, connect.Error{Class: connect.Human, Code: "401", After: rest}},
		"too many requests":                {answer(429, body(20429, 429), "Retry-After", "7"), nil, connect.Error{Class: connect.Wait, Code: "20429", After: 7 * time.Second}},
		"too many requests, no code":       {answer(429, ``), nil, connect.Error{Class: connect.Wait, Code: "429"}},
		"a full queue":                     {answer(400, body(21611, 400)), nil, connect.Error{Class: connect.Wait, Code: "21611", After: 10 * time.Minute}},
		"a text too long":                  {answer(400, body(21617, 400)), nil, connect.Error{Class: connect.Human, Code: "21617"}},
		"an internal error":                {answer(500, body(20500, 500)), nil, connect.Error{Class: connect.Unknown, Code: "20500"}},
		"not available":                    {answer(503, body(20503, 503)), nil, connect.Error{Class: connect.Unknown, Code: "20503"}},
		"a gateway's page":                 {answer(502, `<html>`), nil, connect.Error{Class: connect.Unknown, Code: "502"}},
		"an unknown code":                  {answer(400, body(29999, 400)), nil, connect.Error{Class: connect.Human, Code: "29999"}},
		"a receipt's code on a create":     {answer(503, body(30006, 503)), nil, connect.Error{Class: connect.Unknown, Code: "30006"}},
		"an answer that is no JSON":        {answer(201, `<html>`), nil, connect.Error{Class: connect.Unknown}},
		"an answer without a sid":          {answer(201, `{}`), nil, connect.Error{Class: connect.Unknown}},
		"a redirect":                       {answer(307, ``, "Location", "https://evil.example.com/"), nil, connect.Error{Class: connect.Human, Code: "307"}},
		"a connection that cannot be made": {nil, &net.OpError{Op: "dial", Err: errors.New("refused")}, connect.Error{Class: connect.Retry}},
		"a connection that broke":          {nil, io.ErrUnexpectedEOF, connect.Error{Class: connect.Unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			tool := client(t, config(), func(*http.Request, []byte) (*http.Response, error) {
				calls++
				return c.resp, c.err
			})
			_, err := tool.Send(t.Context(), connect.Text{To: "+14155552671", Body: "x", Attempt: "a1"})
			var e *connect.Error
			if !errors.As(err, &e) {
				t.Fatalf("Send = %v, want a connect.Error", err)
			}
			if e.Class != c.want.Class || e.Dead != c.want.Dead || e.OptedOut != c.want.OptedOut || e.After != c.want.After || c.want.Code != "" && e.Code != c.want.Code {
				t.Errorf("error = %+v, want %+v", e, c.want)
			}
			if e.Class == connect.Human && !e.Dead && e.Cure == "" {
				t.Errorf("error %v needs a person but names no cure", e)
			}
			if text := fmt.Sprint(e, e.Cure); strings.Contains(text, "4155552671") || strings.Contains(text, token) {
				t.Errorf("error %q shows a number or secret", text)
			}
			if calls != 1 {
				t.Errorf("there were %d calls, want 1", calls)
			}
		})
	}
}

func TestNumbersThatCannotBeAreNotSentTo(t *testing.T) {
	tool := client(t, config(), func(*http.Request, []byte) (*http.Response, error) {
		t.Error("there was a call")
		return answer(201, taken), nil
	})
	for _, to := range []string{"", "4155552671", "+1415555267x", "whatsapp:+14155552671", "+1 415 555 2671"} {
		_, err := tool.Send(t.Context(), connect.Text{To: to, Body: "x"})
		if e := connect.AsError(err); e == nil || e.Class != connect.Human || !e.Dead {
			t.Errorf("Send(%q) = %v, want a dead number", to, err)
		}
	}
}

// page is a page of the vendor's list: "sid@seconds" for texts of ours, seconds after received.
func page(next string, texts ...string) string {
	var list []map[string]any
	for _, text := range texts {
		sid, after, _ := strings.Cut(text, "@")
		n, _ := time.ParseDuration(after + "s")
		direction := "outbound-api"
		if strings.HasPrefix(sid, "in") {
			direction = "inbound"
		}
		list = append(list, map[string]any{
			"sid": sid, "body": "hi", "status": "sent", "direction": direction, "error_code": 30003,
			"date_created": received.Add(n).Format(time.RFC1123Z), "date_sent": nil,
		})
	}
	out := map[string]any{"messages": list, "next_page_uri": nil}
	if list == nil {
		out["messages"] = []any{}
	}
	if next != "" {
		out["next_page_uri"] = next
	}
	b, _ := json.Marshal(out)
	return string(b)
}

func TestFindSentReadsUntilTheListIsOlder(t *testing.T) {
	pages := map[string]string{
		"":  page("https://evil.example.com/2010-04-01/x?To=%2B14155552671&PageSize=100&Page=1&PageToken=t1", "c@30", "in@20", "b@10"),
		"1": page("/2010-04-01/Accounts/"+account+"/Messages.json?To=%2B14155552671&PageSize=100&Page=2&PageToken=t2", "d@40", "a@-59", "old@-61"),
		"2": page("/2010-04-01/Accounts/"+account+"/Messages.json?To=%2B14155552671&PageSize=100&Page=3&PageToken=t3", "older@-90"),
	}
	tool := client(t, config(), func(r *http.Request, _ []byte) (*http.Response, error) {
		q := r.URL.Query()
		if r.URL.Host != "api.twilio.com" || q.Get("To") != "+14155552671" || q.Has("DateSent") {
			t.Errorf("list asked at %s", r.URL)
		}
		body, ok := pages[q.Get("Page")]
		if !ok {
			t.Errorf("page %s was asked for", q.Get("Page"))
			body = page("")
		}
		return answer(200, body), nil
	})
	got, err := tool.FindSent(t.Context(), "+14155552671", received)
	var ids []string
	for _, f := range got {
		ids = append(ids, f.ID)
		if f.Body != "hi" || f.Status != "sent" || f.Code != 30003 {
			t.Errorf("found %+v, want body, status and code", f)
		}
	}
	if want := []string{"d", "c", "b", "a"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("FindSent = %v, %v, want %v", ids, err, want)
	}
}

func TestFindSentNeverTakesTroubleForAnEmptyList(t *testing.T) {
	for name, resp := range map[string]*http.Response{
		"no JSON": answer(200, `<html>`), "no list": answer(200, `{}`), "null": answer(200, `{"messages":null}`),
		"trouble": answer(500, `{"code":20500}`), "slow down": answer(429, `{"code":20429}`),
	} {
		t.Run(name, func(t *testing.T) {
			tool := client(t, config(), func(*http.Request, []byte) (*http.Response, error) { return resp, nil })
			_, err := tool.FindSent(t.Context(), "+14155552671", received)
			e := connect.AsError(err)
			if e == nil || e.Class == connect.Unknown || e.Class == connect.Human {
				t.Errorf("FindSent = %v, want an error that is tried again", err)
			}
		})
	}
}

func TestFindSentEnds(t *testing.T) {
	tool := client(t, config(), func(*http.Request, []byte) (*http.Response, error) {
		return answer(200, page("/x?To=%2B1&Page=1", "a@1")), nil
	})
	if _, err := tool.FindSent(t.Context(), "+14155552671", received); err == nil {
		t.Error("FindSent of an endless list = nil error")
	}
}
