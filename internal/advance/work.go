package advance

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
)

// A Batch is what one transaction has derived, for those who owe what follows.
type Batch struct {
	Location  string
	Playbook  *playbook.Playbook
	Open      playbook.OpenHours
	Jobs      []*Job
	People    []*Person
	Addresses []*Address
	Things    []*Thing        // properties and equipment
	Ties      []Object        // source records of which a read must decide
	Unread    []Object        // what deliveries have named and not told
	Unknown   []Object        // what jobs name, and of which nothing was ever told
	Moves     []identity.Move // source records that belong to other golden records now
	Readings  []Heard         // which source records the deliveries have spoken of
	lapsed    []Expiry        // of what providers that are withdrawn had said
}

// A Heard is a source record that was changed, with its deliveries.
type Heard struct {
	Connection string
	Kind       plumbline.Kind
	External   string
	ID         plumbline.SourceID
	Golden     plumbline.GoldenID
}

// An Object is something that a source keeps.
type Object struct {
	Connection string
	Kind       plumbline.Kind
	External   string
}

// work is one transaction of advance.
type work struct {
	tx       *db.Tx
	location string
	playbook *playbook.Playbook
	open     playbook.OpenHours
	most     int // how many are derived

	queue   [3]map[string]string // by rank: golden id -> cause
	derived int
	moves   []identity.Move
	ties    []Object
	unread  []Object
	read    []inbox.Covering
	heard   []Heard
	lapsed  []Expiry
	owned   *bool                       // there is any equipment, or any plan; nil: nobody has looked
	placed  map[plumbline.GoldenID]bool // jobs that are said to be elsewhere now
}

// stands notes that a job may be at another property than before.
func (w *work) stands(id plumbline.GoldenID) {
	if w.placed == nil {
		w.placed = map[plumbline.GoldenID]bool{}
	}
	w.placed[id] = true
}

func (w *work) stale(rank int, cause string, ids ...string) {
	if w.queue[rank] == nil {
		w.queue[rank] = map[string]string{}
	}
	for _, id := range ids {
		if id != "" && w.queue[rank][id] != "delivery" {
			w.queue[rank][id] = cause
		}
	}
}

// hear applies what deliveries say to source records, and who is who to those.
func (w *work) hear(batch []Decoded) ([]inbox.Verdict, error) {
	var verdicts []inbox.Verdict
	var said []record.Said
	var decisions []identity.Decision
	batch, err := w.unheard(batch)
	if err != nil {
		return nil, err
	}
	for _, d := range batch {
		verdicts = append(verdicts, verdict(d))
		w.read = append(w.read, coverings(d)...)
		var thin connect.Thin
		if errors.As(d.Err, &thin) {
			w.unread = append(w.unread, Object{d.Delivery.Connection, thin.Kind, thin.ID})
		}
		if d.Err != nil {
			continue
		}
		said = append(said, record.Said{Delivery: d.Delivery, Readings: d.Readings})
		for _, x := range d.Decided {
			if x.withdrawn != "" {
				continue
			}
			decisions = append(decisions, identity.Decision{A: x.a, B: x.b, Said: x.said, Name: x.name})
		}
	}
	changed, err := record.Apply(w.tx, w.location, said)
	if err != nil {
		return nil, err
	}
	if err := identity.Decide(w.tx, w.location, decisions...); err != nil {
		return nil, err
	}
	return verdicts, w.spread(changed, decisions)
}

// coverings are the objects that an answer tells of: the one that was asked for, and
// what stands in it whole. A decoder makes a reading of nothing else.
func coverings(d Decoded) (list []inbox.Covering) {
	if d.Delivery.Read.IsZero() || d.Err != nil && !errors.As(d.Err, &connect.Ignored{}) {
		return nil
	}
	if kind, id, ok := strings.Cut(strings.TrimPrefix(d.Delivery.Key, d.Delivery.Attempt+"/"), "/"); ok {
		list = append(list, inbox.Covering{Connection: d.Delivery.Connection, Kind: plumbline.Kind(kind), ID: id, Began: d.Delivery.Read})
	}
	for _, r := range d.Readings {
		list = append(list, inbox.Covering{Connection: d.Delivery.Connection, Kind: r.Kind, ID: r.ID, Began: d.Delivery.Read})
	}
	return list
}

