package jobber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"plumbline.dev/plumbline/internal/connect"
)

// Verify checks the HMAC-SHA256 of the body with the app's client secret, in standard
// base64, by the vendor's page on webhooks. The signature bears no date, so that an old
// webhook may come again: its bytes are those of the first, and so is its key.
func (t *Tool) Verify(r connect.Request) error {
	mac := hmac.New(sha256.New, []byte(t.config.ClientSecret))
	mac.Write(r.Body)
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Jobber-Hmac-SHA256"))) {
		return connect.ErrSignature
	}
	return nil
}

// Split returns the one event of the request. Jobber gives a delivery no id. A body that
// is no JSON is an event without names: it is kept, and Decode says what is wrong with it.
func (t *Tool) Split(r connect.Request) ([]connect.Event, error) {
	e := connect.Event{Body: r.Body}
	if body, err := parse(r.Body); err == nil {
		w := envelope(body)
		e.Event, _ = w.text("topic")
		e.Account, _ = w.text("accountId")
		e.Object, _ = w.text("itemId")
	}
	return []connect.Event{e}, nil
}

// envelope returns what stands in a webhook's two wrappers, the zero object where they
// are not there.
func envelope(body object) object {
	data, _ := body.object("data")
	event, _ := data.object("webHookEvent")
	return event
}
