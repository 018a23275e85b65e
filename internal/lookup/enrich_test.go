package lookup_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/clock"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/warranty"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// A provider knows where streets are.
type provider struct {
	at    map[string]string // latitude by street
	asked []string
	fails []error
	holds time.Duration
}

func (p *provider) Enriches(kind plumbline.Kind) []string {
	if kind != plumbline.Property {
		return nil
	}
	return []string{"latitude", "longitude", "postal_code"}
}

func (p *provider) Enrich(_ context.Context, q connect.Inquiry) (connect.Finding, error) {
	p.asked = append(p.asked, q.Known["street"])
	if len(p.fails) > 0 {
		err := p.fails[0]
		p.fails = p.fails[1:]
		return connect.Finding{}, err
	}
	f := connect.Finding{Basis: "a map", Holds: p.holds}
	if at := p.at[q.Known["street"]]; at != "" {
		f.Confidence, f.Fields = 80, map[string]plumbline.Value{"latitude": connect.Value(at), "longitude": `"-116.2023"`, "postal_code": `"83702"`}
	}
	return f, nil
}

// enriching is a shop with providers, the first called a, the next b.
func enriching(t *testing.T, d *db.DB, providers ...connect.Enricher) *shop {
	t.Helper()
	s := open(t, d)
	var names []string
	for i, p := range providers {
		name := string(rune('a' + i))
		names = append(names, name)
		s.tools[name] = p
		s.join(name)
	}
	s.lookup.Providers = func(string) []string { return names }
	s.advance.Followers = append(s.advance.Followers, clock.Setter{})
	return s
}

// join switches a connection on and lets its calls leave.
func (s *shop) join(name string) {
	c := tenant.Connection{Location: place, Name: name, Tool: "map", Quota: "map:" + name}
	s.do(func(tx *db.Tx) error {
		if err := tenant.Put(tx, c); err != nil {
			return err
		}
		return tenant.Switch(tx, place, name, tenant.On)
	})
	s.dispatch = append(s.dispatch, &outbox.Dispatcher{DB: s.db, Node: "a", Quota: c.Quota, Performers: map[string]outbox.Performer{lookup.Room: s.lookup}})
}

// ring lets the clocks ring that are due, and everything follow from it.
func (s *shop) ring() {
	s.t.Helper()
	for {
		worked, _, err := clock.Step(s.t.Context(), s.db, s.now, place)
		if err != nil {
			s.t.Fatal(err)
		}
		if s.calls(); !worked {
			return
		}
	}
}

func house(id, street string) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Property, ID: id, At: noon.Add(-time.Hour), Created: noon.Add(-time.Hour), Fields: map[string]plumbline.Value{
		"street": plumbline.TextValue(street), "city": `"Boise"`, "state": `"ID"`}}
}

// property is the golden property of a record of the field tool, with its provenance.
func (s *shop) property(id string) (v plumbline.PropertyView, why golden.Provenance) {
	s.t.Helper()
	g := s.goldenOf(plumbline.Property, id)
	if err := g.Read(&v); err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(g.Why), &why); err != nil {
		s.t.Fatal(err)
	}
	return v, why
}

func (s *shop) goldenOf(kind plumbline.Kind, id string) record.Golden {
	s.t.Helper()
	gid := s.record(kind, id).Golden
	var found map[plumbline.GoldenID]record.Golden
	s.do(func(tx *db.Tx) (err error) {
		found, err = record.LoadGolden(tx, place, []string{string(gid)})
		return err
	})
	return found[gid]
}

// says lets the office state something of a record of the field tool.
func (s *shop) says(kind plumbline.Kind, id string, fields map[string]plumbline.Value) {
	s.office(advance.OfficeDecision{Do: "say", By: "dana", Kind: kind, About: plumbline.NewSourceID(place, "field", kind, id), Fields: fields})
}

