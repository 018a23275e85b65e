package record

import (
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

type refRow struct {
	From string `json:"f"`
	Name string `json:"n"`
	To   string `json:"t"`
	Kind string `json:"k"`
}

// number is the field by which people call a record. What bears one points to it.
const number = "number"

// pointers names the fields of a kind that point to records, or to a number.
var pointers = func() map[plumbline.Kind][]string {
	out := map[plumbline.Kind][]string{}
	for kind, fields := range plumbline.Fields {
		for name, f := range fields {
			if f.Type == plumbline.Ref || f.Type == plumbline.Refs || f.Type == plumbline.Record || name == number {
				out[kind] = append(out[kind], name)
			}
		}
		slices.Sort(out[kind])
	}
	return out
}()

// refs lists to what a field of a record points.
func refs(location string, r *Row, name string, v plumbline.Value) (list []refRow) {
	f := plumbline.Fields[r.Kind][name]
	targets := v.Texts()
	if name == number && v.Text() != "" {
		return []refRow{{string(r.ID), name, numbered(location, v.Text()), string(r.Kind)}}
	}
	if (f.Type == plumbline.Ref || f.Type == plumbline.Record) && v.Text() != "" {
		targets = []string{v.Text()}
	}
	for _, to := range targets {
		if r.About == "" && f.Type != plumbline.Record {
			to = string(plumbline.NewSourceID(location, r.Connection, f.To, to))
		}
		list = append(list, refRow{string(r.ID), name, to, string(r.Kind)})
	}
	return list
}

func numbered(location, n string) string {
	return string(plumbline.NewSourceID(location, "", number, n))
}

// Numbered returns the golden records of a kind that people call by a number.
func Numbered(tx *db.Tx, location string, kind plumbline.Kind, n string) (list []plumbline.GoldenID, err error) {
	rows, err := tx.Query(selectNumbered, location, numbered(location, n), kind)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id plumbline.GoldenID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, rows.Err()
}

// A Ref is a field of a record that points to another.
type Ref struct {
	Name string
	To   plumbline.SourceID
}

func refsOf(list []refRow) (out []Ref) {
	for _, r := range list {
		out = append(out, Ref{r.Name, plumbline.SourceID(r.To)})
	}
	return out
}

func compareRefs(a, b refRow) int {
	return strings.Compare(a.From+"\x00"+a.Name+"\x00"+a.To, b.From+"\x00"+b.Name+"\x00"+b.To)
}

// differ lists to what a record points no more, and to what it points now and has not
// before.
func differ(location string, before, now *Row) (gone, come []refRow) {
	for _, name := range pointers[now.Kind] {
		var was plumbline.Current
		if before != nil {
			was, _ = before.Get(name)
		}
		is, _ := now.Get(name)
		if was.Value == is.Value {
			continue
		}
		old, new := refs(location, now, name, was.Value), refs(location, now, name, is.Value)
		for _, r := range old {
			if !slices.Contains(new, r) {
				gone = append(gone, r)
			}
		}
		for i, r := range new {
			if !slices.Contains(old, r) && !slices.Contains(new[:i], r) {
				come = append(come, r)
			}
		}
	}
	return gone, come
}

// RefTo returns the source record to which a ref field of r points now, "" if none.
func (r *Row) RefTo(location, name string) plumbline.SourceID {
	to := r.Text(name)
	if to == "" {
		return ""
	}
	f := plumbline.Fields[r.Kind][name]
	if r.About != "" || f.Type == plumbline.Record {
		return plumbline.SourceID(to)
	}
	return plumbline.NewSourceID(location, r.Connection, f.To, to)
}

// RefsTo returns the source records to which a field of r that holds several points.
func (r *Row) RefsTo(location, name string) (list []plumbline.SourceID) {
	c, _ := r.Get(name)
	for _, to := range c.Value.Texts() {
		if r.About == "" {
			to = string(plumbline.NewSourceID(location, r.Connection, plumbline.Fields[r.Kind][name].To, to))
		}
		list = append(list, plumbline.SourceID(to))
	}
	return list
}
