package census_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/census"
	"plumbline.dev/plumbline/internal/connect/connecttest"
	fake "plumbline.dev/plumbline/internal/sandbox/census"
)

var dixie = fake.Place{Street: "1320 S Dixie Hwy", City: "Coral Gables", State: "FL", ZIP: "33146", Latitude: 25.712975193696, Longitude: -80.278718083917}

func served(t *testing.T, h http.Handler) *census.Tool {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return census.New(census.Config{BaseURL: s.URL}, s.Client(), time.Now)
}

func address(street, city, state, zip string) connect.Inquiry {
	return connect.Inquiry{Kind: plumbline.Property, Known: map[string]string{"street": street, "city": city, "state": state, "postal_code": zip}}
}

func TestTheContract(t *testing.T) {
	connecttest.TestEnricher(t, connecttest.Enricher{Enricher: served(t, fake.New(dixie)),
		Known: address("1320 S Dixie Hwy", "Coral Gables", "FL", "33146"), Unknown: address("1 Nowhere Ln", "Coral Gables", "FL", "33146")})
}

func TestWhatIsFoundSaysHowSureItIs(t *testing.T) {
	main, tie := dixie, dixie
	main.Street, tie.Street, tie.Latitude = "5 Main St", "5 Main St", 26.9
	tool := served(t, fake.New(dixie, main, tie))
	for name, c := range map[string]struct {
		q          connect.Inquiry
		confidence int
		basis      string
	}{
		"all the same":         {address("1320 S Dixie Hwy", "coral gables", "FL", "33146-2100"), 90, "1320 S DIXIE HWY, CORAL GABLES, FL, 33146"},
		"another ZIP code":     {address("1320 S Dixie Hwy", "Coral Gables", "FL", "33999"), 75, "interpolated along the street"},
		"no city":              {address("1320 S Dixie Hwy", "", "FL", "33146"), 75, "interpolated"},
		"another state":        {address("1320 S Dixie Hwy", "Coral Gables", "GA", "33146"), 0, "in FL alone"},
		"two places":           {address("5 Main St", "Coral Gables", "FL", "33146"), 0, "2 places that it may be"},
		"neither city nor ZIP": {address("1320 S Dixie Hwy", "", "FL", ""), 0, "without city and ZIP"},
		"abroad":               {connect.Inquiry{Kind: plumbline.Property, Known: map[string]string{"street": "1320 S Dixie Hwy", "city": "Coral Gables", "country": "CA"}}, 0, "United States alone"},
	} {
		f, err := tool.Enrich(t.Context(), c.q)
		if err != nil || f.Confidence != c.confidence || !strings.Contains(f.Basis, c.basis) || (c.confidence == 0) != (len(f.Fields) == 0) || f.Holds == 0 {
			t.Errorf("%s: got %+v, %v, want %d %% by %q", name, f, err, c.confidence, c.basis)
		}
	}
}

// The shape of the answer is the one that a public mock of the bureau's geocoder gives.
func TestTheDocumentedAnswerIsRead(t *testing.T) {
	doc, err := os.ReadFile("../../../../shared/vendors/data/routing/census-onelineaddress.json")
	if err != nil {
		t.Skipf("the folder with the vendors' documents is not here: %v", err)
	}
	tool := served(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(doc) }))
	f, err := tool.Enrich(t.Context(), address("1320 S Dixie Hwy", "Coral Gables", "FL", "33146"))
	want := map[string]plumbline.Value{"latitude": `"25.712975"`, "longitude": `"-80.278718"`, "city": `"Coral Gables"`, "state": `"FL"`, "postal_code": `"33146"`}
	for name, v := range want {
		if f.Fields[name] != v {
			t.Errorf("%s is %s, %v, want %s", name, f.Fields[name], err, v)
		}
	}
}

func TestTroubleIsTriedAgain(t *testing.T) {
	sandbox := fake.New(dixie)
	tool := served(t, sandbox)
	for status, class := range map[int]connect.Class{500: connect.Retry, 503: connect.Retry, 429: connect.Wait, 400: connect.Human} {
		sandbox.Fail(status)
		_, err := tool.Enrich(t.Context(), address("1320 S Dixie Hwy", "Coral Gables", "FL", "33146"))
		var e *connect.Error
		if !errors.As(err, &e) || e.Class != class {
			t.Errorf("HTTP %d is %v, want %v", status, err, class)
		}
	}
	odd := served(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	var e *connect.Error
	if _, err := odd.Enrich(t.Context(), address("1 A St", "B", "FL", "1")); !errors.As(err, &e) || e.Class != connect.Retry {
		t.Errorf("what cannot be read is %v, want it tried again", err)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for field, c := range map[string]census.Config{"base_url": {BaseURL: "ftp://x"}, "per_minute": {PerMinute: -1}, "valid_days": {ValidDays: 99999}, "retry_days": {RetryDays: -3}} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := (census.Config{}).Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}
