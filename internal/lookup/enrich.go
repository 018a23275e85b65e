package lookup

import (
	"context"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// walked is how many records one step looks through for what was missing before a provider
// was switched on.
const walked = 200

// enrichable are the kinds of records that may be enriched, in the order in which they
// are walked through.
var enrichable = []plumbline.Kind{plumbline.Property, plumbline.Asset, plumbline.Customer}

// An enrich asks a provider about a record.
type enrich struct {
	connect.Inquiry
	About  plumbline.SourceID `json:"about"`
	Asked  string             `json:"asked"`
	Fields []string           `json:"fields"` // that the answer speaks of
}

func (l *Lookup) enricher(location, connection string) connect.Enricher {
	e, _ := l.Tool(location, connection).(connect.Enricher)
	return e
}

// sourceOf names the source that a provider's answers are of.
func sourceOf(connection string) string { return plumbline.Lookup + connection }

// oweMissing owes a look-up of each record of a batch of which a field is missing that a
// provider may fill. Providers are asked one after the other, in the order of their names:
// the next one where those before it know nothing.
func (l *Lookup) oweMissing(tx *db.Tx, b *advance.Batch) error {
	if l.Providers == nil {
		return nil
	}
	providers := l.Providers(b.Location)
	if len(providers) == 0 {
		return nil
	}
	a := &asking{Lookup: l, tx: tx, location: b.Location, providers: providers, class: outbox.Ordinary}
	for _, t := range b.Things {
		if err := a.about(t.Kind, t.ID, t.Rows); err != nil {
			return err
		}
	}
	for _, p := range b.People {
		if err := a.about(plumbline.Customer, p.ID, p.Rows); err != nil {
			return err
		}
	}
	return outbox.Owe(tx, a.debts...)
}

// An asking collects what is to be asked.
type asking struct {
	*Lookup
	tx        *db.Tx
	location  string
	providers []string
	class     int
	withdrawn map[string]string // nil: not read yet
	debts     []outbox.Debt
}

func (a *asking) about(kind plumbline.Kind, id plumbline.GoldenID, rows []*record.Row) error {
	for _, c := range a.providers {
		fields := a.enricher(a.location, c).Enriches(kind)
		if len(fields) == 0 || len(advance.Missing(kind, rows, fields)) == 0 {
			continue
		}
		known, asked := advance.Known(kind, rows)
		if known == nil {
			return nil
		}
		if advance.Answered(rows, sourceOf(c), asked) {
			continue
		}
		if a.withdrawn == nil {
			var err error
			if a.withdrawn, err = record.Withdrawn(a.tx, a.location); err != nil {
				return err
			}
		}
		if a.withdrawn[sourceOf(c)] != "" {
			continue
		}
		a.debts = append(a.debts, outbox.Debt{Key: outbox.Key{Location: a.location, Connection: c, Room: Room, Record: "enrich/" + string(kind) + "/" + string(id)},
			Class: a.class, Lot: "enrich"})
		return nil
	}
	return nil
}

// prepareEnrich builds the inquiry from what is known now, none if nothing is missing any
// more, or it has been answered.
func (l *Lookup) prepareEnrich(tx *db.Tx, c tenant.Connection, name string) (*enrich, error) {
	k, id, _ := strings.Cut(name, "/")
	kind := plumbline.Kind(k)
	provider := l.enricher(c.Location, c.Name)
	if provider == nil {
		return nil, nil
	}
	members, err := record.Members(tx, c.Location, []string{id})
	if err != nil {
		return nil, err
	}
	rows := members[plumbline.GoldenID(id)]
	a := &asking{Lookup: l, tx: tx, location: c.Location, providers: []string{c.Name}}
	if err := a.about(kind, plumbline.GoldenID(id), rows); err != nil || len(a.debts) == 0 {
		return nil, err
	}
	known, asked := advance.Known(kind, rows)
	return &enrich{connect.Inquiry{Kind: kind, Known: known}, plumbline.SourceID(id), asked, provider.Enriches(kind)}, nil
}

func (l *Lookup) performEnrich(ctx context.Context, c tenant.Connection, q enrich) outbox.Result {
	e := l.enricher(c.Location, c.Name)
	if e == nil {
		return refused("the tool of this connection looks nothing up", nil)
	}
	f, err := e.Enrich(ctx, q.Inquiry)
	if err != nil {
		return outbox.Result{Err: connect.AsError(err)}
	}
	return outbox.Result{Detail: f.Basis, Answer: found{q, f}}
}

// A found is an answer with what was asked.
type found struct {
	enrich
	connect.Finding
}

// keepFinding keeps an answer as a delivery of the provider's own source. It is whole:
// of what the provider does not know it says that there is nothing.
func keepFinding(tx *db.Tx, c tenant.Connection, call outbox.Call, f found) error {
	a := advance.Finding{Kind: f.Kind, About: f.About, Asked: f.Asked, Fields: map[string]plumbline.Value{}, Confidence: f.Confidence, Basis: f.Basis}
	for _, name := range f.enrich.Fields {
		a.Fields[name] = plumbline.Null
		if v, ok := f.Finding.Fields[name]; ok {
			a.Fields[name] = v
		}
	}
	if f.Holds > 0 {
		a.Until = call.Started.Add(f.Holds)
	}
	_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: c.Location, Connection: sourceOf(c.Name), Tool: advance.Enrich, Event: "read",
		Key: call.ID + "/" + string(f.Kind) + "/" + string(f.About), Object: string(f.About), Attempt: call.ID, Read: call.Started, Body: []byte(db.JSON(a))}))
	return err
}

