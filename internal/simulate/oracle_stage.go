package simulate

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/sandbox/shop"
)

// A truth is how a job stands in the end, by what the field tool was told.
type truth struct {
	canceled, completed, invoiced, paid, closed bool
	issued, settled                             int64
}

// truthOf reads a job's story. It does not look at the tool's records or at ours.
func truthOf(j *shop.Job) (t truth) {
	for _, m := range j.Marks {
		switch m.What {
		case shop.Completed:
			t.completed = true
		case shop.Reopened:
			t.completed = false
		case shop.Canceled, shop.Deleted:
			t.canceled = true
		}
	}
	billed, some := int64(0), false
	for _, i := range j.Invoices {
		tips := int64(0)
		for _, p := range i.Payments {
			switch {
			case p.Settled.IsZero() || !p.Returned.IsZero() || p.Declined:
			case p.Refund:
				t.settled -= p.Amount
			default: // the tool makes a tip a line of the invoice that it pays
				t.settled += p.Amount + p.Tip
				tips += p.Tip
			}
		}
		if !i.Issued.IsZero() && i.EndedAt.IsZero() {
			billed, some = billed+i.Amount, true
			t.issued += i.Amount + tips
		}
	}
	t.closed = t.completed && j.NoCharge
	t.invoiced = t.completed && some && billed >= j.Price
	t.paid = t.invoiced && t.issued > 0 && t.issued <= t.settled
	return t
}

// stagesAreTrue: every job that the shop has is there, stands where it truly stands,
// and owes what is truly owed.
func stagesAreTrue(ctx context.Context, o *oracle, bad broken) error {
	for _, j := range o.shop.Story().Jobs {
		id := o.source(plumbline.Job, j.ID)
		var got plumbline.JobView
		var there bool
		err := o.view(ctx, func(tx *db.Tx) error {
			rows, err := record.Load(tx, o.id, []string{string(id)})
			if err != nil || len(rows) == 0 {
				return err
			}
			goldens, err := record.LoadGolden(tx, o.id, []string{string(rows[0].Golden)})
			if err != nil {
				return err
			}
			g, ok := goldens[rows[0].Golden]
			if !ok {
				return nil
			}
			stored, err := advance.ReadJob(g)
			got, there = stored.JobView, true
			return err
		})
		if err != nil {
			return err
		}
		if !there {
			if o.knowable(j) {
				bad("job %s (%s) is not there", j.Number, j.Plot)
			}
			continue
		}
		if o.knowable(j) {
			compareJob(j, truthOf(j), &got, bad)
		}
	}
	return nil
}

// knowable says whether the program can know all of a job: what happened before it was
// connected was told to nobody, and what the field tool gave up telling is heard of only
// where it tells more of the same object. (The tool has no list of what it could not
// deliver, and the program does not go through a source's objects by itself.)
func (o *oracle) knowable(j *shop.Job) bool {
	if slices.ContainsFunc(j.Marks, func(m shop.Mark) bool { return m.At.Before(o.w.start) }) {
		return false
	}
	return o.told(j.ID) && !slices.ContainsFunc(j.Invoices, func(i *shop.Invoice) bool { return !o.told(i.ID) })
}

// told says whether a notice that was answered 2xx shows an object of the field tool as
// it was at last.
func (o *oracle) told(id string) bool {
	last, shown := "", map[string]bool{}
	for _, x := range o.field.Webhooks() {
		if x.Object == id {
			last = object(x.Body)
			shown[last] = shown[last] || x.Delivered
		}
	}
	return shown[last] || last == ""
}

// object cuts the object out of a notice.
func object(body []byte) string {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(body, &parts); err != nil {
		return ""
	}
	for name, part := range parts {
		if name != "event" && name != "event_occurred_at" && name != "company_id" {
			return string(part)
		}
	}
	return ""
}

func compareJob(j *shop.Job, want truth, got *plumbline.JobView, bad broken) {
	for _, s := range []struct {
		stage string
		want  bool
	}{{"canceled", want.canceled}, {"completed", want.completed}, {"invoiced", want.invoiced}, {"paid", want.paid}, {"closed", want.closed}} {
		if has := got.Holds(s.stage); has != s.want {
			bad("job %s (%s) holds %s; %s is %t there and %t in truth", j.Number, j.Plot, strings.Join(got.Holding, ", "), s.stage, has, s.want)
			return
		}
	}
	if got.IssuedTotal != want.issued || !want.canceled && got.SettledBalance != want.issued-want.settled {
		bad("job %s (%s) has %d issued and %d open; in truth %d and %d", j.Number, j.Plot, got.IssuedTotal, got.SettledBalance, want.issued, want.issued-want.settled)
	}
}
