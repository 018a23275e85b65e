// Package stage folds what was said about a job and its visits into histories:
// which stage was reached when, who says so, and what no longer holds. It is pure:
// the same statements, in any order, give the same histories. It knows no clock, no
// database and no tool.
package stage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/equipment"
	"plumbline.dev/plumbline/internal/money"
	"plumbline.dev/plumbline/internal/playbook"
)

// Input is everything that was said about one job.
type Input struct {
	ID       plumbline.GoldenID
	Location string
	Job      []*plumbline.SourceRecord // its own records and those about them
	Visits   []Trip
	Invoices []Bill
	Payments []*plumbline.SourceRecord

	Zone     *time.Location // of the property
	Playbook *playbook.Playbook
	Open     playbook.OpenHours
	Property *plumbline.PropertyView
	// Technician resolves a technician's source record to the golden one.
	Technician func(plumbline.SourceID) plumbline.AssignmentView
}

// A Trip is one visit's records: the tool's own, if it has one, and those about it.
type Trip struct {
	ID      plumbline.SourceID
	Records []*plumbline.SourceRecord
}

// A Bill is one invoice, with the job's share of it where it bills several.
type Bill struct {
	ID      plumbline.SourceID
	Records []*plumbline.SourceRecord
}

// An Episode is a time in which a stage held.
type Episode struct {
	Stage    string    `json:"stage"`
	Reached  time.Time `json:"reached"`
	Known    time.Time `json:"known"`
	Withdrew time.Time `json:"withdrew,omitzero"` // zero: it holds
	Cause    string    `json:"cause,omitempty"`   // who says so
	Ended    string    `json:"ended,omitempty"`   // who says that it does not
}

// A Unit is a piece of equipment that a line of a bill says was installed.
type Unit struct {
	Name   string // of the line, unique within the job
	Fields map[string]string
	At     time.Time // when the job was completed
	Day    string    // that day at the property
	Basis  string    // by which line and rule, for people
}

// A Bought is a plan that a bill sells.
type Bought struct {
	Rule string    `json:"rule"` // of the playbook
	At   time.Time `json:"at"`
	Line string    `json:"line"`
}

// A History is the stages of one subject in the order in which they were reached.
type History []Episode

// Holding returns the episodes that have not been withdrawn.
func (h History) Holding() []Episode {
	var now []Episode
	for _, e := range h {
		if e.Withdrew.IsZero() {
			now = append(now, e)
		}
	}
	return now
}

// Since says since when each stage holds that holds.
func (h History) Since() map[string]time.Time {
	since := make(map[string]time.Time, len(h))
	for _, e := range h {
		if e.Withdrew.IsZero() {
			since[e.Stage] = e.Reached
		}
	}
	return since
}

// Folded is what became of a job.
type Folded struct {
	Job     plumbline.JobView
	History History
	Visits  map[string]History // by visit id
	Ledger  money.Ledger
	Flags   []string         // sentences for people: clocks cut, guards broken
	Bought  []Bought         // plans that issued bills sell
	Units   []Unit           // equipment that issued bills say was installed
	Notes   []equipment.Note // what was written of its visits, on no piece of equipment yet
	// WindowKnown says when the window of each visit was last heard to be what it is.
	WindowKnown map[string]time.Time
}

// Fold derives a job from all that was said about it.
func Fold(in Input) (Folded, error) {
	f := newFold(in)
	f.gather()
	line := f.line()
	for i := 0; i < len(line); {
		j := i
		for ; j < len(line) && line[j].at == line[i].at; j++ {
			line[j].apply(f)
			f.known = max(f.known, line[j].received)
		}
		if err := f.judge(line[i:j]); err != nil {
			return Folded{}, err
		}
		i = j
	}
	return f.done()
}

// An event is one statement at the instant at which it happened.
type event struct {
	at, received int64
	rank         int // tools before people before clocks
	key          string
	cause        string
	apply        func(*fold)
}

// line puts the events into the order in which they happened.
func (f *fold) line() []*event {
	line := make([]*event, len(f.events))
	for i := range f.events {
		line[i] = &f.events[i]
	}
	slices.SortStableFunc(line, func(a, b *event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank), strings.Compare(a.key, b.key))
	})
	return line
}

func rank(connection string) int {
	switch connection {
	case plumbline.Office:
		return 1
	case plumbline.Clock:
		return 2
	}
	return 0
}

// A change is a field's value from some version on.
type change struct {
	at, received int64
	value        plumbline.Value
}

// changes lists the values of a field in the order of their versions, each where it
// differs from the one before.
func (f *fold) changes(r *plumbline.SourceRecord, field string) []change {
	var list []change
	for i := range r.Readings {
		p := &r.Readings[i]
		v, ok := p.Fields[field]
		if !ok || len(list) > 0 && list[len(list)-1].value == v {
			continue
		}
		list = append(list, change{f.happened(r)[i], p.Received, v})
	}
	return list
}

// happened says for each reading when what it says happened: not after it was heard,
// and, since readings are in the source's own order, not after what it says next.
func (f *fold) happened(r *plumbline.SourceRecord) []int64 {
	if times, ok := f.times[r]; ok {
		return times
	}
	times := make([]int64, len(r.Readings))
	for i := len(times) - 1; i >= 0; i-- {
		times[i] = r.Readings[i].Happened()
		if i+1 < len(times) {
			times[i] = min(times[i], times[i+1])
		}
	}
	f.times[r] = times
	return times
}
