package mirror

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/mapping"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// A pass compares records of one type in one transaction.
type pass struct {
	m      *Mirror
	tx     *db.Tx
	c      tenant.Connection
	maps   mappings
	typ    string
	schema connect.TypeSchema
	poll   polled
	stream string
	taken  map[string]bool // keys of the rows that were taken up
}

// newPass reads what comparing needs; false if the target has not been described yet.
func (m *Mirror) newPass(tx *db.Tx, c tenant.Connection, typ string) (p *pass, ok bool, err error) {
	pb, _, err := m.Policy(c.Location)
	if err != nil {
		return nil, false, err
	}
	p = &pass{m: m, tx: tx, c: c, maps: pb.Mapping[c.Tool], typ: typ}
	schema, ok, err := m.schemaOf(tx, c)
	if err != nil {
		return nil, false, err
	}
	p.schema = schema.Types[typ]
	if m.Stream != nil {
		p.stream = m.Stream(c.Tool, typ)
	}
	if p.stream != "" {
		p.poll, err = loadPoll(tx, c, p.stream)
	}
	return p, ok, err
}

// kind is what the type's records are about.
func (p *pass) kind() plumbline.Kind {
	if m := p.maps[p.typ]; m != nil {
		return m.For
	}
	return ""
}

// matched says whether the type's records are pulled and matched with our own.
func (p *pass) matched() bool { return p.kind() == plumbline.Customer && p.stream != "" }

// subjects finds whom records are about now, by their keys.
func (p *pass) subjects(keys []string) (map[string]string, error) {
	out := map[string]string{}
	for _, k := range keys {
		out[k] = k
	}
	if p.kind() != plumbline.Customer && p.kind() != plumbline.Job {
		return out, nil
	}
	to, err := record.Resolve(p.tx, p.c.Location, keys)
	for k, g := range to {
		out[string(k)] = string(g)
	}
	return out, err
}

// wanted reads what is wanted of subjects; of tasks it follows from the task itself.
func (p *pass) wanted(subjects []string) (map[string]*wanted, error) {
	if p.kind() == taskKind {
		return p.wantedTasks(subjects)
	}
	docs, err := storedDesired(p.tx, p.c, p.typ, subjects)
	if err != nil {
		return nil, err
	}
	out := map[string]*wanted{}
	for s, doc := range docs {
		if out[s], err = readWanted(doc); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// A field is one field of a record as compared.
type field struct {
	Name    string
	Ours    string
	Seen    seen
	Known   bool
	Write   bool
	Why     string // why it is written or not
	Because string // where our value comes from
}

// compare judges every field of a record against what was last observed.
func (p *pass) compare(t *target, w *wanted) (list []field, err error) {
	for _, f := range p.maps[p.typ].Fields {
		want, ok := w.Fields[f.Name]
		if !ok || p.schema.Fields[f.Name].ReadOnly {
			continue
		}
		ours, err := p.translate(f.Name, strings.ReplaceAll(want.Value, keyMark, t.Key))
		if err != nil {
			return nil, err
		}
		x := field{Name: f.Name, Ours: ours, Because: mapping.Because(f)}
		x.Seen, x.Known = t.Observed[f.Name], t.ID == ""
		if _, read := t.Observed[f.Name]; read {
			x.Known = true
		}
		x.Write, x.Why = p.judge(t, f, x, want)
		list = append(list, x)
	}
	return list, nil
}

func (p *pass) judge(t *target, f *playbook.MapField, x field, w want) (bool, string) {
	if d, ok := t.Pairs[f.Name]; ok && d.Ours == x.Ours && d.Theirs == x.Seen.Value {
		return false, fmt.Sprintf("the target stores our value as %q", d.Theirs)
	}
	s := mapping.Seen{Value: x.Seen.Value, Author: x.Seen.Author, Known: x.Known}
	if x.Seen.At != 0 {
		s.At = time.UnixMilli(x.Seen.At).UTC()
	}
	o := mapping.Ours{Last: t.Last[f.Name]}
	if w.Stated != 0 {
		o.Stated = time.UnixMilli(w.Stated).UTC()
	}
	write, why := mapping.Judge(f, x.Ours, s, o)
	if h, ok := t.Held[f.Name]; write && ok && h.Value == x.Ours {
		return false, h.Why
	}
	return write, why
}

// translate writes stages and the pipeline by the target's own ids, and a date for a
// field of instants as noon in UTC, which is the same day in all of America.
func (p *pass) translate(name, value string) (string, error) {
	f, known := p.schema.Fields[name]
	if _, err := time.Parse(time.DateOnly, value); err == nil && f.Value == "datetime" {
		return value + "T12:00:00.000Z", nil
	}
	if value == "" || !known || f.Value != "enum" || slices.Contains(f.Options, value) {
		return value, nil
	}
	if id, ok := p.schema.Stages[value]; ok {
		return id, nil
	}
	if strings.HasSuffix(name, "pipeline") {
		if p.schema.Pipeline == "" {
			return "", fmt.Errorf("there is no pipeline of ours for a %s", p.typ)
		}
		return p.schema.Pipeline, nil
	}
	return value, nil
}

// same says whether the target shows for b what was written as a.
func (p *pass) same(name, a, b string) bool {
	for _, f := range p.maps[p.typ].Fields {
		if f.Name == name {
			return mapping.Same(f, a, b)
		}
	}
	return a == b
}

func changes(list []field) map[string]string {
	out := map[string]string{}
	for _, f := range list {
		if f.Write {
			out[f.Name] = f.Ours
		}
	}
	return out
}

// unread says whether a field cannot be judged before the record has been read.
func unread(list []field) bool {
	return slices.ContainsFunc(list, func(f field) bool { return !f.Known && !f.Write })
}

// main chooses the record that stands for a subject: one that is there before one to
// be made, one that bears its key, the anchor's, the one owed first.
func (p *pass) main(list []*target, subject string) *target {
	var best *target
	var rank [3]bool
	for _, t := range list {
		r := [3]bool{t.ID != "" && t.State != Gone, p.bears(t), t.Key == subject}
		if best == nil || better(r, rank) {
			best, rank = t, r
		}
	}
	return best
}

func better(a, b [3]bool) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i]
		}
	}
	return false
}

