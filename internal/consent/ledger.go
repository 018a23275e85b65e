package consent

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Kind says what an entry of the ledger states.
type Kind int

const (
	Yes           Kind = iota // somebody agreed, or took a no back
	Release                   // a person here decided: a hold, a wrong number or a refusal by the carrier was none
	Hold                      // what can wait does, until a person decides
	Undeliverable             // the carrier says that nothing arrives here
	No                        // stop, within Scope
	WrongNumber               // whoever answers is not who we meant
)

// A Tick is what somebody agreed to.
type Tick string

const (
	TickService   Tick = "service"   // texts about their jobs, estimates and bills
	TickMarketing Tick = "marketing" // feedback requests, reminders and offers
)

// A Method is how an entry came about; of a yes it is also how strong it is.
type Method string

const (
	GaveNumber Method = "provided_number" // the number was given for a job: a booking
	Express    Method = "express"         // said and logged, or ticked
	Written    Method = "express_written" // signed or clicked, with the wording of 47 CFR 64.1200(f)(9)
	ByStart    Method = "start"           // START or UNSTOP by text
	ByFlag     Method = "flag"            // a switch in a tool, such as Housecall Pro's notifications_enabled
)

// An Entry is one statement about one address: an E.164 number or an e-mail
// address. A yes is one person's; everything else is the address's.
type Entry struct {
	At      time.Time
	Key     string // orders entries of one instant
	Person  string // golden or source id; whose yes it is
	Kind    Kind
	Scope   string // of a no; a yes with a scope takes back only a no of that scope
	Tick    Tick   // of a yes
	Method  Method
	Wording string // version of the text that was agreed to
	Source  string // connection, page or text that says so
	Actor   string // who entered it
}

// A Ledger is what was said about one address, in order.
type Ledger struct{ entries []Entry }

// Fold orders the entries; the order in which they come does not matter, and
// entries that come twice count once. At one instant a no comes after a yes, so
// it stands.
func Fold(entries []Entry) Ledger {
	sorted := slices.Clone(entries)
	for i := range sorted {
		sorted[i].At = sorted[i].At.Round(0).UTC()
	}
	slices.SortFunc(sorted, func(a, b Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Person, b.Person),
			cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Tick, b.Tick), cmp.Compare(a.Method, b.Method),
			cmp.Compare(a.Wording, b.Wording), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Actor, b.Actor))
	})
	return Ledger{slices.Compact(sorted)}
}

// May says whether this person may be texted at this address with a message of
// this class, by what was known at the instant given, and why.
//
// A no is taken back by START or UNSTOP (scopes all and channel:sms; what was
// agreed before counts again, nothing more), or, for the classes that it
// covers, by a new written yes of the person asked about. A no from a switch in
// a tool is taken back by that switch alone. A wrong number voids every yes
// before it.
//
// A reply is an answer to what the address just wrote, HELP above all, which
// must be answered whatever was said before (CTIA Messaging Principles).
func (l Ledger) May(person string, class Class, at time.Time) (ok bool, why string) {
	ok, _, why = l.judge(person, class, at)
	return ok, why
}

// MayMail is May for a ledger about an e-mail address. Mail needs no yes, only no
// no: unsubscribing (category:marketing) ends offers and asking, never receipts
// (16 CFR 316).
func (l Ledger) MayMail(person string, class Class, at time.Time) (ok bool, why string) {
	stops := func(e Entry) bool {
		switch e.Kind {
		case Undeliverable, WrongNumber:
			return true
		case Hold:
			return class == Asking || class == Marketing
		case No:
			return e.Scope == ScopeEmail || e.Scope != ScopeText && covers(e.Scope, class)
		}
		return false
	}
	e, found := l.standing(at, stops, person, class)
	switch {
	case !found:
		return true, "nobody at this address said no to mail"
	case e.Kind == Undeliverable:
		return false, "mail to this address comes back" + e.since()
	case e.Kind == WrongNumber:
		return false, "this address is somebody else's" + e.since()
	case e.Kind == Hold:
		return false, "an answer from this address may have been a no" + e.since() + "; a person decides"
	}
	return false, "this address said no" + e.since()
}

// Word is the answer for a CRM: "yes", "no" if somebody or something forbids it,
// "unknown" if nobody has agreed yet.
func (l Ledger) Word(person string, class Class, at time.Time) string {
	ok, forbidden, _ := l.judge(person, class, at)
	switch {
	case ok:
		return "yes"
	case forbidden:
		return "no"
	}
	return "unknown"
}

// OptedOut reports whether a no to all texts stands.
func (l Ledger) OptedOut(at time.Time) bool {
	_, found := l.standing(at, func(e Entry) bool {
		return e.Kind == No && e.Method != ByFlag && covers(e.Scope, Staff)
	}, "", Staff)
	return found
}

func (l Ledger) judge(person string, class Class, at time.Time) (ok, forbidden bool, why string) {
	if class < ActiveVisit || class > Staff {
		return false, true, "there is no such class of messages"
	}
	kind := func(k Kind) func(Entry) bool { return func(e Entry) bool { return e.Kind == k } }
	if e, found := l.standing(at, kind(Undeliverable), person, class); found {
		return false, true, "the carrier refuses texts to this number" + e.since()
	}
	if class == Reply {
		return true, false, "it answers what this address just wrote"
	}
	if e, found := l.standing(at, kind(WrongNumber), person, class); found {
		return false, true, "this number is somebody else's" + e.since()
	}
	if e, found := l.standing(at, func(e Entry) bool { return e.Kind == No && covers(e.Scope, class) }, person, class); found {
		return false, true, e.refusal()
	}
	if e, found := l.standing(at, kind(Hold), person, class); found && (class == Asking || class == Marketing) {
		return false, true, "a text from this number may have been a no" + e.since() + "; a person decides"
	}
	if class == Staff {
		return true, false, "people who work here agreed with the handbook"
	}
	if e, found := l.agreed(person, class, at); found {
		return true, false, e.agreement()
	}
	return false, false, missing(class)
}

