package consent

import (
	"math/rand"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/calendar"
)

func day(n int) time.Time { return time.Date(2026, 5, n, 12, 0, 0, 0, time.UTC) }

func gave(n int, person string) Entry {
	return Entry{At: day(n), Person: person, Kind: Yes, Tick: TickService, Method: GaveNumber, Source: "jobber"}
}

func agreed(n int, person string, tick Tick, method Method) Entry {
	return Entry{At: day(n), Person: person, Kind: Yes, Tick: tick, Method: method, Source: "form", Wording: "v3"}
}

func no(n int, scope string) Entry { return Entry{At: day(n), Kind: No, Scope: scope, Source: "text"} }

func is(n int, kind Kind) Entry { return Entry{At: day(n), Kind: kind, Source: "text"} }

func start(n int) Entry { return Entry{At: day(n), Kind: Yes, Method: ByStart, Source: "text"} }

func flag(n int, kind Kind, source string) Entry {
	return Entry{At: day(n), Kind: kind, Scope: ScopeAll, Method: ByFlag, Source: source}
}

// all is everything a person can agree to.
func all(n int, person string) []Entry {
	return []Entry{gave(n, person), agreed(n, person, TickService, Express), agreed(n, person, TickMarketing, Written)}
}

// letters writes the allowed classes: active visit, service, account, asking,
// marketing, reply, staff.
func letters(l Ledger, person string, at time.Time) string {
	var s strings.Builder
	for class := ActiveVisit; class <= Staff; class++ {
		if ok, _ := l.May(person, class, at); ok {
			s.WriteByte("vsaqmrw"[class])
		}
	}
	return s.String()
}

