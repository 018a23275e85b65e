package match

import (
	"regexp"
	"strings"
)

var (
	canadian   = regexp.MustCompile(`^([abceghj-nprstvxy]\d[abceghj-nprstv-z])-?(\d[abceghj-nprstv-z]\d)$`)
	fourDigits = regexp.MustCompile(`^\d{4}$`)
)

// provinces are those of Canada, and the states of Australia.
var (
	provinces = map[string]string{
		"ab": "ab", "bc": "bc", "mb": "mb", "nb": "nb", "nl": "nl", "ns": "ns", "nt": "nt", "nu": "nu", "on": "on", "pe": "pe", "qc": "qc", "pq": "qc", "sk": "sk", "yt": "yt",
		"alberta": "ab", "british columbia": "bc", "manitoba": "mb", "new brunswick": "nb", "newfoundland": "nl", "newfoundland and labrador": "nl", "nova scotia": "ns", "northwest territories": "nt",
		"nunavut": "nu", "ontario": "on", "prince edward island": "pe", "quebec": "qc", "saskatchewan": "sk", "yukon": "yt",
	}
	territories = map[string]string{
		"nsw": "nsw", "vic": "vic", "qld": "qld", "sa": "sa", "wa": "wa", "tas": "tas", "act": "act", "nt": "nt",
		"new south wales": "nsw", "victoria": "vic", "queensland": "qld", "south australia": "sa", "western australia": "wa", "tasmania": "tas",
		"australian capital territory": "act", "northern territory": "nt",
	}
	countries = []struct{ name, code string }{
		{"united states of america", "us"}, {"united states us", "us"}, {"united states", "us"}, {"u s a", "us"}, {"usa", "us"}, {"us", "us"},
		{"canada", "ca"}, {"australia", "au"}, {"aus", "au"},
	}
)

// abroad takes a Canadian or Australian postal code and province off the end,
// in either order.
func (p *parser) abroad() bool {
	n := len(p.words)
	if code, size := p.canadianCode(n); size > 0 {
		p.a.ZIP, p.a.Country, p.words = code, "ca", p.words[:n-size]
		p.province(provinces)
		return true
	}
	if p.a.Country == "ca" {
		p.province(provinces)
		return true
	}
	if fourDigits.MatchString(p.word(n-1)) && n > 1 && (p.a.Country == "au" || p.australianAt(n-1)) {
		p.a.ZIP, p.a.Country, p.words = p.word(n-1), "au", p.words[:n-1]
		p.province(territories)
		return true
	}
	before := *p
	if p.province(territories) && p.australian(before.word(n-1)) {
		p.a.Country = "au"
		if n := len(p.words); fourDigits.MatchString(p.word(n-1)) && n > 1 {
			p.a.ZIP, p.words = p.word(n-1), p.words[:n-1] // "Sydney 2000 NSW"
		}
		return true
	}
	*p = before
	if p.province(provinces) && (len(p.words) > 2 && p.words[len(p.words)-1].comma) {
		p.a.Country = "ca"
		n := len(p.words)
		if code, size := p.canadianCode(n); size > 0 {
			p.a.ZIP, p.words = code, p.words[:n-size]
		}
		return true
	}
	*p = before
	return p.a.Country == "au"
}

// australian reports whether the state that was taken off, whose last word this
// was, is of Australia: the country or the code say so, or its letters ("NSW").
func (p *parser) australian(last string) bool {
	return p.a.Country == "au" || fourDigits.MatchString(p.word(len(p.words)-1)) || len(last) == 3 && last == p.a.State && last != "act"
}

// canadianCode reads "K1A 0B1" or "K1A0B1" before word n.
func (p *parser) canadianCode(n int) (code string, size int) {
	for size := 1; size <= 2 && size <= n; size++ {
		if m := canadian.FindStringSubmatch(strings.ReplaceAll(text(p.words[n-size:n]), " ", "")); m != nil {
			return m[1] + " " + m[2], size
		}
	}
	return "", 0
}

// australianAt reports whether a state of Australia ends before word i. None of
// them is one of ours whose postal codes begin with a zero that may be lost.
func (p *parser) australianAt(i int) bool {
	for size := 1; size <= 3 && size <= i; size++ {
		if territories[text(p.words[i-size:i])] != "" {
			return true
		}
	}
	return false
}

// province takes one of these names off the end, but not the whole line.
func (p *parser) province(names map[string]string) bool {
	for size := 4; size > 0; size-- {
		start := len(p.words) - size
		if start < 0 || start == 0 && p.a.ZIP == "" {
			continue
		}
		if name := names[text(p.words[start:])]; name != "" {
			p.a.State, p.words = name, p.words[:start]
			return true
		}
	}
	return false
}
