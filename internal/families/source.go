package families

import "strings"

// A source tells of subjects in its own way. Habits are shares of its records;
// the rest are shares of damage, multiplied by Options.Damage.
type source struct {
	name string
	// habits
	oneName    float64 // given and family name in the one field Name
	birthDates float64 // tells when a person was born

	// damage
	noPhone, noEmail, noStreet, noZIP float64
	noGiven                           float64 // a family name only
	nickname, initial, swapped        float64
	typo                              float64 // one slip in any of the names, the street or the city; each by itself
	noArea                            float64 // a phone of seven digits
	slip                              float64 // one digit of the phone
	mailbox                           float64 // the mailbox in a variant, or with a slip
	spelling                          float64 // street words written out, dotted, or in another way
	upper                             float64 // all in capitals
}

// What office people type on the phone into a field tool is short and knows
// few mailboxes; a CRM is tidy; what homeowners type into a web form has a
// mailbox and slips; a list that is imported is old, in capitals, and has one
// field for the name.
var (
	fieldTool = source{
		name: "field", oneName: 0.10, birthDates: 0,
		noPhone: 0.04, noEmail: 0.50, noStreet: 0.03, noZIP: 0.15, noGiven: 0.04, nickname: 0.25, initial: 0.05, swapped: 0.01,
		typo: 0.05, noArea: 0.08, slip: 0.015, mailbox: 0.08, spelling: 0.50, upper: 0.02,
	}
	crm = source{
		name: "crm", oneName: 0.10, birthDates: 0.15,
		noPhone: 0.15, noEmail: 0.20, noStreet: 0.20, noZIP: 0.08, noGiven: 0.02, nickname: 0.12, initial: 0.04, swapped: 0.01,
		typo: 0.03, noArea: 0.02, slip: 0.01, mailbox: 0.06, spelling: 0.40, upper: 0.01,
	}
	webForm = source{
		name: "web", oneName: 0.40, birthDates: 0.05,
		noPhone: 0.12, noEmail: 0.05, noStreet: 0.15, noZIP: 0.20, noGiven: 0.05, nickname: 0.22, initial: 0.03, swapped: 0.03,
		typo: 0.06, noArea: 0.05, slip: 0.015, mailbox: 0.10, spelling: 0.60, upper: 0.03,
	}
	imported = source{
		name: "import", oneName: 0.60, birthDates: 0.30,
		noPhone: 0.20, noEmail: 0.45, noStreet: 0.05, noZIP: 0.10, noGiven: 0.02, nickname: 0.08, initial: 0.12, swapped: 0.03,
		typo: 0.05, noArea: 0.12, slip: 0.02, mailbox: 0.05, spelling: 0.50, upper: 0.40,
	}
	sources = []*source{&fieldTool, &crm, &webForm, &imported}
)

// tellings are the weights of one to five records of a subject.
var tellings = []int{42, 28, 16, 9, 5}

const (
	// beforeShare is how many records of one who married, moved or gave up a
	// number still say what held before.
	beforeShare = 0.45
	// firstPhone and namesContact are habits of all sources.
	firstPhone   = 0.70
	namesContact = 0.45
	namesMiddle  = 0.15
	namesFirm    = 0.50 // of records of a firm's contact in the CRM: the firm beside the home
	familyFirst  = 0.25 // of names in one field: "Smith, John"

	suffixLeftOut  = 0.50
	halfFamilyName = 0.30  // of double family names: only one of the two
	otherHyphen    = 0.30  // of double family names: space, hyphen or nothing between them
	unitLost       = 0.15  // of addresses with a unit
	placeholder    = 0.006 // of phones and mailboxes: one that stands for none
	extension      = 0.05  // of phones of organizations
	firmInName     = 0.10  // of organizations: named in the field for people
	branchLost     = 0.04  // of branches: the number or district
	shortFirm      = 0.25  // of organizations: words cut short
	legalLost      = 0.35  // of legal forms
)

// A telling is one record to be: what one source says, at one time.
type telling struct {
	source *source
	told   *subject
	place  place
}

