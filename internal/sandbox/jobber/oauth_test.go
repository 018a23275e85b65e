package jobber

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// token asks the token URL by form.
func (w *world) token(form url.Values) (int, map[string]any) {
	w.t.Helper()
	form.Set("client_id", "app")
	form.Set("client_secret", "app-secret")
	status, _, b, err := w.call("POST", "/api/oauth/token", "application/x-www-form-urlencoded", form.Encode(), nil)
	must(w.t, err)
	return status, decoded(w.t, b)
}

func (w *world) refreshWith(token string) (int, map[string]any) {
	w.t.Helper()
	return w.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func TestAnAdminConnectsTheApp(t *testing.T) {
	w := newWorld(t, nil)
	must(t, w.Disconnect())
	link := "/api/oauth/authorize?" + url.Values{"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {"https://app.example.com/back?a=b"}, "state": {"s 1"}}.Encode()
	status, h, _, err := w.call("GET", link, "", "", nil)
	must(t, err)
	back, err := url.Parse(h.Get("Location"))
	must(t, err)
	q := back.Query()
	if status != 302 || back.Host != "app.example.com" || q.Get("state") != "s 1" || q.Get("a") != "b" || q.Get("code") == "" {
		t.Fatalf("answered %d to %v, want a redirect with code and state", status, back)
	}
	redeem := url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {"https://app.example.com/back?a=b"}}
	status, got := w.token(redeem)
	if status != 200 || len(got) != 2 || got["access_token"] == nil || got["refresh_token"] == nil {
		t.Fatalf("the code brings %d %v, want two tokens and no expires_in", status, got)
	}
	w.tokens.Access = got["access_token"].(string)
	w.ask(`{ account { id } }`, nil)
	if status, got := w.token(redeem); status != 401 {
		t.Errorf("the code brings %d %v the second time, want 401", status, got)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(w.tokens.Access, ".")[1])
	must(t, err)
	if exp := decoded(t, payload)["exp"]; exp != float64(w.now.Add(time.Hour).Unix()) {
		t.Errorf("the token's exp is %v, want an hour from now", exp)
	}
	if topics := w.sent(0); !slices.Equal(topics, []string{"APP_CONNECT", "APP_DISCONNECT", "APP_CONNECT"}) {
		t.Errorf("sent %v", topics)
	}
}

func TestACodeFromAuthorizeIsRedeemedByJSON(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.ExpiresIn = true })
	q := w.Authorize("s")
	body := mustJSON(map[string]string{"grant_type": "authorization_code", "client_id": "app", "client_secret": "app-secret", "code": q.Get("code")})
	status, _, b, err := w.call("POST", "/api/oauth/token", "application/json", string(body), nil)
	must(t, err)
	if got := decoded(t, b); status != 200 || got["expires_in"] != 3600.0 || q.Get("state") != "s" {
		t.Errorf("answered %d %s, want tokens with expires_in", status, b)
	}
	w.now = w.now.Add(11 * time.Minute)
	if status, got := w.token(url.Values{"grant_type": {"authorization_code"}, "code": {w.Authorize("").Get("code")}}); status != 200 {
		t.Errorf("a fresh code brings %d %v", status, got)
	}
}

func TestARefreshTokenDiesWhenUsed(t *testing.T) {
	w := newWorld(t, nil)
	old := w.tokens
	status, got := w.refreshWith(old.Refresh)
	if status != 200 || got["refresh_token"] == old.Refresh || got["access_token"] == old.Access || got["warning"] != nil || got["expires_in"] != nil {
		t.Fatalf("the refresh brings %d %v, want a new pair", status, got)
	}
	if got["expires_at"] != "2026-05-04 14:00:01 UTC" {
		t.Errorf("expires_at is %v", got["expires_at"])
	}
	if status, got := w.refreshWith(old.Refresh); status != 401 || got["message"] != "The provided refresh token is not valid." {
		t.Errorf("the dead token brings %d %v, want 401", status, got)
	}
	w.ask(`{ account { id } }`, nil) // the old access token lives on
	if status, _ := w.refreshWith(got["refresh_token"].(string)); status != 200 {
		t.Errorf("the new token brings %d, want 200", status)
	}
}

