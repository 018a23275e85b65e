package match

import "strings"

// An Evidence is what one field says of a pair, in words, and how many bits it adds to the
// odds that they are one.
type Evidence struct {
	Field string  `json:"field"`
	Level string  `json:"level"`
	Bits  float64 `json:"bits"`
	A     string  `json:"a"`
	B     string  `json:"b"`
	Words string  `json:"words"`
}

// An Explanation is why a pair is held for what it is. Over is by how many bits the evidence
// is above even odds: what it adds up to, less what it takes among so many records.
type Explanation struct {
	Outcome  Outcome
	Over     float64
	Prior    float64
	Evidence []Evidence
}

// inWords says a level of a field, where its general words would be too general.
var inWords = map[Field]map[Level]string{
	FamilyName:       {Close: "the family names are one letter apart", Alike: "the family names are alike or share a part", Differing: "the family names differ"},
	GivenName:        {Close: "one given name is short for the other, or one letter apart", Alike: "one given name is the initial of the other, or they are alike", Unlike: "the given names are near, but two names", Differing: "the given names differ"},
	OrganizationName: {Close: "nearly all words of the organizations' names are the same", Alike: "most words of the organizations' names are the same", Unlike: "a few words of the organizations' names are the same", Differing: "the organizations' names differ"},
	PhoneNumber:      {Close: "the phones are the same, one without its area code", Alike: "the phones are one digit apart", Differing: "the phones differ"},
	EmailAddress:     {Close: "the e-mail addresses are one letter apart", Alike: "the mailboxes have one name at two hosts", Differing: "the e-mail addresses differ"},
	BirthDate:        {Close: "the days of birth are one digit apart, or day and month have changed places", Alike: "the days of birth share their year and a part", Differing: "the days of birth differ"},
	HouseNumber:      {Close: "the house numbers are one digit apart", Alike: "the house numbers are nearly the same", Differing: "the house numbers differ"},
	StreetName:       {Close: "the streets are one letter apart, or of another kind", Alike: "the streets are alike or share a part", Unlike: "the streets are on two sides", Differing: "the streets differ"},
	UnitNumber:       {Close: "the second lines are nearly the same", Alike: "the second lines are alike", Unlike: "the second lines differ", Differing: "the units differ"},
	PostalCode:       {Close: "the postal codes are one digit apart", Unlike: "the postal codes are of one region", Differing: "the postal codes differ"},
	CityName:         {Close: "the cities are one letter apart", Alike: "the cities are alike", Unlike: "the cities have one name, in two states", Differing: "the cities differ"},
}

func (c *Comparison) inWords(f Field) string {
	switch l := c.Levels[f]; {
	case l == Equal && f == FamilyName && c.Swapped, l == Equal && f == GivenName && c.Swapped:
		return "given and family name have changed places"
	case l == Equal:
		return "the same"
	case inWords[f][l] != "":
		return inWords[f][l]
	default:
		return l.String()
	}
}

// valuesOf are what two people say of a field.
func valuesOf(p *Person, f Field) string {
	var place Place
	if len(p.Places) > 0 {
		place = p.Places[0]
	}
	switch f {
	case FamilyName:
		return p.Family
	case GivenName:
		return p.Given
	case OrganizationName:
		return p.Organization
	case PhoneNumber:
		return strings.Join(append(append([]string{}, p.Phones...), p.Local...), " ")
	case EmailAddress:
		return strings.Join(p.Emails, " ")
	case BirthDate:
		return p.Birth
	case HouseNumber:
		return place.Number
	case StreetName:
		return join(place.Dir, place.Street, place.Suffix)
	case UnitNumber:
		return join(place.Unit, place.Line)
	case PostalCode:
		return place.ZIP
	}
	return place.City
}

// Explain says what each field says of two of a file's people, among all of them.
func Explain(people []Person, a, b int) Explanation {
	d := newDedupe(people)
	w := d.weigh(a, b)
	x, y := &people[a], &people[b]
	c := compare(x, y, d.frequencies)
	out := Explanation{Outcome: w.Outcome, Over: w.Bits, Prior: d.prior}
	for f := range fields {
		if c.Levels[f] != Missing {
			out.Evidence = append(out.Evidence, Evidence{f.String(), c.Levels[f].String(), c.bits(f, d.frequencies), valuesOf(x, f), valuesOf(y, f), c.inWords(f)})
		}
	}
	return out
}
