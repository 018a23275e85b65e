package advance

import (
	"slices"
	"strings"

	"plumbline.dev/plumbline"
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
	Ties      []Tie           // source records of which a read must decide
	Moves     []identity.Move // source records that belong to other golden records now
	Readings  []Heard         // which source records the deliveries have spoken of
}

// A Heard is a source record that was changed, with its deliveries.
type Heard struct {
	Connection string
	Kind       plumbline.Kind
	External   string
	ID         plumbline.SourceID
	Golden     plumbline.GoldenID
}

// A Tie is a source record of which two notices of one instant differ.
type Tie struct {
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

	queue   [3]map[string]string // by rank: golden id -> cause
	derived int
	moves   []identity.Move
	ties    []Tie
	heard   []Heard
	silent  bool // rebuilding: nothing follows
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
	for _, d := range batch {
		verdicts = append(verdicts, verdict(d))
		if d.Err != nil {
			continue
		}
		said = append(said, record.Said{Delivery: d.Delivery, Readings: d.Readings})
		for _, x := range d.Decided {
			decisions = append(decisions, identity.Decision{A: x.a, B: x.b, Same: x.same, Name: x.name})
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

// spread finds what the changes make stale.
func (w *work) spread(changed []record.Changed, decisions []identity.Decision) error {
	var people, places []string
	for _, d := range decisions {
		people = append(people, string(d.A), string(d.B))
	}
	for _, c := range changed {
		w.heard = append(w.heard, Heard{c.Row.Connection, c.Kind, c.Row.External, c.ID, c.Golden})
		if c.Tied && c.About == "" {
			w.ties = append(w.ties, Tie{c.Row.Connection, c.Kind, c.Row.External})
		}
		if !c.Touched {
			continue
		}
		switch c.Kind {
		case plumbline.Customer:
			if c.About == "" {
				people = append(people, string(c.ID))
			}
			w.stale(record.RankBase, "delivery", string(c.Golden))
		case plumbline.Property:
			if c.About == "" {
				places = append(places, string(c.ID))
				people = append(people, string(c.Row.RefTo(w.location, "customer")))
			}
			w.stale(record.RankBase, "delivery", string(c.Golden))
		case plumbline.Technician, plumbline.Address:
			w.stale(record.RankBase, "delivery", string(c.Golden))
		default:
			w.stale(record.RankJob, "delivery", string(c.Golden), string(c.Old))
			if err := w.spreadShared(c); err != nil {
				return err
			}
		}
	}
	return w.resolve(people, places)
}

// spreadShared marks the other jobs that an invoice bills.
func (w *work) spreadShared(c record.Changed) error {
	invoice := c.Row
	if c.Kind == plumbline.Payment {
		rows, err := record.Load(w.tx, w.location, []string{string(c.Row.RefTo(w.location, "invoice"))})
		if err != nil || len(rows) == 0 {
			return err
		}
		invoice = rows[0]
	}
	if invoice.Kind != plumbline.Invoice {
		return nil
	}
	if list, ok := invoice.Get("jobs"); ok {
		for _, ext := range list.Value.Texts() {
			w.stale(record.RankJob, "delivery", string(plumbline.NewSourceID(w.location, invoice.Connection, plumbline.Job, ext)))
		}
	}
	return nil
}

func (w *work) resolve(people, places []string) error {
	people, places = distinct(people), distinct(places)
	if len(people)+len(places) == 0 {
		return nil
	}
	moves, err := identity.Resolve(w.tx, w.location, people, places)
	if err != nil {
		return err
	}
	w.moves = append(w.moves, moves...)
	for _, m := range moves {
		w.stale(record.RankBase, "delivery", string(m.From), string(m.To))
	}
	return nil
}

func distinct(ids []string) []string {
	ids = slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return s == "" })
	slices.Sort(ids)
	return slices.Compact(ids)
}

// derive works through what is stale, rank by rank, within the bound; what is left
// over is marked for the next transaction.
func (w *work) derive() (*Batch, error) {
	b := &Batch{Location: w.location, Playbook: w.playbook, Open: w.open, Moves: w.moves, Ties: w.ties, Readings: w.heard}
	left, err := record.TakeStale(w.tx, w.location, maxDerived)
	if err != nil {
		return nil, err
	}
	for _, s := range left {
		w.stale(s.Rank, s.Cause, s.ID)
	}
	steps := []func(*Batch, map[string]string) error{w.deriveBase, w.deriveJobs, w.deriveSums}
	for rank, step := range steps {
		take, over := w.cut(rank)
		if err := record.MarkStale(w.tx, w.location, "delivery", rank, over); err != nil {
			return nil, err
		}
		if len(take) == 0 {
			continue
		}
		w.derived += len(take)
		if err := step(b, take); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// cut takes what still fits into this transaction.
func (w *work) cut(rank int) (take map[string]string, over []string) {
	all := w.queue[rank]
	w.queue[rank] = nil
	room := maxDerived - w.derived
	if len(all) <= room {
		return all, nil
	}
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	take = map[string]string{}
	for i, id := range ids {
		if i < room {
			take[id] = all[id]
		} else {
			over = append(over, id)
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
