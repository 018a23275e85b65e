package quality

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// clusters reads "a b|c" as a record to cluster map.
func clusters(text string) map[string]string {
	out := map[string]string{}
	for i, c := range strings.Split(text, "|") {
		for id := range strings.FieldsSeq(c) {
			out[id] = fmt.Sprint("c", i)
		}
	}
	return out
}

func TestPairwise(t *testing.T) {
	for _, c := range []struct {
		name, truth, got string
		want             Score
	}{
		{"all right", "a b c|d", "a b c|d", Score{3, 3, 3, 1, 1, 1}},
		{"names of clusters do not matter", "a b|c d", "c d|a b", Score{2, 2, 2, 1, 1, 1}},
		{"nothing found", "a b|c", "a|b|c", Score{1, 0, 0, 1, 0, 0}},
		{"who is not named is alone", "a b|c", "a", Score{1, 0, 0, 1, 0, 0}},
		{"nothing to find, nothing found", "a|b", "a|b", Score{0, 0, 0, 1, 1, 1}},
		{"nothing to find, yet found", "a|b", "a b", Score{0, 1, 0, 0, 1, 0}},
		{"half of each", "a b|c d", "a b|c|d e", Score{2, 1, 1, 1, 0.5, 2. / 3}},
		{"all in one", "a b|c d", "a b c d", Score{2, 6, 2, 1. / 3, 1, 0.5}},
		{"records without a truth are passed over", "a b", "a b x y", Score{1, 1, 1, 1, 1, 1}},
		{"no records", "", "", Score{0, 0, 0, 1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Pairwise(clusters(c.truth), clusters(c.got))
			if !alike(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func alike(a, b Score) bool {
	near := func(x, y float64) bool { return math.Abs(x-y) < 1e-12 }
	return a.True == b.True && a.Found == b.Found && a.Right == b.Right &&
		near(a.Precision, b.Precision) && near(a.Recall, b.Recall) && near(a.F1, b.F1)
}

// Looking at every pair comes to the same as counting by sizes of clusters.
func TestPairwiseEqualsLookingAtEveryPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth, got := map[string]string{}, map[string]string{}
		for i := range rapid.IntRange(0, 12).Draw(t, "records") {
			id := fmt.Sprint("r", i)
			truth[id] = fmt.Sprint("t", rapid.IntRange(0, 4).Draw(t, "truth"))
			if c := rapid.IntRange(0, 4).Draw(t, "got"); c > 0 {
				got[id] = fmt.Sprint("g", c)
			}
		}
		var labels []LabelledPair
		for a := range truth {
			for b := range truth {
				if a < b {
					labels = append(labels, LabelledPair{a, b, truth[a] == truth[b]})
				}
			}
		}
		fast, slow := Pairwise(truth, got), Labelled(labels, got)
		if fast != slow {
			t.Fatalf("%+v by sizes, %+v pair by pair", fast, slow)
		}
	})
}

func TestOnlyLabelledPairsCount(t *testing.T) {
	labels := []LabelledPair{{"a", "b", true}, {"b", "c", false}, {"d", "e", true}, {"f", "g", false}}
	got := Labelled(labels, clusters("a b c x y z|d|e"))
	if want := (Score{2, 2, 1, 0.5, 0.5, 0.5}); !alike(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestAnEmptyValueIsNone(t *testing.T) {
	truth := map[string]string{"1": "x", "2": "y", "3": "", "4": "", "5": "z"}
	got := Values(truth, map[string]string{"1": "x", "2": "Y", "3": "q", "6": "r"})
	if want := (Score{3, 3, 1, 1. / 3, 1. / 3, 1. / 3}); !alike(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestMergesAcrossHouseholds(t *testing.T) {
	household := clusters("a b c|d e|f|g")
	for _, c := range []struct {
		got  string
		want Mix
	}{
		{"a b c|d e|f", Mix{}},
		{"a b d|c|e f|g", Mix{Clusters: 2, Pairs: 3}},
		{"a b c d e f g", Mix{Clusters: 1, Pairs: 21 - 4}},
		{"", Mix{}},
	} {
		if got := Across(household, clusters(c.got)); got != c.want {
			t.Errorf("of %q %+v, want %+v", c.got, got, c.want)
		}
	}
}
