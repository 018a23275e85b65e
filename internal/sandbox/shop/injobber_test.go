package shop

import (
	"slices"
	"testing"

	"plumbline.dev/plumbline/internal/sandbox/jobber"
)

// inTool sums up what Jobber has of a job.
func inTool(w *world, id string) (there, deleted bool, issued, paid int64) {
	for _, j := range w.jobber.Jobs() {
		if j.ID == id {
			there, deleted = true, !j.Deleted.IsZero()
		}
	}
	for _, i := range w.jobber.Invoices() {
		if slices.ContainsFunc(i.Bills, func(b jobber.Bill) bool { return b.JobID == id }) && i.Deleted.IsZero() && (i.Sent || !i.Received.IsZero()) {
			issued, paid = issued+i.Total, paid+i.Paid
		}
	}
	return there, deleted, issued, paid
}

// What the shop knows of its jobs is what Jobber has of them, where Jobber can show it.
func TestAShopLivesInJobber(t *testing.T) {
	for seed := range uint64(4) {
		w := openWith(t, seed+1, 2, 2, 6, false, true).run()
		if len(w.Story().Jobs) < 10 || len(w.hcp.Jobs()) > 0 {
			t.Fatalf("seed %d: a shop with Jobber alone has %d jobs, and %d of them in Housecall Pro", seed+1, len(w.Story().Jobs), len(w.hcp.Jobs()))
		}
		for _, j := range w.Story().Jobs {
			var issued, paid int64
			for _, i := range j.Invoices {
				if !i.Issued.IsZero() && i.EndedAt.IsZero() {
					issued += i.Amount
				}
				for _, p := range i.Payments {
					switch {
					case p.Settled.IsZero() || !p.Returned.IsZero() || p.Declined:
					case p.Refund:
						paid -= p.Amount
					default:
						paid += p.Amount
					}
				}
			}
			there, deleted, billed, got := inTool(w, j.ID)
			ended := slices.ContainsFunc(j.Marks, func(m Mark) bool { return m.What == Canceled || m.What == Deleted })
			if !there || deleted != ended || !ended && (billed != issued || got != paid) {
				t.Errorf("seed %d: job %s (%s): in Jobber there %v, deleted %v, %d issued, %d paid; in truth ended %v, %d, %d",
					seed+1, j.Number, j.Plot, there, deleted, billed, got, ended, issued, paid)
			}
		}
	}
}

// With both tools, some people have a record in each.
func TestTheSameHomeownerIsInBothTools(t *testing.T) {
	twice := 0
	for seed := range uint64(4) {
		w := openWith(t, seed+1, 2, 2, 8, true, true).run()
		if len(w.hcp.Jobs()) == 0 || len(w.jobber.Jobs()) == 0 {
			t.Errorf("seed %d: %d jobs in Housecall Pro and %d in Jobber", seed+1, len(w.hcp.Jobs()), len(w.jobber.Jobs()))
		}
		known := map[string]bool{}
		for _, c := range w.jobber.Clients() {
			known[c.ID] = true
		}
		for _, p := range w.Story().People {
			in := 0
			for _, c := range p.Customers {
				if known[c] {
					in++
				}
			}
			if in > 0 && in < len(p.Customers) {
				twice++
			}
		}
	}
	if twice == 0 {
		t.Error("nobody is known to both tools")
	}
}
