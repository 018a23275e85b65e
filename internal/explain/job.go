package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/record"
)

// A job is a job with everything that was loaded to explain it.
type job struct {
	advance.StoredJob
	id       plumbline.GoldenID
	rows     []*record.Row
	parts    []record.Part
	property *plumbline.PropertyView
	customer *plumbline.PersonView
	zone     *time.Location
}

// Job explains a job: who says what of it, the stages that followed, who has which
// part in it, what was said about it and why nothing was, and its records at targets.
func (x *Explainer) Job(tx *db.Tx, location, name string) (e Explanation, err error) {
	id, err := x.resolve(tx, location, name, ofJobs...)
	if err != nil {
		return e, err
	}
	j, err := x.loadJob(tx, location, id)
	if err != nil {
		return e, err
	}
	title := "job"
	if j.Number != "" {
		title += " " + j.Number
	}
	e = Explanation{Subject: title, ID: string(id)}
	e.add("Where it stands", standing(j)...)
	e.add("What the sources say", facts(j.rows)...)
	kept, err := deliveries(tx, location, j.rows)
	if err != nil {
		return e, err
	}
	e.add("Answers kept", kept...)
	moves, err := transitions(tx, location, j)
	if err != nil {
		return e, err
	}
	e.add("Transitions", moves...)
	said, err := x.said(tx, location, j)
	if err != nil {
		return e, err
	}
	e.Sections = append(e.Sections, said...)
	for _, of := range []struct {
		kind plumbline.Kind
		ids  []string
	}{{plumbline.Job, []string{string(id)}}, {plumbline.Visit, j.subjects()[1:]}} {
		written, err := x.targets(tx, location, of.kind, of.ids...)
		if err != nil {
			return e, err
		}
		e.Sections = append(e.Sections, written...)
	}
	return e, nil
}

// subjects are the job and its visits.
func (j *job) subjects() []string {
	list := []string{string(j.id)}
	for _, v := range j.Visits {
		list = append(list, v.ID)
	}
	return list
}

func (x *Explainer) loadJob(tx *db.Tx, location string, id plumbline.GoldenID) (*job, error) {
	golden, err := record.LoadGolden(tx, location, []string{string(id)})
	if err != nil {
		return nil, err
	}
	g, ok := golden[id]
	if !ok || g.Kind != plumbline.Job {
		return nil, plumbline.NotFoundf("there is no job %s", id)
	}
	j := &job{id: id, zone: time.UTC}
	if j.StoredJob, err = advance.ReadJob(g); err != nil {
		return nil, err
	}
	members, err := record.Members(tx, location, []string{string(id)})
	if err != nil {
		return nil, err
	}
	shared, err := record.SharedInvoices(tx, location, []string{string(id)})
	if err != nil {
		return nil, err
	}
	j.rows = append(members[id], shared[id]...)
	if j.parts, err = record.Parts(tx, location, []string{string(id)}); err != nil {
		return nil, err
	}
	return j, x.place(tx, location, j)
}

// place loads where a job is, in which zone, and for whom.
func (x *Explainer) place(tx *db.Tx, location string, j *job) error {
	pb, _, err := x.Policy(location)
	if err != nil {
		return err
	}
	zone := pb.Settings.Zone
	places, err := record.PlacesOf(tx, location, []string{string(j.id)})
	if err != nil {
		return err
	}
	if g, ok := places[j.id]; ok {
		j.property = &plumbline.PropertyView{}
		if err := g.Read(j.property); err != nil {
			return err
		}
		if j.property.Zone != "" {
			zone = j.property.Zone
		}
	}
	if z, err := time.LoadLocation(zone); err == nil {
		j.zone = z
	}
	for _, p := range j.parts {
		if p.Role != plumbline.Booker {
			continue
		}
		people, err := record.LoadGolden(tx, location, []string{string(p.Person)})
		if err != nil {
			return err
		}
		if g, ok := people[p.Person]; ok {
			j.customer = &plumbline.PersonView{}
			return g.Read(j.customer)
		}
	}
	return nil
}

// standing says where a job and its visits stand, and who is who in it.
func standing(j *job) (lines []Line) {
	stage := Line{Fact: "stage " + j.Stage, Rule: "the last stage that holds of " + strings.Join(j.Holding, ", ")}
	lines = append(lines, stage)
	if j.Kind != "" {
		lines = append(lines, Line{Fact: "kind " + j.Kind})
	}
	for _, v := range j.Visits {
		fact := "visit " + v.ID + " is " + v.Stage
		if !v.Starts.IsZero() {
			fact += ", to begin " + v.Starts.In(j.zone).Format("Mon 2006-01-02 15:04 MST")
		}
		lines = append(lines, Line{Fact: fact})
	}
	for _, p := range j.parts {
		lines = append(lines, Line{Fact: fmt.Sprintf("%s is customer %s", strings.ReplaceAll(string(p.Role), "_", " "), p.Person)})
	}
	for _, f := range j.Flags {
		lines = append(lines, Line{Fact: f, Decision: "kept and flagged"})
	}
	return lines
}

// transitions lists what was recorded of a job and its visits, with the cause.
func transitions(tx *db.Tx, location string, j *job) (lines []Line, err error) {
	for _, s := range j.subjects() {
		moves, recorded, err := record.Transitions(tx, location, s)
		if err != nil {
			return nil, err
		}
		for i, m := range moves {
			lines = append(lines, move(m, recorded[i]))
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	return lines, nil
}

func move(m record.Move, recorded int64) Line {
	l := Line{Time: m.Happened, Fact: m.Cause, Rule: "playbook " + m.Playbook,
		Decision: fmt.Sprintf("%s %s %s, known %s, recorded %s", m.Kind, m.Stage, m.What, m.Known.UTC().Format(time.RFC3339), record.Time(recorded).Format(time.RFC3339))}
	if m.Kind == plumbline.Visit {
		l.Decision = "visit " + string(m.Subject) + strings.TrimPrefix(l.Decision, "visit")
	}
	if m.Silent {
		l.Decision += ", silent: nobody is told"
	}
	return l
}
