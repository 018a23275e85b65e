package jobber

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

// Ids of the vendor's samples.
const (
	account  = "Z2lkOi8vSm9iYmVyL0FjY291bnQvMjQ4NjAwMQ=="
	customer = "Z2lkOi8vSm9iYmVyL0NsaWVudC8xNDUwMDE="
	job      = "Z2lkOi8vSm9iYmVyL0pvYi83NzgwMDE="
	visit    = "Z2lkOi8vSm9iYmVyL1Zpc2l0Lzk5MDAwMQ=="
	invoice  = "Z2lkOi8vSm9iYmVyL0ludm9pY2UvNTUwMDE="
)

var received = time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)

// vendorFile is a file of the vendor's facts; where it is not the test is skipped, in CI
// it fails.
func vendorFile(t testing.TB, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "..", "shared", "vendors", "data", "jobber"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the vendor's data is not there: %v", err)
		}
		t.Skipf("the vendor's data is not there: %v", err)
	}
	return path
}

// samples returns the vendor's sample files, by name.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vendorFile(t, "samples"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no samples: %v", err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".json")] = b
	}
	return out
}

func newTool() *Tool { return New(config(), nil, func() time.Time { return received }) }

func config() Config {
	return Config{ClientID: "3ef22a50-0000-4000-8000-b7646657560b", ClientSecret: "secret-0123456789"}
}

// answerOf is an answer as Fetch makes it of a sample: its data without the wrapper.
func answerOf(t testing.TB, sample []byte) plumbline.Delivery {
	t.Helper()
	var s struct{ Data json.RawMessage }
	if err := json.Unmarshal(sample, &s); err != nil {
		t.Fatal(err)
	}
	return plumbline.Delivery{Tool: "jobber", Event: "read", Read: received, Received: received, Body: s.Data}
}

// readOf is an answer with an object of our own making.
func readOf(name, object string) plumbline.Delivery {
	return plumbline.Delivery{Tool: "jobber", Event: "read", Read: received, Received: received, Body: fmt.Appendf(nil, `{%q:%s}`, name, object)}
}

