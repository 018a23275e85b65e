package advance

import (
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/equipment"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/stage"
)

// A Job is a job as it was just derived.
type Job struct {
	ID       plumbline.GoldenID
	View     plumbline.JobView
	History  stage.History
	Visits   map[string]stage.History
	Property *plumbline.PropertyView // nil: the job has none
	Zone     *time.Location
	Parts    []record.Part
	// Sources are the field tools that speak of the job.
	Sources []string
	// Aliases are the ids of all source records that belong to the job.
	Aliases     []string
	WindowKnown map[string]time.Time
	Flags       []string
	// Notes are what was written of its visits, on the equipment that it names.
	Notes []equipment.Note
	// Bought are the plans that its bills sell, Units the equipment that they say was
	// installed.
	Bought []stage.Bought
	Units  []stage.Unit
	place  plumbline.SourceID // the record of its property
	// Silent: what changed comes from a model, a playbook or a rebuild; nobody is told.
	Silent bool
	// Placed: it may be at another property than before.
	Placed bool
	// Moves are the transitions since the job was last derived.
	Moves []record.Move
}

// Role returns the person in a role, "" if nobody is.
func (j *Job) Role(role plumbline.Role) plumbline.GoldenID {
	for _, p := range j.Parts {
		if p.Role == role {
			return p.Person
		}
	}
	return ""
}

// A Person is a customer as just derived, over all their jobs.
type Person struct {
	ID   plumbline.GoldenID
	View plumbline.PersonView
	Gone bool // nobody is left under this id
	// Why is the provenance of what the view says, by field.
	Why golden.Provenance
	// Rows are the source records that belong to the person, Jobs the jobs in which they
	// have a role.
	Rows []*record.Row
	Jobs []plumbline.GoldenID
}

// Aliases are the ids of the members of a golden record, without what is said about
// them, in order.
func Aliases(rows []*record.Row) (ids []string) {
	for _, r := range rows {
		if r.About == "" {
			ids = append(ids, string(r.ID))
		}
	}
	slices.Sort(ids)
	return ids
}

// jobsAtOnce is how many jobs are folded together, at the least, while others are read
// and stored.
const jobsAtOnce = 24

// deriveJobs derives jobs with their visits, invoices and payments.
func (w *work) deriveJobs(b *Batch, ids map[string]string) error {
	chunks := slices.Collect(slices.Chunk(keys(ids), max(jobsAtOnce, (len(ids)+3)/4)))
	return plumbline.Pipeline(len(chunks), func(i int) (*folding, error) {
		in, err := w.loadJobs(chunks[i])
		return &folding{ids: chunks[i], in: in, jobs: make([]*Job, len(chunks[i])), docs: make([]string, len(chunks[i]))}, err
	}, w.fold, func(f *folding) error { return w.storeJobs(b, f, ids) })
}

// A folding is some jobs that are derived together.
type folding struct {
	ids  []string
	in   jobInput
	jobs []*Job // nil where no tool speaks of it
	docs []string
}

func (w *work) fold(f *folding) error {
	return plumbline.EachErr(len(f.ids), func(i int) (err error) {
		if f.jobs[i], err = w.deriveJob(f.in, f.ids[i]); err == nil && f.jobs[i] != nil {
			f.docs[i] = f.jobs[i].document()
		}
		return err
	})
}

func (w *work) storeJobs(b *Batch, f *folding, causes map[string]string) error {
	var put []record.Golden
	var parts []record.Part
	for i, id := range f.ids {
		j := f.jobs[i]
		if j == nil {
			if kind, _ := itself(f.in.members[plumbline.GoldenID(id)], plumbline.Job); !ofJob(kind) {
				continue
			}
			put = append(put, record.Golden{ID: plumbline.GoldenID(id), Kind: plumbline.Job})
			continue
		}
		j.Silent = causes[id] != "delivery"
		j.Placed = w.placed[j.ID] || len(w.moves) > 0
		put = append(put, record.Golden{ID: j.ID, Kind: plumbline.Job, Doc: f.docs[i], Why: "{}"})
		parts = append(parts, j.Parts...)
		b.Jobs = append(b.Jobs, j)
		b.Unknown = append(b.Unknown, w.unknown(f.in, j.ID)...)
	}
	people, err := record.StoreParts(w.tx, w.location, f.ids, parts)
	if err != nil {
		return err
	}
	w.stale(record.RankSums, "delivery", people...)
	if err := w.infer(f); err != nil {
		return err
	}
	return record.StoreGolden(w.tx, w.location, put)
}

