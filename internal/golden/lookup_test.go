package golden_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/golden"
)

// A thing is one record with what everybody says of it.
type thing struct {
	kind    plumbline.Kind
	members []*plumbline.SourceRecord
}

// by returns what a source says of the thing: its own record, or what is said about it.
func (x *thing) by(connection string) *plumbline.SourceRecord {
	for _, r := range x.members {
		if r.Connection == connection {
			return r
		}
	}
	r := &plumbline.SourceRecord{ID: plumbline.SourceID(connection + "/" + fmt.Sprint(len(x.members))), Kind: x.kind, Connection: connection}
	if len(x.members) > 0 {
		r.About = x.members[0].ID
	}
	x.members = append(x.members, r)
	return r
}

func (x *thing) says(connection string, hour int, author plumbline.Author, looked plumbline.Looked, fields map[string]plumbline.Value) {
	r := plumbline.Reading{Kind: x.kind, At: at(hour), Fields: fields, Looked: looked}
	if author != "" {
		r.Authors = map[string]plumbline.Author{}
		for name := range fields {
			r.Authors[name] = author
		}
	}
	x.by(connection).Add(r, at(hour).Add(time.Second), nil)
}

// looks lets a provider answer what would be asked now.
func (x *thing) looks(connection string, hour int, until int64, fields map[string]plumbline.Value) {
	fields["asked"] = plumbline.TextValue(golden.Asked(golden.Known(x.kind, x.members)))
	x.says(plumbline.Lookup+connection, hour, plumbline.ByLookup, plumbline.Looked{Confidence: 80, Until: until, Basis: "the test"}, fields)
}

// view is the golden record by the names of its fields, with its provenance.
func (x *thing) view(t *testing.T) (map[string]string, golden.Provenance) {
	t.Helper()
	var v any
	var why golden.Provenance
	switch x.kind {
	case plumbline.Customer:
		v, why = golden.Person("g", x.members, digits)
	case plumbline.Property:
		v, why = golden.Property("g", x.members)
	default:
		v, why = golden.Asset("l", "g", x.members)
	}
	b, err := json.Marshal(v)
	var all map[string]any
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, v := range all {
		out[name] = fmt.Sprint(v)
	}
	return out, why
}

// 10,000 enrichments, looked up and inferred, newer than all that people have said, over
// 2,000 fields that people have edited in the field tool, in the CRM, in an imported file
// and in the office, some of them by emptying them: none of these changes, and others are
// filled.
func TestNoMachineChangesWhatAPersonHasEdited(t *testing.T) {
	const records, edits, enrichments = 400, 5, 25
	fields := map[plumbline.Kind][]string{
		plumbline.Customer: {"first_name", "last_name", "organization", "email", "language", "street", "city", "state", "postal_code"},
		plumbline.Property: {"street", "unit", "city", "state", "postal_code", "zone", "latitude", "longitude"},
		plumbline.Asset:    {"type", "maker", "model", "serial", "installed", "warranty_until", "next_due", "place", "notes"},
	}
	needed := map[plumbline.Kind]string{plumbline.Customer: "last_name", plumbline.Property: "street", plumbline.Asset: "maker"}
	kinds := []plumbline.Kind{plumbline.Customer, plumbline.Property, plumbline.Asset}
	editors := []struct {
		connection string
		author     plumbline.Author
	}{{"hcp", ""}, {"hubspot", plumbline.ByPerson}, {"import:list", ""}, {plumbline.Office, ""}}
	r := rand.New(rand.NewPCG(1, 2))
	done, enriched, filled, emptied := 0, 0, 0, 0
	for i := range records {
		x := &thing{kind: kinds[i%len(kinds)]}
		x.says("hcp", 1, "", plumbline.Looked{}, map[string]plumbline.Value{needed[x.kind]: plumbline.TextValue("as it was")})
		names := slices.Clone(fields[x.kind])
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		edited, others := names[:edits], names[edits:]
		for n, name := range edited {
			who := editors[r.IntN(len(editors))]
			v := plumbline.TextValue(fmt.Sprintf("A%d", n))
			if name != needed[x.kind] && (who.connection == plumbline.Office || who.author == plumbline.ByPerson) && r.IntN(4) == 0 {
				v, emptied = plumbline.Null, emptied+1
			}
			x.says(who.connection, 2, who.author, plumbline.Looked{}, map[string]plumbline.Value{name: v})
			done++
		}
		before, _ := x.view(t)
		for n := range enrichments {
			said := map[string]plumbline.Value{}
			for _, name := range fields[x.kind] {
				if r.IntN(3) > 0 {
					said[name] = plumbline.TextValue(fmt.Sprintf("Z%d", n))
				}
			}
			switch r.IntN(3) {
			case 0:
				x.says("rules", 10+n, plumbline.ByRule, plumbline.Looked{}, said)
			default:
				x.looks(fmt.Sprintf("provider%d", r.IntN(3)), 10+n, at(1000+n).UnixMilli(), said)
			}
			enriched++
		}
		after, why := x.view(t)
		for _, name := range edited {
			if after[name] != before[name] {
				t.Errorf("a person's %s %q of a %s became %q by %+v", name, before[name], x.kind, after[name], why[name])
			}
		}
		for _, name := range others {
			if before[name] == "" && strings.HasPrefix(strings.ToUpper(after[name]), "Z") && why[name].Rank != "" {
				filled++
			}
		}
	}
	if done != 2000 || enriched != 10_000 || filled < 1000 || emptied < 100 {
		t.Errorf("%d fields were edited, %d of them emptied, %d enrichments made, %d fields filled", done, emptied, enriched, filled)
	}
}

