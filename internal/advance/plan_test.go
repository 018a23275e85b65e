package advance_test

import (
	"fmt"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

// decides lets the office decide something under a key.
func decides(key string, o advance.OfficeDecision) plumbline.Delivery {
	return plumbline.Delivery{Location: place, Connection: plumbline.Office, Tool: plumbline.Office, Event: o.Do, Key: key, Received: monday.Add(6 * time.Hour), Body: []byte(db.JSON(o))}
}

// A plan is held by a tag, by a line of a bill, by a record from a list and by the word of
// the office, each going before those named before it; one that the office ends has ended.
func TestAPlanThatTheToolDoesNotKnow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAdvance(t, d)
		step := 0
		check := func(what string, x plumbline.Delivery, plan, status, renews, due string) {
			t.Helper()
			step++
			if x.Key == "" {
				x.Key = fmt.Sprint("step", step)
			}
			x.Received = x.Received.Add(time.Duration(step) * time.Minute)
			keep(t, d, x)
			settle(t, a)
			day := func(at time.Time) string {
				if at.IsZero() {
					return ""
				}
				return at.Format(time.DateOnly)
			}
			if v := customerOf(t, d, "c1"); v.Plan != plan || v.PlanStatus != status || day(v.PlanRenews) != renews || day(v.NextMaintenance) != due {
				t.Errorf("%s: the plan is %q, %s, renews %s, next %s; want %q, %s, %s, %s", what, v.Plan, v.PlanStatus, day(v.PlanRenews), day(v.NextMaintenance), plan, status, renews, due)
			}
		}
		customer := house("", nil)[0]
		check("nothing says so", says("", house("furnace", nil)...), "", "", "", "")
		customer.At, customer.Fields["tags"] = monday.Add(time.Hour), `["Maintenance plan"]`
		check("a tag", says("", customer), "Membership", "active", "", "")
		line := house("tune up", nil, map[string]string{"name": "Service plan, one year"})
		for i := range line {
			line[i].At = line[i].At.Add(time.Hour)
		}
		check("a line of a bill", says("", line[2:]...), "Membership", "active", "2027-03-02", "2026-09-02")
		list := says("", plumbline.Reading{Kind: plumbline.Membership, ID: "m1", At: monday, Fields: map[string]plumbline.Value{
			"plan": text("Gold"), "renews": text("2026-12-01"), "next_due": text("2026-10-05"),
			"property_record": text(string(plumbline.NewSourceID(place, "field", plumbline.Property, "pl1")))}})
		list.Connection = "import:r"
		check("a list", list, "Gold", "active", "2026-12-01", "2026-10-05")
		add := advance.OfficeDecision{Do: "add", Kind: plumbline.Membership, Fields: map[string]plumbline.Value{"plan": text("Platinum"), "started": text("2026-01-01"), "renews": text("2027-01-01"),
			"months": "12", "customer_record": text(string(plumbline.NewSourceID(place, "field", plumbline.Customer, "c1")))}}
		check("the office", decides("new", add), "Platinum", "active", "2027-01-01", "2027-03-02")
		id := plumbline.NewSourceID(place, plumbline.Office, plumbline.Membership, "new")
		check("edited", decides("", advance.OfficeDecision{Do: "say", Kind: plumbline.Membership, About: id, Fields: map[string]plumbline.Value{"renews": text("2027-02-01")}}),
			"Platinum", "active", "2027-02-01", "2027-03-02")
		check("retired", decides("", advance.OfficeDecision{Do: "say", Kind: plumbline.Membership, About: id, Fields: map[string]plumbline.Value{"retired": text("2026-03-02")}}),
			"Gold", "active", "2026-12-01", "2026-10-05")
		check("the list is withdrawn", decides("", advance.OfficeDecision{Do: "withdraw", Connection: "import:r"}), "Membership", "active", "2027-03-02", "2026-09-02")
		if found, err := a.Verify(t.Context(), later, place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
			t.Errorf("Verify = %v, %v", found, err)
		}
	})
}
