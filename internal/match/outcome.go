package match

// outcome judges a comparison of which the bits have been summed: over is by how many of
// them they are above the even odds. Never says that the two contradict each other, so that
// no third record may join them.
//
// The names must agree, and something besides: never a phone alone, nor an address alone.
//
// Partial is asked only since one gives but the initial of its given name.
func (c *Comparison) outcome(a, b *Person, f *Frequencies, over float64) (o Outcome, never, partial bool) {
	switch {
	case f.people(a, b):
		return c.ofPeople(a, b, over)
	case a.Organization != "" && b.Organization != "":
		o, never = c.ofOrganizations(over, f.surely(a) || f.surely(b), a.hasName() || b.hasName())
		return o, never, false
	}
	return Different, false, false
}

const (
	sureBits = 4 // above even odds
	homeBits = 1 // likewise, in a list of homes
	askBits  = -2
)

// home says whether the addresses are of one home, as far as is known, and elsewhere that
// they are of two.
func (c *Comparison) home() (home, elsewhere bool) {
	number, street, unit := c.Levels[HouseNumber], c.Levels[StreetName], c.Levels[UnitNumber]
	switch {
	case unit == Differing, number == Differing, street >= Unlike && street != Missing && number != Missing:
		return false, true
	case number == Missing || street == Missing:
		return false, false
	}
	return number <= Close && street <= Alike, false
}

func (c *Comparison) is(f Field, worst Level) bool {
	return c.Levels[f] != Missing && c.Levels[f] <= worst
}

// ofHomes judges people of a list that knows no phones and no mailboxes: a list of homes, in
// which another given name is no other customer, unless they were born on another day.
func (c *Comparison) ofHomes(a, b *Person, over float64) (o Outcome, never bool) {
	_, elsewhere := c.home()
	switch given := c.Levels[GivenName]; {
	case c.Levels[BirthDate] == Differing && given >= Unlike:
		return Different, true
	case over < askBits || a.Suffix != "" && b.Suffix != "" && a.Suffix != b.Suffix && elsewhere:
		return Different, false
	case over < homeBits:
		return Ask, false
	}
	return Same, false
}

// ofPeople judges two people. Their names must agree, and something must prove that they are
// not two of one name; what two of one home share, such as a mailbox of the family, proves
// nothing of given names that only may be one.
func (c *Comparison) ofPeople(a, b *Person, over float64) (o Outcome, never, partial bool) {
	given, family := c.Levels[GivenName], c.Levels[FamilyName]
	home, elsewhere := c.home()
	home = home || !elsewhere && c.partsOfOneHome()
	proved := c.is(PhoneNumber, Close) || c.is(EmailAddress, Equal) || c.is(EmailAddress, Close) && !elsewhere || c.is(BirthDate, Close) || home
	mailbox := c.is(EmailAddress, Equal) && c.personal
	certain := mailbox || c.is(BirthDate, Equal)
	apart := given == Unlike && !mailbox || a.Suffix != b.Suffix && !certain || c.Levels[BirthDate] == Differing && !mailbox ||
		(firmOf(a) != firmOf(b) || c.Levels[UnitNumber] == Differing) && !home && !certain
	switch {
	case a.Suffix != "" && b.Suffix != "" && a.Suffix != b.Suffix, given == Differing:
		return Different, true, false
	case family == Differing && !c.is(EmailAddress, Equal) && !c.is(BirthDate, Equal), firmOf(a) != firmOf(b) && elsewhere:
		return Different, true, false
	case over < askBits || !proved && over < sureBits:
		return Different, apart, false
	case apart || over < sureBits || !proved || family == Differing && !(mailbox && given == Equal):
		return Ask, apart, false
	case !certain && (given == Missing || family == Missing || given == Alike || given == Close && c.Levels[PhoneNumber] == Differing):
		return Ask, false, c.initial && c.is(PhoneNumber, Close)
	}
	return Same, false, false
}

// partsOfOneHome says that parts of an address agree, where the others are not known.
func (c *Comparison) partsOfOneHome() bool {
	return c.is(StreetName, Close) && c.is(PostalCode, Equal) || c.is(HouseNumber, Equal) && c.is(PostalCode, Equal) && c.is(CityName, Close)
}

// firmOf says whether a person is one of an organization.
func firmOf(p *Person) bool {
	return p.Organization != "" && p.Organization != join(p.Given, p.Family) && p.Organization != join(p.Family, p.Given)
}

// ofOrganizations judges two organizations. Two addresses are two branches, or two firms with
// one landlord. One of them may be a person, or surely is one.
func (c *Comparison) ofOrganizations(over float64, mixed, maybe bool) (o Outcome, never bool) {
	name := c.Levels[OrganizationName]
	home, elsewhere := c.home()
	switch {
	case elsewhere:
		return Different, true
	case over < askBits || mixed && name > Close || name == Differing && (maybe || !home || !c.is(PhoneNumber, Close)):
		return Different, false
	case over < sureBits:
		return Ask, false
	}
	return Same, false
}
