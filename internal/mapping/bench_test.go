package mapping

import (
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
)

func BenchmarkDesired(b *testing.B) {
	p, err := playbook.Load(playbook.BuiltIn())
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 5, 5, 15, 30, 0, 0, time.UTC)
	visit := plumbline.VisitView{ID: "v", Stage: "on_site", Starts: at, Ends: at.Add(2 * time.Hour), Assignments: []plumbline.AssignmentView{{Technician: "t", FirstName: "Rafael"}}}
	env := playbook.Env{Key: "k", Visit: &visit,
		Job: &plumbline.JobView{ID: "j", Number: "1042", Kind: "repair", Service: "repair", Stage: "dispatched", Total: 41250, PlannedEnd: visit.Ends,
			Visits: []plumbline.VisitView{visit}, Holding: []string{"booked", "dispatched"}},
		Customer: &plumbline.PersonView{ID: "c", FirstName: "Maya", LastName: "Ashford", Email: "maya@example.com", Mobile: "+12082300016", NextStarts: at,
			NextWindow: "Tue 8-10 AM, 116 Larkspur Ln", OpenJobs: 1, AccountStatus: "none", TextsService: "yes"},
		Property: &plumbline.PropertyView{ID: "p", Street: "116 Larkspur Ln", City: "Boise", Zone: "America/Boise"},
	}
	for _, typ := range []string{"contact", "deal"} {
		b.Run(typ, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Desired(p.Mapping["hubspot"][typ], env, time.UTC); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
