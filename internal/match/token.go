package match

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A token is a word in lower case, and whether a comma follows it.
type token struct {
	text  string
	comma bool
}

var cleaner = strings.NewReplacer(".", "", "'", "", "’", "", "\"", " ", "(", " ", ")", " ", ";", ",", ":", " ",
	"\t", " ", "\n", ",", "\r", " ", "|", " ", "#", " # ", "&", " & ", "@", " @ ", "⁄", "/", "\\n", ",", "$", " # ", "½", " 1/2", "¼", " 1/4", "¾", " 3/4")

var (
	stuckSentence = regexp.MustCompile(`([a-z]{2}|\d)\.([a-z]{2})|\.([a-z]{3})`)                          // "St.Apt 4", "P.O.Box 12"
	stuckNumber   = regexp.MustCompile(`^(\d+)([a-z]{3,})$`)                                              // "123Main St"
	numberRange   = regexp.MustCompile(`^(\d+)(?: - | ?& ?)(\d+) (\pL{3,} \pL)`)                          // "12 - 14 Oak St"
	stuckRoad     = regexp.MustCompile(`^(us|sr|fm|cr|ih|hwy|rt|rte|route|[a-z]{2})(-?)(\d{1,4}[a-z]?)$`) // "US-19", "Hwy98", "CA-299"
	stuckZIP      = regexp.MustCompile(`^([a-z]{2})-?(\d{5}(?:-\d{4})?)$`)                                // "NV89501"
	stuckHalf     = regexp.MustCompile(`^(\d+)-(\d/\d)$`)                                                 // "12-1/2"
	stuckSlash    = regexp.MustCompile(`^(\d+)/([a-z]{3,}.*)$`)                                           // "Suite 28/reference"
	stuckBox      = regexp.MustCompile(`^(p?o?box)#?(\d+)$`)                                              // "Box12"
)

// longest is more than any address needs; what is beyond is not read, since
// some of what follows looks ahead from every word.
const longest = 400

func tokens(line string) []token {
	if len(line) > longest {
		line = line[:longest]
	}
	line = strings.ToLower(strings.ToValidUTF8(line, ""))
	if !ascii(line) {
		line = norm.NFC.String(strings.Map(dropMarks, norm.NFD.String(line)))
	}
	if strings.Contains(line, ".") {
		line = stuckSentence.ReplaceAllString(line, "$1 $2$3")
	}
	if strings.Contains(line, " - ") || strings.Contains(line, "&") {
		line = numberRange.ReplaceAllString(line, "$1-$2 $3")
	}
	line = strings.ReplaceAll(cleaner.Replace(line), ",", " , ")
	var out []token
	for w := range strings.FieldsSeq(line) {
		switch {
		case w != ",":
			out = append(out, unstuck(w)...)
		case len(out) > 0:
			out[len(out)-1].comma = true
		}
	}
	return numbered(out)
}

// unstuck parts a number from the word to which it sticks, and two words from each other.
func unstuck(w string) []token {
	if hasDigit(w) {
		if parts := unstuckNumber(w); parts != nil {
			return parts
		}
	}
	if first, second, ok := strings.Cut(w, "/"); ok && streetSuffixes[first] != "" && second != "" {
		return []token{{text: first}, {text: "&"}, {text: second}} // "Elm St/Oak Ave"
	}
	if road, ok := strings.CutSuffix(w, "suite"); ok && strong[streetSuffixes[road]] {
		return []token{{text: road}, {text: "suite"}}
	}
	if w = strings.Trim(w, "-/"); w == "" {
		return nil
	}
	return []token{{text: w}}
}

// unstuckNumber parts a number from the word to which it sticks; nil if it sticks to none.
func unstuckNumber(w string) []token {
	if m := stuckNumber.FindStringSubmatch(w); m != nil {
		return []token{{text: m[1]}, {text: m[2]}}
	}
	if m := stuckBox.FindStringSubmatch(w); m != nil {
		return []token{{text: m[1]}, {text: m[2]}}
	}
	if m := stuckRoad.FindStringSubmatch(w); m != nil && stuckRoads(m[1], m[2]) {
		return []token{{text: m[1]}, {text: m[3]}}
	}
	if m := stuckZIP.FindStringSubmatch(w); m != nil && states[m[1]] != "" {
		return []token{{text: m[1]}, {text: m[2]}}
	}
	if m := stuckHalf.FindStringSubmatch(w); m != nil {
		return []token{{text: m[1]}, {text: m[2]}}
	}
	if m := stuckSlash.FindStringSubmatch(w); m != nil {
		return []token{{text: m[1], comma: true}, {text: m[2]}}
	}
	return nil
}