// good are bodies that show every member that is read.
var good = map[string]string{
	"client": `{"id":"c1","firstName":"Dana","lastName":"Whitlock","companyName":null,"emails":[{"address":"b@example.com","primary":false},{"address":"a@example.com","primary":true}],
		"phones":[{"number":"1","description":"Work","primary":true,"smsAllowed":true},{"number":"2","description":"Mobile","primary":false,"smsAllowed":false},{"number":"3","description":"Home","primary":false,"smsAllowed":true}],
		"billingAddress":{"street1":"1 A St","city":"Boise","province":"Idaho","postalCode":"83702"},"createdAt":"2026-05-04T13:00:01Z","updatedAt":"2026-05-04T14:10:00Z"}`,
	"property": `{"id":"p1","client":{"id":"c1"},"address":{"street1":"418 Larkspur Ln","street2":"B","city":"Boise","province":"ID","postalCode":"83702","country":"United States"}}`,
	"user":     `{"id":"u1","name":{"first":"Rafael","last":"Ortiz"},"email":{"raw":"r@example.com"},"phone":null}`,
	"job": `{"id":"j1","jobNumber":1042,"title":"AC repair","jobStatus":"upcoming","completedAt":null,"createdAt":"2026-05-04T13:02:11Z","updatedAt":"2026-05-04T13:05:41Z","total":390.0,
		"jobberWebUri":"https://secure.getjobber.com/jobs/1","client":{"id":"c1"},"property":{"id":"p1"},
		"visits":{"nodes":[{"id":"v1","startAt":"2026-05-05T14:00:00Z","endAt":"2026-05-05T16:00:00Z","allDay":false,"completedAt":null,"createdAt":"2026-05-04T13:05:40Z",
		"assignedUsers":{"nodes":[{"id":"u1"}],"pageInfo":{"hasNextPage":false}}}],"pageInfo":{"hasNextPage":false}}}`,
	"visit": `{"id":"v1","startAt":null,"endAt":null,"allDay":true,"completedAt":"2026-05-05T15:48:30Z","createdAt":"2026-05-04T13:05:40Z","assignedUsers":{"nodes":[],"pageInfo":{"hasNextPage":false}},"job":{"id":"j1"}}`,
	"quote": `{"id":"q1","quoteNumber":"7","title":"New unit","quoteStatus":"converted","jobberWebUri":"https://x","createdAt":"2026-05-04T13:05:40Z","updatedAt":"2026-05-04T13:05:40Z","client":{"id":"c1"},"property":null,"amounts":{"total":6800}}`,
	"request": `{"id":"r1","title":"It leaks","source":"internal","jobberWebUri":"https://x","createdAt":"2026-05-04T13:05:40Z","updatedAt":"2026-05-04T13:05:40Z","client":{"id":"c1"},"property":{"id":"p1"},
		"assessment":{"startAt":"2026-05-05T14:00:00Z","endAt":"2026-05-05T16:00:00Z","allDay":false,"completedAt":null,"assignedUsers":{"nodes":[{"id":"u1"}],"pageInfo":{"hasNextPage":false}}}}`,
	"invoice": `{"id":"i1","invoiceNumber":"1042","invoiceStatus":"past_due","issuedDate":"2026-05-05T06:00:00Z","dueDate":"2026-05-05T06:00:00Z","receivedDate":null,"createdAt":"2026-05-05T15:49:10Z","updatedAt":"2026-05-05T15:55:01Z",
		"client":{"id":"c1"},"amounts":{"total":412.5,"invoiceBalance":0.1},"jobs":{"nodes":[{"id":"j1"}],"pageInfo":{"hasNextPage":false}},
		"lineItems":{"nodes":[{"id":"l1","name":"Repair","description":"","quantity":1.5,"totalPrice":390}],"pageInfo":{"hasNextPage":false}}}`,
	"paymentRecord": `{"__typename":"JobberPaymentsACHPaymentRecord","id":"m1","rawAmount":-27.5,"entryDate":"2026-05-05T15:55:00Z","paymentType":"JOBBER_PAYMENTS","client":{"id":"c1"},"invoice":{"id":"i1"},"transactionStatus":"PENDING"}`,
}

func TestDecoder(t *testing.T) {
	var deliveries []plumbline.Delivery
	for _, name := range slices.Sorted(maps.Keys(good)) {
		deliveries = append(deliveries, readOf(name, good[name]))
	}
	deliveries = append(deliveries, plumbline.Delivery{Event: "read", Read: received, Body: []byte(goneAnswer(plumbline.Visit, "v1").Body)})
	connecttest.TestDecoder(t, connecttest.Decoder{Decoder: newTool(), Deliveries: deliveries, Mutations: 400})
}

func TestSamplesDecode(t *testing.T) {
	got := samples(t)
	for _, name := range []string{"client", "job", "visit", "invoice"} {
		d := answerOf(t, got["response-"+name])
		readings, err := newTool().Decode(d)
		if err != nil || len(readings) != 1 {
			t.Errorf("Decode(%s) = %v, %v, want one reading", name, readings, err)
		}
		for _, r := range readings {
			connecttest.CheckReading(t, r)
		}
	}
	for _, name := range []string{"jobs", "invoices"} {
		var page struct {
			Data map[string]json.RawMessage
		}
		if err := json.Unmarshal(got["response-"+name+"-page"], &page); err != nil {
			t.Fatal(err)
		}
		list, err := streams[name].read(pass{by: "updatedAt"}, page.Data[name])
		if err != nil || len(list.rows) != 1 || list.rows[0].at.IsZero() || list.more || list.end != "MQ" {
			t.Errorf("the page of %s = %+v, %v, want one row with its time", name, list, err)
		}
	}
}

