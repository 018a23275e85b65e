package app_test

import (
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
)

// away lets time go by in which the program does not run and nobody reaches it.
func (w *world) away(span time.Duration) {
	w.t.Helper()
	for to := w.now.Add(span); w.now.Before(to); w.now = w.now.Add(10 * time.Minute) {
		for _, step := range w.steps {
			for worked := true; worked; {
				var err error
				worked, _, err = step(w.t.Context(), w.now)
				w.ok(err)
			}
		}
	}
}

// knows checks that of every object that a source lists there is one record.
func (w *world) knows(connection string, kind plumbline.Kind, ids ...string) {
	w.t.Helper()
	if len(ids) == 0 {
		w.t.Errorf("%s has no %s, so that nothing is compared", connection, kind)
	}
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		for _, id := range ids {
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM source_record WHERE location_id = 'brightwater' AND connection = $1 AND kind = $2 AND external = $3 AND about = ''`,
				connection, kind, id).Scan(&n); err != nil {
				return err
			}
			if n != 1 {
				w.t.Errorf("%s has the %s %s, of which there are %d records", connection, kind, id, n)
			}
		}
		return nil
	}))
}

func idsOf[T any](list []T, id func(T) string) (ids []string) {
	for _, x := range list {
		ids = append(ids, id(x))
	}
	return ids
}

func TestAfter26HoursAllOfHousecallProIsKnown(t *testing.T) {
	w := newWorld(t, setting{})
	known := w.customer()
	w.book(known.ID, "Before", at(4, 10, 0))
	w.minutes(20)
	w.field.SwitchWebhook(false)
	for i := range 3 {
		c := w.field.CreateCustomer(housecallpro.Customer{FirstName: "Lena", LastName: "Ostrow", Mobile: "20855502" + string(rune('1'+i)) + "0",
			Addresses: []housecallpro.Address{{Type: "service", Street: "9 Elm St", City: "Boise", State: "ID", Zip: "83702"}}})
		j, err := w.field.CreateJob(housecallpro.NewJob{CustomerID: c.ID, Description: "Meanwhile"})
		w.ok(err)
		w.ok(w.field.ScheduleJob(j.ID, housecallpro.Plan{Start: at(5, 9, 0), End: at(5, 11, 0), Employees: []string{w.tech.ID}}))
		w.away(4 * time.Hour)
		w.ok(w.field.Complete(j.ID))
		w.ok(w.field.SetLineItems(j.ID, []housecallpro.Line{{Name: "Repair", UnitPrice: 10000, Quantity: 100}}, 0))
		inv, err := w.field.CreateInvoice(j.ID)
		w.ok(err)
		w.ok(w.field.SendInvoice(inv.ID))
		_, err = w.field.CreateEstimate(c.ID, c.Addresses[0].ID, housecallpro.NewOption{Name: "New unit", Lines: []housecallpro.Line{{Name: "Unit", UnitPrice: 500000, Quantity: 100}}})
		w.ok(err)
		w.away(4 * time.Hour)
	}
	w.field.CreateEmployee(housecallpro.Employee{FirstName: "Mia", LastName: "Stone", Role: "field tech"})
	w.away(2 * time.Hour)
	w.minutes(30)
	w.knows("hcp", plumbline.Customer, idsOf(w.field.Customers(), func(c housecallpro.Customer) string { return c.ID })...)
	w.knows("hcp", plumbline.Job, idsOf(w.field.Jobs(), func(j housecallpro.Job) string { return j.ID })...)
	w.knows("hcp", plumbline.Job, idsOf(w.field.Estimates(), func(e housecallpro.Estimate) string { return e.ID })...)
	w.knows("hcp", plumbline.Invoice, idsOf(w.field.Invoices(), func(i housecallpro.Invoice) string { return i.ID })...)
	w.knows("hcp", plumbline.Technician, idsOf(w.field.Employees(), func(e housecallpro.Employee) string { return e.ID })...)
}

func TestAfter26HoursAllOfJobberIsKnown(t *testing.T) {
	y := newYard(t, jobber.Options{})
	client, home := y.client()
	y.job(client.ID, home.ID, "Before", at(4, 10, 0))
	y.minutes(20)
	y.tool.SwitchWebhooks(false)
	for range 3 {
		c, h := y.client()
		j, v := y.job(c.ID, h.ID, "Meanwhile", at(5, 9, 0))
		y.away(4 * time.Hour)
		y.ok(y.tool.Complete(v.ID, y.user.ID))
		inv, err := y.tool.CreateInvoice(jobber.NewInvoice{JobIDs: []string{j.ID}, NetDays: 14})
		y.ok(err)
		y.ok(y.tool.SendInvoice(inv.ID))
		_, err = y.tool.Pay(inv.ID, jobber.NewPayment{Amount: 39000})
		y.ok(err)
		_, err = y.tool.CreateQuote(jobber.NewQuote{ClientID: c.ID, PropertyID: h.ID, Title: "New unit", Lines: []jobber.Line{{Name: "Unit", UnitPrice: 500000}}})
		y.ok(err)
		_, err = y.tool.CreateRequest(jobber.Request{ClientID: c.ID, PropertyID: h.ID, Title: "It drips"})
		y.ok(err)
		y.away(4 * time.Hour)
	}
	y.tool.CreateUser(jobber.User{FirstName: "Mia", LastName: "Stone"})
	y.away(2 * time.Hour)
	y.minutes(30)
	y.knows("jobber", plumbline.Customer, idsOf(y.tool.Clients(), func(c jobber.Client) string { return c.ID })...)
	y.knows("jobber", plumbline.Property, idsOf(y.tool.Properties(), func(p jobber.Property) string { return p.ID })...)
	y.knows("jobber", plumbline.Job, idsOf(y.tool.Jobs(), func(j jobber.Job) string { return j.ID })...)
	y.knows("jobber", plumbline.Job, idsOf(y.tool.Quotes(), func(q jobber.Quote) string { return "quote/" + q.ID })...)
	y.knows("jobber", plumbline.Job, idsOf(y.tool.Requests(), func(r jobber.Request) string { return "request/" + r.ID })...)
	y.knows("jobber", plumbline.Visit, idsOf(y.tool.Visits(), func(v jobber.Visit) string { return v.ID })...)
	y.knows("jobber", plumbline.Invoice, idsOf(y.tool.Invoices(), func(i jobber.Invoice) string { return i.ID })...)
	y.knows("jobber", plumbline.Payment, idsOf(y.tool.Payments(), func(p jobber.Payment) string { return p.ID })...)
	y.knows("jobber", plumbline.Technician, idsOf(y.tool.Users(), func(u jobber.User) string { return u.ID })...)
	y.nothingWaits()
}
