package housecallpro

import (
	"errors"
	"maps"
	"math/rand/v2"
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

const (
	company  = "3f6a1d20-0000-4000-8000-00000000c0de"
	job      = "job_0000000000000000000000000000a005"
	customer = "cus_0000000000000000000000000000a001"
	address  = "adr_0000000000000000000000000000a002"
	pro      = "pro_0000000000000000000000000000a003"
	visit    = "appt_0000000000000000000000000000a004"
	invoice  = "invoice_0000000000000000000000000000a007"
	estimate = "csr_0000000000000000000000000000a008"
)

var received = time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)

// samples returns the vendor's sample files, by name.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", "shared", "vendors", "data", "housecallpro", "samples")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the vendor's samples are not at %s", dir)
		}
		t.Skipf("the vendor's samples are not at %s", dir)
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
	return Config{APIKey: "key-0123456789", WebhookSecrets: []connect.Secret{"new secret", "old secret"}}
}

// delivered is a webhook as the inbox keeps it.
func delivered(t testing.TB, body []byte) plumbline.Delivery {
	t.Helper()
	events, err := newTool().Split(connect.Request{Body: body})
	if err != nil || len(events) != 1 {
		t.Fatalf("Split = %v, %v", events, err)
	}
	e := events[0]
	return plumbline.Delivery{Tool: "housecallpro", Event: e.Event, Object: e.Object, Received: received, Body: e.Body}
}

// list returns the first object of a list sample.
func listed(t testing.TB, body []byte, member string) plumbline.Delivery {
	t.Helper()
	m, ok := byTheBook(body)
	if !ok {
		t.Fatalf("%s is no object", body)
	}
	o := m[member].([]any)[0].(map[string]any)
	return plumbline.Delivery{
		Tool: "housecallpro", Event: "read", Object: o["id"].(string), Received: received, Read: received.Add(-time.Second),
		Body: []byte(connect.Value(o)),
	}
}

// all returns every sample that a delivery can hold.
func all(t testing.TB) map[string]plumbline.Delivery {
	out := map[string]plumbline.Delivery{}
	for name, body := range samples(t) {
		switch {
		case name == "webhook-ping":
		case strings.HasPrefix(name, "webhook-"):
			out[name] = delivered(t, body)
		case strings.HasPrefix(name, "list-"):
			out[name] = listed(t, body, strings.TrimPrefix(name, "list-"))
		}
	}
	return out
}

func readings(t *testing.T, d plumbline.Delivery) map[string]plumbline.Reading {
	t.Helper()
	list, err := newTool().Decode(d)
	if err != nil {
		t.Fatalf("Decode(%s): %v", d.Event, err)
	}
	out := map[string]plumbline.Reading{}
	for _, r := range list {
		connecttest.CheckReading(t, r)
		out[string(r.Kind)+" "+r.ID] = r
	}
	return out
}

