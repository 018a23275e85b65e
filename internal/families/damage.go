package families

import (
	"fmt"
	"strings"
)

// slip makes a typing slip in a text with the share of the source.
func (t *teller) slip(text string, src *source) string {
	if len(text) < 3 || !t.hurt(src.typo) {
		return text
	}
	return t.mistype(text)
}

// firstLetter is the share of slips that may fall on the first letter: people
// mistype it more rarely than the others.
const firstLetter = 0.08

// mistype inserts, deletes, replaces or transposes one letter. The text has
// three bytes or more, all ASCII.
func (t *teller) mistype(text string) string {
	at := t.between(1, len(text)-1)
	if t.chance(firstLetter) {
		at = 0
	}
	before, c, after := text[:at], text[at], text[at+1:]
	switch t.below(5) {
	case 0: // a letter more, mostly one that is struck twice
		if t.chance(0.5) {
			return before + string(c) + string(c) + after
		}
		return before + string(t.letter()) + string(c) + after
	case 1:
		return before + after
	case 2:
		return before + string(t.letter()) + after
	case 3:
		if at == len(text)-1 {
			return text[:at-1] + string(c) + text[at-1:at]
		}
		return before + after[:1] + string(c) + after[1:]
	}
	return before + string(t.neighbour(c)) + after
}

func (t *teller) letter() byte { return byte('a' + t.below(26)) }

var rows = []string{"qwertyuiop", "asdfghjkl", "zxcvbnm"}

// neighbour is the letter to the left or right on the keyboard.
func (t *teller) neighbour(c byte) byte {
	for _, row := range rows {
		at := strings.IndexByte(row, c|0x20)
		switch {
		case at < 0:
		case at == 0:
			return row[1]
		case at == len(row)-1:
			return row[at-1]
		default:
			return row[at-1+2*t.below(2)]
		}
	}
	return t.letter()
}

// slipDigit changes one digit.
func (t *teller) slipDigit(digits string) string {
	at := t.below(len(digits))
	digit := byte('0' + (int(digits[at]-'0')+t.between(1, 9))%10)
	return digits[:at] + string(digit) + digits[at+1:]
}

// phoneForms write area code, exchange and line.
var phoneForms = []string{"(%s) %s-%s", "%s-%s-%s", "%s%s%s", "%s.%s.%s", "+1 %s %s %s", "1-%s-%s-%s", "+1%s%s%s", "(%s)%s-%s"}

func (t *teller) phone(s *subject, src *source) string {
	if t.hurt(placeholder) {
		return pick(t.dice, []string{"000-000-0000", "999-999-9999", "555-555-5555"})
	}
	n := s.phones[0]
	if len(s.phones) > 1 && !t.chance(firstPhone) {
		n = pick(t.dice, s.phones[1:])
	}
	if t.hurt(src.slip) {
		n = n[:3] + t.slipDigit(n[3:])
	}
	form := phoneForms[0]
	if t.hurt(src.spelling) {
		form = pick(t.dice, phoneForms)
	}
	if t.hurt(src.noArea) {
		return n[3:6] + "-" + n[6:]
	}
	out := fmt.Sprintf(form, n[:3], n[3:6], n[6:])
	if s.organization != "" && t.hurt(extension) {
		out += fmt.Sprint(" x", t.between(10, 499))
	}
	return out
}

func (t *teller) email(box string, src *source) string {
	if t.hurt(placeholder) {
		return pick(t.dice, []string{"none@none.com", "noemail@gmail.com", "na@na.com"})
	}
	if !t.hurt(src.mailbox) {
		return box
	}
	local, domain, _ := strings.Cut(box, "@")
	switch t.below(6) {
	case 0:
		return strings.ToUpper(local[:1]) + local[1:] + "@" + domain
	case 1:
		return strings.ToUpper(box)
	case 2:
		return local + "+hvac@" + domain
	case 3:
		return strings.ReplaceAll(local, ".", "") + "@" + domain
	case 4:
		return t.mistype(local + "xx")[:max(1, len(local))] + "@" + domain
	}
	return local + "@" + t.mistype(domain)
}

// spellings are other ways of writing a suffix or direction: first written
// out, then dotted, then wrong.
var spellings = map[string][]string{
	"St": {"Street", "St.", "Stret", "Str"}, "Ave": {"Avenue", "Ave.", "Avenu", "Av"}, "Dr": {"Drive", "Dr.", "Drv", "Driv"},
	"Rd": {"Road", "Rd.", "Raod", "Rod"}, "Ln": {"Lane", "Ln.", "Lanr", "Lne"}, "Ct": {"Court", "Ct.", "Cort", "Crt"},
	"Way": {"Way", "Wy.", "Wya", "Wy"}, "Blvd": {"Boulevard", "Blvd.", "Bulevard", "Boul"}, "Pl": {"Place", "Pl.", "Palce", "Plc"},
	"Cir": {"Circle", "Cir.", "Circel", "Circ"}, "Ter": {"Terrace", "Ter.", "Terace", "Terr"},
	"Pkwy": {"Parkway", "Pkwy.", "Parkwy", "Pky"}, "Trl": {"Trail", "Trl.", "Trial", "Tr"},
	"N": {"North", "N.", "Nort", "No"}, "S": {"South", "S.", "Souht", "So"}, "E": {"East", "E.", "Est", "Ea"}, "W": {"West", "W.", "Wst", "We"},
}

const (
	wordMisspelt = 0.03 // of suffixes and directions
	wordMissing  = 0.04 // likewise
	numberSlip   = 0.01 // of house numbers
	unitInStreet = 0.40 // of units: behind the street
	unitSpelling = 0.50 // of units: "#4" or the like for "Apt 4"
	zipSlip      = 0.01
)

func (t *teller) address(r *Record, p place, src *source) {
	c := p.city
	r.City, r.State = t.slip(c.name, src), c.state
	if !t.hurt(src.noZIP) {
		r.PostalCode = p.street.zip
		if t.hurt(zipSlip) {
			r.PostalCode = t.slipDigit(r.PostalCode)
		}
	}
	if !needsStreet(r) && t.hurt(src.noStreet) {
		return
	}
	number := fmt.Sprint(p.number)
	if t.hurt(numberSlip) {
		number = t.slipDigit(number)
	}
	words := []string{number, t.word(p.street.direction, src), t.slip(p.street.name, src), t.word(p.street.suffix, src)}
	r.Street = strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	t.unit(r, p.unit)
}

// needsStreet reports whether nothing but the street could tell whose record
// it is: a person's who names a firm, or a branch's.
func needsStreet(r *Record) bool {
	return r.Kind == Person && r.Organization != "" || r.Story == "branches"
}

// word writes a suffix or direction.
func (t *teller) word(w string, src *source) string {
	others := spellings[w]
	switch {
	case w == "" || t.hurt(wordMissing):
		return ""
	case t.hurt(wordMisspelt):
		return pick(t.dice, others[2:])
	case t.hurt(src.spelling):
		return pick(t.dice, others[:2])
	}
	return w
}

func (t *teller) unit(r *Record, unit string) {
	if unit == "" || t.hurt(unitLost) {
		return
	}
	form := "Apt "
	if r.Kind == Organization {
		form = "Ste "
	}
	if t.hurt(unitSpelling) {
		form = pick(t.dice, []string{"#", "Unit ", "Apt. ", "apt", ""})
	}
	if form != "" && t.hurt(unitInStreet) {
		r.Street += " " + form + unit
		return
	}
	r.Unit = form + unit
}