func TestWhatMayBeSaid(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []Entry
		person  string
		want    string
	}{
		{"nobody agreed to anything", nil, "maria", "rw"},
		{"a number given for a job", []Entry{gave(1, "maria")}, "maria", "vsrw"},
		{"a number given by somebody else", []Entry{gave(1, "maria")}, "tom", "rw"},
		{"a yes of nobody", []Entry{gave(1, "")}, "", "rw"},
		{"an express tick for jobs and bills", []Entry{agreed(1, "maria", TickService, Express)}, "maria", "vsarw"},
		{"a spoken yes to offers is not enough", []Entry{agreed(1, "maria", TickMarketing, Express)}, "maria", "rw"},
		{"a written yes to offers", []Entry{agreed(1, "maria", TickMarketing, Written)}, "maria", "qmrw"},
		{"all of it", all(1, "maria"), "maria", "vsaqmrw"},
		{"a yes of tomorrow", all(29, "maria"), "maria", "rw"},

		{"STOP stops everything but answers", append(all(1, "maria"), no(2, ScopeAll)), "maria", "r"},
		{"STOP of one is the address's", append(all(1, "maria"), append(all(1, "tom"), no(2, ScopeAll))...), "tom", "r"},
		{"a wish for mail stops texts", append(all(1, "maria"), no(2, ScopeText)), "maria", "r"},
		{"a wish without calls stops no texts", append(all(1, "maria"), no(2, ScopeVoice)), "maria", "vsaqmrw"},
		{"no more mail stops no texts", append(all(1, "maria"), no(2, ScopeEmail)), "maria", "vsaqmrw"},
		{"no offers means no asking either", append(all(1, "maria"), no(2, ScopeMarketing)), "maria", "vsarw"},
		{"no review requests", append(all(1, "maria"), no(2, ScopeReview)), "maria", "vsamrw"},
		{"an unknown scope stops everything", append(all(1, "maria"), no(2, "category:new")), "maria", "r"},
		{"a no of the same instant stands", append(all(2, "maria"), no(2, ScopeAll)), "maria", "r"},
		{"a no of tomorrow", append(all(1, "maria"), no(29, ScopeAll)), "maria", "vsaqmrw"},

		{"a booking takes no STOP back", append(all(1, "maria"), no(2, ScopeAll), gave(3, "maria")), "maria", "r"},
		{"a spoken yes takes no STOP back", append(all(1, "maria"), no(2, ScopeAll), agreed(3, "maria", TickService, Express)), "maria", "r"},
		{"a written yes takes it back for what it covers",
			append(all(1, "maria"), no(2, ScopeAll), agreed(3, "maria", TickService, Written)), "maria", "vsar"},
		{"a written yes to offers takes it back for offers",
			append(all(1, "maria"), no(2, ScopeAll), agreed(3, "maria", TickMarketing, Written)), "maria", "qmr"},
		{"a written yes is no other person's", append(all(1, "maria"), append(all(1, "tom"), no(2, ScopeAll), agreed(3, "tom", TickService, Written))...),
			"maria", "r"},
		{"a written yes before the no", append(all(1, "maria"), agreed(2, "maria", TickService, Written), no(3, ScopeAll)), "maria", "r"},
		{"a written yes of one scope", append(all(1, "maria"), no(2, ScopeAll), no(2, ScopeMarketing),
			Entry{At: day(3), Person: "maria", Kind: Yes, Tick: TickMarketing, Method: Written, Scope: ScopeMarketing}), "maria", "r"},
		{"START restores what was agreed before", append(all(1, "maria"), no(2, ScopeAll), start(3)), "maria", "vsaqmrw"},
		{"START restores nothing else", []Entry{gave(1, "maria"), no(2, ScopeAll), start(3)}, "maria", "vsrw"},
		{"START gives no yes", []Entry{start(3)}, "maria", "rw"},
		{"START keeps an earlier no to offers", append(all(1, "maria"), no(1, ScopeMarketing), no(2, ScopeAll), start(3)), "maria", "vsarw"},
		{"START takes back a wish for mail", append(all(1, "maria"), no(2, ScopeText), start(3)), "maria", "vsaqmrw"},
		{"STOP after START", append(all(1, "maria"), no(2, ScopeAll), start(3), no(4, ScopeAll)), "maria", "r"},
		{"nobody here can take a no back", append(all(1, "maria"), no(2, ScopeAll), is(3, Release)), "maria", "r"},
		{"a new written yes after a no to offers", append(all(1, "maria"), no(2, ScopeMarketing), agreed(3, "maria", TickMarketing, Written)),
			"maria", "vsaqmrw"},

		{"a tool's switch", append(all(1, "maria"), flag(2, No, "jobber")), "maria", "r"},
		{"the switch turned back", append(all(1, "maria"), flag(2, No, "jobber"), flag(3, Yes, "jobber")), "maria", "vsaqmrw"},
		{"another tool's switch", append(all(1, "maria"), flag(2, No, "jobber"), flag(3, Yes, "housecall")), "maria", "r"},
		{"START moves no switch", append(all(1, "maria"), flag(2, No, "jobber"), start(3)), "maria", "r"},
		{"a written yes moves no switch", append(all(1, "maria"), flag(2, No, "jobber"), agreed(3, "maria", TickService, Written)), "maria", "r"},
		{"a switch takes no STOP back", append(all(1, "maria"), no(2, ScopeAll), flag(3, Yes, "jobber")), "maria", "r"},
		{"a switch is no yes", []Entry{{At: day(1), Person: "maria", Kind: Yes, Tick: TickService, Method: ByFlag}}, "maria", "rw"},

		{"a hold stops what can wait", append(all(1, "maria"), is(2, Hold)), "maria", "vsarw"},
		{"a person decides that it was nothing", append(all(1, "maria"), is(2, Hold), is(3, Release)), "maria", "vsaqmrw"},
		{"a person decides that it was a no", append(all(1, "maria"), is(2, Hold), no(3, ScopeAll)), "maria", "r"},
		{"START ends a hold", append(all(1, "maria"), is(2, Hold), start(3)), "maria", "vsaqmrw"},
		{"a second hold after a decision", append(all(1, "maria"), is(2, Hold), is(3, Release), is(4, Hold)), "maria", "vsarw"},

		{"a wrong number", append(all(1, "maria"), is(2, WrongNumber)), "maria", "r"},
		{"the same wrong number booked again", append(all(1, "maria"), is(2, WrongNumber), gave(3, "maria")), "maria", "r"},
		{"a wrong number and START", append(all(1, "maria"), is(2, WrongNumber), start(3)), "maria", "r"},
		{"the number is theirs after all", append(all(1, "maria"), is(2, WrongNumber), is(3, Release)), "maria", "vsaqmrw"},
		{"its new owner agrees", append(all(1, "maria"), is(2, WrongNumber), agreed(3, "tom", TickService, Express)), "tom", "vsarw"},
		{"its new owner's yes is not the former's", append(all(1, "maria"), is(2, WrongNumber), agreed(3, "tom", TickService, Express)), "maria", "r"},
		{"what was agreed before a wrong number stays void",
			append(all(1, "maria"), is(2, WrongNumber), agreed(3, "maria", TickService, Express)), "maria", "vsarw"},
		{"a STOP outlives a wrong number", append(all(1, "maria"), no(2, ScopeAll), is(3, WrongNumber), agreed(4, "tom", TickService, Express)), "tom", "r"},

		{"a carrier's refusal", append(all(1, "maria"), is(2, Undeliverable)), "maria", ""},
		{"a carrier's refusal looked into", append(all(1, "maria"), is(2, Undeliverable), is(3, Release)), "maria", "vsaqmrw"},
		{"a number that writes is alive", append(all(1, "maria"), is(2, Undeliverable), start(3)), "maria", "vsaqmrw"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := Fold(c.entries)
			if got := letters(l, c.person, day(20)); got != c.want {
				t.Errorf("allowed are %q, want %q", got, c.want)
			}
			for class := ActiveVisit; class <= Staff+1; class++ {
				if _, why := l.May(c.person, class, day(20)); why == "" {
					t.Errorf("%s: no reason is given", class)
				}
			}
		})
	}
}

