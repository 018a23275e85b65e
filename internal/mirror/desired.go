package mirror

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/mapping"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// keyMark stands in a desired value for the key of its target record, which is
// promised and must not be looked at when deriving. It is of the private use area.
const keyMark = "\uE0F0\uE0F1"

// A wanted is what one target record should say. It is derived.
type wanted struct {
	Fields map[string]want `json:"f"`
	Links  []link          `json:"l,omitempty"`

	doc string // as it is stored
}

type want struct {
	Value  string `json:"v"`
	Stated int64  `json:"s,omitempty"` // ms UTC: when a person or tool stated it
}

// A link is to the record of another subject.
type link struct {
	Type    string `json:"t"`
	Subject string `json:"s"`
	Role    string `json:"r,omitempty"`
}

// mappings are the types of a connection, by name.
type mappings map[string]*playbook.Mapping

// of lists the types that golden records of a kind have, in order of their names.
func (m mappings) of(kind plumbline.Kind) (types []string) {
	for _, typ := range slices.Sorted(maps.Keys(m)) {
		if m[typ].For == kind {
			types = append(types, typ)
		}
	}
	return types
}

// rank is the order in which types are written: what others link to first.
func (m mappings) rank(typ string) int {
	switch x := m[typ]; {
	case x == nil:
		return 9
	case x.For == plumbline.Customer:
		return 1
	case x.For == plumbline.Job:
		return 2
	case x.For == plumbline.Visit:
		return 3
	}
	return 4
}

// inOrder lists all types in the order in which they are written.
func (m mappings) inOrder() []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(m.rank(a)-m.rank(b), strings.Compare(a, b)) })
}

// A deriving is what one batch wants of one connection.
type deriving struct {
	c        tenant.Connection
	maps     mappings
	zone     *time.Location
	want     map[string]map[string]*wanted // type -> subject -> nil for none
	fillings []filling
	problems []errorqueue.Item
}

func (d *deriving) put(typ, subject string, w *wanted) {
	if d.want[typ] == nil {
		d.want[typ] = map[string]*wanted{}
	}
	d.want[typ][subject] = w
}

// A filling is a golden record that is to be mapped to a type.
type filling struct {
	typ, subject string
	env          playbook.Env
	zone         *time.Location
	why          golden.Provenance
	links        []link

	wanted *wanted // nil: none
	err    error
}

// fill notes a golden record that is to be mapped.
func (d *deriving) fill(f filling) {
	f.env.Key = keyMark
	d.fillings = append(d.fillings, f)
}

// fillAll maps what was noted. A value that cannot be mapped is shown, and what was
// wanted before stays.
func (d *deriving) fillAll() {
	plumbline.Each(len(d.fillings), func(i int) { d.fillings[i].do(d.maps) })
	for _, f := range d.fillings {
		if f.err == nil {
			d.put(f.typ, f.subject, f.wanted)
			continue
		}
		d.problems = append(d.problems, errorqueue.Item{Location: d.c.Location, Kind: errorqueue.Record, Ref: d.c.Name + "/" + recordName(f.typ, f.subject),
			Cause: d.c.Name + " " + f.typ + ": " + errorqueue.Shape(f.err.Error()), Title: "What " + d.c.Name + "'s " + f.typ + " should say cannot be said",
			Cure: "Change the mapping, or what the value comes from; then retry.", Detail: f.err.Error()})
	}
}

func (f *filling) do(m mappings) {
	fields, err := mapping.Desired(m[f.typ], f.env, f.zone)
	if err != nil || fields == nil {
		f.err = err
		return
	}
	f.wanted = &wanted{Fields: make(map[string]want, len(fields)), Links: f.links}
	for name, x := range fields {
		f.wanted.Fields[name] = want{Value: x.Value, Stated: stated(x.Field, f.why)}
	}
	f.wanted.doc = f.wanted.document()
}

// stated is when what a field shows was last stated, by the golden record's
// provenance.
func stated(f *playbook.MapField, why golden.Provenance) (at int64) {
	if f.From == nil {
		return 0
	}
	for _, r := range f.From.Reads() {
		_, name, _ := strings.Cut(r.Field, ".")
		at = max(at, why[name].From)
	}
	return at
}

