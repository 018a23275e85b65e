package app_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect/form"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/census"
)

// A form that somebody has filled in on the shop's page becomes a customer with a place and
// a furnace; where the place is, and until when the furnace is under warranty, is looked
// up, and said so.
func TestAFormIsTakenInAndWhatItLacksIsLookedUp(t *testing.T) {
	at := time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	net := sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	bureau := census.New(census.Place{Street: "418 Larkspur Ln", City: "Boise", State: "ID", ZIP: "83702", Latitude: 43.6150, Longitude: -116.2023})
	net.Handle("geocoding.geo.census.gov", bureau)
	c, err := app.ParseConfig("plumbline.yaml", fmt.Appendf(nil, `
database: %s
public_url: https://plumbline.example.com
locations:
  - id: boise
    tokens: [{name: office, token: token-of-boise}]
    connections:
      - {name: website, tool: form, mode: on, config: {secrets: [a secret of the page], fields: {mobile_phone: cell}, ticks: [{field: sms, tick: service, wording: Text me about my visit.}]}}
      - {name: census, tool: census, mode: on}
      - {name: terms, tool: warranty, mode: on, config: {terms: [{maker: Trane, months: 120}]}}
`, filepath.Join(t.TempDir(), "test.db")))
	if err != nil {
		t.Fatal(err)
	}
	node, err := app.Build(t.Context(), c, app.Options{Now: now, Client: &http.Client{Transport: net}, Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
	body := []byte(`{"id":"7","first_name":"Dana","last_name":"Whitlock","cell":"208-555-0142","sms":"on","street":"418 Larkspur Ln","city":"Boise","state":"ID",
		"asset":{"type":"Furnace","maker":"Trane","serial":"21X4-7","installed":"2020-05-04"}}`)
	stamp := strconv.FormatInt(at.Unix(), 10)
	req := httptest.NewRequest("POST", "/hooks/boise/website", strings.NewReader(string(body)))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(form.TimestampHeader, stamp)
	req.Header.Set(form.SignatureHeader, hex.EncodeToString(form.Sign("a secret of the page", stamp, body)))
	rec := httptest.NewRecorder()
	if node.Hooks().ServeHTTP(rec, req); rec.Code != http.StatusOK {
		t.Fatalf("the form was answered %d %s", rec.Code, rec.Body)
	}
	for range 100 {
		worked, _, err := node.Step(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if !worked {
			break
		}
	}
	type winner struct {
		Source, Rank string
		Confidence   int
		Until        int64
	}
	get := func(path string, out any) {
		t.Helper()
		req := httptest.NewRequest("GET", path, nil)
		req.Header.Set("Authorization", "Bearer token-of-boise")
		rec := httptest.NewRecorder()
		if node.API().Handler().ServeHTTP(rec, req); rec.Code != http.StatusOK {
			t.Fatalf("GET %s = %d %s", path, rec.Code, rec.Body)
		}
		if err := json.Unmarshal(rec.Body.Bytes(), out); err != nil {
			t.Fatal(err)
		}
	}
	for kind, want := range map[plumbline.Kind]map[string]string{
		plumbline.Customer: {"first_name": "Dana", "equipment": "418 Larkspur Ln: Furnace Trane, serial 21X4-7, installed 2020-05-04, warranty to 2030-05-04", "texts_service": "yes"},
		plumbline.Property: {"latitude": "43.615000", "longitude": "-116.202300", "postal_code": "83702"},
		plumbline.Asset:    {"warranty_until": "2030-05-04", "serial": "21X4-7"},
	} {
		var got struct {
			Fields map[string]string
			Why    map[string]winner
		}
		get("/v1/records/"+string(plumbline.NewSourceID("boise", "website", kind, "7")), &got)
		for field, v := range want {
			if got.Fields[field] != v {
				t.Errorf("%s of the %s is %q, want %q", field, kind, got.Fields[field], v)
			}
		}
		if w := got.Why["latitude"]; kind == plumbline.Property && w != (winner{"lookup:census", "looked up", 75, at.AddDate(0, 0, 365).UnixMilli()}) {
			t.Errorf("the latitude is there by %+v", w)
		}
	}
	var why struct {
		Sections []struct {
			Lines []struct{ Fact, Rule, Source string }
		}
	}
	get("/v1/explain/record/"+string(plumbline.NewSourceID("boise", "website", plumbline.Property, "7")), &why)
	found := false
	for _, s := range why.Sections {
		for _, l := range s.Lines {
			found = found || l.Fact == "latitude is 43.615000" && l.Source == "lookup:census" && strings.Contains(l.Rule, "looked up; 75 % sure; counts until 2027-05-04; the Census geocoder")
		}
	}
	if !found || bureau.Asked() != 1 {
		t.Errorf("the explanation lacks where the latitude comes from: %+v; asked %d times", why, bureau.Asked())
	}
}