func (j *Job) document() string {
	return db.JSON(storedJob{j.View, j.History, j.Visits, j.Flags, j.Notes, j.Bought})
}

// ofJob says whether records of a kind are derived with their job.
func ofJob(kind plumbline.Kind) bool {
	switch kind {
	case plumbline.Job, plumbline.Visit, plumbline.Invoice, plumbline.Payment:
		return true
	}
	return false
}

// storedJob is a golden job as it is stored.
type storedJob struct {
	plumbline.JobView
	History stage.History            `json:"history"`
	Trips   map[string]stage.History `json:"trips,omitempty"`
	Flags   []string                 `json:"flags,omitempty"`
	Notes   []equipment.Note         `json:"notes,omitempty"`
	Bought  []stage.Bought           `json:"bought,omitempty"`
}

// A StoredJob is what ReadJob returns.
type StoredJob = storedJob

// ReadJob reads a golden job as it is stored.
func ReadJob(g record.Golden) (j StoredJob, err error) {
	err = g.Read(&j)
	return j, err
}

// jobInput is what deriving a set of jobs reads, loaded as sets.
type jobInput struct {
	members  map[plumbline.GoldenID][]*record.Row
	shared   map[plumbline.GoldenID][]*record.Row
	resolved map[plumbline.SourceID]plumbline.GoldenID
	golden   map[plumbline.GoldenID]record.Golden
	assets   map[plumbline.GoldenID][]plumbline.AssetView // by property
}

// named are the fields by which a job names whom and what place it is about.
var named = []string{"customer", "property", "payer", "site_contact"}

// unknown lists what tools' own records of a job name and nobody has ever told.
func (w *work) unknown(in jobInput, job plumbline.GoldenID) (list []Object) {
	for _, r := range in.members[job] {
		if r.About != "" {
			continue
		}
		for _, name := range named {
			to := r.RefTo(w.location, name)
			if in.golden[in.resolved[to]].Doc != "" || to == "" || plumbline.Fields[r.Kind][name].Type == plumbline.Record {
				continue
			}
			if o := (Object{r.Connection, plumbline.Fields[r.Kind][name].To, r.Text(name)}); !slices.Contains(list, o) {
				list = append(list, o)
			}
		}
	}
	return list
}

func (w *work) loadJobs(ids []string) (in jobInput, err error) {
	if in.members, err = record.Members(w.tx, w.location, ids); err != nil {
		return in, err
	}
	if in.shared, err = record.SharedInvoices(w.tx, w.location, ids); err != nil {
		return in, err
	}
	var refs []string
	for _, rows := range in.members {
		for _, r := range rows {
			for _, name := range named {
				refs = append(refs, string(r.RefTo(w.location, name)))
			}
			refs = append(refs, technicians(w.location, r)...)
		}
	}
	refs = distinct(refs)
	if in.resolved, err = record.Resolve(w.tx, w.location, refs); err != nil {
		return in, err
	}
	var golden []string
	for _, g := range in.resolved {
		golden = append(golden, string(g))
	}
	if in.golden, err = record.LoadGolden(w.tx, w.location, distinct(golden)); err != nil {
		return in, err
	}
	var places []string
	for id, g := range in.golden {
		if g.Kind == plumbline.Property {
			places = append(places, string(id))
		}
	}
	in.assets, err = w.assetsAt(distinct(places))
	return in, err
}

func technicians(location string, r *record.Row) (ids []string) {
	seen := map[string]bool{}
	for _, p := range r.Readings {
		for _, ext := range p.Fields["technicians"].Texts() {
			if !seen[ext] {
				seen[ext] = true
				ids = append(ids, string(plumbline.NewSourceID(location, r.Connection, plumbline.Technician, ext)))
			}
		}
	}
	return ids
}

