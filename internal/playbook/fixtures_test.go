package playbook

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the problems that are found into the fixtures")

// Each fixture is laid upon the built-in playbook and ends with the problems that it
// must have, as "# want LINE:COLUMN PATH: MESSAGE (CURE)".
func TestEveryMistakeIsToldWithItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 50 {
		t.Fatalf("found %d fixtures (%v), want 50 or more", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(data)) {
				if w, ok := strings.CutPrefix(line, "# want "); ok {
					want = append(want, strings.TrimSpace(w))
				}
			}
			_, err = Load(BuiltIn(), Layer{"location", file, data})
			got := told(t, err, file)
			if *update {
				body, _, _ := bytes.Cut(data, []byte("# want "))
				body = append(bytes.Clone(body), []byte("# want "+strings.Join(got, "\n# want ")+"\n")...)
				if err := os.WriteFile(file, body, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") || len(want) == 0 {
				t.Errorf("the problems are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// told writes the problems of an error as fixtures do.
func told(t *testing.T, err error, file string) (out []string) {
	t.Helper()
	for _, p := range Problems(err) {
		if p.At.File != file {
			t.Errorf("the problem %v names the file %q, want %q", p, p.At.File, file)
		}
		if p.Cure == "" {
			t.Errorf("the problem %v says nothing of what to do", p)
		}
		line := fmt.Sprintf("%d:%d %s: %s (%s)", p.At.Line, p.At.Column, p.Path, p.Msg, p.Cure)
		out = append(out, line)
	}
	return out
}