func TestEverySampleSaysWhatItShould(t *testing.T) {
	type says map[string]string // "kind id field" or "kind id @" (version) to value
	for name, want := range map[string]says{
		"webhook-job-created": {
			"job " + job + " status": `"unscheduled"`, "job " + job + " starts": "null", "job " + job + " visits": "[]",
			"job " + job + " number": `"1042"`, "job " + job + " customer": `"` + customer + `"`, "job " + job + " property": `"` + address + `"`,
			"job " + job + " estimate": "false", "job " + job + " type": "null", "job " + job + " technicians": "[]",
			"job " + job + " notes": `[{"id":"nte_0000000000000000000000000000a006","text":"Gate code 4411"}]`,
			"job " + job + " total": `"0.00"`, "job " + job + " canceled_at": "null", "job " + job + " @": "2026-05-04T13:02:11Z",
			"customer " + customer + " mobile_phone": `"2085550142"`, "customer " + customer + " texts_allowed": "true",
			"customer " + customer + " organization": "null", "customer " + customer + " @": "2026-05-04T13:00:01Z",
			"property " + address + " postal_code": `"83702"`, "property " + address + " unit": "null", "property " + address + " @": "2026-05-04T13:02:11Z",
			"property " + address + " customer": `"` + customer + `"`, "property " + address + " use": `"service"`,
		},
		"webhook-job-scheduled": {
			"job " + job + " status": `"scheduled"`, "job " + job + " visits": `["` + visit + `"]`, "job " + job + " window_minutes": "60",
			"visit " + visit + " starts": `"2026-05-05T14:00:00.000Z"`, "visit " + visit + " technicians": `["` + pro + `"]`,
			"visit " + visit + " job": `"` + job + `"`, "visit " + visit + " any_time": "false", "visit " + visit + " @": "2026-05-04T13:05:40Z",
			"technician " + pro + " first_name": `"Rafael"`, "technician " + pro + " role": `"field tech"`,
		},
		"webhook-job-on-my-way": {
			"job " + job + " status": `"scheduled"`, "job " + job + " en_route_at": `"2026-05-05T13:31:00.000Z"`, "job " + job + " on_site_at": "null",
		},
		"webhook-job-started":   {"job " + job + " status": `"in_progress"`, "job " + job + " on_site_at": `"2026-05-05T14:06:03.000Z"`},
		"webhook-job-completed": {"job " + job + " status": `"complete"`, "job " + job + " completed_at": `"2026-05-05T15:48:30.000Z"`},
		"webhook-job-paid":      {"job " + job + " total": `"412.50"`, "job " + job + " balance": `"0.00"`},
		"webhook-job-canceled":  {"job " + job + " status": `"canceled"`, "job " + job + " canceled_at": `"2026-05-05T09:12:00.000Z"`},
		"webhook-job-deleted":   {"job " + job + " status": `"canceled"`, "job " + job + " canceled_at": `"2026-05-05T09:20:00.000Z"`},
		"webhook-job-appointment-rescheduled": {
			"visit " + visit + " starts": `"2026-05-05T18:00:00.000Z"`, "visit " + visit + " ends": `"2026-05-05T20:00:00.000Z"`,
			"visit " + visit + " job": `"` + job + `"`, "visit " + visit + " technicians": `["` + pro + `"]`,
			"visit " + visit + " window_minutes": "60", "visit " + visit + " @": "2026-05-04T17:40:00Z",
		},
		"webhook-customer-created": {"customer " + customer + " tags": `["vip"]`, "property " + address + " @": "2026-05-04T13:00:01Z"},
		"webhook-customer-updated": {
			"customer " + customer + " mobile_phone": `"2085550143"`, "customer " + customer + " @": "2026-05-04T14:10:00Z",
			"customer " + customer + " home_phone": "null", "customer " + customer + " notes": "null",
		},
		"webhook-estimate-option-approval-status-changed": {
			"job " + estimate + " estimate": "true", "job " + estimate + " number": `"15"`,
			"job " + estimate + " options": `[{"id":"est_0000000000000000000000000000a009","name":"Option #1","status":"approved","total":"6800.00"}]`,
		},
		"webhook-invoice-created": {
			"invoice " + invoice + " status": `"open"`, "invoice " + invoice + " issued_at": "null", "invoice " + invoice + " @": "2026-05-05T15:49:10Z",
			"invoice " + invoice + " job": `"` + job + `"`, "invoice " + invoice + " balance": `"412.50"`,
			"invoice " + invoice + " lines": `[{"amount":"390.00","description":"","id":"itm_a1","job":"` + job + `","kind":"labor","name":"AC diagnostic and repair","quantity":"1"}]`,
		},
		"webhook-invoice-sent": {"invoice " + invoice + " issued_at": `"2026-05-05T15:50:00.000Z"`},
		"webhook-invoice-paid": {
			"invoice " + invoice + " status": `"paid"`, "invoice " + invoice + " paid_at": `"2026-05-05T15:55:00.000Z"`,
			"invoice " + invoice + " issued_at": `"2026-05-05T15:50:00.000Z"`,
		},
		"webhook-invoice-payment-succeeded": {
			"payment pay_a1 amount": `"412.50"`, "payment pay_a1 status": `"settled"`, "payment pay_a1 method": `"card"`,
			"payment pay_a1 at": `"2026-05-05T15:55:00.000Z"`, "payment pay_a1 invoice": `"` + invoice + `"`, "payment pay_a1 job": `"` + job + `"`,
		},
		"webhook-invoice-refund-succeeded": {"payment pay_a2 amount": `"-27.50"`, "payment pay_a1 amount": `"412.50"`},
		"list-jobs":                        {"job " + job + " status": `"complete"`, "job " + job + " attachments": "0", "visit " + visit + " @": "2026-05-05T15:55:01Z"},
		"list-customers":                   {"customer " + customer + " first_name": `"Dana"`, "property " + address + " street": `"418 Larkspur Ln"`},
		"list-estimates":                   {"job " + estimate + " status": `"scheduled"`, "job " + estimate + " starts": `"2026-05-06T15:00:00.000Z"`},
		"list-invoices":                    {"invoice " + invoice + " @": "2026-05-06T11:59:59Z", "payment pay_a1 @": "2026-05-06T11:59:59Z"},
	} {
		t.Run(name, func(t *testing.T) {
			d, ok := all(t)[name]
			if !ok {
				t.Fatalf("there is no sample %s", name)
			}
			got := readings(t, d)
			for path, value := range want {
				parts := strings.Split(path, " ")
				r, ok := got[parts[0]+" "+parts[1]]
				said := string(r.Fields[parts[2]])
				if parts[2] == "@" {
					said = r.At.Format(time.RFC3339)
				}
				if !ok || said != value {
					t.Errorf("%s = %q, want %s", path, said, value)
				}
				if r.Read != d.Read {
					t.Errorf("%s was read at %v, want %v", path, r.Read, d.Read)
				}
			}
		})
	}
}