// deriveJob folds one job, nil if no tool speaks of it.
func (w *work) deriveJob(in jobInput, id string) (*Job, error) {
	gid := plumbline.GoldenID(id)
	j := &Job{ID: gid}
	input := stage.Input{ID: gid, Location: w.location, Playbook: w.playbook, Open: w.open}
	trips := map[plumbline.SourceID][]*plumbline.SourceRecord{}
	bills := map[plumbline.SourceID][]*plumbline.SourceRecord{}
	var own []*record.Row
	for _, r := range append(slices.Clone(in.members[gid]), in.shared[gid]...) {
		of := r.ID
		if r.About != "" {
			of = r.About
		}
		switch r.Kind {
		case plumbline.Job:
			own = append(own, r)
			if r.About == "" {
				j.Sources = append(j.Sources, r.Connection)
			}
		case plumbline.Visit:
			trips[of] = append(trips[of], &r.SourceRecord)
		case plumbline.Invoice:
			bills[of] = append(bills[of], &r.SourceRecord)
		case plumbline.Payment:
			input.Payments = append(input.Payments, &r.SourceRecord)
		}
	}
	if len(own) == 0 || len(j.Sources) == 0 {
		return nil, nil
	}
	input.Job = sources(own)
	for _, t := range sortedIDs(trips) {
		golden.Sort(trips[t])
		input.Visits = append(input.Visits, stage.Trip{ID: t, Records: trips[t]})
	}
	for _, t := range sortedIDs(bills) {
		golden.Sort(bills[t])
		input.Invoices = append(input.Invoices, stage.Bill{ID: t, Records: bills[t]})
	}
	w.place(j, in, own)
	input.Zone, input.Property = j.Zone, j.Property
	input.Technician = func(sid plumbline.SourceID) plumbline.AssignmentView {
		return technician(in, sid)
	}
	folded, err := stage.Fold(input)
	if err != nil {
		return nil, err
	}
	j.View, j.History, j.Visits, j.WindowKnown, j.Flags = folded.Job, folded.History, folded.Visits, folded.WindowKnown, folded.Flags
	j.Bought, j.Units = folded.Bought, folded.Units
	if j.Property != nil {
		w.write(j, folded.Notes, in.assets[plumbline.GoldenID(j.Property.ID)])
	} else {
		w.write(j, folded.Notes, nil)
	}
	j.Parts = roles(w.location, in, own, gid)
	j.Aliases = Aliases(in.members[gid])
	return j, nil
}

func sortedIDs(m map[plumbline.SourceID][]*plumbline.SourceRecord) []plumbline.SourceID {
	ids := make([]plumbline.SourceID, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func technician(in jobInput, sid plumbline.SourceID) plumbline.AssignmentView {
	gid := in.resolved[sid]
	var v plumbline.TechnicianView
	if g, ok := in.golden[gid]; ok {
		if g.Read(&v) != nil {
			v = plumbline.TechnicianView{}
		}
	}
	if gid == "" {
		gid = sid
	}
	return plumbline.AssignmentView{Technician: string(gid), FirstName: v.FirstName}
}

// place finds where the job is, and the zone of its days.
func (w *work) place(j *Job, in jobInput, own []*record.Row) {
	j.Zone = zone(w.playbook.Settings.Zone)
	for _, r := range own {
		to := r.RefTo(w.location, "property")
		g, ok := in.golden[in.resolved[to]]
		if to == "" || !ok {
			continue
		}
		var v plumbline.PropertyView
		if g.Read(&v) == nil {
			j.Property, j.place = &v, to
			if v.Zone != "" {
				j.Zone = zone(v.Zone)
			}
		}
		return
	}
}

func zone(name string) *time.Location {
	if z, err := plumbline.Zone(name); err == nil && name != "" {
		return z
	}
	return time.UTC
}

// roles says who is what in a job: the office's word before the tool's.
func roles(location string, in jobInput, own []*record.Row, job plumbline.GoldenID) (parts []record.Part) {
	find := func(name string) plumbline.GoldenID {
		var found plumbline.GoldenID
		for _, r := range own {
			if to := r.RefTo(location, name); to != "" && (found == "" || r.Connection == plumbline.Office) {
				found = in.resolved[to]
			}
		}
		return found
	}
	booker := find("customer")
	for _, x := range []struct {
		role plumbline.Role
		who  plumbline.GoldenID
	}{{plumbline.Booker, booker}, {plumbline.SiteContact, first(find("site_contact"), booker)}, {plumbline.Payer, first(find("payer"), booker)},
		{plumbline.Reviewer, first(find("site_contact"), booker)}} {
		if x.who != "" {
			parts = append(parts, record.Part{Job: job, Role: x.role, Person: x.who})
		}
	}
	return parts
}

func first(a, b plumbline.GoldenID) plumbline.GoldenID {
	if a != "" {
		return a
	}
	return b
}