func (s *shop) office(d advance.OfficeDecision) {
	s.t.Helper()
	s.n++
	s.do(func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: place, Connection: plumbline.Office, Tool: plumbline.Office, Event: d.Do,
			Key: fmt.Sprint("decision:", s.n), Body: []byte(db.JSON(d))}))
		return err
	})
	s.settle()
}

// derived is all that is derived and not promised, as one text.
func (s *shop) derived() string {
	s.t.Helper()
	var b strings.Builder
	for _, query := range []string{"SELECT id, golden_id, doc, about FROM source_record ORDER BY id", "SELECT from_id, name, to_id, from_kind FROM ref ORDER BY from_id, name, to_id",
		"SELECT id, kind, doc, why FROM golden_record ORDER BY id", "SELECT name, record_id, kind, '' FROM match_key ORDER BY name, record_id",
		"SELECT job_id, name, person_id, '' FROM role ORDER BY job_id, name, person_id", "SELECT subject, kind, rule, '' FROM clock ORDER BY subject, rule"} {
		s.do(func(tx *db.Tx) error {
			rows, err := tx.Query(query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var x [4]string
				if err := rows.Scan(&x[0], &x[1], &x[2], &x[3]); err != nil {
					return err
				}
				b.WriteString(strings.Join(x[:], " ") + "\n")
			}
			return rows.Err()
		})
	}
	return b.String()
}

// verified derives everything again and compares.
func (s *shop) verified() {
	s.t.Helper()
	if found, err := s.advance.Verify(s.t.Context(), s.now, place, dbtest.Open(s.t), nil); err != nil || len(found) > 0 {
		s.t.Errorf("derived again: %v, %v", found, err)
	}
}

func TestWhatIsMissingIsLookedUpOnceAndEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := &provider{at: map[string]string{"418 Larkspur Ln": "43.6150"}, holds: 90 * 24 * time.Hour}
		s := enriching(t, d, p)
		known := house("p2", "5 Elm St")
		known.Fields["latitude"], known.Fields["longitude"], known.Fields["postal_code"] = `"43.1"`, `"-116.1"`, `"83702"`
		s.hears(house("p1", "418 Larkspur Ln"), known)
		s.hears(house("p1", "418 Larkspur Ln"), house("p3", ""))
		if n := s.owed(); n != 1 {
			t.Fatalf("owed %d look-ups, want one: the others miss nothing, or cannot be asked for", n)
		}
		s.calls()
		s.calls()
		v, why := s.property("p1")
		until := noon.Add(p.holds).UnixMilli()
		if w := why["latitude"]; v.Latitude != "43.6150" || v.PostalCode != "83702" || w.Source != "lookup:a" || w.Rank != "looked up" || w.Confidence != 80 ||
			w.Until != until || w.Basis != "a map" || w.From != noon.UnixMilli() {
			t.Errorf("it says %+v by %+v, want what was looked up, with source, time, confidence and end", v, why["latitude"])
		}
		if len(p.asked) != 1 || s.owed() != 0 {
			t.Errorf("asked %v, still owed %d, want one question", p.asked, s.owed())
		}
		s.verified()

		s.now = noon.Add(p.holds - time.Minute)
		s.ring()
		if v, _ := s.property("p1"); v.Latitude == "" || len(p.asked) != 1 {
			t.Errorf("before its end it says %q, asked %v", v.Latitude, p.asked)
		}
		p.at["418 Larkspur Ln"] = "43.7"
		p.fails = []error{&connect.Error{Class: connect.Retry, Msg: "busy"}}
		s.now = noon.Add(p.holds + time.Minute)
		s.ring()
		if v, _ := s.property("p1"); v.Latitude != "" || len(p.asked) != 2 {
			t.Errorf("after its end, with nothing newer, it says %q, asked %v", v.Latitude, p.asked)
		}
		s.verified()
		s.now = s.now.Add(time.Minute)
		s.calls()
		if v, why := s.property("p1"); v.Latitude != "43.7" || why["latitude"].Until != s.now.Add(p.holds).UnixMilli() || len(p.asked) != 3 {
			t.Errorf("asked again it says %q by %+v, asked %v", v.Latitude, why["latitude"], p.asked)
		}
		s.verified()
	})
}