func TestAppointmentWebhookSpeaksOfTheVisitOnly(t *testing.T) {
	got := readings(t, all(t)["webhook-job-appointment-rescheduled"])
	if len(got) != 1 {
		t.Errorf("readings = %v, want the visit alone", got)
	}
}

// read is an answer as a look-up keeps it.
func read(body string) plumbline.Delivery {
	return plumbline.Delivery{Event: "read", Body: []byte(body), Read: received, Received: received}
}

func hook(event, rest string) plumbline.Delivery {
	body := `{"event":"` + event + `","event_occurred_at":"2026-05-05T10:00:00Z","company_id":"c",` + rest + `}`
	return plumbline.Delivery{Event: event, Body: []byte(body), Received: received}
}

func TestOddBodiesAreReadRight(t *testing.T) {
	for name, c := range map[string]struct {
		delivery plumbline.Delivery
		path     string
		want     string
	}{
		"an absent field says nothing":                      {hook("job.updated", `"job":{"id":"job_1"}`), "job job_1 description", ""},
		"a null field says that nothing is there":           {hook("job.updated", `"job":{"id":"job_1","description":null}`), "job job_1 description", "null"},
		"an empty text is a value":                          {hook("job.updated", `"job":{"id":"job_1","description":""}`), "job job_1 description", `""`},
		"a job without a modification time has the event's": {hook("job.updated", `"job":{"id":"job_1"}`), "job job_1 @", "2026-05-05T10:00:00Z"},
		"a filter's word is read like an answer's":          {hook("job.updated", `"job":{"id":"job_1","work_status":"in_progress"}`), "job job_1 status", `"in_progress"`},
		"a rated job is complete":                           {hook("job.updated", `"job":{"id":"job_1","work_status":"complete rated"}`), "job job_1 status", `"complete"`},
		"a time without zone is UTC":                        {hook("job.updated", `"job":{"id":"job_1","schedule":{"scheduled_start":"2023-03-23T15:30:00"}}`), "job job_1 starts", `"2023-03-23T15:30:00.000Z"`},
		"a time of another zone becomes UTC":                {hook("job.updated", `"job":{"id":"job_1","schedule":{"scheduled_start":"2023-03-23T15:30:00.5-06:00"}}`), "job job_1 starts", `"2023-03-23T21:30:00.500Z"`},
		"a body without appointments tells no visits":       {hook("job.updated", `"job":{"id":"job_1","schedule":{}}`), "job job_1 visits", ""},
		"no schedule is no start":                           {hook("job.updated", `"job":{"id":"job_1","schedule":null}`), "job job_1 starts", "null"},
		"no address is no property":                         {hook("job.updated", `"job":{"id":"job_1","address":null}`), "job job_1 property", "null"},
		"an address without id says nothing":                {hook("job.updated", `"job":{"id":"job_1","address":{"street":"1 A St"}}`), "job job_1 property", ""},
		"nobody assigned is nobody":                         {hook("job.updated", `"job":{"id":"job_1","assigned_employees":null}`), "job job_1 technicians", "null"},
		"a deleted job is canceled":                         {hook("job.updated", `"job":{"id":"job_1","work_status":"scheduled","deleted_at":"2026-05-05T09:00:00Z"}`), "job job_1 status", `"canceled"`},
		"a deleted event without time has its own":          {hook("job.deleted", `"job":{"id":"job_1","deleted_at":null}`), "job job_1 canceled_at", `"2026-05-05T10:00:00.000Z"`},
		"an estimate that is under way is en route":         {hook("estimate.on_my_way", `"estimate":{"id":"csr_1"}`), "job csr_1 en_route_at", `"2026-05-05T10:00:00.000Z"`},
		"an estimate's paper says nothing of its visit":     {hook("estimate.updated", `"estimate":{"id":"csr_1","work_status":"submitted for signoff"}`), "job csr_1 status", ""},
		"a job type's name is the type":                     {hook("job.updated", `"job":{"id":"job_1","job_fields":{"job_type":{"id":"jbt_1","name":"Repair"}}}`), "job job_1 type", `"Repair"`},
		"NUL and broken UTF-8 are replaced":                 {hook("job.updated", `"job":{"id":"job_1","description":"a\u0000b`+"\xff"+`"}`), "job job_1 description", `"a` + "\uFFFD" + "b\uFFFD" + `"`},
		"embedded notes may be a list":                      {hook("job.updated", `"job":{"id":"job_1","customer":{"id":"cus_1","notes":[{"content":"dog"},{"content":"gate"}]}}`), "customer cus_1 notes", `"dog\ngate"`},
		"an employee may be new":                            {hook("employee.created", `"employee":{"id":"pro_1","role":"admin"}`), "technician pro_1 role", `"admin"`},
		"an event that we do not know is read by object":    {hook("job.rescheduled", `"job":{"id":"job_1","work_status":"scheduled"}`), "job job_1 status", `"scheduled"`},
		"people without ids are not named":                  {hook("job.appointment.scheduled", `"appointment":{"id":"a","dispatched_employees":[{"first_name":"R"}]}`), "visit a technicians", ""},
		"an option without answer is open":                  {hook("estimate.sent", `"estimate":{"id":"csr_1","options":[{"id":"e","approval_status":null,"total_amount":null}]}`), "job csr_1 options", `[{"id":"e","name":"","status":"open","total":null}]`},
		"a deleted option is not there":                     {hook("estimate.sent", `"estimate":{"id":"csr_1","options":[{"id":"e","status":"deleted"}]}`), "job csr_1 options", `[]`},
		"a voided invoice is void":                          {hook("invoice.voided", `"invoice":{"id":"i","status":"voided"}`), "invoice i status", `"void"`},
		"an invoice waiting for its payment is pending":     {hook("invoice.sent", `"invoice":{"id":"i","status":"pending_payment"}`), "invoice i status", `"pending"`},
		"a free invoice is issued when it is dated":         {hook("invoice.paid", `"invoice":{"id":"i","status":"paid","paid_at":null,"sent_at":null,"invoice_date":"2026-05-05T09:00:00Z"}`), "invoice i issued_at", `"2026-05-05T09:00:00.000Z"`},
		"an invoice paid before it was sent is issued":      {hook("invoice.paid", `"invoice":{"id":"i","paid_at":"2026-05-05T09:00:00Z","sent_at":"2026-05-05T09:30:00Z"}`), "invoice i issued_at", `"2026-05-05T09:00:00.000Z"`},
		"a payment without id is named by its place":        {hook("invoice.paid", `"invoice":{"id":"i","payments":[{"amount":5},{"amount":1999}]}`), "payment i/1 amount", `"19.99"`},
		"a refund is negative whatever its sign":            {hook("invoice.refund.succeeded", `"invoice":{"id":"i","payments":[{"id":"p","amount":5,"category":"refund"}]}`), "payment p amount", `"-0.05"`},
		"an unknown way to pay is another one":              {hook("invoice.paid", `"invoice":{"id":"i","payments":[{"id":"p","payment_method":"seashells"}]}`), "payment p method", `"other"`},
		"half a unit is a decimal":                          {hook("invoice.created", `"invoice":{"id":"i","items":[{"qty_in_hundredths":150}]}`), "invoice i lines", `[{"quantity":"1.5"}]`},
		"a read without prefix is known by its members":     {read(`{"id":"0b1c","due_amount":100}`), "invoice 0b1c balance", `"1.00"`},
		"a read without times is as old as the read":        {read(`{"id":"pro_1"}`), "technician pro_1 @", received.Format(time.RFC3339)},
	} {
		t.Run(name, func(t *testing.T) {
			parts := strings.Split(c.path, " ")
			r, ok := readings(t, c.delivery)[parts[0]+" "+parts[1]]
			said := string(r.Fields[parts[2]])
			if parts[2] == "@" {
				said = r.At.Format(time.RFC3339)
			}
			if !ok || said != c.want {
				t.Errorf("%s = %s, want %s", c.path, said, c.want)
			}
		})
	}
}