func TestTheOrderOfArrivalDoesNotMatter(t *testing.T) {
	entries := append(all(1, "maria"), no(2, ScopeAll), start(2), start(3), no(3, ScopeReview), flag(4, No, "jobber"), flag(4, Yes, "jobber"),
		is(5, Hold), is(5, Release), is(6, WrongNumber), agreed(7, "tom", TickService, Written), is(8, Hold), is(9, Undeliverable), is(10, Release))
	random := rand.New(rand.NewSource(1))
	want := Fold(entries)
	for range 50 {
		shuffled := append([]Entry{entries[random.Intn(len(entries))]}, entries...)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got := Fold(shuffled)
		for n := range 12 {
			for _, person := range []string{"maria", "tom"} {
				for class := ActiveVisit; class <= Staff; class++ {
					ok, why := got.May(person, class, day(n))
					if wantOK, wantWhy := want.May(person, class, day(n)); ok != wantOK || why != wantWhy {
						t.Fatalf("%s %s on day %d: %v %q, want %v %q", person, class, n, ok, why, wantOK, wantWhy)
					}
				}
			}
		}
	}
}

func TestAMergeJoinsTheNoesAndMovesNoYes(t *testing.T) {
	home, work := append(all(1, "maria"), no(2, ScopeAll)), []Entry{gave(1, "maria")}
	if got := letters(Fold(home), "maria", day(20)); got != "r" {
		t.Errorf("at the first number %q is allowed, want answers", got)
	}
	if got := letters(Fold(work), "maria", day(20)); got != "vsrw" {
		t.Errorf("at the second number %q is allowed, want only what was agreed there", got)
	}
}

