package twilio

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the vendor's signature is HMAC-SHA1
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/url"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/connect"
)

// Verify checks X-Twilio-Signature: HMAC-SHA1 with the auth token over the address as
// Twilio called it and the form's parameters, or for other bodies over the address
// alone, which then bears the body's SHA-256. Twilio does not date its signature.
func (t *Tool) Verify(r connect.Request) error {
	given := r.Header.Get("X-Twilio-Signature")
	params, ok := signedParams(r)
	if !ok || given == "" || r.URL == nil {
		return connect.ErrSignature
	}
	fits := 0
	for _, token := range t.config.AuthTokens {
		for _, address := range addresses(r.URL) {
			mac := hmac.New(sha1.New, []byte(token))
			mac.Write([]byte(address + params))
			if hmac.Equal([]byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))), []byte(given)) {
				fits++
			}
		}
	}
	if fits == 0 {
		return connect.ErrSignature
	}
	return nil
}

// signedParams is what the signature covers of the body; ok is false if the body
// cannot be what was signed.
func signedParams(r connect.Request) (text string, ok bool) {
	if r.URL != nil && r.URL.Query().Has("bodySHA256") {
		sum := sha256.Sum256(r.Body)
		return "", hmac.Equal([]byte(hex.EncodeToString(sum[:])), []byte(r.URL.Query().Get("bodySHA256")))
	}
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return "", false
	}
	return joined(form), true
}

// joined writes names in byte order, and with each its distinct values in byte order.
// Sorting the joined pairs would be wrong where one name begins another.
func joined(form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			b.WriteString(name)
			b.WriteString(v)
		}
	}
	return b.String()
}

// addresses are the forms in which Twilio may have written the address: with and
// without a port, and with apostrophes of the query escaped.
func addresses(u *url.URL) []string {
	plain := *u
	plain.Fragment, plain.RawFragment = "", ""
	bare := plain
	bare.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	out := []string{plain.String(), bare.String()}
	if port := map[string]string{"https": "443", "http": "80"}[u.Scheme]; u.Port() == "" && port != "" {
		bare.Host = net.JoinHostPort(strings.Trim(u.Host, "[]"), port)
		out = append(out, bare.String())
	}
	for _, address := range out {
		if before, query, ok := strings.Cut(address, "?"); ok && strings.Contains(query, "'") {
			out = append(out, before+"?"+strings.ReplaceAll(query, "'", "%27"))
		}
	}
	return out
}

// Events of deliveries.
const (
	inbound = "inbound" // somebody wrote to us
	status  = "status"  // what became of a text of ours
	other   = "other"   // a webhook that is about no text
	// Refused is the event of a delivery that we keep ourselves: the body
	// {"to","code","attempt","at"} of a Send that was refused for the number's sake.
	Refused = "refused"
)

// Split returns the one event of the request. A status callback names the attempt in
// its path and is the same event whenever it says the same of the same text. A body
// that cannot be read is an event without names: Decode says what is wrong with it.
func (t *Tool) Split(r connect.Request) ([]connect.Event, error) {
	e := connect.Event{Event: other, Body: r.Body}
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return []connect.Event{e}, nil
	}
	get := func(name string) string { return connect.CleanText(form.Get(name)) }
	e.Account, e.Object, e.Attempt = get("AccountSid"), get("MessageSid"), attemptOf(r.URL)
	word := get("MessageStatus")
	switch {
	case e.Object == "":
	case word != "" && (e.Attempt != "" || !form.Has("Body")):
		e.Event = status
		e.Key = strings.Join([]string{e.Object, word, get("ErrorCode")}, "/")
	default:
		e.Event, e.Subject, e.Key = inbound, get("From"), e.Object
	}
	return []connect.Event{e}, nil
}

// attemptOf reads the attempt from a path that ends in /status/ATTEMPT.
func attemptOf(u *url.URL) string {
	if u == nil {
		return ""
	}
	rest, last := cutLast(u.EscapedPath())
	if _, before := cutLast(rest); before != "status" {
		return ""
	}
	attempt, err := url.PathUnescape(last)
	if err != nil {
		return ""
	}
	return connect.CleanText(attempt)
}

func cutLast(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// Reply is an empty TwiML document: any other text in the answer may be sent to the
// person who wrote.
func (t *Tool) Reply() (contentType string, body []byte) {
	return "text/xml; charset=utf-8", []byte(`<?xml version="1.0" encoding="UTF-8"?><Response/>`)
}
