// Package match answers one question: are these two the same? It normalizes
// what sources say about a person (Normalize, Phone, Email, ParseAddress),
// names the blocks in which likely pairs meet (Keys), compares two of them
// (Decide) and decides whole groups under people's own decisions (Cluster).
//
// It knows nothing of sources, tables, time or survivorship. Records that one
// vendor holds under one id are the same before they come here: they arrive as
// must-links.
package match

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A Record is what one source record says about a customer, as it was typed.
// A source that has one field for the name gives it as Name; it is split only
// where Given and Family are both empty.
type Record struct {
	ID                          string
	Name, Given, Family, Suffix string
	Organization                string
	Phones, Emails              []string
	Addresses                   []Address
	Birth                       string // a day, as people write it
	Guessed                     bool   // the name was read off one that may be an organization's
}

// A Person is a normalized Record: a human, an organization (no personal
// name), or a human at one. Build it with Normalize; Keys and Decide compare
// its fields as they stand.
type Person struct {
	ID            string
	Given, Family string   // lower case, without accents and punctuation; Given may hold several words
	Suffix        string   // jr, sr, ii, iii, iv, or empty
	Organization  string   // without legal form
	Phones        []string // E.164
	Emails        []string // lower case
	Addresses     []string // Address.Key

	Local  []string // phone numbers without an area code
	Places []Place
	Birth  string // YYYYMMDD, or the digits that there are

	guessed bool
	words   []string // of the organization
}

// A Place is an address as it is weighed: its parts without what is often left out.
type Place struct {
	Number string
	Dir    string // of the street, before or behind its name
	Street string // its name alone
	Suffix string
	Unit   string
	Line   string // a second line that is no unit: a building, an estate
	City   string
	State  string
	ZIP    string

	Country string // us, ca or au, or as it is written; empty where nobody says
}

// Normalize brings a record into the form in which it is compared. What is
// invalid is left out, so that it joins nothing.
func Normalize(r Record) Person {
	if r.Given == "" && r.Family == "" {
		r.Given, r.Family, r.Suffix = ParseName(r.Name)
	}
	p := Person{ID: r.ID, Given: words(r.Given), Organization: organization(r.Organization)}
	p.Family, p.Suffix = cutSuffix(words(r.Family))
	if s := suffixes[words(r.Suffix)]; s != "" {
		p.Suffix = s
	}
	p.Phones = clean(r.Phones, Phone)
	p.Emails = clean(r.Emails, Email)
	p.Addresses = clean(r.Addresses, Address.Key)
	p.Local = clean(r.Phones, localPhone)
	for _, a := range r.Addresses {
		if a.Street != "" || a.Box != "" || a.City != "" || a.ZIP != "" {
			p.Places = append(p.Places, placeOf(a))
		}
	}
	p.Birth, p.guessed = day(r.Birth), r.Guessed
	p.words = strings.Fields(p.Organization)
	return p
}

func placeOf(a Address) Place {
	p := Place{Number: numberKey(a.Number), Dir: cmp.Or(a.PreDir, a.PostDir), Street: a.Box, Suffix: a.Suffix, Unit: a.Unit, Line: a.Building, City: fold(a.City, placeForms), State: a.State, ZIP: a.ZIP, Country: a.Country}
	if a.Street != "" {
		p.Street, p.Unit = roadKey(a.Street), join(p.Unit, a.Box)
	}
	if !strings.ContainsAny(p.Unit, "0123456789") && len(p.Unit) > 3 {
		p.Unit, p.Line = "", join(p.Line, p.Unit)
	}
	return p
}

// day writes a day as YYYYMMDD where it reads as one; of anything else the digits are left.
func day(text string) string {
	text = strings.TrimSpace(text)
	for _, layout := range []string{"2006-01-02", "20060102", "1/2/2006", "01/02/2006", "2 Jan 2006", "January 2, 2006", "2006/01/02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format("20060102")
		}
	}
	return numbersOf(text)
}

func (p Person) hasName() bool { return p.Given != "" || p.Family != "" }

// clean normalizes each value, drops the empty ones, sorts, and drops doubles.
func clean[T any](values []T, normalize func(T) string) []string {
	var out []string
	for _, v := range values {
		if s := normalize(v); s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Email returns an address in lower case, or "" where it cannot be one.
func Email(raw string) string {
	s := strings.ToLower(strings.TrimSpace(raw))
	s = strings.TrimSuffix(strings.TrimPrefix(s, "mailto:"), ".")
	local, domain, _ := strings.Cut(s, "@")
	dot := strings.LastIndexByte(domain, '.')
	if local == "" || dot < 1 || len(domain)-dot < 3 || strings.ContainsAny(s, " \t\r\n,;<>()\"") ||
		strings.Contains(domain, "@") || strings.Contains(s, "..") {
		return ""
	}
	return s
}

// roles are mailboxes that several people read, or that stand for none.
var roles = set(`accounting accounts accountspayable admin ap appointments ar billing bookings
	contact customerservice dispatch donotreply email enquiries frontdesk hello help hr info inquiries
	invoices jobs mail maintenance management manager na nobody noemail none nomail noreply office
	operations orders owner payables payments payroll postmaster property propertymanager purchasing
	reception rentals reservations sales scheduling service services staff support team test unknown
	webmaster`)

// separators make no difference in the name of a mailbox.
var separators = strings.NewReplacer(".", "", "-", "", "_", "")

// sharedMailbox reports whether an e-mail address is of a role, not a person.
func sharedMailbox(email string) bool {
	local, domain, _ := strings.Cut(email, "@")
	local, _, _ = strings.Cut(local, "+")
	local = separators.Replace(local)
	return roles[local] || domain == "example.com" || strings.HasPrefix(domain, "none.") || strings.HasPrefix(domain, "noemail.")
}

func set(list string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}
