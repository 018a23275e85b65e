package twilio

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

func delivered(t testing.TB, address string, body []byte) plumbline.Delivery {
	t.Helper()
	events, err := newTool().Split(connect.Request{URL: mustURL(t, address), Body: body})
	if err != nil || len(events) != 1 {
		t.Fatalf("Split = %v, %v", events, err)
	}
	e := events[0]
	return plumbline.Delivery{
		Tool: "twilio", Event: e.Event, Object: e.Object, Subject: e.Subject, Attempt: e.Attempt, Key: e.Key, Received: received, Body: e.Body,
	}
}

func refusal(body string) plumbline.Delivery {
	return plumbline.Delivery{Tool: "twilio", Event: Refused, Received: received, Body: []byte(body)}
}

func TestWebhooksSayOneThingAboutOneNumber(t *testing.T) {
	picture := form("MessageSid", "SM1", "From", "+14155552671", "To", "+15005550006", "Body", "look", "NumMedia", "1",
		"MediaUrl0", "https://api.twilio.com/m/1", "MediaContentType0", "image/jpeg", "OptOutType", "STOP")
	for name, c := range map[string]struct {
		delivery   plumbline.Delivery
		name, want string
	}{
		"a text": {delivered(t, hooks, inboundBody("SM1", " Stop 🛑 <b>\n")), "text:SM1",
			`[{"at":"2026-05-05T14:00:00.000Z","body":" Stop 🛑 <b>\n","media":[],"opt_out_type":"","to":"+15005550006"}]`},
		"a text with a picture and a stop word": {delivered(t, hooks, picture), "text:SM1",
			`[{"at":"2026-05-05T14:00:00.000Z","body":"look","media":[{"type":"image/jpeg","url":"https://api.twilio.com/m/1"}],"opt_out_type":"STOP","to":"+15005550006"}]`},
		"a receipt": {delivered(t, hooks+"/status/a1", statusBody("delivered", "")), "receipt:a1/delivered",
			`[{"at":"2026-05-05T14:00:00.000Z","code":0,"dead":false,"opted_out":false,"rank":80,"sid":"` + textSid + `","status":"delivered"}]`},
		"a receipt of a landline": {delivered(t, hooks+"/status/a1", statusBody("undelivered", "30006")), "receipt:a1/undelivered",
			`[{"at":"2026-05-05T14:00:00.000Z","code":30006,"dead":true,"opted_out":false,"rank":80,"sid":"` + textSid + `","status":"undelivered"}]`},
		"a receipt without attempt, of a new word": {delivered(t, hooks, statusBody("pondering", "")), "receipt:" + textSid + "/pondering",
			`[{"at":"2026-05-05T14:00:00.000Z","code":0,"dead":false,"opted_out":false,"rank":0,"sid":"` + textSid + `","status":"pondering"}]`},
		"a refusal of somebody who opted out": {refusal(`{"to":"+14155552671","code":21610,"attempt":"a1","at":"2026-05-05T13:00:00Z"}`), "refused:a1",
			`[{"at":"2026-05-05T13:00:00.000Z","code":21610,"dead":false,"opted_out":true}]`},
		"a refusal with a code from the future": {refusal(`{"to":"+14155552671","code":99999,"attempt":"a1","at":"2026-05-05T13:00:00Z"}`), "refused:a1",
			`[{"at":"2026-05-05T13:00:00.000Z","code":99999,"dead":false,"opted_out":false}]`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newTool().Decode(c.delivery)
			if err != nil || len(got) != 1 || len(got[0].Fields) != 1 {
				t.Fatalf("Decode = %+v, %v, want one reading of one field", got, err)
			}
			r := got[0]
			connecttest.CheckReading(t, r)
			if r.Kind != plumbline.Address || r.ID != "+14155552671" || string(r.Fields[c.name]) != c.want {
				t.Errorf("reading = %+v, want %s = %s", r, c.name, c.want)
			}
		})
	}
}

func TestWhatIsNoTextIsIgnoredByRule(t *testing.T) {
	for _, body := range [][]byte{
		form("CallSid", "CA1"),
		form("MessageSid", "SM1", "From", "whatsapp:+14155552671", "To", "+1", "Body", "x"),
		form("MessageSid", "SM1", "From", "24273", "To", "+1", "Body", "x"),
		form("MessageSid", "SM1", "To", "whatsapp:+14155552671", "MessageStatus", "sent"),
	} {
		_, err := newTool().Decode(delivered(t, hooks, body))
		var ignored connect.Ignored
		if !errors.As(err, &ignored) || ignored.Rule == "" {
			t.Errorf("Decode(%s) = %v, want ignored by a rule", body, err)
		}
	}
}

func TestBrokenWebhooksAreErrors(t *testing.T) {
	for _, c := range []struct {
		delivery plumbline.Delivery
		want     string
	}{
		{plumbline.Delivery{Event: inbound, Body: []byte("%zz")}, "not a form"},
		{plumbline.Delivery{Event: inbound, Body: []byte("Body=x")}, "From and MessageSid"},
		{plumbline.Delivery{Event: status, Body: []byte("MessageSid=x&MessageStatus=sent")}, "To, MessageSid and MessageStatus"},
		{plumbline.Delivery{Event: status, Body: statusBody("failed", "many")}, "ErrorCode"},
		{refusal(`{`), "refused"},
		{refusal(`{"to":"+14155552671","code":21610,"attempt":"","at":"2026-05-05T13:00:00Z"}`), "attempt"},
		{refusal(`{"to":"you","code":21610,"attempt":"a","at":"2026-05-05T13:00:00Z"}`), "to"},
	} {
		_, err := newTool().Decode(c.delivery)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Decode(%s) = %v, want an error with %q", c.delivery.Body, err, c.want)
		}
	}
}

func deliveries(t testing.TB) []plumbline.Delivery {
	return []plumbline.Delivery{
		delivered(t, hooks, inboundBody("SM1", "hello")),
		delivered(t, hooks+"/status/a1", statusBody("undelivered", "30006")),
		refusal(`{"to":"+14155552671","code":21610,"attempt":"a1","at":"2026-05-05T13:00:00Z"}`),
	}
}

func TestDecoder(t *testing.T) {
	connecttest.TestDecoder(t, connecttest.Decoder{Decoder: newTool(), Deliveries: deliveries(t), Mutations: 2000})
}

func FuzzDecode(f *testing.F) {
	for _, d := range deliveries(f) {
		f.Add(d.Event, d.Attempt, d.Body)
	}
	f.Fuzz(func(t *testing.T, event, attempt string, body []byte) {
		attempt = connect.CleanText(attempt)
		connecttest.CheckDecode(t, newTool(), plumbline.Delivery{Event: event, Attempt: attempt, Body: body, Received: received})
		u := &url.URL{Scheme: "https", Host: "h", Path: "/status/" + attempt}
		if _, err := newTool().Split(connect.Request{URL: u, Body: body}); err != nil {
			t.Errorf("Split = %v", err)
		}
	})
}
