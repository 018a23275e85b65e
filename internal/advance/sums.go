package advance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/match"
	"plumbline.dev/plumbline/internal/record"
)

// summaries is how many past visits a person's summary shows.
const summaries = 10

// deriveSums derives people over all jobs in which they have a part.
func (w *work) deriveSums(b *Batch, ids map[string]string) error {
	members, err := record.Members(w.tx, w.location, keys(ids))
	if err != nil {
		return err
	}
	parts, err := record.JobsOf(w.tx, w.location, keys(ids))
	if err != nil {
		return err
	}
	jobs, places, err := w.jobsOf(parts, b.Jobs)
	if err != nil {
		return err
	}
	var put []record.Golden
	var numbers []string
	var alive []*Person
	for _, id := range keys(ids) {
		gid := plumbline.GoldenID(id)
		kind, rows := itself(members[gid], plumbline.Customer)
		if len(rows) > 0 && kind != plumbline.Customer {
			continue
		}
		p := &Person{ID: gid, Rows: members[gid], Gone: len(rows) == 0}
		b.People = append(b.People, p)
		if p.Gone {
			put = append(put, record.Golden{ID: gid, Kind: plumbline.Customer})
			continue
		}
		p.View, p.Why = golden.Person(gid, sources(rows), match.Phone)
		if p.View.Mobile != "" {
			numbers = append(numbers, string(record.AddressID(w.location, p.View.Mobile)))
		}
		alive = append(alive, p)
	}
	addresses, err := record.LoadGolden(w.tx, w.location, distinct(numbers))
	if err != nil {
		return err
	}
	roles := map[plumbline.GoldenID]map[plumbline.GoldenID][]plumbline.Role{}
	for _, p := range parts {
		if roles[p.Person] == nil {
			roles[p.Person] = map[plumbline.GoldenID][]plumbline.Role{}
		}
		roles[p.Person][p.Job] = append(roles[p.Person][p.Job], p.Role)
	}
	have, err := w.ownings(keys(ids), places)
	if err != nil {
		return err
	}
	plans, err := w.memberships(keys(ids), have)
	if err != nil {
		return err
	}
	docs := make([]record.Golden, len(alive))
	err = plumbline.EachErr(len(alive), func(i int) error {
		p := alive[i]
		p.Jobs = slices.Sorted(maps.Keys(roles[p.ID]))
		all := w.sum(&p.View, roles[p.ID], jobs, places, have)
		_, rows := itself(p.Rows, plumbline.Customer)
		zone := zone(w.playbook.Settings.Zone)
		paid := slices.DeleteFunc(slices.Clone(all), func(j storedJob) bool { // who pays holds the plan
			return !slices.Contains(roles[p.ID][plumbline.GoldenID(j.ID)], plumbline.Payer)
		})
		holds(p, plans[p.ID], inferred(w.playbook.Plans, rows, paid, zone), all, zone)
		if err := w.consents(&p.View, rows, addresses); err != nil {
			return err
		}
		docs[i] = record.Golden{ID: p.ID, Kind: plumbline.Customer, Doc: db.JSON(p.View), Why: db.JSON(p.Why)}
		return nil
	})
	if err != nil {
		return err
	}
	return record.StoreGolden(w.tx, w.location, append(put, docs...))
}

// jobsOf returns the golden jobs of parts, and the street of each. Those that were
// derived in this transaction are at hand.
func (w *work) jobsOf(parts []record.Part, fresh []*Job) (map[plumbline.GoldenID]storedJob, map[plumbline.GoldenID]plumbline.PropertyView, error) {
	jobs := map[plumbline.GoldenID]storedJob{}
	places := map[plumbline.GoldenID]plumbline.PropertyView{}
	for _, j := range fresh {
		jobs[j.ID] = storedJob{JobView: j.View, Flags: j.Flags, Notes: j.Notes, Bought: j.Bought}
		if j.Property != nil {
			places[j.ID] = *j.Property
		}
	}
	var ids []string
	for _, p := range parts {
		if _, ok := jobs[p.Job]; !ok {
			ids = append(ids, string(p.Job))
		}
	}
	list, err := record.LoadGolden(w.tx, w.location, distinct(ids))
	if err != nil {
		return nil, nil, err
	}
	for id, g := range list {
		j, err := ReadJob(g)
		if err != nil {
			return nil, nil, err
		}
		jobs[id] = j
	}
	at, err := record.PlacesOf(w.tx, w.location, distinct(ids))
	if err != nil {
		return nil, nil, err
	}
	for job, g := range at {
		var v plumbline.PropertyView
		if err := g.Read(&v); err != nil {
			return nil, nil, err
		}
		places[job] = v
	}
	return jobs, places, nil
}