// people maps the customers of a batch. One whom only this connection knows is not
// written back to it: there is nothing that we could add.
func (d *deriving) people(b *advance.Batch) {
	types := d.maps.of(plumbline.Customer)
	for _, p := range b.People {
		for _, typ := range types {
			if p.Gone || !knownElsewhere(p.Rows, d.c.Name) {
				d.put(typ, string(p.ID), nil)
				continue
			}
			d.fill(filling{typ: typ, subject: string(p.ID), env: playbook.Env{Customer: &p.View}, zone: d.zone, why: p.Why, links: d.personLinks(typ, p.ID)})
		}
	}
}

func knownElsewhere(rows []*record.Row, connection string) bool {
	return slices.ContainsFunc(rows, func(r *record.Row) bool { return r.About == "" && r.Connection != connection })
}

// personLinks joins a person's record to the records that only some customers have
// (a company).
func (d *deriving) personLinks(typ string, id plumbline.GoldenID) (links []link) {
	if d.maps[typ].When != nil {
		return nil
	}
	for _, to := range d.maps.of(plumbline.Customer) {
		if d.maps[to].When != nil {
			links = append(links, link{Type: to, Subject: string(id)})
		}
	}
	return links
}

// linked are the roles with which a job's record is joined to people's.
var linked = []plumbline.Role{plumbline.Booker, plumbline.SiteContact, plumbline.Payer}

func (d *deriving) jobLinks(j *advance.Job) (links []link) {
	for _, typ := range d.maps.of(plumbline.Customer) {
		for _, role := range linked {
			who := j.Role(role)
			switch {
			case who == "":
			case d.maps[typ].When == nil:
				links = append(links, link{typ, string(who), string(role)})
			case role == plumbline.Payer:
				links = append(links, link{Type: typ, Subject: string(who)})
			}
		}
	}
	return sortLinks(links)
}

func (d *deriving) visitLinks(j *advance.Job) (links []link) {
	for _, typ := range d.maps.of(plumbline.Job) {
		links = append(links, link{Type: typ, Subject: string(j.ID)})
	}
	for _, typ := range d.maps.of(plumbline.Customer) {
		if who := j.Role(plumbline.Booker); who != "" && d.maps[typ].When == nil {
			links = append(links, link{Type: typ, Subject: string(who)})
		}
	}
	return sortLinks(links)
}

func sortLinks(links []link) []link {
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Role, b.Role))
	})
	return links
}

// jobs maps the jobs of a batch and their visits.
func (d *deriving) jobs(b *advance.Batch) {
	for _, j := range b.Jobs {
		env := playbook.Env{Job: &j.View, Property: j.Property, Since: j.History.Since()}
		for _, typ := range d.maps.of(plumbline.Job) {
			d.fill(filling{typ: typ, subject: string(j.ID), env: env, zone: j.Zone, links: d.jobLinks(j)})
		}
		for i := range j.View.Visits {
			env.Visit = &j.View.Visits[i]
			for _, typ := range d.maps.of(plumbline.Visit) {
				d.fill(filling{typ: typ, subject: env.Visit.ID, env: env, zone: j.Zone, links: d.visitLinks(j)})
			}
		}
	}
}

// unlisted notes that nothing is wanted any more of visits that the jobs of a batch no
// longer have, as the one under a job's own id when its tool tells of visits.
func (d *deriving) unlisted(tx *db.Tx, b *advance.Batch) error {
	ids, have := make([]string, 0, len(b.Jobs)), map[string]bool{}
	for _, j := range b.Jobs {
		ids = append(ids, string(j.ID))
		for _, v := range j.View.Visits {
			have[v.ID] = true
		}
	}
	if len(ids) == 0 {
		return nil
	}
	for _, typ := range d.maps.of(plumbline.Visit) {
		for _, to := range d.maps.of(plumbline.Job) {
			list, err := tx.Texts(selectOfJobs(tx), d.c.Location, d.c.Name, to, typ, db.JSON(ids))
			if err != nil {
				return err
			}
			for _, subject := range list {
				if !have[subject] {
					d.put(typ, subject, nil)
				}
			}
		}
	}
	return nil
}

