package api_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
)

// A mismapped decoder gives one field of what it reads a name that there is not.
type mismapped struct{ connect.Decoder }

func (m mismapped) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	list, err := m.Decoder.Decode(d)
	for _, r := range list {
		if v, ok := r.Fields["description"]; ok {
			r.Fields["descripton"] = v
		}
	}
	return list, err
}

func TestFourHundredFailuresOfOneMappingMistakeAreOneFixAndOneOrderedReplay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const items = 400
		right := w.node.Advance.Decoder
		w.node.Advance.Decoder = func(location, connection, tool string) connect.Decoder {
			return mismapped{right(location, connection, tool)}
		}
		for i := range items { // ids and keys are in another order than receipt
			w.now = w.now.Add(time.Second)
			w.hook(fmt.Sprintf(`{"event":"job.created","job":{"id":"job_%03d","description":"AC repair","created_at":"2026-05-04T13:02:11Z"}}`, i*7%items))
		}
		w.settle()
		cause := w.cause()
		if sum := w.balances(); cause.Items != items || sum.Failed != items || cause.Cure == "" {
			t.Fatalf("%d failed deliveries are %d items, want %d of one cause with a cure: %+v", sum.Failed, cause.Items, items, cause)
		}

		w.node.Advance.Decoder = right // the mapping is mended
		q := w.node.Queue()
		var order []time.Time
		transactions := map[*db.Tx]bool{}
		q.Retriers["delivery"] = func(tx *db.Tx, location, ref string) error {
			d, _, _, err := inbox.Get(tx, location, "hcp", ref[len("hcp/"):])
			order = append(order, d.Received)
			transactions[tx] = true
			if err != nil {
				return err
			}
			return api.RetryDelivery(tx, location, ref)
		}
		n, err := q.Retry(t.Context(), "boise", cause.Cause, "office")
		if err != nil || n != items {
			t.Fatalf("retried %d, %v; want all %d", n, err, items)
		}
		if !slices.IsSortedFunc(order, time.Time.Compare) || len(order) != items {
			t.Error("the items were not let wait again in the order of their receipt")
		}
		if len(transactions) < 2 {
			t.Errorf("%d transactions for %d items, want several bounded ones", len(transactions), items)
		}
		w.settle()
		if most := w.node.DB.Most(); most > 2000 {
			t.Errorf("one transaction wrote %d rows, want at most 2,000", most)
		}
		if sum := w.balances(); sum.Received != items || sum.Applied != items || sum.Failed+sum.Waiting != 0 {
			t.Errorf("after the replay: %+v, want all applied", sum)
		}
		var left api.Causes
		if w.must(200, "GET", "/v1/errors", nil, &left); len(left.Causes) != 0 {
			t.Errorf("the error queue still has %+v", left.Causes)
		}
		var jobs struct{ Jobs []struct{ ID string } }
		if w.must(200, "GET", "/v1/jobs?limit=500", nil, &jobs); len(jobs.Jobs) != items {
			t.Errorf("%d jobs, want %d", len(jobs.Jobs), items)
		}
	})
}

func TestAllOfACauseOrOneItemIsAssignedByName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(broken("job_1"))
		w.hook(broken("job_2"))
		w.settle()
		path := "/v1/errors/" + w.cause().Cause
		w.must(200, "PUT", path+"/assignment", map[string]any{"to": "June"}, nil)
		if who := w.cause().Assignees; fmt.Sprint(who) != "[June]" {
			t.Errorf("all of it is with %v, want June", who)
		}
		var opened api.Opened
		w.must(200, "GET", path, nil, &opened)
		w.must(200, "PUT", path+"/assignment", map[string]any{"to": "Kim", "items": []api.Ref{{Kind: opened.Items[1].Kind, Ref: opened.Items[1].Ref}}}, nil)
		w.must(200, "GET", path, nil, &opened)
		if a, b := opened.Items[0].Assignee, opened.Items[1].Assignee; a != "June" || b != "Kim" {
			t.Errorf("the items are with %s and %s, want June and Kim", a, b)
		}
		if opened.Items[0].See != "plumbline errors show "+opened.Items[0].Ref {
			t.Errorf("what it is about is shown by %q", opened.Items[0].See)
		}
	})
}
