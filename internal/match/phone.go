package match

import (
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// Phone returns the E.164 form of a phone number typed in the US, without its
// extension, or "" where libphonenumber does not hold it for valid or the area
// code is missing.
func Phone(raw string) string {
	if raw == "" || len(raw) > 80 { // longer than any number with its extension
		return ""
	}
	if e164, ok := phones.get(raw); ok {
		return e164
	}
	e164 := parsePhone(raw)
	phones.put(strings.Clone(raw), e164)
	return e164
}

func parsePhone(raw string) string {
	if ten := tenDigits(raw); ten != "" {
		return exchanges.valid(ten)
	}
	return parseSlowly(raw)
}

// tenDigits returns the digits of a number as Americans write theirs, with or without the
// leading 1, and nothing else besides. Of those in which libphonenumber looks at more than
// the area code and the exchange it returns none.
func tenDigits(raw string) string {
	var b [11]byte
	n := 0
	for i := range len(raw) {
		switch c := raw[i]; {
		case c >= '0' && c <= '9':
			if n == len(b) {
				return ""
			}
			b[n] = c
			n++
		case c == '+' && i == 0, c == ' ', c == '-', c == '.', c == '(', c == ')':
		default:
			return ""
		}
	}
	d := b[:n]
	if n == 11 && d[0] == '1' {
		d = d[1:]
	}
	if len(d) != 10 || raw[0] == '+' && n == 10 || d[0] == '5' && (d[1] == d[2] || d[1] == '2') || d[0] < '2' || d[3] < '2' {
		return ""
	}
	return string(d)
}

// An exchangeBook knows of area codes with an exchange whether their numbers are valid.
type exchangeBook struct {
	mu   sync.RWMutex
	book map[string]bool
}

// mostExchanges is more than there are in North America.
const mostExchanges = 400_000

var exchanges = exchangeBook{book: map[string]bool{}}

func (x *exchangeBook) valid(ten string) string {
	x.mu.RLock()
	ok, known := x.book[ten[:6]]
	x.mu.RUnlock()
	if !known {
		ok = parseSlowly(ten) != ""
		x.mu.Lock()
		if len(x.book) < mostExchanges {
			x.book[strings.Clone(ten[:6])] = ok
		}
		x.mu.Unlock()
	}
	if !ok {
		return ""
	}
	return "+1" + ten
}

func parseSlowly(raw string) string {
	n, err := phonenumbers.Parse(raw, "US")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	// The US entry also holds seven-digit 310-xxxx numbers for valid.
	if n.GetCountryCode() == 1 && len(e164) != len("+12085550123") {
		return ""
	}
	return e164
}

// localPhone returns the seven digits of a US number that was written without its area
// code, or "". Such a number joins nothing by itself.
func localPhone(raw string) string {
	var digits []byte
	for i := range len(raw) {
		switch c := raw[i]; {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case !strings.ContainsRune(" -.()", rune(c)):
			return ""
		}
	}
	if len(digits) != 7 || digits[0] < '2' {
		return ""
	}
	return string(digits)
}

// phones remembers what was parsed, since parsing costs some 30 µs and the
// same few thousand numbers come again and again.
var phones = memory{limit: 8192}

// A memory is a bounded map that forgets in two generations: when the young
// one is full it becomes the old one, and the old one is dropped.
type memory struct {
	mu         sync.RWMutex
	limit      int
	young, old map[string]string
}

func (m *memory) get(key string) (value string, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if value, ok = m.young[key]; !ok {
		value, ok = m.old[key]
	}
	return value, ok
}

func (m *memory) put(key, value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= m.limit {
		m.old, m.young = m.young, make(map[string]string)
	}
	m.young[key] = value
}

// A Number is what a text says as a phone number of the US, by libphonenumber's rules.
type Number struct {
	E164      string `json:"e164,omitempty"`      // also of one that is not valid, if it has a number's shape
	Extension string `json:"extension,omitempty"` // digits
	Possible  bool   `json:"possible"`            // by its length
	Valid     bool   `json:"valid"`
	Type      string `json:"type,omitempty"` // FIXED_LINE, MOBILE, FIXED_LINE_OR_MOBILE, TOLL_FREE, ..., UNKNOWN
	Region    string `json:"region,omitempty"`
	Local     string `json:"local,omitempty"` // seven digits, where the area code is missing
}

// ParseNumber reads a phone number typed in the US.
func ParseNumber(raw string) Number {
	out := Number{Local: localPhone(raw)}
	n, err := phonenumbers.Parse(raw, "US")
	if err != nil || len(raw) > 250 {
		return out
	}
	out.E164, out.Extension = phonenumbers.Format(n, phonenumbers.E164), n.GetExtension()
	out.Possible, out.Valid = phonenumbers.IsPossibleNumber(n), phonenumbers.IsValidNumber(n)
	out.Type, out.Region = typeNames[phonenumbers.GetNumberType(n)], phonenumbers.GetRegionCodeForNumber(n)
	return out
}

var typeNames = map[phonenumbers.PhoneNumberType]string{
	phonenumbers.FIXED_LINE: "FIXED_LINE", phonenumbers.MOBILE: "MOBILE", phonenumbers.FIXED_LINE_OR_MOBILE: "FIXED_LINE_OR_MOBILE",
	phonenumbers.TOLL_FREE: "TOLL_FREE", phonenumbers.PREMIUM_RATE: "PREMIUM_RATE", phonenumbers.SHARED_COST: "SHARED_COST", phonenumbers.VOIP: "VOIP",
	phonenumbers.PERSONAL_NUMBER: "PERSONAL_NUMBER", phonenumbers.PAGER: "PAGER", phonenumbers.UAN: "UAN", phonenumbers.VOICEMAIL: "VOICEMAIL", phonenumbers.UNKNOWN: "UNKNOWN",
}