// northAt reports whether the "No." at word i, behind a house number, is the North
// of a numbered street: "425 No. 2nd St".
func northAt(words []token, i int) bool {
	if i != 1 || words[i].text != "no" || words[0].comma || !houseNumber.MatchString(words[0].text) {
		return false
	}
	return ordinalNumber.MatchString(words[2].text) || len(words) > 3 && digits(words[2].text) && strong[streetSuffixes[words[3].text]]
}

// stuckRoads reports whether a word before a number is a road's: "hwy98", "us19",
// "ca-299".
func stuckRoads(w, hyphen string) bool {
	return roads[w] || numberedRoads[w] || len(w) == 2 && hyphen == "-" && states[w] != ""
}

// numbered writes "No. 4" as "# 4" and "Highway No. 4" as "Highway 4".
func numbered(in []token) []token {
	out := in[:0]
	for i, t := range in {
		if i > 0 {
			t.text = unitWord(t.text, i+1 < len(in) && hasDigit(in[i+1].text))
		}
		if n := len(out); n > 0 && t.text == "box" && (out[n-1].text == "lock" || out[n-1].text == "lk") {
			out[n-1].text, out[n-1].comma = "lockbox", t.comma
			continue
		}
		hasNumber := i+1 < len(in) && strings.ContainsAny(in[i+1].text, "0123456789")
		if t.text == "number" && i+2 < len(in) && roads[in[i+2].text] {
			out = append(out, t) // "Old Number 6 Highway"
			continue
		}
		if (t.text == "no" || t.text == "number" || t.text == "#") && hasNumber && !northAt(in, i) {
			if n := len(out); n > 0 && roads[out[n-1].text] && !out[n-1].comma && (n == 1 || ofRoad(out[n-2].text)) {
				continue
			}
			t.text = "#"
		}
		out = append(out, t)
	}
	return out
}

// longUnits are designators that a slip leaves recognizable; the first ones only
// before a number.
var longUnits = []struct {
	word     string
	numbered bool
}{
	{"suite", true}, {"apartment", true}, {"building", true}, {"floor", true},
	{"mezzanine", false}, {"penthouse", false}, {"basement", false},
}

// unitWord mends a designator that is spelled wrong.
func unitWord(w string, hasNumber bool) string {
	if len(w) < 4 || unitTypes[w] != "" {
		return w
	}
	for _, u := range longUnits {
		if (hasNumber || !u.numbered) && oneSlip(w, u.word) {
			return u.word
		}
	}
	return w
}

var numberedRoads = set("us sr fm cr ih")

// ofRoad reports whether a word may stand before "highway" and its number, so
// that the number is no unit: "State Highway # 4", but not "Dixie Hwy # 301".
func ofRoad(w string) bool {
	return hasDigit(w) || directions[w] != "" || states[w] != "" || joiners[w] || roadOwners[w]
}

var roadOwners = set("us state county co old rural")

var roads = set("highway hwy hghwy route rte rt interstate")

func dropMarks(r rune) rune {
	if r >= 0x300 && r <= 0x36f {
		return -1
	}
	return r
}

func text(ts []token) string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.text
	}
	return strings.Join(out, " ")
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

func ordinal(number string) string {
	n := len(number)
	teen := n > 1 && number[n-2] == '1'
	switch last := number[n-1]; {
	case last == '1' && !teen:
		return number + "st"
	case last == '2' && !teen:
		return number + "nd"
	case last == '3' && !teen:
		return number + "rd"
	}
	return number + "th"
}

// ordinals are the numbers of streets and floors in words.
var ordinals = map[string]string{
	"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th",
	"seventh": "7th", "eighth": "8th", "ninth": "9th", "tenth": "10th", "eleventh": "11th", "twelfth": "12th",
}
