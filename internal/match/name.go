package match

import (
	_ "embed"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed tables/nicknames.csv
var nicknameTable string

var nicknames, formal, shortFor = readNicknames(nicknameTable)

// readNicknames gives the pairs in both directions, and per name the formal
// names that it may stand for (itself included, where it is one), and how much more often
// it is short for others than others for it.
func readNicknames(table string) (pairs map[[2]string]bool, formal map[string][]string, shortFor map[string]int) {
	pairs, formal, shortFor = make(map[[2]string]bool), make(map[string][]string), make(map[string]int)
	for _, row := range csvRows(table) {
		name, nick := row[0], row[2]
		shortFor[nick]++
		shortFor[name]--
		pairs[[2]string{name, nick}], pairs[[2]string{nick, name}] = true, true
		formal[nick] = append(formal[nick], name)
		if len(formal[name]) == 0 || formal[name][0] != name {
			formal[name] = append([]string{name}, formal[name]...)
		}
	}
	return pairs, formal, shortFor
}

func shareFormal(a, b string) bool {
	for _, x := range formal[a] {
		for _, y := range formal[b] {
			if x == y {
				return true
			}
		}
	}
	return false
}

// ligatures are the letters that have no decomposition in Unicode.
var ligatures = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "þ", "th", "ı", "i")

// words returns text in lower case, without accents; apostrophes and periods
// vanish, other punctuation separates words, and "&" is "and".
func words(text string) string {
	s := strings.ToLower(text)
	if !ascii(s) {
		s = ligatures.Replace(norm.NFKD.String(s))
	}
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	put := func(r rune) {
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
	}
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			put(r)
		case r == '&':
			gap = true
			put('a')
			b.WriteString("nd")
			gap = true
		case r == '\'' || r == '.' || r == '’' || r == '‘' || r == '`' || unicode.Is(unicode.Mn, r):
		default:
			gap = true
		}
	}
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

var suffixes = map[string]string{
	"jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr",
	"ii": "ii", "2nd": "ii", "iii": "iii", "3rd": "iii", "iv": "iv", "4th": "iv",
}

var titles = set("mr mrs ms miss dr prof rev mx")

// cutSuffix takes Jr, Sr, II, III or IV off the end of normalized words.
func cutSuffix(name string) (rest, suffix string) {
	if i := strings.LastIndexByte(name, ' '); i > 0 && suffixes[name[i+1:]] != "" {
		return name[:i], suffixes[name[i+1:]]
	}
	return name, ""
}

// ParseName splits a personal name written in one field, "Smith, Bob Jr." or
// "Dr. Bob Smith Jr". One word alone is taken for the family name.
func ParseName(full string) (given, family, suffix string) {
	if before, after, ok := strings.Cut(full, ","); ok && suffixes[words(after)] == "" {
		if second, rest, ok := strings.Cut(after, ","); ok && suffixes[words(second)] != "" { // "Smith, Jr., Bob"
			before, after = before+" "+second, rest
		}
		family, suffix = cutSuffix(words(before))
		given = dropTitle(words(after))
		if suffix == "" {
			given, suffix = cutSuffix(given)
		}
		return given, family, suffix
	}
	name, suffix := cutSuffix(dropTitle(words(full)))
	i := strings.LastIndexByte(name, ' ')
	// "Vincent van Gogh", "Ana de la Cruz": particles belong to the family.
	for i > 0 {
		j := strings.LastIndexByte(name[:i], ' ')
		if j < 0 || !particles[name[j+1:i]] {
			break
		}
		i = j
	}
	if i < 0 {
		return "", name, suffix
	}
	return name[:i], name[i+1:], suffix
}

var particles = set("van von der den de la del della di da dos du le ter st")

func dropTitle(name string) string {
	if first, rest, ok := strings.Cut(name, " "); ok && titles[first] {
		return rest
	}
	return name
}

var legalForms = set("inc incorporated llc lc co corp corporation company ltd limited lp llp lllp pllc pc pa plc dba")

// organization normalizes the name of one: without its legal form, "the" and
// "and".
func organization(name string) string {
	fields := strings.Fields(words(name))
	kept := fields[:0:0]
	for i, w := range fields {
		if legalForms[w] && i > 0 || w == "the" || w == "and" {
			continue
		}
		kept = append(kept, w)
	}
	return strings.Join(kept, " ")
}

// A grade says how well two names agree, from worst to best.
type grade int

const (
	differs grade = iota
	missing       // one of them has none
	unsure        // perhaps: a human should look
	initial       // one is the other's initial
	agrees        // a nickname, or one slip of the keyboard
	equal
)

// compareFamily compares normalized family names; why is a sentence.
func compareFamily(a, b string) (g grade, why string) {
	switch {
	case a == "" || b == "":
		return missing, "a family name is missing"
	case joined(a) == joined(b):
		return equal, "the family names are equal"
	case min(len(joined(a)), len(joined(b))) >= 5 && oneEdit(joined(a), joined(b)):
		return agrees, "the family names are one letter apart"
	case shareWord(a, b):
		return unsure, "the family names share a part"
	}
	return differs, "the family names differ"
}

