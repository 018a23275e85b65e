package app_test

import (
	"slices"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// One line of the playbook, and all that is written to deals goes to tickets.
func TestTheTableRunsToTickets(t *testing.T) {
	var mend func()
	w := newWorld(t, setting{jobs: asTickets, before: func(w *world) {
		_, err := w.crm.Create("contacts", map[string]string{"firstname": "Dana", "lastname": "Whitlock", "phone": "(208) 555-0142"}, hubspot.Person(1))
		w.ok(err)
		mend = w.between(crmHost, w.crm, cutAfter(w.crm, to("/objects/", "/tickets/batch/")))
	}})
	w.until(at(4, 8, 40))
	c := w.customer()
	w.minutes(1)
	w.book(c.ID, "Leak under the sink", at(6, 13, 0))
	w.minutes(10)
	mend() // the ticket was made, and the answer lost
	w.until(at(4, 9, 30))
	if got := w.stage("Larkspur"); got != "booked" {
		t.Errorf("the ticket is %s, want booked", got)
	}
	if n := len(w.crm.Objects("contacts")); n != 1 {
		t.Errorf("%d contacts, want the one that was there", n)
	}
	first := w.deal("Larkspur")

	// What a person types over ours there is seen by the poll and written again.
	was := first.Properties["subject"]
	w.ok(w.crm.Edit("tickets", first.ID, map[string]string{"subject": "by hand"}, hubspot.Person(1)))
	w.minutes(30)
	if got := w.deal("Larkspur").Properties["subject"]; got != was {
		t.Errorf("the subject is %q, want %q again", got, was)
	}

	_, target, err := app.Tool[connect.Target](w.node, "brightwater", "hubspot")
	w.ok(err)
	schema, err := target.Describe(t.Context())
	w.ok(err)
	if line := first.Properties["hs_pipeline"]; line == "0" || line != schema.Types["ticket"].Pipeline {
		t.Errorf("the ticket is in the pipeline %q, want our own", line)
	}
	w.props(w.deal("Larkspur"), map[string]string{"plumbline_window": "6 May 13:00", "plumbline_visits": "1", "plumbline_kind": "repair"})
	person := w.contact("Whitlock")
	wantJoined(t, first, person, 16, "Booker")
}

func TestAWholeJobIsKeptAsATicket(t *testing.T) {
	w := newWorld(t, setting{jobs: asTickets})
	wholeJob(w)
	ticket, person := w.deal("Larkspur"), w.contact("Whitlock")
	w.props(ticket, map[string]string{"plumbline_amount": "390", "plumbline_balance": "0", "plumbline_invoice_no": "1001"})
	if ticket.Properties["plumbline_close_date"] == "" || ticket.Properties["plumbline_key"] == "" {
		t.Errorf("the ticket says %v", ticket.Properties)
	}
	notes := w.crm.Objects("notes")
	if len(notes) != 1 {
		t.Fatalf("%d notes, want one of the visit", len(notes))
	}
	wantJoined(t, notes[0], ticket, 228, "")
	wantJoined(t, notes[0], person, 202, "")

	// An estimate that nobody buys: a task at the ticket.
	e, err := w.field.CreateEstimate(w.field.Customers()[0].ID, "", housecallpro.NewOption{Name: "Good", Lines: []housecallpro.Line{{Name: "System", UnitPrice: 500000, Quantity: 100}}})
	w.ok(err)
	w.ok(w.field.ScheduleEstimate(e.ID, housecallpro.Plan{Start: at(5, 10, 0), End: at(5, 11, 0), Employees: []string{w.tech.ID}}))
	w.until(at(5, 11, 0))
	w.ok(w.field.CompleteEstimate(e.ID))
	w.minutes(5)
	w.ok(w.field.SendEstimate(e.ID))
	w.minutes(5)
	w.ok(w.field.DeclineOption(e.ID, e.Options[0].ID, false))
	w.until(at(8, 12, 0))
	var lost hubspot.Object
	for _, x := range w.crm.Objects("tickets") {
		if x.ID != ticket.ID {
			lost = x
		}
	}
	tasks := w.crm.Objects("tasks")
	if len(tasks) != 1 || lost.ID == "" {
		t.Fatalf("%d tasks about the lost estimate %q, want one", len(tasks), lost.ID)
	}
	wantJoined(t, tasks[0], lost, 230, "")
	if n := len(w.crm.Objects("deals")); n != 0 {
		t.Errorf("%d deals were made where jobs are tickets", n)
	}
}

// wantJoined holds that one object is associated with another, by a type and a label.
func wantJoined(t *testing.T, from, to hubspot.Object, typ int, label string) {
	t.Helper()
	for _, a := range from.Associations {
		if a.ObjectType == to.ObjectType && a.ID == to.ID {
			if !slices.Contains(a.TypeIDs, typ) || label != "" && !slices.Contains(a.Labels, label) {
				t.Errorf("the association of %s and %s is of the types %v, labels %s; want %d, %s", from.ObjectType, to.ObjectType, a.TypeIDs, strings.Join(a.Labels, ", "), typ, label)
			}
			return
		}
	}
	t.Errorf("%s %s is not associated with %s %s: %+v", from.ObjectType, from.ID, to.ObjectType, to.ID, from.Associations)
}
