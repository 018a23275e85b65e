// Package mirror keeps target records true: what each should say (desired), what was
// last confirmed there (observed), the drift between them, and the adoption of what
// others created there before us. It compares and never replays events. It knows no
// tool by name and decides neither who is who nor what a record should say: identity
// and mapping do.
package mirror

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/tenant"
)

// Room is the name under which mirror owes calls.
const Room = "mirror"

// Tables lists what rebuild derives again: a pure function of golden records and the
// playbook.
var Tables = []string{"desired", "desired_link"}

// A Mirror keeps the target records of all connections of a node. The functions are
// handed in by app, which knows the tools.
type Mirror struct {
	DB *db.DB
	// Policy returns a location's playbook and open hours.
	Policy func(location string) (*playbook.Playbook, playbook.OpenHours, error)
	// Target is where a connection's records are written.
	Target func(c tenant.Connection) (connect.Target, error)
	// Puller pages through what stands there; nil if the tool cannot.
	Puller func(c tenant.Connection) (connect.Puller, error)
	// Fetch reads single records with who changed what; nil if the tool cannot.
	Fetch func(ctx context.Context, c tenant.Connection, typ string, ids []string) ([]connect.Answer, error)
	// Observe reads an answer that is about to be kept.
	Observe func(c tenant.Connection, d plumbline.Delivery) (Observation, error)
	// Decoder returns what decodes a connection's deliveries by a tool.
	Decoder func(location, connection, tool string) connect.Decoder
	// Stream names the stream whose pull shows the records of a type, "" if none does.
	Stream func(tool, typ string) string
	// Budget names the class of a tool's budget that a use spends. Uses: write, read,
	// pull and associate.
	Budget func(tool, use string) string
	// Budgets are the limits of a connection's quota, by class; nil: there are none.
	Budgets func(c tenant.Connection) map[string]connect.Budget

	described sync.Map // descriptions that were parsed, by location/connection
}

// An Observation is what an answer says of one record of a target.
type Observation struct {
	Type, ID string
	Fields   map[string]Observed
	Archived bool   // archived, or not there at all
	MergedTo string // what the record was merged into
}

// An Observed is a field as the target has it.
type Observed struct {
	Value  string
	At     time.Time // when it came to say so; zero: nobody ever said anything
	Author plumbline.Author
	Source string // who said so, in the target's words; "" where it names nobody
	Merged bool   // a merge of records there made it say so
}

// Uses of a budget.
const (
	useWrite     = "write"
	useRead      = "read"
	usePull      = "pull"
	useAssociate = "associate"
)

func (m *Mirror) budget(c tenant.Connection, use string) string {
	if m.Budget == nil {
		return use
	}
	return m.Budget(c.Tool, use)
}

// A request is what an attempt is made of.
type request struct {
	Do      string                `json:"do"` // write, associate, pull, read, sweep or describe
	Type    string                `json:"type,omitempty"`
	Stream  string                `json:"stream,omitempty"`
	Cursor  string                `json:"cursor,omitempty"`
	IDs     []string              `json:"ids,omitempty"`
	Changes []connect.Change      `json:"changes,omitempty"` // Ref is the row's record
	Links   []connect.Association `json:"links,omitempty"`   // likewise
	Round   round                 `json:"round,omitzero"`    // of which a sweep is part
}

func readRequest(call outbox.Call) (r request, err error) {
	err = json.Unmarshal([]byte(call.Request), &r)
	return r, err
}

// A row's record is its lot and what it is about: "record/contact/KEY",
// "link/deal/KEY", "pull/contacts", "read/contact/ID/KEY", "describe/schema",
// "wake/waiting", "linked/contact/SUBJECT/deal/SUBJECT", "all/desired", "sweep/records".
func split(record string) (what, typ, rest string) {
	what, rest, _ = strings.Cut(record, "/")
	typ, rest, _ = strings.Cut(rest, "/")
	return what, typ, rest
}

func recordName(typ, key string) string { return "record/" + typ + "/" + key }
func linkName(typ, key string) string   { return "link/" + typ + "/" + key }

func debt(c tenant.Connection, lot, record string) outbox.Debt {
	return outbox.Debt{Key: outbox.Key{Location: c.Location, Connection: c.Name, Room: Room, Record: record}, Lot: lot, Class: outbox.Ordinary}
}

// Prepare says what to do about rows of one lot.
func (m *Mirror) Prepare(tx *db.Tx, c tenant.Connection, rows []outbox.Row) (calls []outbox.Call, settled []outbox.Settled, err error) {
	defer plumbline.Wrap(&err, "prepare records of %s", c.Name)

	what, typ, _ := split(rows[0].Record)
	if lost, err := m.lost(c, what, typ); err != nil || lost {
		for _, r := range rows {
			settled = append(settled, outbox.Settled{Row: r, What: outbox.Done})
		}
		return nil, settled, err
	}
	switch what {
	case "record":
		return m.prepareRecords(tx, c, typ, rows)
	case "link":
		return m.prepareLinks(tx, c, typ, rows)
	case "pull":
		return m.preparePull(tx, c, rows[0])
	case "read":
		return m.prepareRead(tx, c, typ, rows)
	case "describe":
		return []outbox.Call{outbox.NewCall(tx, m.budget(c, useRead), request{Do: "describe"}, rows[0])}, nil, nil
	case "wake":
		return m.wakeOn(tx, c, rows[0])
	case "linked":
		return m.linkedOn(tx, c, rows)
	case "all":
		return m.oweOn(tx, c, rows[0])
	case "sweep":
		return m.prepareSweep(tx, c, rows[0])
	}
	return nil, nil, plumbline.Invalidf("install a build that knows it", "mirror does not know %s", rows[0].Record)
}

