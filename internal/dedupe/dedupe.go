// Package dedupe finds who is who in a CSV file of customers: it reads the rows as records
// and lets match judge them. It knows no database, and writes nothing but the answer.
package dedupe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/match"
)

// Fields are what a column may hold. Name is the whole name of a person or an organization,
// address a whole address in one line.
var Fields = []string{"id", "name", "given_name", "family_name", "organization", "phone", "email", "address", "street", "unit", "city",
	"state", "postal_code", "country", "birth_date"}

// A Layout says which columns hold a field, by their places in a row: where there are
// several they are read as one text, with blanks between.
type Layout map[string][]int

// NewLayout finds the columns of the fields: those that are said, as FIELD=COLUMN or
// FIELD=COLUMN+COLUMN, and those that bear a field's own name. FIELD= leaves a field out.
func NewLayout(headings []string, said []string) (Layout, error) {
	l := Layout{}
	for i, h := range headings {
		if name := strings.ReplaceAll(strings.ToLower(h), " ", "_"); slices.Contains(Fields, name) {
			l[name] = append(l[name], i)
		}
	}
	told := map[string]bool{}
	for _, s := range said {
		field, columns, ok := strings.Cut(s, "=")
		field = strings.TrimSpace(field)
		if !ok || !slices.Contains(Fields, field) {
			return nil, plumbline.Invalidf("write it like --map phone='Cell Phone' or --map street='No+Street'; the fields are "+strings.Join(Fields, ", "),
				"--map %q names no field and column", s)
		}
		if !told[field] {
			told[field] = true
			delete(l, field)
		}
		if strings.TrimSpace(columns) == "" {
			continue
		}
		list, err := columnsOf(headings, columns)
		if err != nil {
			return nil, err
		}
		l[field] = append(l[field], list...)
	}
	for _, f := range Fields[1:] {
		if len(l[f]) > 0 {
			return l, nil
		}
	}
	return nil, plumbline.Invalidf("say with --map which column holds what", "no column holds a name, a phone or an address; the columns are %s", strings.Join(headings, ", "))
}

// columnsOf finds a column by its name, or several with "+" between them.
func columnsOf(headings []string, columns string) (list []int, err error) {
	if i := slices.Index(headings, strings.TrimSpace(columns)); i >= 0 {
		return []int{i}, nil // the name of a column may hold a plus
	}
	for c := range strings.SplitSeq(columns, "+") {
		i := slices.Index(headings, strings.TrimSpace(c))
		if i < 0 {
			return nil, plumbline.Invalidf("the columns are "+strings.Join(headings, ", "), "there is no column %q", strings.TrimSpace(c))
		}
		list = append(list, i)
	}
	return list, nil
}

// A Fault is a row that could not be taken, and why.
type Fault struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// A List is what was read of a file: who stands in its rows, in their order.
type List struct {
	People []match.Person
	Rows   int // of the file, with those that were not taken
	Faults []Fault

	ids []string
}

// Read reads a file's rows. A row that cannot be read, has no id or that of another is a
// fault and no person; where no column holds an id the rows are counted from 1. Passed is
// told how many bytes have been read.
func Read(f *csv.File, l Layout, passed func(int)) *List {
	list := &List{}
	lineOf := map[string]int{}
	var rows []csv.Row
	take := func() {
		at := len(list.People)
		list.People = append(list.People, make([]match.Person, len(rows))...)
		plumbline.Each(len(rows), func(i int) {
			list.People[at+i] = match.Normalize(l.record(rows[i], list.ids[at+i]))
		})
		rows = rows[:0]
	}
	for r := range f.Rows() {
		list.Rows++
		passed(r.Passed)
		id := l.text(r, "id")
		switch first := lineOf[id]; {
		case r.Fault != "":
			list.Faults = append(list.Faults, Fault{r.Line, r.Fault})
			continue
		case l["id"] == nil:
			id = fmt.Sprint(r.Number)
		case id == "":
			list.Faults = append(list.Faults, Fault{r.Line, "it has no id"})
			continue
		case first > 0:
			list.Faults = append(list.Faults, Fault{r.Line, fmt.Sprintf("its id %q is that of line %d", id, first)})
			continue
		}
		lineOf[id] = r.Line
		list.ids, rows = append(list.ids, id), append(rows, r)
		if len(rows) == atOnce {
			take()
		}
	}
	take()
	return list
}

// atOnce is how many rows are held while they are read as people.
const atOnce = 4096

func (l Layout) text(r csv.Row, field string) string {
	var parts []string
	for _, i := range l[field] {
		if i < len(r.Cells) {
			if s := strings.TrimSpace(r.Cells[i]); s != "" {
				parts = append(parts, s)
			}
		}
	}
	return strings.Join(parts, " ")
}

// each are the texts of the columns of a field.
func (l Layout) each(r csv.Row, field string) (list []string) {
	for _, i := range l[field] {
		if i < len(r.Cells) && strings.TrimSpace(r.Cells[i]) != "" {
			list = append(list, r.Cells[i])
		}
	}
	return list
}

func (l Layout) record(r csv.Row, id string) match.Record {
	x := match.Record{ID: id, Given: l.text(r, "given_name"), Family: l.text(r, "family_name"), Organization: l.text(r, "organization"),
		Phones: l.each(r, "phone"), Emails: l.each(r, "email"), Birth: l.text(r, "birth_date")}
	if name := l.text(r, "name"); name != "" && x.Given == "" && x.Family == "" {
		x.Given, x.Family, x.Suffix, x.Organization = match.NameOf(name, x.Organization)
		x.Guessed = true
	}
	if a := l.address(r); a != (match.Address{}) {
		x.Addresses = []match.Address{a}
	}
	return x
}

// address reads an address in one line, unless its place stands in columns of its own.
func (l Layout) address(r csv.Row) match.Address {
	line, street, unit := l.text(r, "address"), l.text(r, "street"), l.text(r, "unit")
	city, state, code := l.text(r, "city"), l.text(r, "state"), l.text(r, "postal_code")
	var a match.Address
	if street == "" && line != "" && unit == "" && city == "" && state == "" {
		a = match.ParseAddress(line)
	} else {
		a = match.NewAddress(cmp.Or(street, line), unit, city, state, code)
	}
	a.ZIP = cmp.Or(a.ZIP, match.Postal(code))
	a.Country = cmp.Or(match.Country(l.text(r, "country")), a.Country)
	return a
}
