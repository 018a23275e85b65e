package quality

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/families"
)

// A Set is a file of records and what is known of them.
type Set struct {
	Name    string
	Scored  string   // what is counted: "pairs" or "labelled pairs"
	Path    string   // of the CSV
	Columns []string // of the CSV, that a rule may look at besides id

	IDs        []string
	Truth      map[string]string // record to entity; nil where only pairs are labelled
	Labels     []LabelledPair    // where only pairs count
	Households map[string]string // record to household, where it is known
	Stories    map[string]string // record to the hard case that it was made for, of sets that are made up
}

// A listing says where the parts of a set are. One folder may be scored in
// several ways.
type listing struct {
	name    string
	folder  string
	labels  string   // file of labelled pairs; else truth.csv counts
	without []string // columns that the rule may not see
	made    families.Options
}

// What firms know of their customers: neither birthdays nor insurance numbers.
var unknownToFirms = []string{"date_of_birth", "soc_sec_id"}

var listings = []listing{
	{name: "chicago_sites_a", folder: "chicago_sites_a"},
	{name: "febrl1", folder: "febrl1"},
	{name: "febrl1_name_address", folder: "febrl1", without: unknownToFirms},
	{name: "febrl2", folder: "febrl2"},
	{name: "febrl2_name_address", folder: "febrl2", without: unknownToFirms},
	{name: "splink_fake_1000", folder: "splink_fake_1000"},
	{name: "splink_fake_1000_pairs", folder: "splink_fake_1000", labels: "clerical_labels.csv"},
	{name: "yelp_zomato_a", folder: "yelp_zomato_a", labels: "labelled_pairs.csv"},
	{name: "families_light", made: families.Options{Seed: 7, Records: 20_000, Damage: 0.3}},
	{name: "families", made: families.Options{Seed: 1, Records: 20_000, Damage: 1}},
	{name: "families_bad", made: families.Options{Seed: 2, Records: 20_000, Damage: 2}},
}

// Names are the sets that Run knows, in the order of the page.
func Names() []string {
	var out []string
	for _, l := range listings {
		out = append(out, l.name)
	}
	return out
}

// Read reads a set from the folder that holds all of them. A set that is made
// up needs no such folder: it is written to scratch.
func Read(folder, name, scratch string) (Set, error) {
	i := slices.IndexFunc(listings, func(l listing) bool { return l.name == name })
	if i < 0 {
		return Set{}, fmt.Errorf("there is no set %q: take one of %s", name, strings.Join(Names(), ", "))
	}
	l := listings[i]
	if l.folder == "" {
		return makeUp(l, scratch)
	}
	return read(filepath.Join(folder, l.folder), l)
}

func read(folder string, l listing) (Set, error) {
	s := Set{Name: l.name, Scored: "pairs", Path: filepath.Join(folder, "records.csv")}
	err := rows(s.Path, []string{"id"}, func(header, v []string) error {
		if s.Columns == nil {
			s.Columns = slices.DeleteFunc(slices.Clone(header), func(c string) bool { return c == "id" || slices.Contains(l.without, c) })
		}
		s.IDs = append(s.IDs, v[0])
		return nil
	})
	if err != nil {
		return Set{}, err
	}
	if l.labels != "" {
		s.Scored = "labelled pairs"
		s.Labels, err = readLabels(filepath.Join(folder, l.labels))
		return s, err
	}
	s.Truth = map[string]string{}
	err = rows(filepath.Join(folder, "truth.csv"), []string{"id", "cluster"}, func(_, v []string) error {
		s.Truth[v[0]] = v[1]
		return nil
	})
	if err == nil && len(s.Truth) != len(s.IDs) {
		err = fmt.Errorf("%s has %d records, its truth %d: each record needs one line in truth.csv", folder, len(s.IDs), len(s.Truth))
	}
	return s, err
}

func readLabels(path string) ([]LabelledPair, error) {
	var out []LabelledPair
	err := rows(path, []string{"id_l", "id_r", "match"}, func(_, v []string) error {
		if v[2] != "0" && v[2] != "1" {
			return fmt.Errorf("the match of %s and %s is %q: it must be 0 or 1", v[0], v[1], v[2])
		}
		out = append(out, LabelledPair{v[0], v[1], v[2] == "1"})
		return nil
	})
	return out, err
}

func makeUp(l listing, scratch string) (Set, error) {
	s := Set{
		Name: l.name, Scored: "pairs", Path: filepath.Join(scratch, l.name+".csv"), Columns: families.Columns[1:],
		Truth: map[string]string{}, Households: map[string]string{}, Stories: map[string]string{},
	}
	f, err := os.Create(s.Path)
	if err != nil {
		return Set{}, fmt.Errorf("write the set %s: %w", l.name, err)
	}
	err = families.WriteCSV(f, l.made, func(r families.Record) {
		s.IDs = append(s.IDs, r.ID)
		s.Truth[r.ID], s.Households[r.ID], s.Stories[r.ID] = r.Person, r.Household, r.Story
	})
	if err = errors.Join(err, f.Close()); err != nil {
		return Set{}, fmt.Errorf("write the set %s: %w", l.name, err)
	}
	return s, nil
}

// rows reads a CSV whose first line names its columns and hands the values of
// the wanted columns of each row to each, or all where none is named.
func rows(path string, want []string, each func(header, values []string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read a labelled set: %w", err)
	}
	defer f.Close()
	in := csv.NewReader(f)
	header, err := in.Read()
	if err != nil {
		return fmt.Errorf("read the header of %s: %w", path, err)
	}
	if want == nil {
		want = header
	}
	at := make([]int, len(want))
	for i, c := range want {
		if at[i] = slices.Index(header, c); at[i] < 0 {
			return fmt.Errorf("%s has no column %q, only %s", path, c, strings.Join(header, ", "))
		}
	}
	for {
		row, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		values := make([]string, len(want))
		for i, j := range at {
			values[i] = row[j]
		}
		if err := each(header, values); err != nil {
			line, _ := in.FieldPos(0)
			return fmt.Errorf("%s, line %d: %w", path, line, err)
		}
	}
}