// sum adds what a person's jobs come to, and returns them. Nothing here looks at the time of day: an
// appointment that has passed without being kept is still the next one.
func (w *work) sum(p *plumbline.PersonView, mine map[plumbline.GoldenID][]plumbline.Role, jobs map[plumbline.GoldenID]storedJob, places map[plumbline.GoldenID]plumbline.PropertyView, have owning) (all []storedJob) {
	ids := make([]plumbline.GoldenID, 0, len(mine))
	for id := range mine {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var past []pastVisit
	var disputed, overdue, credit, known bool
	for _, id := range ids {
		j, ok := jobs[id]
		if !ok {
			continue
		}
		place := places[id]
		zone := zone(cmp.Or(place.Zone, w.playbook.Settings.Zone))
		w.next(p, &j, place, zone)
		for _, v := range j.Visits {
			if v.Stage == "complete" && !v.Completed.IsZero() {
				past = append(past, pastVisit{v.Completed, summary(&j, v, place, zone)})
			}
		}
		if j.Completed.IsZero() && j.Stage != "canceled" && j.Stage != "no_sale" {
			p.OpenJobs++
		}
		if !j.Completed.IsZero() {
			p.CompletedJobs++
			if j.NextDue.After(p.NextMaintenance) {
				p.NextMaintenance = j.NextDue
			}
		}
		all = append(all, j)
		if slices.Contains(mine[id], plumbline.Payer) {
			known = known || j.IssuedTotal != 0 || j.Deposit != 0
			if j.SettledBalance > 0 && j.IssuedTotal > 0 {
				p.Balance += j.SettledBalance
			}
			credit = credit || j.SettledBalance < 0 && j.IssuedTotal > 0
			disputed = disputed || j.Money == "disputed"
			overdue = overdue || slices.Contains(j.Rings, "past_due")
			if !j.Due.IsZero() && (p.OldestDue.IsZero() || j.Due.Before(p.OldestDue)) {
				p.OldestDue = j.Due
			}
			if j.LastPaid.After(p.LastPaid) && j.Holds("invoiced") { // before, it is a deposit
				p.LastPaid = j.LastPaid
			}
		}
	}
	slices.SortFunc(past, func(a, b pastVisit) int { return cmp.Or(b.at.Compare(a.at), strings.Compare(a.line, b.line)) })
	if len(past) > 0 {
		p.LastService = past[0].at
	}
	var lines []string
	for i := 0; i < len(past) && i < summaries; i++ {
		lines = append(lines, past[i].line)
	}
	p.ServiceSummary = strings.Join(lines, "\n")
	p.Equipment = have.describe(plumbline.GoldenID(p.ID), all, places, zone(w.playbook.Settings.Zone))
	p.AccountStatus = accountStatus(known, disputed, overdue, credit && p.Balance == 0)
	return all
}

type pastVisit struct {
	at   time.Time
	line string
}

func accountStatus(known, disputed, overdue, credit bool) string {
	switch {
	case disputed:
		return "disputed"
	case overdue:
		return "past_due"
	case credit:
		return "credit"
	case known:
		return "current"
	}
	return "none"
}

// next notes the earliest open visit.
func (w *work) next(p *plumbline.PersonView, j *storedJob, place plumbline.PropertyView, zone *time.Location) {
	if j.Removed {
		return
	}
	for _, v := range j.Visits {
		if v.Stage == "complete" || v.Stage == "canceled" || v.Starts.IsZero() {
			continue
		}
		if !p.NextStarts.IsZero() && !v.Starts.Before(p.NextStarts) {
			continue
		}
		p.NextStarts = v.Starts
		p.NextWindow = v.Starts.In(zone).Format("Mon ") + WindowText(v, zone)
		if place.Street != "" {
			p.NextWindow += ", " + place.Street
		}
		p.NextService = j.Service
		p.NextTechnician, p.NextETA = "", time.Time{}
		if len(v.Assignments) > 0 && j.Holds("dispatched") {
			p.NextTechnician = v.Assignments[0].FirstName
			if v.Stage == "en_route" {
				p.NextETA = v.ETAHigh
			}
		}
	}
}

// WindowText writes when a visit was promised to begin, "8-10 AM".
func WindowText(v plumbline.VisitView, zone *time.Location) string {
	from, to := v.Starts.In(zone), v.Ends.In(zone)
	if v.Window > 0 {
		to = from.Add(v.Window)
	}
	if v.Ends.IsZero() && v.Window == 0 {
		return clockText(from, true)
	}
	return clockText(from, from.Format("PM") != to.Format("PM")) + "-" + clockText(to, true)
}

func clockText(t time.Time, half bool) string {
	text := t.Format("3")
	if t.Minute() != 0 {
		text = t.Format("3:04")
	}
	if half {
		text += t.Format(" PM")
	}
	return text
}

func summary(j *storedJob, v plumbline.VisitView, place plumbline.PropertyView, zone *time.Location) string {
	who := ""
	if len(v.Assignments) > 0 && v.Assignments[0].FirstName != "" {
		who = ", " + v.Assignments[0].FirstName
	}
	what := cmp.Or(j.Description, j.Service, j.Kind)
	return fmt.Sprintf("%s %s, %s%s", v.Completed.In(zone).Format(time.DateOnly), what, cmp.Or(place.Street, "no address"), who)
}