func TestTheNextProviderIsAskedWhereTheFirstKnowsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		first, next := &provider{holds: time.Hour}, &provider{at: map[string]string{"418 Larkspur Ln": "43.6150", "5 Elm St": "43.5"}}
		s := enriching(t, d, first, next)
		s.hears(house("p1", "418 Larkspur Ln"))
		s.calls()
		if v, why := s.property("p1"); v.Latitude != "43.6150" || why["latitude"].Source != "lookup:b" || len(first.asked) != 1 || len(next.asked) != 1 {
			t.Errorf("it says %q by %+v, asked %v and %v", v.Latitude, why["latitude"], first.asked, next.asked)
		}
		s.now = noon.Add(time.Second)
		moved := house("p1", "5 Elm St")
		moved.At = noon.Add(-time.Minute)
		s.hears(moved)
		if v, _ := s.property("p1"); v.Latitude != "" {
			t.Errorf("the position %q of the former address counts for the new one", v.Latitude)
		}
		s.calls()
		if v, _ := s.property("p1"); v.Latitude != "43.5" || !slices.Equal(next.asked, []string{"418 Larkspur Ln", "5 Elm St"}) {
			t.Errorf("of the new address it says %q, asked %v", v.Latitude, next.asked)
		}
	})
}

// A provider that is withdrawn was never there: what is derived is, byte for byte, what it
// was before, though its values had ended and were found again; nor is it asked again.
func TestAProviderIsWithdrawnWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := &provider{holds: 24 * time.Hour, at: map[string]string{}}
		s := enriching(t, d, p)
		var houses []plumbline.Reading
		for i := range 12 {
			h := house(fmt.Sprint("p", i), fmt.Sprint(i, " Elm St"))
			houses = append(houses, h)
			p.at[h.Fields["street"].Text()] = fmt.Sprint("43.", i)
		}
		houses = append(houses, plumbline.Reading{Kind: plumbline.Job, ID: "j1", At: noon.Add(-time.Hour), Created: noon.Add(-time.Hour), Fields: map[string]plumbline.Value{"property": `"p1"`}})
		s.hears(houses...)
		s.says(plumbline.Property, "p3", map[string]plumbline.Value{"latitude": `"1.5"`})
		before := s.derived()
		s.calls()
		s.now = noon.Add(25 * time.Hour)
		s.ring()
		if v, _ := s.property("p1"); v.Latitude != "43.1" || len(p.asked) != 24 {
			t.Fatalf("it says %q, asked %d times, want everything asked for twice", v.Latitude, len(p.asked))
		}
		if v, _ := s.property("p3"); v.Latitude != "1.5" || v.Longitude == "" {
			t.Errorf("what a person has stated is %q beside what was looked up %q", v.Latitude, v.Longitude)
		}
		s.office(advance.OfficeDecision{Do: "withdraw", By: "dana", Connection: "lookup:a"})
		if after := s.derived(); after != before {
			t.Errorf("after the provider was withdrawn there is\n%s\nwant\n%s", after, before)
		}
		s.now = noon.Add(50 * time.Hour)
		s.hears(house("p20", "20 Elm St"))
		s.ring()
		if len(p.asked) != 24 || s.owed() != 0 {
			t.Errorf("a provider that is withdrawn was asked %d times more, %d owed", len(p.asked)-24, s.owed())
		}
		s.verified()
	})
}

