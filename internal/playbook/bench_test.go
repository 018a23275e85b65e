package playbook

import (
	"testing"
	"time"

	"plumbline.dev/plumbline"
)

// BenchmarkHolds evaluates all stages of a job of three visits, as every statement
// of a fold does.
func BenchmarkHolds(b *testing.B) {
	p, err := Load(BuiltIn())
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)
	visit := plumbline.VisitView{ID: "v", Stage: "complete", Starts: at, Completed: at, DayBegun: true, Assignments: []plumbline.AssignmentView{{Technician: "t"}}}
	open := visit
	open.Stage = "scheduled"
	job := &plumbline.JobView{ID: "j", Kind: "repair", Billed: true, IssuedTotal: 41250, Visits: []plumbline.VisitView{open, visit, visit}, Holding: []string{"booked", "dispatched", "completed"}}
	for _, s := range p.Job.Stages[1:] {
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.When.Holds(job); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