// said is what deliveries say, by kind, id and field.
func said(t *testing.T, d plumbline.Delivery) map[string]string {
	t.Helper()
	readings, err := newTool().Decode(d)
	if err != nil {
		t.Fatalf("Decode(%s) = %v", d.Body, err)
	}
	out := map[string]string{}
	for _, r := range readings {
		connecttest.CheckReading(t, r)
		for name, v := range r.Fields {
			out[string(r.Kind)+" "+r.ID+" "+name] = string(v)
		}
	}
	return out
}

func TestWhatObjectsSay(t *testing.T) {
	for name, want := range map[string]map[string]string{
		"client": {
			"customer c1 email": `"a@example.com"`, "customer c1 mobile_phone": `"2"`, "customer c1 home_phone": `"3"`, "customer c1 work_phone": `"1"`,
			"customer c1 texts_allowed": "false", "customer c1 organization": "null", "customer c1 state": `"ID"`, "customer c1 first_name": `"Dana"`,
		},
		"property": {"property p1 unit": `"B"`, "property p1 state": `"ID"`, "property p1 customer": `"c1"`, "property p1 use": `"service"`},
		"user":     {"technician u1 first_name": `"Rafael"`, "technician u1 email": `"r@example.com"`, "technician u1 mobile_phone": "null"},
		"job": {
			"job j1 number": `"1042"`, "job j1 status": `"scheduled"`, "job j1 total": `"390.00"`, "job j1 visits": `["v1"]`, "job j1 completed_at": "null", "job j1 estimate": "false",
			"visit v1 job": `"j1"`, "visit v1 starts": `"2026-05-05T14:00:00.000Z"`, "visit v1 technicians": `["u1"]`, "visit v1 completed_at": "null", "visit v1 any_time": "false",
		},
		"visit":   {"visit v1 starts": "null", "visit v1 completed_at": `"2026-05-05T15:48:30.000Z"`, "visit v1 technicians": "[]", "visit v1 job": `"j1"`},
		"quote":   {"job quote/q1 estimate": "true", "job quote/q1 options": `[{"id":"q1","name":"New unit","status":"approved","total":"6800.00"}]`, "job quote/q1 property": "null"},
		"request": {"job request/r1 status": `"scheduled"`, "job request/r1 visits": `["request/r1"]`, "visit request/r1 job": `"request/r1"`, "visit request/r1 technicians": `["u1"]`},
		"invoice": {
			"invoice i1 status": `"open"`, "invoice i1 amount": `"412.50"`, "invoice i1 balance": `"0.10"`, "invoice i1 job": `"j1"`, "invoice i1 paid_at": "null",
			"invoice i1 issued_at": `"2026-05-05T06:00:00.000Z"`, "invoice i1 lines": `[{"amount":"390.00","description":"","id":"l1","job":"j1","name":"Repair","quantity":"1.5"}]`,
		},
		"paymentRecord": {"payment m1 amount": `"-27.50"`, "payment m1 method": `"ach"`, "payment m1 status": `"pending"`, "payment m1 invoice": `"i1"`},
	} {
		got := said(t, readOf(name, good[name]))
		for path, v := range want {
			if got[path] != v {
				t.Errorf("%s: %s = %s, want %s", name, path, got[path], v)
			}
		}
		for path := range got {
			for _, never := range []string{" en_route_at", " on_site_at", " paused_at", " canceled_at", " released"} {
				if strings.HasSuffix(path, never) {
					t.Errorf("%s is said, which Jobber cannot show", path)
				}
			}
		}
	}
}