func TestALostAnswerOfTheTokenURLTakesTheTokenWithIt(t *testing.T) {
	w := newWorld(t, nil)
	w.SetFaults(Faults{LostTokens: 1})
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {w.tokens.Refresh}, "client_id": {"app"}, "client_secret": {"app-secret"}}
	if _, _, _, err := w.call("POST", "/api/oauth/token", "application/x-www-form-urlencoded", form.Encode(), nil); err == nil {
		t.Fatal("the answer was not lost")
	}
	w.SetFaults(Faults{})
	if status, _ := w.refreshWith(w.tokens.Refresh); status != 401 {
		t.Errorf("the old token brings %d, want 401", status)
	}
}

func TestWithRotationOffTheSameTokenComesBackWithAWarning(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.KeepRefreshToken = true })
	for range 2 {
		status, got := w.refreshWith(w.tokens.Refresh)
		warning, _ := got["warning"].(string)
		if status != 200 || got["refresh_token"] != w.tokens.Refresh || !strings.Contains(warning, "rotation is off") {
			t.Errorf("the refresh brings %d %v, want the same token and a warning", status, got)
		}
	}
}

func TestAnAccessTokenExpiresAfterAnHour(t *testing.T) {
	for _, want := range []int{401, 200} {
		w := newWorld(t, func(o *Options) { o.TokenErrorsAs200 = want == 200 })
		w.now = w.now.Add(time.Hour - time.Second)
		w.ask(`{ account { id } }`, nil)
		w.now = w.now.Add(time.Second)
		if status, body, _ := w.post(`{ account { id } }`, nil); status != want || body["message"] != "Access token expired" {
			t.Errorf("after an hour it is answered %d %v, want %d", status, body, want)
		}
	}
}

func TestWrongSecretsAndGrantsAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	for body, want := range map[string]int{
		"client_id=app&client_secret=x&grant_type=refresh_token":               401,
		"client_id=app&client_secret=app-secret&grant_type=password":           400,
		"client_id=app&client_secret=app-secret&grant_type=authorization_code": 401,
	} {
		status, _, b, err := w.call("POST", "/api/oauth/token", "application/x-www-form-urlencoded", body, nil)
		must(t, err)
		if status != want {
			t.Errorf("%s is answered %d %s, want %d", body, status, b, want)
		}
	}
	if status, _, _, _ := w.call("GET", "/api/oauth/authorize?client_id=other&response_type=code&redirect_uri=https://x.example.com", "", "", nil); status != 400 {
		t.Errorf("another app's link is answered %d, want 400", status)
	}
}

func TestADisconnectedAppIsToldOnceAndThenRefused(t *testing.T) {
	for name, disconnect := range map[string]func(*world) error{
		"by an admin": func(w *world) error { return w.Disconnect() },
		"by the app": func(w *world) error {
			w.ask(`mutation { appDisconnect { app { name author } userErrors { message } } }`, nil)
			return nil
		},
	} {
		w := newWorld(t, nil)
		w.run(time.Minute)
		must(t, disconnect(w))
		w.dana()
		w.run(time.Hour)
		if len(w.got) != 2 {
			t.Fatalf("%s: %d webhooks came, want APP_CONNECT and APP_DISCONNECT", name, len(w.got))
		}
		if e := at(decoded(t, w.got[1].body), "data", "webHookEvent"); at(e, "topic") != "APP_DISCONNECT" || at(e, "itemId") != w.AccountID() {
			t.Errorf("%s: the last webhook is %v", name, e)
		}
		if status, body, _ := w.post(`{ account { id } }`, nil); status != 401 || !strings.Contains(body["message"].(string), "disconnected") {
			t.Errorf("%s: the token is answered %d %v", name, status, body)
		}
		if status, _ := w.refreshWith(w.tokens.Refresh); status != 401 {
			t.Errorf("%s: the refresh token is answered %d, want 401", name, status)
		}
		if w.Connected() || w.Disconnect() == nil {
			t.Errorf("%s: it is still connected", name)
		}
	}
}
