package shop

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStagesFollowThePlot samples each job whenever something happened to it
// and at six o'clock, and compares the stages it went through.
func TestStagesFollowThePlot(t *testing.T) {
	want := map[string][]string{
		"repair, billed the same day":                      {"booked dispatched invoiced paid"},
		"repair, card with tip":                            {"booked dispatched paid"},
		"repair, billed days later":                        {"booked dispatched completed invoiced paid"},
		"repair, cash before the office closes it":         {"booked dispatched paid"},
		"repair, canceled":                                 {"booked canceled", "booked dispatched canceled"},
		"repair, deleted":                                  {"booked canceled", "booked dispatched canceled"},
		"repair, nobody home and canceled":                 {"booked dispatched canceled"},
		"repair, finish pressed too early":                 {"booked dispatched completed dispatched invoiced paid"},
		"repair, completed and reopened for a second trip": {"booked dispatched completed dispatched invoiced paid"},
		"repair, part on order":                            {"booked dispatched invoiced paid"},
		"repair, bank payment comes back late":             {"booked dispatched invoiced paid invoiced"},
		"repair, bank payment comes back":                  {"booked dispatched invoiced paid"},
		"repair, refunded":                                 {"booked dispatched paid invoiced"},
		"repair, invoice voided":                           {"booked dispatched invoiced paid"},
		"repair, charged back":                             {"booked dispatched paid invoiced"},
		"repair, unpaid":                                   {"booked dispatched invoiced"},
		"repair, invoiced at nothing by mistake":           {"booked dispatched completed invoiced paid"},
		"install with a deposit":                           {"booked dispatched invoiced paid"},
		"warranty":                                         {"booked dispatched closed"},
		"callback":                                         {"booked dispatched closed"},
		"maintenance in the plan":                          {"booked dispatched closed"},
	}
	found := map[string]int{}
	for seed := range uint64(3) {
		w := open(t, seed, 3, 4, 20)
		w.body = ""
		w.run()
		for _, j := range w.Story().Jobs {
			if sequences, ok := want[j.Plot]; ok {
				found[j.Plot]++
				if got := j.sequence(w.Story().Zone); !slices.Contains(sequences, got) {
					t.Errorf("seed %d, job %s, %s: went %s, want %s", seed, j.ID, j.Plot, got, strings.Join(sequences, " or "))
				}
			}
		}
	}
	for plot := range want {
		if found[plot] == 0 {
			t.Errorf("%s was never played", plot)
		}
	}
}