// keep stores what is wanted where it differs, and returns by type the subjects of
// which it does. Keeping twice changes nothing.
func (d *deriving) keep(tx *db.Tx) (changed map[string][]string, err error) {
	changed = map[string][]string{}
	for _, typ := range slices.Sorted(maps.Keys(d.want)) {
		list, err := d.keepType(tx, typ)
		if err != nil {
			return nil, err
		}
		changed[typ] = list
	}
	return changed, nil
}

func (d *deriving) keepType(tx *db.Tx, typ string) (changed []string, err error) {
	subjects := slices.Sorted(maps.Keys(d.want[typ]))
	had, err := storedDesired(tx, d.c, typ, subjects)
	if err != nil {
		return nil, err
	}
	type linkRow struct {
		F string `json:"f"`
		T string `json:"t"`
		S string `json:"s"`
		R string `json:"r"`
	}
	var put [][]any
	var gone, relinked []string
	var links []linkRow
	for _, s := range subjects {
		w, doc := d.want[typ][s], ""
		if w != nil {
			doc = w.doc
		}
		if doc == had[s] {
			continue
		}
		changed = append(changed, s)
		if doc == "" {
			gone, relinked = append(gone, s), append(relinked, s)
			continue
		}
		put = append(put, []any{d.c.Name, typ, s, doc})
		if linksIn(doc) == linksIn(had[s]) {
			continue
		}
		relinked = append(relinked, s)
		for _, l := range w.Links {
			links = append(links, linkRow{s, l.Type, l.Subject, l.Role})
		}
	}
	for _, step := range []struct {
		query string
		args  any
		n     int
	}{{deleteLinks(tx), relinked, len(relinked)}, {deleteDesired(tx), gone, len(gone)}, {insertLinks(tx), links, len(links)}} {
		if step.n == 0 {
			continue
		}
		if _, err := tx.Exec(step.query, d.c.Location, d.c.Name, typ, db.JSON(step.args)); err != nil {
			return nil, err
		}
	}
	return changed, tx.InsertWide(insertDesired, replaceDesired, d.c.Location, put)
}

// storedDesired returns documents by subject.
func storedDesired(tx *db.Tx, c tenant.Connection, typ string, subjects []string) (map[string]string, error) {
	rows, err := tx.Query(selectDesired(tx), c.Location, c.Name, typ, db.JSON(subjects))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var subject, doc string
		if err := rows.Scan(&subject, &doc); err != nil {
			return nil, err
		}
		out[subject] = doc
	}
	return out, rows.Err()
}

// document writes what is wanted in its one form, links first: every record that
// changes is written, and reflection would be most of the time.
func (w *wanted) document() string {
	b := append(make([]byte, 0, 64*(1+len(w.Fields))), `{"l":`...)
	b = append(b, db.JSON(w.Links)...)
	b = append(b, linksEnd...)
	for i, name := range slices.Sorted(maps.Keys(w.Fields)) {
		if i > 0 {
			b = append(b, ',')
		}
		f := w.Fields[name]
		b = append(plumbline.AppendJSON(b, name), `:{"v":`...)
		b = plumbline.AppendJSON(b, f.Value)
		if f.Stated != 0 {
			b = strconv.AppendInt(append(b, `,"s":`...), f.Stated, 10)
		}
		b = append(b, '}')
	}
	return string(append(b, "}}"...))
}

const linksEnd = `,"f":{`

// linksIn is the part of a document that holds its links.
func linksIn(doc string) string {
	links, _, _ := strings.Cut(doc, linksEnd)
	return links
}

func readWanted(doc string) (*wanted, error) {
	if doc == "" {
		return nil, nil
	}
	var w wanted
	err := json.Unmarshal([]byte(doc), &w)
	return &w, err
}