func TestVariantsOfObjects(t *testing.T) {
	for name, c := range map[string]struct{ object, old, with, path, want string }{
		"a draft is not issued":              {"invoice", "past_due", "draft", "invoice i1 issued_at", "null"},
		"an invoice of several jobs":         {"invoice", `[{"id":"j1"}]`, `[{"id":"j1"},{"id":"j2"}]`, "invoice i1 jobs", `["j1","j2"]`},
		"lines of several jobs name none":    {"invoice", `[{"id":"j1"}]`, `[{"id":"j1"},{"id":"j2"}]`, "invoice i1 lines", `[{"amount":"390.00","description":"","id":"l1","name":"Repair","quantity":"1.5"}]`},
		"a tip is asked for":                 {"invoice", `"total":412.5,`, `"total":412.5,"tipsTotal":20.25,`, "invoice i1 amount", `"432.75"`},
		"a debt that is written off":         {"invoice", "past_due", "bad_debt", "invoice i1 status", `"uncollectible"`},
		"a page of visits that goes on":      {"job", `}}],"pageInfo":{"hasNextPage":false}`, `}}],"pageInfo":{"hasNextPage":true}`, "job j1 visits", ""},
		"a visit that lacks a part":          {"job", `"allDay":false,`, "", "visit v1 starts", ""},
		"a closed job":                       {"job", `"upcoming"`, `"requires_invoicing"`, "job j1 status", `"complete"`},
		"an open job with a visit ahead":     {"job", `"upcoming"`, `"active"`, "job j1 status", `"scheduled"`},
		"a visit that was taken back":        {"visit", `"2026-05-05T15:48:30Z"`, "null", "visit v1 completed_at", "null"},
		"more users than were asked for":     {"visit", `"hasNextPage":false`, `"hasNextPage":true`, "visit v1 technicians", ""},
		"no number is a mobile one":          {"client", `"Mobile"`, `"Main"`, "customer c1 mobile_phone", `"2"`},
		"a fax machine gets no texts":        {"client", `"Mobile"`, `"Fax"`, "customer c1 mobile_phone", "null"},
		"a payment that a person wrote down": {"paymentRecord", `,"transactionStatus":"PENDING"`, "", "payment m1 status", `"settled"`},
		"a refunded payment had come":        {"paymentRecord", "PENDING", "PARTIALLY_REFUNDED", "payment m1 status", `"settled"`},
		"a card":                             {"paymentRecord", "ACHPayment", "CreditCardPayment", "payment m1 method", `"card"`},
		"an archived quote":                  {"quote", "converted", "archived", "job quote/q1 options", `[{"id":"q1","name":"New unit","status":"expired","total":"6800.00"}]`},
		"an assessment that was done":        {"request", `"completedAt":null`, `"completedAt":"2026-05-05T15:00:00Z"`, "job request/r1 status", `"complete"`},
		"a time with an offset":              {"visit", "2026-05-05T15:48:30Z", "2026-05-05T09:48:30-06:00", "visit v1 completed_at", `"2026-05-05T15:48:30.000Z"`},
		"an open job with nothing done yet":  {"job", `"upcoming"`, `"action_required"`, "job j1 status", `"scheduled"`},
	} {
		body := good[c.object]
		if !strings.Contains(body, c.old) {
			t.Fatalf("%s: the body has no %s", name, c.old)
		}
		if got := said(t, readOf(c.object, strings.Replace(body, c.old, c.with, 1)))[c.path]; got != c.want {
			t.Errorf("%s: %s = %s, want %s", name, c.path, got, c.want)
		}
	}
	done := strings.NewReplacer(`"upcoming"`, `"action_required"`, `"allDay":false,"completedAt":null`, `"allDay":false,"completedAt":"2026-05-05T15:00:00Z"`).Replace(good["job"])
	if got := said(t, readOf("job", done))["job j1 status"]; got != `"in_progress"` {
		t.Errorf("status of an open job with a completed visit = %s, want in_progress", got)
	}
}

func TestVersionsAreTheVendorsWhereItTellsThem(t *testing.T) {
	for name, want := range map[string]time.Time{
		"job": time.Date(2026, 5, 4, 13, 5, 41, 0, time.UTC), "visit": received, "property": received, "user": received, "paymentRecord": received,
	} {
		readings, err := newTool().Decode(readOf(name, good[name]))
		if err != nil || !readings[0].At.Equal(want) || !readings[0].Read.Equal(received) {
			t.Errorf("the version of a %s = %v, %v, want %v", name, readings[0].At, err, want)
		}
	}
}