func (j *Job) sequence(zone *time.Location) string {
	var at []time.Time
	for _, m := range j.Marks {
		at = append(at, m.At)
	}
	for _, v := range j.Visits {
		for _, w := range v.Windows {
			d := w.Start.In(zone)
			if six := time.Date(d.Year(), d.Month(), d.Day(), 6, 0, 0, 0, zone); six.After(at[0]) {
				at = append(at, six)
			}
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	var stages []string
	for _, x := range at {
		if s := string(j.StageAt(x, zone)); len(stages) == 0 || stages[len(stages)-1] != s {
			stages = append(stages, s)
		}
	}
	return strings.Join(stages, " ")
}

func TestTenantsNeverSeePrices(t *testing.T) {
	w := open(t, 5, 4, 5, 40).run()
	tenants, payers := 0, 0
	for _, n := range w.Story().Numbers {
		for _, id := range n.People {
			switch p := w.Story().Person(id); {
			case p.Role == Tenant:
				tenants++
				if w.Story().MaySeePrices(n.Phone, w.now) {
					t.Errorf("%s is a tenant's and may see prices", n.Phone)
				}
			case len(p.Customers) > 0:
				payers++
				if !w.Story().MaySeePrices(n.Phone, w.now) {
					t.Errorf("%s is a payer's and may not see prices", n.Phone)
				}
			}
		}
	}
	if tenants == 0 || payers == 0 {
		t.Errorf("%d tenants and %d payers", tenants, payers)
	}
}

func TestAThirdOrMoreNeverAgreedToAdvertising(t *testing.T) {
	for seed := range uint64(2) {
		w := open(t, seed, 4, 5, 40).run()
		never, filed := 0, 0
		for _, n := range w.Story().Numbers {
			if len(n.Files) > 0 {
				filed++
				if slices.Contains(w.Story().NeverMarket(), n.Phone) {
					never++
				}
			}
		}
		if never*3 < filed || never == filed {
			t.Errorf("seed %d: %d of %d numbers on file never agreed, want a third or more and not all", seed, never, filed)
		}
	}
}

func TestAnOptOutHoldsFromTheInstantOfTheText(t *testing.T) {
	stopped, back := 0, 0
	for seed := range uint64(4) {
		w := open(t, seed, 4, 5, 40).run()
		received := map[string]bool{}
		for _, m := range w.twilio.Messages() {
			if m.Direction == "inbound" {
				received[m.From+m.Body+m.Created.String()] = true
			}
		}
		for _, n := range w.Story().Numbers {
			for _, e := range n.Events {
				if !received[n.Phone+e.Words+e.At.String()] {
					t.Errorf("seed %d: %s wrote %q at %s, Twilio did not get it", seed, n.Phone, e.Words, e.At)
				}
				switch e.What {
				case OptOut:
					stopped++
					if !n.Out(e.At) || n.Out(e.At.Add(-time.Millisecond)) || w.Story().MayMarket(n.Phone, e.At) {
						t.Errorf("seed %d: %s opted out at %s, the truth is another", seed, n.Phone, e.At)
					}
				case OptIn:
					back++
					if n.Out(e.At) {
						t.Errorf("seed %d: %s came back at %s and is still out", seed, n.Phone, e.At)
					}
				}
			}
			last := len(n.Events) - 1
			if last >= 0 && n.Events[last].Keyword && w.twilio.Stopped(sender, n.Phone) != n.Out(w.now) {
				t.Errorf("seed %d: Twilio says %s stopped %v", seed, n.Phone, w.twilio.Stopped(sender, n.Phone))
			}
		}
	}
	if stopped == 0 || back == 0 {
		t.Errorf("%d opted out and %d came back", stopped, back)
	}
}

func TestTheOfficeSaysEachThingOnceAndInOrder(t *testing.T) {
	w := open(t, 2, 3, 3, 20).run()
	if len(w.acts) != len(w.Story().Acts) {
		t.Fatalf("%d acts were handed over, want %d", len(w.acts), len(w.Story().Acts))
	}
	for n, a := range w.acts {
		if a != w.Story().Acts[n] {
			t.Errorf("act %d is %+v, want %+v", n, a, w.Story().Acts[n])
		}
		if n > 0 && !w.acts[n-1].At.Before(w.Story().Start) && a.At.Before(w.acts[n-1].At) {
			t.Errorf("act %d is of %s, before the one before it", n, a.At)
		}
	}
}

func TestWhatTheCRMShouldSayFollowsTheJobs(t *testing.T) {
	w := open(t, 6, 3, 3, 20).run()
	next, paid := 0, 0
	for _, j := range w.Story().Jobs {
		start, before := j.Visits[0].Windows[0].Start, j.Marks[0].At
		for _, m := range j.Marks {
			switch m.What {
			case Scheduled:
				if got := w.Story().Wanted(j.Person, m.At).NextVisit; start.After(m.At) && (got.IsZero() || got.After(start)) {
					t.Errorf("job %s was scheduled for %s, the next visit is %s", j.ID, start, got)
				}
				next++
			case Completed:
				if got := w.Story().Wanted(j.Person, m.At); !got.LastService.Equal(m.At) || !got.Customer {
					t.Errorf("job %s was completed at %s, the CRM should say %+v", j.ID, m.At, got)
				}
			case Paid:
				if got := w.Story().Wanted(j.Person, m.At); !got.LastPaid.Equal(m.At) {
					t.Errorf("job %s was paid at %s, the last payment is %s", j.ID, m.At, got.LastPaid)
				}
				paid++
			}
		}
		if got := w.Story().Wanted(j.Person, before.Add(-1000*24*time.Hour)); got != (Wanted{}) {
			t.Errorf("long before, the CRM should say %+v", got)
		}
	}
	if next == 0 || paid == 0 {
		t.Errorf("%d scheduled, %d paid", next, paid)
	}
}
