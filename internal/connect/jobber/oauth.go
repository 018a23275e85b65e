package jobber

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// accessLife is how long an access token works where the answer does not say, as most do
// not: 60 minutes by the code of others, less five in which it may be in use.
const accessLife = 55 * time.Minute

// AuthorizeURL is the vendor's page on which an administrator of the account agrees. The
// scopes are those of the app.
func (t *Tool) AuthorizeURL(redirect, state string) string {
	q := url.Values{"response_type": {"code"}, "client_id": {t.config.ClientID}, "redirect_uri": {redirect}, "state": {state}}
	return t.config.BaseURL + "/api/oauth/authorize?" + q.Encode()
}

// Redeem turns a code into a grant. A code works once.
func (t *Tool) Redeem(ctx context.Context, redirect, code string) (connect.Grant, error) {
	return t.tokens(ctx, connect.Grant{}, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}})
}

// Refresh returns the grant that follows. The refresh token before is dead as soon as
// Jobber has answered, whether or not the answer arrives; with rotation off, which the
// answer warns of, it lives on and comes back.
func (t *Tool) Refresh(ctx context.Context, g connect.Grant) (connect.Grant, error) {
	return t.tokens(ctx, g, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(g.Refresh)}})
}

// Use makes calls with a grant from now on.
func (t *Tool) Use(g connect.Grant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.grant = g
}

func (t *Tool) access() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.grant.Access)
}

func (t *Tool) letIn() bool { return t.access() != "" }

func (t *Tool) authorize(r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+t.access())
	r.Header.Set("X-Jobber-Graphql-Version", t.config.Version)
}

// tokens asks for a grant. Asked twice with one code or token, the second is refused.
func (t *Tool) tokens(ctx context.Context, before connect.Grant, form url.Values) (connect.Grant, error) {
	form.Set("client_id", t.config.ClientID)
	form.Set("client_secret", string(t.config.ClientSecret))
	asked := t.now()
	r, err := t.door.Do(ctx, connect.Call{
		Method: http.MethodPost, Path: "/api/oauth/token", ContentType: "application/x-www-form-urlencoded", Body: []byte(form.Encode()),
	})
	if err != nil {
		return connect.Grant{}, err
	}
	var told struct {
		Access  string  `json:"access_token"`
		Refresh string  `json:"refresh_token"`
		Seconds float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(r.Body, &told); err != nil || told.Access == "" {
		return connect.Grant{}, &connect.Error{Class: connect.Unknown, Status: r.Status, Msg: "Jobber's answer holds no token", Cure: "check base_url", Err: err}
	}
	g := connect.Grant{Access: connect.Secret(told.Access), Refresh: connect.Secret(told.Refresh), Expires: asked.Add(accessLife)}
	if g.Refresh == "" {
		g.Refresh = before.Refresh
	}
	if told.Seconds > 0 && told.Seconds < longestLife.Seconds() {
		g.Expires = asked.Add(time.Duration(told.Seconds) * time.Second)
	}
	return g, nil
}

// longestLife bounds what expires_in may say.
const longestLife = 30 * 24 * time.Hour

// turnedAway reads a token answer other than 2xx. What the vendor does not accept it will
// not accept later: the code or the refresh token is void, or the app is not ours.
func (t *Tool) turnedAway(r connect.Reply) *connect.Error {
	e := t.door.ByStatus(r)
	if r.Status == http.StatusBadRequest || r.Status == http.StatusUnauthorized {
		e.Class, e.Msg = connect.Human, "Jobber does not let us in any more"
		e.Cure = "the account has to be connected anew, by an administrator of it; if that does not help, check client_id and client_secret"
	}
	return e
}
