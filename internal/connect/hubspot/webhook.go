package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// window is how old a signed request may be, and how far ahead its clock
// ("Validating requests").
const window = 5 * time.Minute

// A Receiver takes the webhooks of one HubSpot app, which come for every account
// that has installed it. Each event is only a nudge to read the record.
type Receiver struct {
	ClientSecret connect.Secret // of the app
}

// Verify checks signature v3, which is HMAC-SHA256 over method, address, body and
// time. The older ones, which HubSpot sends beside it, are not looked at: they bear
// no time.
func (r *Receiver) Verify(req connect.Request) error {
	stamp := req.Header.Get("X-HubSpot-Request-Timestamp")
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || r.ClientSecret == "" || req.URL == nil {
		return connect.ErrSignature
	}
	if age := req.Received.Sub(time.UnixMilli(ms)); age > window || age < -window {
		return connect.ErrSignature
	}
	given, err := base64.StdEncoding.DecodeString(req.Header.Get("X-HubSpot-Signature-v3"))
	if err != nil {
		return connect.ErrSignature
	}
	mac := hmac.New(sha256.New, []byte(r.ClientSecret))
	mac.Write([]byte(req.Method + signedAddress(req.URL)))
	mac.Write(req.Body)
	mac.Write([]byte(stamp))
	if !hmac.Equal(given, mac.Sum(nil)) {
		return connect.ErrSignature
	}
	return nil
}

// decoded are the only escapes that HubSpot undoes before it signs.
var decoded = strings.NewReplacer(
	"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
	"%3a", ":", "%2f", "/", "%3f", "?", "%2a", "*", "%2c", ",", "%3b", ";",
)

// signedAddress is the address as HubSpot signs it: without fragment.
func signedAddress(u *url.URL) string {
	address := u.Scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" || u.ForceQuery {
		address += "?" + u.RawQuery
	}
	return decoded.Replace(address)
}

// A notice is one event of a webhook.
type notice struct {
	PortalID         loose `json:"portalId"`
	ObjectID         loose `json:"objectId"`
	NewObjectID      loose `json:"newObjectId"`
	FromObjectID     loose `json:"fromObjectId"`
	SubscriptionType loose `json:"subscriptionType"`
	EventType        loose `json:"eventType"`
}

// Split cuts the list of events. Neither eventId nor anything else is promised to be
// unique, so events have no key: what is sent again is a nudge more. An event that
// cannot be read is handed over as "unknown", so that it does not cost the others.
func (r *Receiver) Split(req connect.Request) ([]connect.Event, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(req.Body, &list); err != nil || len(list) == 0 {
		return nil, plumbline.Invalidf("", "the webhook is no list of events")
	}
	events := make([]connect.Event, len(list))
	for i, raw := range list {
		events[i] = event(raw)
	}
	return events, nil
}

func event(raw json.RawMessage) connect.Event {
	var n notice
	if json.Unmarshal(raw, &n) != nil {
		n = notice{}
	}
	e := connect.Event{
		Account: connect.CleanText(string(n.PortalID)),
		Event:   connect.CleanText(orElse(orElse(string(n.SubscriptionType), string(n.EventType)), "unknown")),
		Object:  string(n.ObjectID),
		Body:    raw,
	}
	// after a merge the record lives on by a new id; an association names two
	for _, id := range []loose{n.FromObjectID, n.NewObjectID} {
		if id != "" && (e.Object == "" || strings.HasSuffix(e.Event, ".merge")) {
			e.Object = string(id)
		}
	}
	e.Object = connect.CleanText(e.Object)
	return e
}