func TestWhatIsGoneIsDeleted(t *testing.T) {
	for name, c := range map[string]struct {
		delivery plumbline.Delivery
		id       string
		at       time.Time
	}{
		"a customer that was deleted":       {hook("customer.deleted", `"customer":{"id":"x","updated_at":"2026-05-01T00:00:00Z"}`), "customer x", time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC)},
		"an appointment that was discarded": {hook("job.appointment.appointment_discarded", `"appointment":{"id":"x","job_id":"j"}`), "visit x", time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC)},
		"an object that a look-up misses":   {read(string(goneAnswer(plumbline.Job, "x").Body)), "job x", received},
	} {
		t.Run(name, func(t *testing.T) {
			r := readings(t, c.delivery)[c.id]
			if !r.Deleted || !r.At.Equal(c.at) {
				t.Errorf("reading = %+v, want deleted at %v", r, c.at)
			}
		})
	}
}

func TestUselessEventsAreIgnoredByRule(t *testing.T) {
	for _, d := range []plumbline.Delivery{
		hook("lead.created", `"lead":{"id":"lea_1"}`), hook("estimate.copy_to_job", `"estimate_id":"csr_1"`), hook("job.created", `"job":null`), read(`{"id":"xyz_1"}`),
	} {
		_, err := newTool().Decode(d)
		var ignored connect.Ignored
		if !errors.As(err, &ignored) || ignored.Rule == "" {
			t.Errorf("Decode(%s) = %v, want ignored by a rule", d.Body, err)
		}
	}
}