func TestMistakesNameTheirPath(t *testing.T) {
	for body, want := range map[string]string{
		`{"job":{"id":"j1","visits":{"nodes":[{"id":7}]}}}`:          "job.visits.nodes[0].id",
		`{"job":{"id":"j1","jobStatus":"canceled"}}`:                 "job.jobStatus",
		`{"invoice":{"id":"i1","amounts":{"total":"12"}}}`:           "invoice.amounts.total",
		`{"invoice":{"id":"i1","amounts":{"total":1e400}}}`:          "invoice.amounts.total",
		`{"visit":{"id":""}}`:                                        "visit.id",
		`{"paymentRecord":{"id":"m","transactionStatus":"GONE"}}`:    "paymentRecord.transactionStatus",
		`{"gone":true,"id":"x","kind":"unicorn"}`:                    "kind",
		`{"client":{"id":"c","phones":[null]}}`:                      "client.phones[0]",
		`{"client":{"id":"c","updatedAt":"yesterday"}}`:              "client.updatedAt",
		`{"client":{"id":"c"}} {}`:                                   "more than one",
		`[]`:                                                         "expected an object",
		`{"quote":{"id":"q1","quoteStatus":"declined","title":"x"}}`: "quote.quoteStatus",
	} {
		_, err := newTool().Decode(plumbline.Delivery{Event: "read", Body: []byte(body)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Decode(%s) = %v, want an error about %s", body, err, want)
		}
	}
	var ignored connect.Ignored
	if _, err := newTool().Decode(plumbline.Delivery{Event: "read", Body: []byte(`{"expense":{"id":"x"}}`)}); !errors.As(err, &ignored) {
		t.Errorf("Decode of an object that we do not know = %v, want ignored", err)
	}
}

// Every amount of cents comes back from the number that a vendor with binary fractions
// makes of it.
func TestMoneySurvivesBinaryFractions(t *testing.T) {
	check := func(text, want string) {
		t.Helper()
		n, ok := exact(text)
		if !ok || money(n) != want {
			t.Errorf("money(%s) = %v, %v, want %s", text, n, ok, want)
		}
	}
	for text, want := range map[string]string{
		"100.1": "100.10", "390": "390.00", "0.0": "0.00", "-0.001": "0.00", "412.50000000000006": "412.50", "1e2": "100.00", "12.5E-1": "1.25",
		"0.30000000000000004": "0.30", "-27.5": "-27.50", "2.675": "2.68", "1.005": "1.01", "-1.005": "-1.01",
	} {
		check(text, want)
	}
	for cents := int64(-30_000_000); cents < 30_000_000; cents += 997 {
		want := connect.Cents(cents)
		text, err := json.Marshal(float64(cents) / 100)
		if err != nil {
			t.Fatal(err)
		}
		check(string(text), want)
		check(big.NewRat(cents, 100).FloatString(5), want)
	}
	for _, bad := range []string{"", "x", `"1"`, "1e999999999", "1e31", "99999999999999", "1/3", "0x10", "1_000", strings.Repeat("9", 50)} {
		if n, ok := exact(bad); ok {
			t.Errorf("exact(%q) = %v, want none", bad, n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range slices.Sorted(maps.Keys(good)) {
		f.Add("read", []byte(fmt.Sprintf(`{%q:%s}`, name, good[name])))
	}
	f.Add("JOB_DESTROY", []byte(`{"data":{"webHookEvent":{"topic":"JOB_DESTROY","itemId":"x","occuredAt":"2021-08-12T16:31:36-06:00"}}}`))
	tool := newTool()
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		connecttest.CheckDecode(t, tool, plumbline.Delivery{Event: event, Read: received, Received: received, Body: body})
	})
}