func address(kind plumbline.Kind) *thing {
	x := &thing{kind: kind}
	x.says("hcp", 1, "", plumbline.Looked{}, map[string]plumbline.Value{"street": `"418 Larkspur Ln"`, "city": `"Boise"`, "maker": `"Carrier"`})
	return x
}

func TestRanksGoBeforeTime(t *testing.T) {
	x := address(plumbline.Property)
	x.says("rules", 9, plumbline.ByRule, plumbline.Looked{}, map[string]plumbline.Value{"latitude": `"1.0"`})
	if v, why := x.view(t); v["latitude"] != "1.0" || why["latitude"].Rank != "inferred" {
		t.Errorf("inferred alone it is %s by %+v", v["latitude"], why["latitude"])
	}
	x.looks("census", 5, at(99).UnixMilli(), map[string]plumbline.Value{"latitude": `"2.0"`})
	w := golden.Winner{Source: "lookup:census", Record: string(x.by("lookup:census").ID), From: at(5).UnixMilli(), Rule: "looked up before inferred",
		Rank: "looked up", Confidence: 80, Until: at(99).UnixMilli(), Basis: "the test"}
	if v, why := x.view(t); v["latitude"] != "2.0" || why["latitude"] != w {
		t.Errorf("looked up it is %s by %+v, want %+v", v["latitude"], why["latitude"], w)
	}
	x.says(plumbline.Office, 3, "", plumbline.Looked{}, map[string]plumbline.Value{"latitude": `"3.0"`})
	if v, why := x.view(t); v["latitude"] != "3.0" || why["latitude"].Rule != "typed by a person before looked up" || why["latitude"].Rank != "" {
		t.Errorf("typed it is %s by %+v", v["latitude"], why["latitude"])
	}
}

func TestALookedUpValueEndsWithItsRing(t *testing.T) {
	x := address(plumbline.Property)
	until := at(50)
	x.looks("census", 5, until.UnixMilli(), map[string]plumbline.Value{"latitude": `"2.0"`})
	asked := golden.Asked(golden.Known(x.kind, x.members))
	if !golden.Answered(x.members, "lookup:census", asked) || len(golden.Missing(x.kind, x.members, []string{"latitude"})) != 0 {
		t.Error("what has been answered is missing")
	}
	ring := map[string]plumbline.Value{plumbline.Ring("lookup:census", until): `["lookup:census"]`}
	x.says("lookup:census", 50, "", plumbline.Looked{}, ring)
	if v, _ := x.view(t); v["latitude"] != "" {
		t.Errorf("after its end it is %s", v["latitude"])
	}
	if golden.Answered(x.members, "lookup:census", asked) || !slices.Equal(golden.Missing(x.kind, x.members, []string{"latitude", "city"}), []string{"latitude"}) {
		t.Error("what has come to its end is not missing")
	}
	x.looks("census", 51, at(90).UnixMilli(), map[string]plumbline.Value{"latitude": `"2.0"`}) // the same, found again
	if v, why := x.view(t); v["latitude"] != "2.0" || why["latitude"].Until != at(90).UnixMilli() {
		t.Errorf("found again it is %s by %+v", v["latitude"], why["latitude"])
	}
}

func TestAnAnswerToOtherWordsDoesNotCount(t *testing.T) {
	x := address(plumbline.Property)
	x.looks("census", 5, 0, map[string]plumbline.Value{"latitude": `"2.0"`, "postal_code": `"83702"`})
	if v, _ := x.view(t); v["latitude"] != "2.0" || v["postal_code"] != "83702" {
		t.Fatalf("it says %v", v)
	}
	x.says(plumbline.Office, 6, "", plumbline.Looked{}, map[string]plumbline.Value{"street": `"42 Elm St"`})
	if v, _ := x.view(t); v["latitude"] != "" || v["street"] != "42 Elm St" {
		t.Errorf("the position of the former address counts for the new one: %v", v)
	}
	if missing := golden.Missing(x.kind, x.members, []string{"latitude"}); len(missing) != 1 {
		t.Error("the position of the new address is not missing")
	}
}

func TestWhatAPersonHasEmptiedIsNotMissing(t *testing.T) {
	x := address(plumbline.Asset)
	x.says(plumbline.Office, 2, "", plumbline.Looked{}, map[string]plumbline.Value{"warranty_until": plumbline.Null})
	x.looks("warranty", 5, 0, map[string]plumbline.Value{"warranty_until": `"2030-01-01"`})
	if v, _ := x.view(t); v["warranty_until"] != "" {
		t.Errorf("a look-up has filled what a person has emptied: %s", v["warranty_until"])
	}
	if missing := golden.Missing(x.kind, x.members, []string{"warranty_until"}); len(missing) != 0 {
		t.Errorf("%v is missing", missing)
	}
	if known := golden.Known(plumbline.Property, x.members[1:]); known != nil {
		t.Errorf("without a street it asks with %v", known)
	}
}
