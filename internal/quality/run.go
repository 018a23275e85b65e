package quality

import (
	"cmp"
	"fmt"
	"os"
	"slices"
)

// A Dedupe reads the records of a CSV, of which it may look at these columns
// besides id, and returns the cluster of each record by its id. A record that
// it does not name is alone.
type Dedupe func(csvPath string, columns []string) (map[string]string, error)

// Run has a set deduplicated and scores it. The folder holds the labelled sets,
// one folder each; sets that are made up do not need it. The row has no floor
// yet: that is the caller's to say.
func Run(folder, name string, dedupe Dedupe) (Row, error) {
	scratch, err := os.MkdirTemp("", "quality")
	if err != nil {
		return Row{}, fmt.Errorf("score the set %s: %w", name, err)
	}
	defer os.RemoveAll(scratch)
	set, err := Read(folder, name, scratch)
	if err != nil {
		return Row{}, err
	}
	got, err := dedupe(set.Path, slices.Clone(set.Columns))
	if err != nil {
		return Row{}, fmt.Errorf("deduplicate the set %s: %w", name, err)
	}
	return set.Score(got)
}

// Score scores the clusters of a set.
func (s Set) Score(got map[string]string) (Row, error) {
	if err := s.knows(got); err != nil {
		return Row{}, err
	}
	row := Row{Set: s.Name, Scored: s.Scored, Records: len(s.IDs)}
	if s.Truth != nil {
		row.Score = Pairwise(s.Truth, got)
	} else {
		row.Score = Labelled(s.Labels, got)
	}
	if s.Households != nil {
		mix := Across(s.Households, got)
		row.Mix = &mix
	}
	row.Parts = s.byStory(got)
	return row, nil
}

// byStory scores the records of each story by themselves, the worst first.
// What was joined across stories counts in the whole set only.
func (s Set) byStory(got map[string]string) []Row {
	truth := map[string]map[string]string{}
	for id, story := range s.Stories {
		if truth[story] == nil {
			truth[story] = map[string]string{}
		}
		truth[story][id] = s.Truth[id]
	}
	var out []Row
	for story, t := range truth {
		out = append(out, Row{Set: s.Name + ", " + story, Scored: s.Scored, Records: len(t), Score: Pairwise(t, got)})
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Score.F1, b.Score.F1), cmp.Compare(a.Set, b.Set))
	})
	return out
}

// knows refuses clusters of records that the set does not have: a rule that
// gives row numbers for ids would otherwise score as one that finds nothing.
func (s Set) knows(got map[string]string) error {
	ids := make(map[string]bool, len(s.IDs))
	for _, id := range s.IDs {
		ids[id] = true
	}
	for id := range got {
		if !ids[id] {
			return fmt.Errorf("a cluster holds %q, which is no id of the set %s: name records by their column id", id, s.Name)
		}
	}
	return nil
}