func TestReasonsAreSentences(t *testing.T) {
	for _, c := range []struct {
		entries []Entry
		class   Class
		want    string
	}{
		{[]Entry{gave(1, "maria")}, Service, "the number was given for a job on 1 May 2026"},
		{all(1, "maria"), Marketing, "they agreed to marketing texts on 1 May 2026 (form, wording v3)"},
		{[]Entry{no(2, ScopeAll)}, Service, "this number said no to all texts on 2 May 2026"},
		{[]Entry{no(2, ScopeReview)}, Asking, "this number said no to review requests on 2 May 2026"},
		{[]Entry{flag(2, No, "housecall")}, Service, "housecall says no to all texts to this number since 2 May 2026"},
		{[]Entry{is(2, WrongNumber)}, Service, "this number is somebody else's since 2 May 2026"},
		{nil, Account, "this person has not agreed to texts about estimates and bills"},
		{nil, Class(99), "there is no such class of messages"},
	} {
		if _, why := Fold(c.entries).May("maria", c.class, day(20)); why != c.want {
			t.Errorf("why = %q, want %q", why, c.want)
		}
	}
}

func TestMailNeedsNoYesButHearsANo(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []Entry
		class   Class
		want    bool
	}{
		{"nothing said", nil, Marketing, true},
		{"unsubscribed from offers", []Entry{no(2, ScopeMarketing)}, Marketing, false},
		{"unsubscribed from offers, asked for a review", []Entry{no(2, ScopeMarketing)}, Asking, false},
		{"unsubscribed from offers, sent a receipt", []Entry{no(2, ScopeMarketing)}, Service, true},
		{"subscribed again", []Entry{no(2, ScopeMarketing), agreed(3, "maria", TickMarketing, Written)}, Marketing, true},
		{"no more mail", []Entry{no(2, ScopeEmail)}, Service, false},
		{"no to texts says nothing about mail", []Entry{no(2, ScopeText)}, Marketing, true},
		{"no to everything", []Entry{no(2, ScopeAll)}, Account, false},
		{"it comes back", []Entry{is(2, Undeliverable)}, Account, false},
		{"somebody else's", []Entry{is(2, WrongNumber)}, Account, false},
		{"a hold", []Entry{is(2, Hold)}, Marketing, false},
		{"a hold stops no bill", []Entry{is(2, Hold)}, Account, true},
	} {
		if got, why := Fold(c.entries).MayMail("maria", c.class, day(20)); got != c.want || why == "" {
			t.Errorf("%s: MayMail = %v, %q, want %v", c.name, got, why, c.want)
		}
	}
}

func TestTheWordForACRM(t *testing.T) {
	for _, c := range []struct {
		entries []Entry
		want    string
	}{{nil, "unknown"}, {all(1, "maria"), "yes"}, {append(all(1, "maria"), no(2, ScopeMarketing)), "no"}, {[]Entry{no(2, ScopeAll)}, "no"}} {
		if got := Fold(c.entries).Word("maria", Marketing, day(20)); got != c.want {
			t.Errorf("Word = %q, want %q", got, c.want)
		}
	}
}

func TestOptedOut(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []Entry
		want    bool
	}{
		{"nothing", nil, false},
		{"STOP", []Entry{no(2, ScopeAll)}, true},
		{"STOP and START", []Entry{no(2, ScopeAll), start(3)}, false},
		{"a category", []Entry{no(2, ScopeMarketing)}, false},
		{"a tool's switch is not theirs", []Entry{flag(2, No, "jobber")}, false},
		{"a written yes does not tell the provider", []Entry{no(2, ScopeAll), agreed(3, "maria", TickService, Written)}, true},
	} {
		if got := Fold(c.entries).OptedOut(day(20)); got != c.want {
			t.Errorf("%s: OptedOut = %v, want %v", c.name, got, c.want)
		}
	}
}

// The hours of a class are looked up by its name.
func TestClassesAreNamedAsTheCalendarNamesThem(t *testing.T) {
	known := []calendar.Class{calendar.ActiveVisit, calendar.Service, calendar.Account, calendar.Asking, calendar.Marketing,
		calendar.Reply, calendar.Staff}
	for class := ActiveVisit; class <= Staff; class++ {
		if class.String() != string(known[class]) {
			t.Errorf("%s is %s in the calendar", class, known[class])
		}
	}
	if Class(99).String() != "unknown" {
		t.Errorf("an unknown class is %s", Class(99))
	}
}
