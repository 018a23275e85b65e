package notify_test

import (
	"testing"

	"plumbline.dev/plumbline"
)

// sequences are two rules that speak to the booker of a completed visit, the second
// as long as it says.
func sequences(first, second, within string) string {
	return only() + `  one: {on: visit.complete, text: one, within: 72h, to: booker, class: marketing, sequence: ` + first + `}
  two: {on: job.completed, text: two, within: ` + within + `, to: booker, class: marketing, sequence: ` + second + `}
texts:
  one: {en: "{{.brand}}: one. Reply STOP to opt out.", es: "{{.brand}}: uno. Responda STOP."}
  two: {en: "{{.brand}}: two. Reply STOP to opt out.", es: "{{.brand}}: dos. Responda STOP."}
settings: {caps: {marketing: {week: 9}}}
`
}

func TestOfTwoSequencesTheOneThatGoesFirstSpeaks(t *testing.T) {
	for name, c := range map[string]struct {
		first, second, within string
		soon, late            []string
		outcome               string
	}{
		"the later one waits":                  {"maintenance", "rebooking", "240h", []string{"one"}, []string{"one", "two"}, "two: delivered"},
		"or is too late":                       {"maintenance", "rebooking", "72h", []string{"one"}, []string{"one"}, "two: dropped: maintenance goes before rebooking, and one "},
		"whichever is owed first":              {"rebooking", "renewal", "72h", []string{"two"}, []string{"two"}, "one: dropped: renewal goes before rebooking, and two "},
		"messages of one sequence do not mind": {"renewal", "renewal", "72h", []string{"", ""}, []string{"", ""}, "two: delivered"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: sequences(c.first, c.second, c.within)}, func(t *testing.T, w *world) {
				w.book(w.now.Add(hours(1)))
				w.agree("c1", maria)
				w.run(hours(2))
				w.complete("j1")
				w.run(hours(2))
				w.wantSaid(c.soon...)
				w.until(on(13, 12, 0))
				w.wantSaid(c.late...)
				w.wantOutcome(c.outcome)
			})
		})
	}
}

func TestABookingOfTheHouseholdEndsASequence(t *testing.T) {
	each(t, options{layer: sequences("maintenance", "rebooking", "240h")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.agree("c1", maria)
		w.run(hours(2))
		w.complete("j1")
		w.run(hours(2))
		w.wantSaid("one")
		w.hear(append([]plumbline.Reading{customer("c2", "Tom", tom)}, w.job("j2", "c2", on(20, 8, 0))...)...)
		w.until(on(13, 12, 0))
		w.wantSaid("one")
		w.wantOutcome("two: withdrawn: a visit is booked at this address")
	})
}