func TestWrongTypesNameTheirPath(t *testing.T) {
	for _, c := range []struct {
		delivery plumbline.Delivery
		want     string
	}{
		{hook("job.updated", `"job":{"id":7}`), "job.id: expected a text, got another number"},
		{hook("job.updated", `"job":{}`), "job.id: expected an id, got nothing"},
		{hook("job.updated", `"job":[]`), "job: expected an object, got a list"},
		{hook("job.updated", `"job":{"id":"j","schedule":{"appointments":[{"id":"a","start_time":"soon"}]}}`), "job.schedule.appointments[0].start_time: expected an ISO 8601 time"},
		{hook("job.updated", `"job":{"id":"j","total_amount":1.5}`), "job.total_amount: expected a whole number"},
		{hook("job.updated", `"job":{"id":"j","total_amount":"1"}`), "job.total_amount: expected a whole number, got another text"},
		{hook("job.updated", `"job":{"id":"j","work_status":"levitating"}`), "job.work_status: expected a work status that we know"},
		{hook("job.updated", `"job":{"id":"j","tags":["a",null]}`), "job.tags[1]: expected a text, got nothing"},
		{hook("job.updated", `"job":{"id":"j","customer":{"id":"c","notifications_enabled":"yes"}}`), "job.customer.notifications_enabled: expected true or false"},
		{hook("invoice.paid", `"invoice":{"id":"i","payments":[{"status":"maybe"}]}`), "invoice.payments[0].status: expected a word that we know"},
		{plumbline.Delivery{Event: "job.created", Body: []byte(`{"job":`)}, "the body is not JSON"},
		{plumbline.Delivery{Event: "job.created", Body: []byte(`{} {}`)}, "more than one JSON value"},
		{plumbline.Delivery{Event: "job.created", Body: []byte(`[]`)}, "$: expected an object"},
		{read(`{"name":"x"}`), "id: expected an id"},
	} {
		_, err := newTool().Decode(c.delivery)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Decode(%s) = %v, want an error with %q", c.delivery.Body, err, c.want)
		}
	}
}

