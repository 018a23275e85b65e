package consent

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A text is an inbound body in the forms that the rules look at.
type text struct {
	raw      string   // as it came
	plain    string   // small letters, clauses ended by " . ", without what only sounds like a wish
	words    string   // the words of plain alone
	tokens   []string // words, split
	question bool     // it ends with a question mark
}

// contractions are written out, so that one phrase covers every spelling.
var contractions = strings.NewReplacer(
	"don't", "do not", "dont", "do not", "do n't", "do not", "donot", "do not", "doesn't", "does not", "doesnt", "does not",
	"didn't", "did not", "didnt", "did not", "won't", "will not", "wont ", "will not ", "can't", "can not", "cannot", "can not",
	"isn't", "is not", "isnt ", "is not ", "aren't", "are not", "wasn't", "was not", "shouldn't", "should not", "mustn't", "must not",
	"haven't", "have not", "you've", "you have", "youve ", "you have ", "you're", "you are", "i've", "i have", "i'm", "i am",
	"wouldn't", "would not", "that's", "that is", "thats ", "that is ", "he's", "he is", "she's", "she is", "it's", "it is",
	"there's", "there is", "opt-out", "opt out", "opt-ing", "opting", "stop-all", "stopall", "e-mail", "email", "any longer", "anymore",
)

// quoted are words of our own that people send back with theirs.
var quoted = regexp.MustCompile(`(?:reply|responda|text|txt) stop (?:to|para) (?:opt out|end|stop|unsubscribe|no recibir mensajes|terminar|cancel)` +
	`(?:[ .,;]+(?:reply |or )?help (?:for|para) (?:help|ayuda|info))?`)

var (
	wordsAlone = regexp.MustCompile(`[^a-z0-9#'ñ]+`)
	clauseEnds = regexp.MustCompile(`[.!?;:,\n\r()|]+|[ ]-+[ ]|[–—]+`)
	otherMarks = regexp.MustCompile(`[^a-z0-9#'.& -]+`)
	spaces     = regexp.MustCompile(` +`)
	spelled    = regexp.MustCompile(`\bs[ .\-_*]+t[ .\-_*]+o[ .\-_*]+p\b`)
	shouted    = regexp.MustCompile(`\b(s+)(t+)(o+)(p+)\b`)
)

func read(body string) text {
	t := text{raw: visible(body)}
	s := fold(strings.ReplaceAll(t.raw, "🛑", " stop "))
	t.question = strings.HasSuffix(strings.TrimRightFunc(s, unicode.IsSpace), "?")
	s = spelled.ReplaceAllString(s, "stop")
	s = shouted.ReplaceAllStringFunc(s, func(w string) string {
		if len(w) > len("stopp") { // STOPPPP is no typing error
			return "stop"
		}
		return w
	})
	s = contractions.Replace(s)
	s = quoted.ReplaceAllString(s, " ")
	t.plain = clauses(s)
	for _, p := range keepSending {
		t.plain = pattern(p).ReplaceAllString(t.plain, " . ")
	}
	t.plain = clauses(t.plain)
	t.words = strings.Trim(spaces.ReplaceAllString(wordsAlone.ReplaceAllString(s, " "), " "), " '")
	t.words = strings.ReplaceAll(t.words, "opt out", "optout")
	t.tokens = strings.Fields(t.words)
	return t
}

// visible drops what no reader sees: zero-width and other format characters.
// The joiner of emoji goes too, which changes no word.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}

// fold brings a text to small letters without accents, in compatibility form.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '‘', '’', 'ʼ', '`', '´':
			return '\''
		}
		return r
	}, s)
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// clauses marks where clauses end.
func clauses(s string) string {
	s = clauseEnds.ReplaceAllString(s, " . ")
	s = otherMarks.ReplaceAllString(s, " ")
	s = spaces.ReplaceAllString(s, " ")
	return strings.Trim(s, " .'-")
}

// find reports whether one of the patterns occurs.
func (t text) find(patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return pattern(p).MatchString(t.plain) })
}

// patterns are compiled on first use.
var patterns sync.Map

func pattern(p string) *regexp.Regexp {
	if re, ok := patterns.Load(p); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(p)
	patterns.Store(p, re)
	return re
}