// unheard notes which sources the deliveries withdraw, and ignores what is said by one
// that is withdrawn.
func (w *work) unheard(batch []Decoded) ([]Decoded, error) {
	may := false
	for _, d := range batch {
		may = may || plumbline.Withdrawable(d.Delivery.Connection)
		for _, x := range d.Decided {
			if d.Err != nil || x.withdrawn == "" {
				continue
			}
			if err := record.Withdraw(w.tx, w.location, x.withdrawn, x.name); err != nil {
				return nil, err
			}
		}
	}
	if !may {
		return batch, nil
	}
	withdrawn, err := record.Withdrawn(w.tx, w.location)
	if err != nil || len(withdrawn) == 0 {
		return batch, err
	}
	batch = slices.Clone(batch)
	for i, d := range batch {
		if _, is := withdrawn[d.Delivery.Connection]; is && d.Err == nil {
			batch[i] = Decoded{Delivery: d.Delivery, Err: connect.Ignored{Rule: "its source is withdrawn"}}
		}
	}
	return batch, nil
}

// withdrawnEach is how many records are derived, at the most, for each that is taken away.
const withdrawnEach = 8

// withdraw takes away some records of sources that are withdrawn, and finds what that
// makes stale.
func (w *work) withdraw() error {
	gone, more, err := record.TakeWithdrawn(w.tx, w.location, (w.most+withdrawnEach-1)/withdrawnEach)
	if err != nil || !more {
		return err
	}
	w.derived += max(len(gone), 1) // looking for the last is a step, too
	var people, places, assets, all, left []string
	for _, r := range gone {
		all = append(all, string(r.ID))
		if strings.HasPrefix(r.Connection, plumbline.Lookup) {
			w.lapsed = append(w.lapsed, Expiry{Owner: r.ID})
		}
		switch r.Kind {
		case plumbline.Customer:
			people = append(people, string(r.ID))
		case plumbline.Property:
			places = append(places, string(r.ID))
			people = append(people, string(r.RefTo(w.location, "customer")))
			left = append(left, string(r.Golden))
		case plumbline.Asset:
			assets = append(assets, string(r.ID))
		}
		w.stale(record.RankBase, "delivery", string(r.Golden))
	}
	jobs, err := record.Dependents(w.tx, w.location, all)
	if err != nil {
		return err
	}
	w.stale(record.RankJob, "delivery", jobs...)
	if err := w.moved(left); err != nil {
		return err
	}
	return w.resolve(people, places, assets)
}

// spread finds what the changes make stale.
func (w *work) spread(changed []record.Changed, decisions []identity.Decision) error {
	var people, places, assets, left []string
	for _, d := range decisions {
		people = append(people, string(d.A), string(d.B))
	}
	for _, c := range changed {
		w.heard = append(w.heard, Heard{c.Row.Connection, c.Kind, c.Row.External, c.ID, c.Golden})
		if c.Tied && c.About == "" {
			w.ties = append(w.ties, Object{c.Row.Connection, c.Kind, c.Row.External})
		}
		if !c.Touched {
			continue
		}
		rank := record.RankJob
		switch c.Kind {
		case plumbline.Customer, plumbline.Property, plumbline.Technician, plumbline.Address, plumbline.Asset, plumbline.Membership:
			rank = record.RankBase
		}
		w.stale(rank, "delivery", c.Left...)
		switch c.Kind {
		case plumbline.Customer:
			people = append(people, string(c.ID))
			w.stale(record.RankBase, "delivery", string(c.Golden))
		case plumbline.Property:
			if c.About == "" {
				places = append(places, string(c.ID))
				people = append(people, string(c.Row.RefTo(w.location, "customer")))
				for _, r := range c.Gone {
					people = append(people, string(r.To))
				}
			}
			for _, r := range c.Gone {
				left = append(left, string(r.To))
			}
			w.stale(record.RankBase, "delivery", string(c.Golden))
		case plumbline.Asset:
			if c.About == "" {
				assets = append(assets, string(c.ID))
			}
			w.stale(record.RankBase, "delivery", string(c.Golden))
		case plumbline.Technician, plumbline.Address, plumbline.Membership:
			w.stale(record.RankBase, "delivery", string(c.Golden))
		default:
			w.stale(record.RankJob, "delivery", string(c.Golden), string(c.Old))
			if slices.ContainsFunc(append(c.Gone, c.Come...), func(r record.Ref) bool { return r.Name == "property" }) {
				w.stands(c.Golden)
			}
			if err := w.spreadShared(c); err != nil {
				return err
			}
		}
	}
	if err := w.staleListed(left); err != nil {
		return err
	}
	return w.resolve(people, places, assets)
}