// fuzzDeliveries are small bodies of every kind, so that fuzzing needs no samples.
func fuzzDeliveries() []plumbline.Delivery {
	const person = `{"id":"cus_1","first_name":"A","company":null,"notifications_enabled":true,"tags":["x"],"notes":null,"addresses":[{"id":"adr_1","type":"billing","street":"1 A St","street_line_2":null}]}`
	return []plumbline.Delivery{
		hook("job.started", `"job":{"id":"job_1","invoice_number":"7","customer":`+person+`,"address":{"id":"adr_1","zip":"1"},"notes":[{"id":"n","content":"x"}],"work_status":"in progress","work_timestamps":{"on_my_way_at":"2026-05-05T09:00:00Z","started_at":null},"schedule":{"scheduled_start":"2026-05-05T09:00:00","arrival_window":60,"appointments":[{"id":"a","start_time":"2026-05-05T09:00:00Z","anytime":false,"dispatched_employees_ids":["pro_1"]}]},"total_amount":41250,"assigned_employees":[{"id":"pro_1","role":"tech"}],"tags":[],"job_fields":{"job_type":{"name":"Repair"}},"created_at":"2026-05-04T13:02:11Z","updated_at":"2026-05-05T14:06:03Z","canceled_at":null,"deleted_at":null,"attachments":[]}`),
		hook("job.appointment.scheduled", `"appointment":{"id":"a","job_id":"job_1","start_time":"2026-05-05T09:00:00Z","dispatched_employees":[{"id":"pro_1"}]}`),
		hook("estimate.sent", `"estimate":{"id":"csr_1","estimate_number":"15","work_status":"open","estimate_fields":{"job_type":null},"options":[{"id":"e","name":"A","total_amount":5,"approval_status":"pro approved","status":"open"}]}`),
		hook("invoice.paid", `"invoice":{"id":"invoice_1","status":"paid","amount":5,"due_amount":0,"sent_at":null,"paid_at":"2026-05-05T09:00:00Z","invoice_date":"2026-05-05","items":[{"id":"i","name":"x","qty_in_hundredths":100,"amount":5,"type":"labor"}],"payments":[{"status":"succeeded","payment_method":"card","amount":-5,"paid_at":"2026-05-05T09:00:00Z","category":"refund"}],"job_id":"job_1"}`),
		hook("customer.deleted", `"customer":`+person),
		hook("employee.created", `"employee":{"id":"pro_1","first_name":"R"}`),
		read(`{"id":"job_1","work_status":"scheduled"}`),
		read(`{"gone":true,"id":"x","kind":"customer"}`),
	}
}

func TestDecoder(t *testing.T) {
	deliveries := fuzzDeliveries()
	got := all(t)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		deliveries = append(deliveries, got[name])
	}
	connecttest.TestDecoder(t, connecttest.Decoder{Decoder: newTool(), Deliveries: deliveries, Mutations: 100})
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, d := range fuzzDeliveries() {
		f.Add(d.Event, d.Body)
		f.Add(d.Event, connecttest.Damage(r, d.Body))
	}
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		checkParse(t, body)
		connecttest.CheckDecode(t, newTool(), plumbline.Delivery{Event: event, Body: body, Received: received, Read: received})
		if _, err := newTool().Split(connect.Request{Body: body}); err != nil {
			t.Errorf("Split = %v", err)
		}
	})
}