// compareGiven compares normalized given names, of which only the first word
// must agree: a middle name is often left out.
func compareGiven(a, b string) (g grade, why string) {
	switch {
	case a == "" || b == "":
		return missing, "a given name is missing"
	case joined(a) == joined(b):
		return equal, "the given names are equal"
	case couple(a) || couple(b):
		if shareWord(a, b) {
			return unsure, "one record is of a couple that shares a given name"
		}
		return differs, "the given names differ"
	}
	firstA, restA, _ := strings.Cut(a, " ")
	firstB, restB, _ := strings.Cut(b, " ")
	g, why = compareFirst(firstA, firstB)
	switch {
	case g >= initial && restA != "" && restB != "" && !sameMiddle(restA, restB):
		return unsure, "the middle names differ"
	case g == differs && (hasWord(restA, firstB) || hasWord(restB, firstA)):
		return unsure, "one given name is the other's middle name"
	}
	return g, why
}

func compareFirst(a, b string) (g grade, why string) {
	shorter := min(len(a), len(b))
	switch {
	case a == b:
		return agrees, "the first given names are equal"
	case shorter == 1 && a[0] == b[0]:
		return initial, "one given name is the initial of the other"
	case shorter == 1:
		return differs, "the given names differ"
	case nicknames[[2]string{a, b}]:
		return agrees, "one given name is a nickname of the other"
	case oneEdit(a, b) && shorter >= 3 && !(known(a) && known(b)) && !twoGenders(a, b):
		return agrees, "the given names are one letter apart"
	case oneEdit(a, b):
		// Maria and Mario, Tim and Jim: two names, not a slip.
		return unsure, "the given names are one letter apart, but both are names"
	case shareFormal(a, b):
		return unsure, "the given names may be short for the same name"
	case shorter >= 6 && edits(a, b) == 2:
		return unsure, "the given names are two letters apart"
	}
	return differs, "the given names differ"
}

// twoGenders holds for Mario and Maria, Eric and Erica: they part only in a
// final "a".
func twoGenders(a, b string) bool {
	if strings.HasSuffix(b, "a") {
		a, b = b, a
	}
	stem, feminine := strings.CutSuffix(a, "a")
	return feminine && (b == stem || len(b) == len(a) && strings.HasPrefix(b, stem))
}

func known(name string) bool { return len(formal[name]) > 0 }

func joined(s string) string {
	if !strings.Contains(s, " ") {
		return s
	}
	return strings.ReplaceAll(s, " ", "")
}

func couple(given string) bool { return strings.Contains(given, " and ") }

func shareWord(a, b string) bool {
	for w := range strings.FieldsSeq(a) {
		if len(w) >= 3 && w != "and" && !particles[w] && hasWord(b, w) {
			return true
		}
	}
	return false
}

func hasWord(s, word string) bool {
	for w := range strings.FieldsSeq(s) {
		if w == word {
			return true
		}
	}
	return false
}

func sameMiddle(a, b string) bool {
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) || oneEdit(a, b) && min(len(a), len(b)) >= 3
}

// oneEdit reports whether at most one letter was added, left out, changed, or
// swapped with its neighbour.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) || a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// edits is the Levenshtein distance in bytes, swapped neighbours counting one.
func edits(a, b string) int {
	if d := len(a) - len(b); d > 2 || d < -2 {
		return 3 // more than anyone asks
	}
	before, prev, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(prev[j]+1, next[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, prev, next = prev, next, before
	}
	return prev[len(b)]
}

// csvRows splits a table without quotes into its rows, less the heading.
func csvRows(table string) [][]string {
	var rows [][]string
	for line := range strings.Lines(table) {
		rows = append(rows, strings.Split(strings.TrimSpace(line), ","))
	}
	return rows[1:]
}

// NameOf reads a name of which nobody says whether it is a person's or an organization's.
// That of a person is kept as the name of an organization, too, since it may be one's all
// the same. Organization is what is known of it besides.
func NameOf(name, organization string) (given, family, suffix, org string) {
	if organization == "" {
		organization = name
	}
	if !personal(name) {
		return "", "", "", organization
	}
	given, family, suffix = ParseName(name)
	return given, family, suffix, organization
}

// personal says that a name reads as a person's: "Family, Given", or two to four words of
// which none is one of a firm's, and of more than two the first is a given name.
func personal(name string) bool {
	if strings.ContainsAny(name, "0123456789&@/#()") {
		return false
	}
	given, family, _ := ParseName(name)
	all := strings.Fields(given + " " + family)
	if len(all) < 2 || len(all) > 4 || family == "" {
		return false
	}
	if parts := strings.Fields(name); len(parts) == 2 && strings.Contains(parts[1], "-") {
		return true // "Ruth Williams-Davis"
	}
	for _, w := range all {
		if ordinary[w] || legalForms[w] || w == "the" || w == "of" {
			return false
		}
	}
	first, rest, _ := strings.Cut(given, " ")
	return len(all) == 2 || known(first) || strings.Contains(name, ",") || len(rest) == 1 || particles[strings.Fields(family)[0]]
}
