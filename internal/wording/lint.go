package wording

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Rules says what a template must keep to.
type Rules struct {
	Segments int  // the most it may cost, FOOT included; 0 means 2
	Foot     bool // FOOT may be added when it is sent
	Stop     bool // asking or marketing: it must say how to stop
	Service  bool // about a job or a bill: no word of selling
}

// A Finding is one thing wrong with a template. All of them keep it from being
// switched on.
type Finding struct {
	Rule string // segments, alphabet, stop, sales, code, link, name, value
	Text string // a sentence for the person who wrote the template
}

// Words that make a text about a job a sales text as a whole: one such sentence
// is enough ("dual purpose", 47 CFR 64.1200(f)). Whole words, any case.
var sales = regexp.MustCompile(`(?i)\b(offers?|discounts?|\d+ ?% off|percent off|book now|order now|buy|upgrades?|renew|renewal|` +
	`sav(e|ings?)|sale|deals?|specials?|coupons?|promos?|promotions?|limited time|free gift|refer a friend|act now|sign up|` +
	`ofertas?|descuentos?|ahorr(e|a|o|os)|promoci[oó]n|promociones|renueve|renovaci[oó]n|aproveche|cup[oó]n|rebajas?|compre|gratis)\b`)

// Carriers act on these words themselves (Twilio's default keywords and the
// words of 47 CFR 64.1200(a)(10)), so they can never be codes of ours.
var (
	taken  = regexp.MustCompile(`\b(YES|CANCEL|CANCELAR|END|QUIT|REVOKE|START|UNSTOP|UNSUBSCRIBE|OPTOUT|STOPALL|S[IÍ])\b`)
	asksTo = regexp.MustCompile(`(?i)\b(?:reply|respond|answer|text|send|type|responda|conteste|env[ií]e|mande|escriba)(?: with| con)?[ "']+` +
		`(yes|cancel|cancelar|end|quit|revoke|start|unstop|s[ií])(?:["' .,;:]|$)`)
	shortener = regexp.MustCompile(`(?i)\b(bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|buff\.ly|rebrand\.ly|cutt\.ly|shorturl\.at)\b`)
	stopWord  = regexp.MustCompile(`\bSTOP\b`)
)

// Lint renders a template with the longest values on file and says what is
// wrong with it, in a fixed order.
func Lint(t *Text, longest map[string]string, rules Rules) []Finding {
	var found []Finding
	add := func(rule, format string, args ...any) {
		found = append(found, Finding{rule, fmt.Sprintf(format, args...)})
	}
	if letters := outside(t.static); letters != "" {
		add("alphabet", "%s (%s) uses letters that make every text unicode: %s", t.ID, t.Lang, letters)
	}
	if _, known := t.vars["brand"]; known {
		if _, used := t.used["brand"]; !used {
			add("name", "%s (%s) does not say who writes", t.ID, t.Lang)
		}
	}
	if m := sales.FindString(t.static); m != "" && rules.Service {
		add("sales", "%s (%s) is about a job or a bill and says %q, which makes it a sales text", t.ID, t.Lang, m)
	}
	if m := t.code(); m != "" {
		add("code", "%s (%s) uses %s, which carriers take for an opt-in or opt-out", t.ID, t.Lang, m)
	}
	if m := shortener.FindString(t.static); m != "" {
		add("link", "%s (%s) uses the public link shortener %s, which carriers refuse", t.ID, t.Lang, m)
	}
	for _, name := range slices.Sorted(maps.Keys(t.used)) {
		if n := len([]rune(longest[name])); t.vars[name] == Link && n > MaxLink {
			add("link", "%s (%s): the link %s can have %d characters, at most %d are allowed", t.ID, t.Lang, name, n, MaxLink)
		}
	}
	text := t.static
	if rendered, err := t.Render(longest); err != nil {
		add("value", "%v", err)
	} else {
		text = rendered
	}
	if rules.Foot {
		text += Foot(t.Lang)
	}
	if rules.Stop && !stopWord.MatchString(text) {
		add("stop", "%s (%s) does not say how to stop", t.ID, t.Lang)
	}
	most := rules.Segments
	if most == 0 {
		most = 2
	}
	if n, _ := Segments(text); n > most {
		add("segments", "%s (%s) costs %d segments with the longest values, at most %d are allowed", t.ID, t.Lang, n, most)
	}
	return found
}

// code finds a reply code that a carrier would act on.
func (t *Text) code() string {
	if m := taken.FindString(t.static); m != "" {
		return m
	}
	if m := asksTo.FindStringSubmatch(t.static); m != nil {
		return m[1]
	}
	return ""
}

// outside lists the letters of a text that GSM-7 lacks, each once.
func outside(text string) string {
	var letters []string
	for _, r := range text {
		s := string(r)
		if septets[r] > 0 || slices.Contains(letters, s) {
			continue
		}
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			s = fmt.Sprintf("U+%04X", r)
		}
		if !slices.Contains(letters, s) {
			letters = append(letters, s)
		}
	}
	return strings.Join(letters, " ")
}
