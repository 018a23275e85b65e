package match

import (
	"strings"
	"testing"
)

// A vector is a line and its parts in the words of another parser.
type vector struct {
	ID, Raw, Expanded string
	Parts             map[string]string
}

// readVectors reads every line and counts those whose parts are all as wanted.
func readVectors(t *testing.T, path string, read func(vector) (got, want map[string]string)) (share float64) {
	rows, right := jsonLines[vector](t, path), 0
	for _, row := range rows {
		got, want := read(row)
		ok := true
		for part, want := range want {
			if !same(part, got[part], want) {
				ok = false
				t.Logf("%s %q: %s %q, want %q", row.ID, row.Raw, part, got[part], want)
			}
		}
		if ok {
			right++
		}
	}
	share = 100 * float64(right) / float64(len(rows))
	t.Logf("%d of %d (%.1f %%)", right, len(rows), share)
	return share
}

// What Geo::StreetAddress reads from clean lines.
func TestCleanLinesAreReadRightly(t *testing.T) {
	share := readVectors(t, "us_addresses/vectors_parse_address.jsonl", func(v vector) (got, want map[string]string) {
		p := v.Parts
		want = map[string]string{
			"number": p["number"], "street": join(p["prefix"], p["street"], p["type"], p["suffix"]), "cross": join(p["prefix2"], p["street2"], p["type2"], p["suffix2"]),
			"unit": join(p["sec_unit_type"], p["sec_unit_num"]), "city": p["city"], "state": p["state"], "zip": p["zip"],
		}
		if p["street1"] != "" {
			want["street"] = join(p["prefix1"], p["street1"], p["type1"], p["suffix1"])
		}
		if strings.Contains(strings.ToLower(want["unit"]), "box") {
			want["box"], want["unit"] = want["unit"], ""
		}
		return parts(ParseAddress(v.Raw)), want
	})
	if share < 93 {
		t.Errorf("%.1f %% read rightly", share)
	}
}

// What the parser of Pelias reads, as far as it says it.
func TestLinesOfASearchBoxAreReadRightly(t *testing.T) {
	names := map[string]string{"housenumber": "number", "street": "street", "unit": "unit", "locality": "city", "region": "state", "postcode": "zip"}
	share := readVectors(t, "us_addresses/vectors_pelias.jsonl", func(v vector) (got, want map[string]string) {
		want = make(map[string]string)
		for theirs, part := range v.Parts {
			if ours := names[theirs]; ours != "" {
				want[ours] = part
			}
		}
		return parts(ParseAddress(v.Raw)), want
	})
	if share < 78 {
		t.Errorf("%.1f %% read rightly", share)
	}
}

// What libpostal finds at the root of a part: the name of a street, or the
// number of a unit or a box.
func TestRootsAreFound(t *testing.T) {
	share := readVectors(t, "us_addresses/expansions_libpostal.jsonl", func(v vector) (got, want map[string]string) {
		a := ParseAddress(v.Raw)
		root := join(a.Number, a.Street)
		if v.Expanded != "" && strings.HasPrefix(v.Expanded, a.Number+" ") {
			root = a.Line()
		}
		if root == "" {
			root = a.Unit + a.Box
			root = root[strings.LastIndexByte(root, ' ')+1:]
		}
		return map[string]string{"street": root}, map[string]string{"street": v.Expanded}
	})
	if share < 72 {
		t.Errorf("%.1f %% found", share)
	}
}