// until are the entries known at an instant.
func (l Ledger) until(at time.Time) []Entry {
	n, _ := slices.BinarySearchFunc(l.entries, at, func(e Entry, at time.Time) int {
		if e.At.After(at) {
			return 1
		}
		return -1
	})
	return l.entries[:n]
}

// standing finds the latest entry of a sort that nothing has taken back for
// this person and class.
func (l Ledger) standing(at time.Time, sort func(Entry) bool, person string, class Class) (Entry, bool) {
	known := l.until(at)
	for i, e := range slices.Backward(known) {
		if !sort(e) {
			continue
		}
		if !slices.ContainsFunc(known[i+1:], func(later Entry) bool { return later.lifts(e, person, class) }) {
			return e, true
		}
	}
	return Entry{}, false
}

// lifts reports whether e, which came later, takes an entry back.
func (e Entry) lifts(earlier Entry, person string, class Class) bool {
	if earlier.Kind == No && earlier.Method == ByFlag {
		return e.Kind == Yes && e.Method == ByFlag && e.Source == earlier.Source && e.Scope == earlier.Scope
	}
	theirs := e.Kind == Yes && e.Person == person && person != ""
	switch earlier.Kind {
	case Undeliverable:
		return e.Kind == Release || e.Kind == Yes && e.Method == ByStart
	case WrongNumber:
		return e.Kind == Release || theirs && (e.Method == Express || e.Method == Written)
	case Hold, No:
		if e.Kind == Release {
			return earlier.Kind == Hold
		}
		if e.Kind == Yes && e.Method == ByStart {
			return earlier.Kind == Hold || covers(earlier.Scope, Service)
		}
		tick, _ := needs(class)
		return theirs && e.Method == Written && e.Tick == tick && (e.Scope == "" || e.Scope == earlier.Scope)
	}
	return false
}

// covers reports whether a no of this scope forbids texts of a class. An
// unknown scope forbids everything. A no to offers is one to asking as well:
// both rest on the same tick.
func covers(scope string, class Class) bool {
	switch scope {
	case ScopeVoice, ScopeEmail:
		return false
	case ScopeMarketing:
		return class == Asking || class == Marketing
	case ScopeReview:
		return class == Asking
	}
	return class != Reply
}

// needs is the tick that a class rests on and the ways of agreeing that suffice.
func needs(class Class) (Tick, []Method) {
	switch class {
	case ActiveVisit, Service:
		return TickService, []Method{GaveNumber, Express, Written}
	case Account:
		return TickService, []Method{Express, Written}
	case Asking, Marketing:
		return TickMarketing, []Method{Written}
	}
	return "", nil
}

// agreed finds the latest yes of the person that suffices and that no wrong
// number has voided.
func (l Ledger) agreed(person string, class Class, at time.Time) (Entry, bool) {
	tick, methods := needs(class)
	known := l.until(at)
	for i, e := range slices.Backward(known) {
		if e.Kind != Yes || e.Person != person || person == "" || e.Tick != tick || !slices.Contains(methods, e.Method) {
			continue
		}
		if !voided(known[i+1:]) {
			return e, true
		}
	}
	return Entry{}, false
}

// voided reports whether a wrong number among these entries stands, whoever
// agreed anew.
func voided(later []Entry) bool {
	for i, e := range later {
		if e.Kind == WrongNumber && !slices.ContainsFunc(later[i+1:], func(e Entry) bool { return e.Kind == Release }) {
			return true
		}
	}
	return false
}

func (e Entry) since() string { return " since " + e.At.Format("2 Jan 2006") }

func (e Entry) refusal() string {
	what := map[string]string{ScopeMarketing: "no to offers", ScopeReview: "no to review requests"}[e.Scope]
	if what == "" {
		what = "no to all texts"
	}
	if e.Method == ByFlag {
		return fmt.Sprintf("%s says %s to this number%s", cmp.Or(e.Source, "a tool"), what, e.since())
	}
	return fmt.Sprintf("this number said %s on %s", what, e.At.Format("2 Jan 2006"))
}

func (e Entry) agreement() string {
	day := e.At.Format("2 Jan 2006")
	switch {
	case e.Method == GaveNumber:
		return "the number was given for a job on " + day
	case e.Wording != "":
		return fmt.Sprintf("they agreed to %s texts on %s (%s, wording %s)", e.Tick, day, cmp.Or(e.Source, "no source"), e.Wording)
	}
	return fmt.Sprintf("they agreed to %s texts on %s (%s)", e.Tick, day, cmp.Or(e.Source, "no source"))
}

func missing(class Class) string {
	switch class {
	case ActiveVisit, Service:
		return "this person has not given the number for a job"
	case Account:
		return "this person has not agreed to texts about estimates and bills"
	}
	return "this person has not agreed in writing to feedback requests, reminders and offers"
}