// bears says whether the record is known to bear its key.
func (p *pass) bears(t *target) bool {
	return p.schema.Unique != "" && t.ID != "" && t.Observed[p.schema.Unique].Value == t.Key
}

// there lists the target's records among the members of a subject, the one to adopt
// first: one that bears a key of the subject, else the oldest.
func (p *pass) there(subject string) (rows []*record.Row, ids []string, err error) {
	members, err := record.Members(p.tx, p.c.Location, []string{subject})
	if err != nil {
		return nil, nil, err
	}
	for _, r := range members[plumbline.GoldenID(subject)] {
		ids = append(ids, string(r.ID))
		if r.Connection == p.c.Name && r.About == "" && r.Kind == plumbline.Customer && !r.Deleted() {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b *record.Row) int {
		if x, y := slices.Contains(ids, a.Text("key")), slices.Contains(ids, b.Text("key")); x != y {
			if x {
				return -1
			}
			return 1
		}
		return older(a, b)
	})
	return rows, ids, nil
}

func older(a, b *record.Row) int {
	switch {
	case a.Created != b.Created && (b.Created == 0 || a.Created != 0 && a.Created < b.Created):
		return -1
	case a.Created != b.Created:
		return 1
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

// undecided names a record of this target that a person must first decide about.
func (p *pass) undecided(ids []string) (string, error) {
	asks, err := identity.Undecided(p.tx, p.c.Location, ids)
	if err != nil || len(asks) == 0 {
		return "", err
	}
	others := map[string]bool{}
	for _, q := range asks {
		for _, id := range []string{string(q.A), string(q.B)} {
			if !slices.Contains(ids, id) {
				others[id] = true
			}
		}
	}
	rows, err := record.Load(p.tx, p.c.Location, slices.Sorted(maps.Keys(others)))
	for _, r := range rows {
		if r.Connection == p.c.Name {
			return r.External, nil
		}
	}
	return "", err
}
