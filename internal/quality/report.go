package quality

import (
	"fmt"
	"strings"
)

// A Row is one line of the page.
type Row struct {
	Set     string
	Scored  string // what True, Found and Right count
	Records int
	Score   Score
	Floor   float64 // the least F1; 0 is none
	Mix     *Mix    // where households are known
	Parts   []Row   // of sets that are made up: a row for each hard case, the worst first
}

// Held reports whether F1 is at its floor or above.
func (r Row) Held() bool { return r.Score.F1 >= r.Floor }

// Report writes docs/quality.md: the figures of rows, as the command measured
// them.
func Report(command string, rows []Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Quality

How well records that are one are found to be one, on labelled sets. `+"`%s`"+` measures these figures and writes this page.

A pair is two records of one person or organization, joined over any number of others. Precision is the share of the
pairs found that are right, recall the share of the true pairs that are found, F1 their harmonic mean. Of labelled
pairs only those count that somebody has looked at. The floor is the least F1 with which a change may go out.

`, command)
	b.WriteString(table(rows))
	if mixes := mixes(rows); mixes != "" {
		fmt.Fprintf(&b, "\nJoined across households, which is worse than a couple made one:\n\n%s", mixes)
	}
	var parts []Row
	for _, r := range rows {
		parts = append(parts, r.Parts...)
	}
	if len(parts) > 0 {
		fmt.Fprintf(&b, "\n## By hard case\n\n%s", table(parts))
	}
	return b.String()
}

func table(rows []Row) string {
	out := "| set | scored | records | true | found | precision | recall | F1 | floor | |\n|---|---|---|---|---|---|---|---|---|---|\n"
	for _, r := range rows {
		out += line(r) + "\n"
	}
	return out
}

func line(r Row) string {
	floor, held := "", ""
	if r.Floor > 0 {
		floor, held = fmt.Sprintf("%.3f", r.Floor), "held"
		if !r.Held() {
			held = "**missed**"
		}
	}
	s := r.Score
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %.3f | %.3f | %.3f | %s | %s |",
		r.Set, r.Scored, grouped(r.Records), grouped(s.True), grouped(s.Found), s.Precision, s.Recall, s.F1, floor, held)
}

func mixes(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		if r.Mix != nil {
			fmt.Fprintf(&b, "- %s: %s clusters hold records of two households or more, %s pairs of %s found.\n",
				r.Set, grouped(r.Mix.Clusters), grouped(r.Mix.Pairs), grouped(r.Score.Found))
		}
	}
	return b.String()
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