// spreadShared marks the other jobs that an invoice bills, or has billed.
func (w *work) spreadShared(c record.Changed) error {
	if c.Kind == plumbline.Invoice {
		w.staleBilled(c.Row)
		for _, r := range c.Gone {
			if r.Name == "jobs" {
				w.stale(record.RankJob, "delivery", string(r.To))
			}
		}
		return nil
	}
	if c.Kind != plumbline.Payment {
		return nil
	}
	ids := []string{string(c.Row.RefTo(w.location, "invoice"))}
	for _, r := range c.Gone {
		if r.Name == "invoice" {
			ids = append(ids, string(r.To))
		}
	}
	rows, err := record.Load(w.tx, w.location, distinct(ids))
	for _, r := range rows {
		w.staleBilled(r)
	}
	return err
}

func (w *work) staleBilled(invoice *record.Row) {
	for _, job := range invoice.RefsTo(w.location, "jobs") {
		w.stale(record.RankJob, "delivery", string(job))
	}
}

func (w *work) resolve(people, places, assets []string) error {
	people, places, assets = distinct(people), distinct(places), distinct(assets)
	if len(people)+len(places)+len(assets) == 0 {
		return nil
	}
	moves, err := identity.Resolve(w.tx, w.location, people, places, assets)
	if err != nil {
		return err
	}
	w.moves = append(w.moves, moves...)
	var moved, golden []string
	for _, m := range moves {
		w.stale(record.RankBase, "delivery", string(m.From), string(m.To))
		moved, golden = append(moved, string(m.ID)), append(golden, string(m.From), string(m.To))
	}
	jobs, err := record.Dependents(w.tx, w.location, moved)
	if err != nil || len(moves) == 0 {
		return err
	}
	w.stale(record.RankJob, "delivery", jobs...)
	return w.moved(golden)
}

func distinct(ids []string) []string {
	ids = slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return s == "" })
	slices.Sort(ids)
	return slices.Compact(ids)
}

// derive works through what is stale, rank by rank, within the bound; what is left
// over is marked for the next transaction.
func (w *work) derive() (*Batch, error) {
	if err := w.withdraw(); err != nil {
		return nil, err
	}
	b := &Batch{Location: w.location, Playbook: w.playbook, Open: w.open, Moves: w.moves, Ties: w.ties, Unread: w.unread, Readings: w.heard, lapsed: w.lapsed}
	left, err := record.TakeStale(w.tx, w.location, w.most)
	if err != nil {
		return nil, err
	}
	for _, s := range left {
		w.stale(s.Rank, s.Cause, s.ID)
	}
	steps := []func(*Batch, map[string]string) error{w.deriveBase, w.deriveJobs, w.deriveSums}
	for rank, step := range steps {
		take, over := w.cut(rank)
		for _, cause := range slices.Sorted(maps.Keys(over)) {
			if err := record.MarkStale(w.tx, w.location, cause, rank, over[cause]); err != nil {
				return nil, err
			}
		}
		if len(take) == 0 {
			continue
		}
		w.derived += len(take)
		if err := step(b, take); err != nil {
			return nil, err
		}
	}
	if len(b.Unknown) > 0 { // people are derived after their jobs
		told := map[Object]bool{}
		for _, h := range w.heard {
			told[Object{h.Connection, h.Kind, h.External}] = true
		}
		b.Unknown = slices.DeleteFunc(b.Unknown, func(o Object) bool { return told[o] })
	}
	return b, nil
}

// cut takes what still fits into this transaction, and what does not by its cause.
func (w *work) cut(rank int) (take map[string]string, over map[string][]string) {
	all := w.queue[rank]
	w.queue[rank] = nil
	room := max(w.most-w.derived, 0)
	if len(all) <= room {
		return all, nil
	}
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	take, over = map[string]string{}, map[string][]string{}
	for i, id := range ids {
		if i < room {
			take[id] = all[id]
		} else {
			over[all[id]] = append(over[all[id]], id)
		}
	}
	return take, over
}

func keys(m map[string]string) []string {
	list := make([]string, 0, len(m))
	for id := range m {
		list = append(list, id)
	}
	slices.SortFunc(list, strings.Compare)
	return list
}