// ourRecords is the list through which a provider is led.
const ourRecords = "our records"

// beginEnriching owes a walk through all records for what was missing before a provider
// came. Begun twice is begun once.
func (l *Lookup) beginEnriching(tx *db.Tx, c tenant.Connection) error {
	fresh, err := tx.Exec(insertPull, c.Location, c.Name, ourRecords)
	if err != nil || fresh == 0 {
		return err
	}
	return outbox.Owe(tx, outbox.Debt{Key: outbox.Key{Location: c.Location, Connection: c.Name, Room: Room, Record: "walk/all"}, Class: outbox.Backfill, Lot: "walk"})
}

// walk owes what is missing of the next records, page by page; it makes no call itself.
func (l *Lookup) walk(tx *db.Tx, c tenant.Connection, row outbox.Row) (outbox.Settled, error) {
	at, err := loadPull(tx, c, ourRecords)
	if err != nil || l.enricher(c.Location, c.Name) == nil {
		return outbox.Settled{Row: row, What: outbox.Done}, err
	}
	name, after, _ := strings.Cut(at.next, "/")
	kind, next := plumbline.Kind(name), plumbline.Kind("")
	for i, k := range enrichable {
		if kind == "" {
			kind = k
		}
		if k == kind && i+1 < len(enrichable) {
			next = enrichable[i+1]
		}
	}
	page, err := record.Page(tx, c.Location, kind, after, walked)
	if err != nil {
		return outbox.Settled{}, err
	}
	ids := make([]string, len(page))
	for i, g := range page {
		ids[i] = string(g.ID)
	}
	members, err := record.Members(tx, c.Location, ids)
	if err != nil {
		return outbox.Settled{}, err
	}
	a := &asking{Lookup: l, tx: tx, location: c.Location, providers: l.Providers(c.Location), class: outbox.Backfill}
	for _, g := range page {
		if err := a.about(kind, g.ID, members[g.ID]); err != nil {
			return outbox.Settled{}, err
		}
	}
	if err := outbox.Owe(tx, a.debts...); err != nil {
		return outbox.Settled{}, err
	}
	settled := outbox.AgainAt(row, tx.Now)
	switch {
	case len(page) == walked:
		at.next = string(kind) + "/" + ids[walked-1]
	case next != "":
		at.next = string(next) + "/"
	default:
		at.next, at.complete, settled = "", true, outbox.Settled{Row: row, What: outbox.Done}
	}
	if at.had += int64(len(page)); at.began == 0 {
		at.began = tx.Now.UnixMilli()
	}
	return settled, storePull(tx, c, ourRecords, at)
}
