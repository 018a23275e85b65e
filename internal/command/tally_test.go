package command

import (
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/lookup"
)

func TestCountsAreShownWithTheirDifferences(t *testing.T) {
	var b strings.Builder
	err := writeCounts(&b, []lookup.Counted{
		{Connection: "hcp", Stream: "jobs", Night: "2026-05-05", Ours: 12, Theirs: 12, Compared: "count"},
		{Connection: "hcp", Stream: "invoices", Night: "2026-05-05", Ours: 9, Theirs: -1, Compared: "unfinished"},
		{Connection: "jobber", Stream: "visits", Night: "2026-05-05", Ours: 71, Theirs: 70, Compared: "ids", Missing: 1, Gone: 2,
			Differences: lookup.Differences{MissingIDs: []string{"v9"}, GoneIDs: []string{"v1"}}},
	})
	const want = `NIGHT       SOURCE  LIST      HERE  THERE     COMPARED    DIFFERENCES
2026-05-05  hcp     jobs      12    12        count       
2026-05-05  hcp     invoices  9     not told  unfinished  
2026-05-05  jobber  visits    71    70        ids         1 not here: v9; 2 not there: v1 …
`
	if err != nil || b.String() != want {
		t.Errorf("counts are shown as\n%s%v, want\n%s", b.String(), err, want)
	}
}