// The same over the store as over the pure rules: enrichments that come after what people
// have edited change nothing of it.
func TestLookUpsLeaveAloneWhatPeopleHaveEdited(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := &provider{holds: time.Hour, at: map[string]string{}}
		s := enriching(t, d, p)
		var houses []plumbline.Reading
		for i := range 40 {
			h := house(fmt.Sprint("p", i), fmt.Sprint(i, " Elm St"))
			p.at[h.Fields["street"].Text()] = "43.0"
			houses = append(houses, h)
		}
		s.hears(houses...)
		for i, h := range houses {
			fields := map[string]plumbline.Value{"postal_code": plumbline.TextValue(fmt.Sprint("9", i))}
			if i%4 == 0 {
				fields["latitude"] = plumbline.Null
			}
			s.says(plumbline.Property, h.ID, fields)
		}
		for range 3 {
			s.ring()
			s.now = s.now.Add(2 * time.Hour)
		}
		for i, h := range houses {
			if v, why := s.property(h.ID); v.PostalCode != fmt.Sprint("9", i) || (v.Latitude == "") != (i%4 == 0) {
				t.Errorf("%s says %+v by %+v", h.ID, v, why)
			}
		}
		if len(p.asked) != 3*len(houses) {
			t.Errorf("asked %d times, want each three times", len(p.asked))
		}
	})
}

// What was there before a provider was switched on is walked through once.
func TestWhatWasMissingBeforeIsLookedUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		carrier := plumbline.Reading{Kind: plumbline.Asset, ID: "a1", At: noon.Add(-time.Hour), Fields: map[string]plumbline.Value{
			"type": `"Furnace"`, "maker": `"Carrier"`, "serial": `"X-1"`, "installed": `"2020-05-04"`, "property": `"p1"`}}
		s.hears(house("p1", "418 Larkspur Ln"), house("p2", "5 Elm St"), carrier)
		p := &provider{at: map[string]string{"418 Larkspur Ln": "43.6150"}}
		s.tools["a"], s.tools["b"] = p, warranty.New(warranty.Config{Terms: []warranty.Term{{Maker: "Carrier", Months: 120}}})
		s.join("a")
		s.join("b")
		s.lookup.Providers = func(string) []string { return []string{"a", "b"} }
		for range 2 {
			s.do(func(tx *db.Tx) error {
				for _, name := range []string{"a", "b"} {
					c, err := tenant.Get(tx, place, name)
					if err != nil {
						return err
					}
					if err := s.lookup.Begin(tx, c); err != nil {
						return err
					}
				}
				return nil
			})
			s.calls()
		}
		if v, _ := s.property("p1"); v.Latitude != "43.6150" || len(p.asked) != 2 {
			t.Errorf("it says %q, asked %v", v.Latitude, p.asked)
		}
		var v plumbline.AssetView
		if err := s.goldenOf(plumbline.Asset, "a1").Read(&v); err != nil || v.WarrantyUntil != "2030-05-04" {
			t.Errorf("the warranty ends %q, %v", v.WarrantyUntil, err)
		}
	})
}

// The estimate of a drive rests on what was looked up where the source has no coordinates.
func TestADriveIsEstimatedFromWhatWasLookedUp(t *testing.T) {
	s := enriching(t, dbtest.Open(t), &provider{at: map[string]string{"418 Larkspur Ln": "43.5407"}})
	s.book.Settings.Shop.Latitude, s.book.Settings.Shop.Longitude = "43.6150", "-116.5635"
	s.hears(house("p1", "418 Larkspur Ln"))
	s.calls()
	at := noon.Add(-time.Minute)
	s.hears(plumbline.Reading{Kind: plumbline.Job, ID: "j1", At: at, Fields: map[string]plumbline.Value{"property": `"p1"`, "visits": `["v1"]`}},
		plumbline.Reading{Kind: plumbline.Visit, ID: "v1", At: at, Fields: map[string]plumbline.Value{"job": `"j1"`, "starts": plumbline.TimeValue(at), "en_route_at": plumbline.TimeValue(at)}})
	s.calls()
	j, err := advance.ReadJob(s.goldenOf(plumbline.Job, "j1"))
	if err != nil || len(j.Visits) != 1 || !strings.HasPrefix(j.Visits[0].ETABasis, "great-circle distance") {
		t.Errorf("the visits are %+v, %v, want an estimate by distance", j.Visits, err)
	}
}
