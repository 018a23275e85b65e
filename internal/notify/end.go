package notify

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
)

// What became of the task of an outcome.
const (
	taskOpen  = 1
	taskEnded = 2
)

// taskName names the task of an outcome: one that ended and is needed again is another.
func taskName(o *Outcome) string {
	if o.N == 1 {
		return o.Rule
	}
	return o.Rule + "/" + strconv.FormatInt(o.N, 10)
}

// end closes the tasks that need not be done any more, as a batch shows: those about
// its jobs, about the other jobs of its people, and about other jobs at their places,
// since whoever of a household books ends what was to be asked of all of it.
func (f *following) end(b *advance.Batch) error {
	if len(b.Jobs)+len(b.People) == 0 {
		return nil
	}
	if err := alone(f.tx, f.location); err != nil {
		return err
	}
	var one int
	err := f.tx.QueryRow(selectAnyOpen, f.location).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	jobs, err := f.concerned(b)
	if err != nil {
		return err
	}
	found, err := queryOutcomes(f.tx, selectOpenTasks(f.tx), f.location, db.JSON(jobs))
	if err != nil || len(found) == 0 {
		return err
	}
	var subjects, about []string
	for _, o := range found {
		subjects, about = append(subjects, o.Subject), append(about, o.Job)
	}
	if f.book, err = openBook(f.tx, f.location, subjects); err != nil {
		return err
	}
	slices.Sort(about)
	scenes, err := loadScenes(f.tx, f.location, f.pb.Settings.Zone, slices.Compact(about)...)
	if err != nil {
		return err
	}
	for _, o := range found {
		if o = f.book.same(o); o.Tasked != taskOpen {
			continue // it shares the task of one before
		}
		if err := f.endIfOver(scenes[o.Job], o); err != nil {
			return fmt.Errorf("task of rule %s: %w", o.Rule, err)
		}
	}
	return f.flush()
}

// concerned lists the jobs on whose tasks a batch may bear. A job that is made of
// several is known by all of their names.
func (f *following) concerned(b *advance.Batch) (jobs []string, err error) {
	for _, p := range b.People {
		for _, job := range p.Jobs {
			jobs = append(jobs, string(job))
		}
	}
	var places []string
	for _, j := range b.Jobs {
		jobs = append(append(jobs, string(j.ID)), j.Aliases...)
		if j.Property != nil && (j.Placed || j.Silent || slices.ContainsFunc(j.Moves, ofJob)) {
			places = append(places, j.Property.ID) // whether it is open there may be another than it was
		}
	}
	there, err := jobsAt(f.tx, f.location, places)
	jobs = append(jobs, there...)
	slices.Sort(jobs)
	return slices.Compact(jobs), err
}

func ofJob(m record.Move) bool { return m.Kind == plumbline.Job }

// jobsAt lists the jobs at golden properties.
func jobsAt(tx *db.Tx, location string, places []string) ([]string, error) {
	if len(places) == 0 {
		return nil, nil
	}
	slices.Sort(places)
	members, err := record.Members(tx, location, slices.Compact(places))
	if err != nil {
		return nil, err
	}
	var ids []string
	for place, rows := range members {
		ids = append(ids, string(place))
		for _, r := range rows {
			ids = append(ids, string(r.ID))
		}
	}
	return record.Dependents(tx, location, ids)
}

func (f *following) endIfOver(s *scene, o *Outcome) error {
	why := "its job is no more"
	if s != nil {
		var err error
		if why, err = f.over(s, f.pb.Rule(o.Rule), o); err != nil {
			return err
		}
	}
	if why == "" {
		if o.Job != string(s.id) { // found again under the name that its job has now
			o.Job = string(s.id)
			f.book.newOutcomes[o] = true
		}
		return nil
	}
	for _, x := range f.book.outcomes[aboutKey{o.Rule, o.Subject}] {
		if x.Tasked == taskOpen {
			f.endTask(x, why)
		}
	}
	return nil
}

func (f *following) endTask(o *Outcome, why string) {
	o.Tasked = taskEnded
	f.book.newOutcomes[o] = true
	if o.State == Tasked {
		f.book.set(o, Tasked, o.Reason+"; it has ended: "+why)
	}
	f.ended = append(f.ended, EndedTask{Rule: taskName(o), Subject: plumbline.SourceID(o.Subject), Why: why})
}

// over says why the task of a rule need not be done any more, "" if it must: what the
// rule names has come about, or what was to be said in its place is no longer so.
func (f *following) over(s *scene, r *playbook.Rule, o *Outcome) (string, error) {
	if r == nil {
		return "its rule is no more", nil
	}
	visit := f.visitIn(s, o)
	if r.Task != nil && r.Task.Ends != nil {
		ended, err := r.Task.Ends.Eval(s.env(s.visit(visit), "", f.tx.Now))
		if err != nil || ended {
			return "it is so: " + r.Task.Ends.Source(), err
		}
	}
	if r.Sequence != "" {
		if booked, err := bookedThere(f.tx, f.location, s); err != nil || booked {
			return sequenceOver, err
		}
	}
	if !saysSomething(r) || visit == "" && f.ofVisit(r) {
		return "", nil
	}
	var person plumbline.GoldenID
	if len(r.To) > 0 {
		person = s.role(r.To[0])
	}
	_, why, err := s.while(r, f.pb, visit, person, f.tx.Now)
	return why, err
}

func saysSomething(r *playbook.Rule) bool { return r.Text != "" || r.News != "" || r.Mail != "" }

// ofVisit says whether what a rule waits for is a visit's.
func (f *following) ofVisit(r *playbook.Rule) bool {
	if name, ok := strings.CutPrefix(r.On, "clock."); ok {
		c := f.pb.Clocks[name]
		return c != nil && c.For == plumbline.Visit
	}
	return strings.HasPrefix(strings.TrimPrefix(r.On, "withdrawn:")+r.News, "visit.")
}

// visitIn is the visit that an outcome is about, "" if it is about a whole job.
func (f *following) visitIn(s *scene, o *Outcome) string {
	if s.visit(o.Subject) != nil {
		return o.Subject
	}
	for _, m := range f.book.about[aboutKey{o.Rule, o.Subject}] {
		if m.N == o.N && m.Visit != "" {
			return m.Visit
		}
	}
	return ""
}

const sequenceOver = "a visit is booked at this address"

// bookedThere says whether another job at the scene's property is open, whoever has
// booked it.
func bookedThere(tx *db.Tx, location string, s *scene) (bool, error) {
	if s.property == nil {
		return false, nil
	}
	ids, err := jobsAt(tx, location, []string{s.property.ID})
	if err != nil {
		return false, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == string(s.id) })
	list, err := record.LoadGolden(tx, location, ids)
	if err != nil {
		return false, err
	}
	for _, g := range list {
		if g.Kind != plumbline.Job || g.Doc == "" {
			continue
		}
		j, err := advance.ReadJob(g)
		if err != nil {
			return false, err
		}
		if j.Completed.IsZero() && !j.Removed && j.Stage != "canceled" && j.Stage != "no_sale" {
			return true, nil
		}
	}
	return false, nil
}