// tellings draws which sources tell of a subject, and what held then. A fifth
// record is a web form that was sent once more.
func (w *world) tellings(s *subject) []telling {
	order := [5]*source{4: &webForm}
	copy(order[:], sources)
	for i := 3; i > 0; i-- {
		j := w.below(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	var out []telling
	for _, src := range order[:1+w.shares(tellings)] {
		told := s
		if s.before != nil && w.chance(beforeShare) {
			told = s.before
		}
		out = append(out, telling{src, told, pick(w.dice, told.homes)})
	}
	return out
}

// A teller writes records as sources do.
type teller struct {
	*dice
	damage float64
}

// hurt draws whether a damage with this share happens.
func (t *teller) hurt(share float64) bool { return t.chance(share * t.damage) }

func (t *teller) tell(what telling) Record {
	s, src := what.told, what.source
	r := Record{Source: src.name, Story: s.story, Person: s.id, Household: s.household, Property: what.place.id, Kind: Person}
	if s.organization != "" {
		r.Kind = Organization
		t.nameFirm(&r, s, src)
	} else {
		t.namePerson(&r, s, src)
	}
	if !t.hurt(src.noPhone) {
		r.Phone = t.phone(s, src)
	}
	if len(s.mailboxes) > 0 && !t.hurt(src.noEmail) {
		r.Email = t.email(pick(t.dice, s.mailboxes), src)
	}
	t.address(&r, what.place, src)
	if r.Phone == "" && r.Email == "" && r.Street == "" {
		r.Phone = t.phone(s, src)
	}
	if t.hurt(src.upper) {
		capitals(&r)
	}
	return r
}

func (t *teller) namePerson(r *Record, s *subject, src *source) {
	given, family := t.given(s, src), t.family(s, src)
	switch {
	case t.hurt(src.noGiven):
		given = ""
	case t.hurt(src.swapped):
		given, family = family, given
	}
	t.setName(r, given, family, src)
	if s.born != "" && t.chance(src.birthDates) {
		r.BirthDate = s.born
	}
	if s.employer != "" && src == &crm && t.chance(namesFirm) {
		r.Organization = s.employer
	}
}

func (t *teller) setName(r *Record, given, family string, src *source) {
	switch {
	case !t.chance(src.oneName):
		r.GivenName, r.FamilyName = given, family
	case given != "" && t.chance(familyFirst):
		r.Name = family + ", " + given
	default:
		r.Name = strings.TrimSpace(given + " " + family)
	}
}

func (t *teller) given(s *subject, src *source) string {
	short := nicknames[s.given]
	switch {
	case len(short) > 0 && t.hurt(src.nickname):
		return pick(t.dice, short)
	case t.hurt(src.initial):
		return s.given[:1] + pick(t.dice, []string{"", "."})
	}
	given := t.slip(s.given, src)
	if s.middle != "" && t.chance(namesMiddle) {
		given += " " + s.middle
	}
	return given
}

func (t *teller) family(s *subject, src *source) string {
	family := s.family
	if at := strings.IndexAny(family, "- "); at > 0 {
		switch {
		case t.hurt(halfFamilyName):
			family = pick(t.dice, []string{family[:at], family[at+1:]})
		case t.hurt(otherHyphen):
			family = family[:at] + pick(t.dice, []string{"", " ", "-"}) + family[at+1:]
		}
	}
	family = t.slip(family, src)
	if s.suffix != "" && !t.hurt(suffixLeftOut) {
		family += pick(t.dice, []string{" ", ", "}) + s.suffix
	}
	return family
}

func (t *teller) nameFirm(r *Record, s *subject, src *source) {
	name := s.organization
	if at := strings.LastIndexByte(name, ' '); s.story == "branches" && t.hurt(branchLost) {
		name = name[:at]
	}
	name = t.slip(name, src)
	if t.hurt(shortFirm) {
		name = shorter.Replace(name)
	}
	if s.legal != "" && !t.hurt(legalLost) {
		name += pick(t.dice, []string{" ", ", "}) + s.legal
	}
	if t.hurt(firmInName) {
		r.Name = name
		return
	}
	r.Organization = name
	if t.chance(namesContact) {
		given, family, _ := strings.Cut(s.contact, "/")
		t.setName(r, given, t.slip(family, src), src)
	}
}

var shorter = strings.NewReplacer("Property Management", "Property Mgmt", "Insurance", "Ins", "Apartments", "Apts",
	"Veterinary", "Vet", "Landscaping", "Landscape", " #", " No. ")

func capitals(r *Record) {
	for _, field := range []*string{&r.GivenName, &r.FamilyName, &r.Name, &r.Organization, &r.Street, &r.Unit, &r.City} {
		*field = strings.ToUpper(*field)
	}
}
