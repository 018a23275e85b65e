package housecallpro

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// Verify checks the HMAC-SHA256 over "TIMESTAMP.BODY" and that the timestamp is near
// the receipt, on both sides. The body that the vendor posts when an address is
// saved, {"foo":"bar"}, comes unsigned, and some address checks come as a GET.
func (t *Tool) Verify(r connect.Request) error {
	given := r.Header.Get(t.config.SignatureHeader)
	if given == "" && isPing(r) {
		return connect.ErrPing
	}
	signed := r.Body
	if t.config.TimestampHeader != undated {
		stamp := r.Header.Get(t.config.TimestampHeader)
		if !t.fresh(stamp, r.Received) {
			return connect.ErrSignature
		}
		signed = append([]byte(stamp+"."), r.Body...)
	}
	sum, err := t.signature(given)
	if err != nil {
		return connect.ErrSignature
	}
	fits := 0
	for _, secret := range t.config.WebhookSecrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(signed)
		if hmac.Equal(mac.Sum(nil), sum) {
			fits++
		}
	}
	if fits == 0 {
		return connect.ErrSignature
	}
	if isPing(r) {
		return connect.ErrPing
	}
	return nil
}

// fresh says whether a Unix time in seconds lies within the window around the receipt.
func (t *Tool) fresh(stamp string, received time.Time) bool {
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return false
	}
	return received.Sub(time.Unix(n, 0)).Abs() <= t.config.Skew
}

// signature decodes the header, which some senders prefix with the algorithm.
func (t *Tool) signature(text string) ([]byte, error) {
	for _, prefix := range []string{"sha256=", "v1="} {
		text = strings.TrimPrefix(text, prefix)
	}
	if t.config.Encoding == "base64" {
		return base64.StdEncoding.DecodeString(text)
	}
	return hex.DecodeString(text)
}

func isPing(r connect.Request) bool {
	if r.Method == http.MethodGet && len(r.Body) == 0 {
		return true
	}
	var ping map[string]string
	return len(r.Body) < 64 && json.Unmarshal(r.Body, &ping) == nil && len(ping) == 1 && ping["foo"] == "bar"
}

// Split returns the one event of the request. A body that is no JSON is an event
// without names: it is kept, and Decode says what is wrong with it.
func (t *Tool) Split(r connect.Request) ([]connect.Event, error) {
	e := connect.Event{Body: r.Body}
	body, err := parse(r.Body)
	if err != nil {
		return []connect.Event{e}, nil
	}
	e.Event, _ = body.text("event")
	e.Account, _ = body.text("company_id")
	for _, name := range objectsFor(e.Event) {
		if o, ok := body.object(name); ok {
			e.Object, _ = o.text("id")
			if e.Account == "" {
				e.Account, _ = o.text("company_id")
			}
			break
		}
	}
	return []connect.Event{e}, nil
}

// objects are the names under which a webhook carries an object that we read.
var objects = []string{"job", "appointment", "estimate", "invoice", "customer", "employee"}

// objectsFor returns them with the one that an event is about first: the first word
// of its name, or for job.appointment.* the appointment.
func objectsFor(event string) []string {
	first, _, _ := strings.Cut(event, ".")
	if strings.HasPrefix(event, "job.appointment.") {
		first = "appointment"
	}
	return append([]string{first}, objects...)
}