func allIn(words []string, set map[string]bool) bool {
	for _, w := range words {
		if !set[w] {
			return false
		}
	}
	return len(words) > 0
}

func (t text) allIn(set map[string]bool) bool { return allIn(t.tokens, set) }

func without(words []string, set map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return set[w] })
}

// loneStop reports whether STOP is a sentence of its own: the whole text but
// for words that change nothing, or its first or last clause.
func (t text) loneStop() bool {
	if stops(t.plain) {
		return true
	}
	parts := strings.Split(t.plain, " . ")
	return stops(parts[0]) || stops(parts[len(parts)-1])
}

func stops(clause string) bool {
	rest := without(without(strings.Fields(clause), polite), insistent)
	return allIn(rest, lone)
}

// lone are words that are an opt-out as a clause. CANCEL and END are not: in a
// sentence they are about the work.
var lone = set("stop stopall unsubscribe optout quit")

// typo reports whether a text of one word looks like STOP with an error: one
// letter more, fewer or other, or two swapped.
func (t text) typo() bool {
	core := without(t.tokens, polite)
	if len(core) != 1 || len(core[0]) < 3 || len(core[0]) > 5 {
		return false
	}
	return distance(core[0], "stop") == 1
}

// distance counts the edits from a to b, a swap of neighbours being one.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

var denial = regexp.MustCompile(`(?i)\b(this is not|this isn['’]?t|this is no|i['’]?m not|i am not|no soy|est[ae] no es) +(\p{L}[\p{L}'’-]*)(.*)`)

// stranger names somebody who is not there: "there is no Maria here".
var stranger = regexp.MustCompile(`(?:[Tt]here['’]?s|[Tt]here is) no \p{Lu}\p{Ll}+ (?:here|at)\b|` +
	`[Dd](?:on['’]?t|o not) know (?:an? |any |who )?\p{Lu}\p{Ll}+(?: is)?[.!]*\s*$`)

// notNames follow "this is not" without being a name.
var notNames = set("a an the my your our his her their good ok okay right correct true fair working work acceptable what how who where why " +
	"when it that this urgent helpful necessary needed required possible available sure happy home here there interested able going " +
	"ready done fixed enough me us him them cool funny great nice fine bad yet so very really an emergency possible serious free " +
	"convenient to for in at on about going from over just only even any all one spam more longer time way problem joke test " +
	"monday tuesday wednesday thursday friday saturday sunday today tomorrow yes no ac hvac english un una el la de muy ese esa")

// notNamed sees "this is not Maria": a denial followed by a name, which has a
// capital or is the end of a short text.
func notNamed(t text) bool {
	if stranger.MatchString(t.raw) {
		return true
	}
	m := denial.FindStringSubmatch(t.raw)
	if m == nil {
		return false
	}
	denied, name, rest := strings.ToLower(m[1]), m[2], strings.TrimSpace(m[3])
	lower := strings.ToLower(name)
	for _, ending := range []string{"ing", "ed", "able", "'s", "’s"} {
		if strings.HasSuffix(lower, ending) {
			return false
		}
	}
	shouting := strings.ToUpper(t.raw) == t.raw
	if notNames[lower] || !shouting && len(name) > 1 && strings.ToUpper(name) == name {
		return false
	}
	capital := unicode.IsUpper([]rune(name)[0]) && !shouting
	ends := rest == "" || strings.ContainsAny(rest[:1], ".,!;") || strings.HasPrefix(rest, "anymore")
	if strings.HasPrefix(denied, "i") {
		return capital && ends
	}
	return capital || ends && len(t.tokens) <= 7
}

// vagueStop reports whether a clause begins or ends with STOP in a way that no
// phrase covers and that is not about a visit or a leak.
func (t text) vagueStop() bool {
	for _, clause := range strings.Split(t.plain, " . ") {
		words := without(strings.Fields(clause), polite)
		if len(words) < 2 {
			continue
		}
		first, last := words[0], words[len(words)-1]
		if (first == "stop" || first == "quit") && !pattern(otherStops).MatchString(strings.Join(words[1:], " ")) {
			return true
		}
		if last == "stop" && !pattern(otherEnds).MatchString(clause) && !strings.Contains(clause, "not stop") {
			return true
		}
	}
	return false
}
