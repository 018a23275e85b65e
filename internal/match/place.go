package match

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed tables/places.csv
var placeTable string

// A place is a name of US cities, as the post office spells it.
type place struct {
	states string // " il ma "
	big    bool   // of so many ZIP codes that it is known without its state
}

var places = sync.OnceValue(func() map[string]place {
	m := make(map[string]place)
	for _, row := range csvRows(strings.ToLower(placeTable)) {
		if !strong[streetSuffixes[row[0]]] && !buildings[row[0]] && directions[row[0]] == "" && row[0] != "city" {
			m[row[0]] = place{" " + row[1] + " ", len(row[2]) > 1}
		}
	}
	for _, post := range []string{"apo", "fpo", "dpo"} {
		m[post] = place{states: " aa ae ap "}
	}
	return m
})

// isPlace reports whether words name a city, of that state where it is known.
func isPlace(words []token, state string) bool {
	found, ok := placeNamed(words)
	return ok && (state == "" || strings.Contains(found.states, " "+state+" "))
}

// placeNamed also knows cities by their short forms, and as one word or two.
func placeNamed(words []token) (found place, ok bool) {
	name := text(words)
	if found, ok = places()[name]; ok {
		return found, true
	}
	if n := len(words) - 1; n > 0 && townships[words[n].text] {
		return placeNamed(words[:n])
	}
	first, rest, more := strings.Cut(strings.ReplaceAll(name, "-", " "), " ")
	if long := placeWords[first]; long != "" && more {
		first = long
	}
	if first == "mc" || first == "la" || first == "de" {
		if found, ok = places()[first+rest]; ok {
			return found, true
		}
	}
	if !more {
		return place{}, false
	}
	for _, w := range strings.Fields(rest) {
		if long := cityWords[w]; long != "" {
			rest = strings.ReplaceAll(rest, w, long)
		}
	}
	found, ok = places()[first+" "+rest]
	return found, ok
}

// townships are words behind the name of a city that the post office leaves out.
var townships = set("township twp tw borough boro")

// cityWords are later words of cities in their short forms.
var cityWords = map[string]string{
	"hts": "heights", "hgts": "heights", "spgs": "springs", "spg": "spring", "bch": "beach", "jct": "junction", "vlg": "village", "ctr": "center", "cty": "city", "twp": "township",
	"is": "island", "lk": "lake", "lks": "lakes", "pk": "park", "prk": "park", "gdns": "gardens", "gdn": "garden", "vly": "valley", "mdws": "meadows", "mtn": "mountain", "riv": "river", "fls": "falls",
	"grv": "grove", "hls": "hills", "hbr": "harbor", "pt": "point", "rpds": "rapids", "stn": "station", "ht": "heights", "hl": "hill", "br": "branch", "brk": "brook", "crk": "creek", "cyn": "canyon", "ests": "estates", "frk": "fork", "frks": "forks", "frst": "forest", "gln": "glen", "grn": "green",
	"lndg": "landing", "mdw": "meadow", "ml": "mill", "mls": "mills", "pln": "plain", "plns": "plains", "prt": "port", "rdg": "ridge", "rnch": "ranch", "shrs": "shores", "vis": "vista", "vl": "ville", "vw": "view", "wls": "wells", "xing": "crossing", "cor": "corners",
}

// placeWords are the first words of cities in their short forms.
var placeWords = map[string]string{"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort", "pt": "port", "n": "north", "s": "south", "e": "east", "w": "west", "no": "north", "so": "south"}

// placesOf gives the cities of a state that begin with a letter: "pap" those
// with p in Pennsylvania.
var placesOf = sync.OnceValue(func() map[string][]string {
	m := make(map[string][]string)
	for name, place := range places() {
		for _, state := range strings.Fields(place.states) {
			m[state+name[:1]] = append(m[state+name[:1]], name)
		}
	}
	return m
})
