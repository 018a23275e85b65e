package quality

import "testing"

func TestReport(t *testing.T) {
	rows := []Row{
		{Set: "a", Scored: "pairs", Records: 12345, Score: score(1000, 900, 900), Floor: 0.9, Mix: &Mix{Clusters: 3, Pairs: 1234},
			Parts: []Row{{Set: "a, twins", Scored: "pairs", Records: 4, Score: score(2, 2, 1)}}},
		{Set: "b", Scored: "labelled pairs", Records: 10, Score: score(4, 2, 1), Floor: 0.9},
		{Set: "c", Scored: "valid numbers", Records: 182, Score: score(0, 0, 0)},
	}
	const want = "# Quality\n" + `
How well records that are one are found to be one, on labelled sets. ` + "`count it`" + ` measures these figures and writes this page.

A pair is two records of one person or organization, joined over any number of others. Precision is the share of the
pairs found that are right, recall the share of the true pairs that are found, F1 their harmonic mean. Of labelled
pairs only those count that somebody has looked at. The floor is the least F1 with which a change may go out.

| set | scored | records | true | found | precision | recall | F1 | floor | |
|---|---|---|---|---|---|---|---|---|---|
| a | pairs | 12,345 | 1,000 | 900 | 1.000 | 0.900 | 0.947 | 0.900 | held |
| b | labelled pairs | 10 | 4 | 2 | 0.500 | 0.250 | 0.333 | 0.900 | **missed** |
| c | valid numbers | 182 | 0 | 0 | 1.000 | 1.000 | 1.000 |  |  |

Joined across households, which is worse than a couple made one:

- a: 3 clusters hold records of two households or more, 1,234 pairs of 900 found.

## By hard case

| set | scored | records | true | found | precision | recall | F1 | floor | |
|---|---|---|---|---|---|---|---|---|---|
| a, twins | pairs | 4 | 2 | 2 | 0.500 | 0.500 | 0.500 |  |  |
`
	if got := Report("count it", rows); got != want {
		t.Errorf("the page is\n%s\nwant\n%s", got, want)
	}
}

func TestWithoutHouseholdsNothingIsSaidOfThem(t *testing.T) {
	if got := mixes([]Row{{Set: "a"}}); got != "" {
		t.Errorf("%q, want nothing", got)
	}
}