// lost says whether rows are about records of a type that the mapping has lost since:
// they stay at the target as they are.
func (m *Mirror) lost(c tenant.Connection, what, typ string) (bool, error) {
	if what != "record" && what != "link" {
		return false, nil
	}
	pb, _, err := m.Policy(c.Location)
	if err != nil {
		return false, err
	}
	return pb.Mapping[c.Tool][typ] == nil, nil
}

// Perform makes a call. It is made at most once; what it asks only may be made again.
func (m *Mirror) Perform(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	r, err := readRequest(call)
	if err != nil {
		return outbox.Result{Err: &connect.Error{Class: connect.Human, Code: "request", Msg: "the request cannot be read", Err: err}}
	}
	if r.Do != "write" {
		return m.look(ctx, c, r)
	}
	target, err := m.Target(c)
	if err != nil {
		return failed(err)
	}
	outcomes, err := target.Write(ctx, r.Type, r.Changes)
	if err != nil {
		return failed(err)
	}
	return outbox.Result{Answer: outcomes, Detail: fmt.Sprintf("wrote %d records", len(outcomes))}
}

func failed(err error) outbox.Result { return outbox.Result{Err: connect.AsError(err)} }

// look makes a call that may be made twice without harm: a question, or an
// association. Without an answer it is made again.
func (m *Mirror) look(ctx context.Context, c tenant.Connection, r request) outbox.Result {
	answer, err := m.asked(ctx, c, r)
	if err == nil {
		return outbox.Result{Answer: answer}
	}
	e := *connect.AsError(err)
	if e.Class == connect.Unknown {
		e.Class = connect.Retry
	}
	return outbox.Result{Err: &e}
}

func (m *Mirror) asked(ctx context.Context, c tenant.Connection, r request) (any, error) {
	switch r.Do {
	case "pull":
		p, err := m.Puller(c)
		if err != nil {
			return nil, err
		}
		return p.Pull(ctx, r.Stream, r.Cursor)
	case "read", "sweep":
		return m.Fetch(ctx, c, r.Type, r.IDs)
	}
	target, err := m.Target(c)
	if err != nil {
		return nil, err
	}
	if r.Do == "associate" {
		return target.Associate(ctx, r.Links)
	}
	return target.Describe(ctx)
}

// Settle writes down what became of a call.
func (m *Mirror) Settle(tx *db.Tx, c tenant.Connection, call outbox.Call, res outbox.Result) (list []outbox.Settled, err error) {
	defer plumbline.Wrap(&err, "settle a call to %s", c.Name)

	r, err := readRequest(call)
	if err != nil {
		return nil, err
	}
	switch r.Do {
	case "write":
		return m.settleWrite(tx, c, call, r, res)
	case "associate":
		return m.settleLinks(tx, c, call, r, res)
	case "pull":
		return m.settlePull(tx, c, call, r, res)
	case "read":
		return m.settleRead(tx, c, call, r, res)
	case "sweep":
		return m.settleSweep(tx, c, call, r, res)
	}
	return m.settleSchema(tx, c, call, res)
}

// Ask finds out what became of a call that ended without an answer: of a create by
// looking for the record, of an update by reading it.
func (m *Mirror) Ask(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	r, err := readRequest(call)
	if err != nil {
		return failed(err)
	}
	if r.Do != "write" {
		return m.look(ctx, c, r)
	}
	target, err := m.Target(c)
	if err != nil {
		return failed(err)
	}
	found := map[string]connect.Record{}
	for _, ch := range r.Changes {
		rec, ok, err := find(ctx, target, r.Type, ch)
		if err != nil {
			e := *connect.AsError(err)
			if e.Class == connect.Unknown {
				e.Class = connect.Retry
			}
			return outbox.Result{Err: &e}
		}
		if ok {
			found[ch.Ref] = rec
		}
	}
	return outbox.Result{Answer: found, Detail: fmt.Sprintf("found %d of %d records", len(found), len(r.Changes))}
}

func find(ctx context.Context, target connect.Target, typ string, ch connect.Change) (connect.Record, bool, error) {
	if ch.ID == "" {
		return target.Find(ctx, typ, ch)
	}
	found, err := target.Read(ctx, typ, "id", []string{ch.ID}, fieldNames(ch.Fields))
	rec, ok := found[ch.ID]
	return rec, ok, err
}

// Decide writes down what Ask found. Rows that were settled before are left alone:
// they may be on their way again.
func (m *Mirror) Decide(tx *db.Tx, c tenant.Connection, call outbox.Call, res outbox.Result) (list []outbox.Settled, err error) {
	defer plumbline.Wrap(&err, "decide what became of a call to %s", c.Name)

	r, err := readRequest(call)
	if err != nil {
		return nil, err
	}
	if r.Do != "write" {
		return m.Settle(tx, c, call, res)
	}
	return m.decideWrite(tx, c, call, r, res)
}
