package jobber

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// grants are what the app was given: codes that wait to be redeemed, access
// tokens with the end of their lives, and the one refresh token that works.
type grants struct {
	connected bool
	codes     map[string]code
	access    map[string]time.Time
	refresh   string
}

type code struct {
	until    time.Time
	redirect string // what the token request has to repeat; empty is nothing
}

// Tokens are an access token and the refresh token that came with it.
type Tokens struct{ Access, Refresh string }

const (
	accessLife = time.Hour
	codeLife   = 10 * time.Minute // the vendor publishes none
)

// Authorize is an admin who clicks "Allow access" on the app's page: it
// returns the query of the redirect, code and state. The code works once.
func (s *Sandbox) Authorize(state string) url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.authorize("", state)
}

func (s *Sandbox) authorize(redirect, state string) url.Values {
	c := s.secret()
	s.grants.codes[c] = code{until: s.opts.Now().Add(codeLife), redirect: redirect}
	q := url.Values{"code": {c}}
	if state != "" { // from the marketplace there is none
		q.Set("state", state)
	}
	return q
}

// Connect authorizes the app and redeems the code, without HTTP.
func (s *Sandbox) Connect() Tokens {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connect()
}

// Disconnect is an admin who removes the app: all tokens are dead at once,
// APP_DISCONNECT is the last event, and the account's endpoints are gone.
func (s *Sandbox) Disconnect() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.grants.connected {
		return errors.New("disconnect the app: it is not connected")
	}
	s.disconnect()
	return nil
}

// Connected says whether the account has the app.
func (s *Sandbox) Connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.grants.connected
}

func (s *Sandbox) disconnect() {
	s.emit("APP_DISCONNECT", s.account)
	s.grants.connected, s.grants.refresh = false, ""
	s.endpoints = nil
}

// connect gives the app new tokens. Those of a connection before it die (the
// vendor says so of a new authorization after a change of scopes).
func (s *Sandbox) connect() Tokens {
	was := s.grants.connected
	s.grants.connected = true
	clear(s.grants.access)
	s.grants.refresh = s.secret()
	if !was {
		s.emit("APP_CONNECT", s.account)
	}
	return Tokens{s.accessToken(), s.grants.refresh}
}

// accessToken makes one that looks like the vendor's: a JWT with exp whose
// signature only the vendor can check.
func (s *Sandbox) accessToken() string {
	until := s.opts.Now().Add(accessLife)
	b64 := base64.RawURLEncoding.EncodeToString
	token := b64([]byte(`{"typ":"JWT","alg":"HS256"}`)) + "." +
		b64(mustJSON(map[string]any{"app_id": s.opts.AppID, "exp": until.Unix(), "jti": s.secret()})) + "." + b64([]byte(s.secret()))
	s.grants.access[token] = until
	return token
}

func (s *Sandbox) secret() string {
	return fmt.Sprintf("%016x%016x", s.opts.Rand.Uint64(), s.opts.Rand.Uint64())
}

// getAuthorize is the page on which an admin clicks at once.
func (s *Sandbox) getAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("redirect_uri") == "" || q.Get("client_id") != s.opts.ClientID || q.Get("response_type") != "code" {
		reply(w, http.StatusBadRequest, message("The authorization link is not valid"))
		return
	}
	query := back.Query()
	maps.Copy(query, s.authorize(q.Get("redirect_uri"), q.Get("state")))
	back.RawQuery = query.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

// postToken redeems a code or a refresh token, asked for by form or by JSON.
// The vendor publishes its message about a dead refresh token, not the status;
// 401 is a choice.
func (s *Sandbox) postToken(w http.ResponseWriter, r *http.Request) {
	ask, ok := tokenRequest(w, r)
	if !ok {
		reply(w, http.StatusBadRequest, message("The request body is neither JSON nor a form."))
		return
	}
	if ask["client_id"] != s.opts.ClientID || ask["client_secret"] != s.opts.ClientSecret {
		reply(w, http.StatusUnauthorized, message("The client credentials are not valid."))
		return
	}
	switch ask["grant_type"] {
	case "authorization_code":
		c, ok := s.grants.codes[ask["code"]]
		delete(s.grants.codes, ask["code"])
		if !ok || s.opts.Now().After(c.until) || c.redirect != "" && c.redirect != ask["redirect_uri"] {
			reply(w, http.StatusUnauthorized, message("The provided authorization code is not valid."))
			return
		}
		t := s.connect()
		reply(w, http.StatusOK, s.tokenAnswer(t, nil))
	case "refresh_token":
		if s.grants.refresh == "" || ask["refresh_token"] != s.grants.refresh {
			reply(w, http.StatusUnauthorized, message("The provided refresh token is not valid."))
			return
		}
		reply(w, http.StatusOK, s.refresh())
	default:
		reply(w, http.StatusBadRequest, message("The grant type is not supported."))
	}
}

// refresh gives a new access token. The old access tokens live on to their
// end; the old refresh token is dead at once, unless rotation is off.
func (s *Sandbox) refresh() map[string]any {
	more := map[string]any{"expires_at": s.opts.Now().Add(accessLife).UTC().Format("2006-01-02 15:04:05 UTC")}
	if s.opts.KeepRefreshToken {
		more["warning"] = "Refresh token rotation is off. This setting is required for apps to be published in the Jobber App Marketplace. You can turn it on in the Developer Center. https://developer.getjobber.com/apps"
	} else {
		s.grants.refresh = s.secret()
	}
	return s.tokenAnswer(Tokens{s.accessToken(), s.grants.refresh}, more)
}

func (s *Sandbox) tokenAnswer(t Tokens, more map[string]any) map[string]any {
	answer := map[string]any{"access_token": t.Access, "refresh_token": t.Refresh}
	if s.opts.ExpiresIn {
		answer["expires_in"] = int(accessLife / time.Second)
	}
	maps.Copy(answer, more)
	return answer
}

// tokenRequest reads the fields of a body that is a form or JSON.
func tokenRequest(w http.ResponseWriter, r *http.Request) (ask map[string]string, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	ask = map[string]string{}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/json" {
		return ask, json.NewDecoder(r.Body).Decode(&ask) == nil
	}
	err := r.ParseForm()
	for k := range r.PostForm {
		ask[k] = r.PostForm.Get(k)
	}
	return ask, err == nil
}

// refused says why a token does not open the API; empty is that it does.
func (s *Sandbox) refused(token string) string {
	until, known := s.grants.access[token]
	switch {
	case !known:
		return "Token not recognized"
	case !s.grants.connected:
		return "User has disconnected this app from their account. Please delete this token"
	case !s.opts.Now().Before(until):
		return "Access token expired"
	}
	return ""
}
