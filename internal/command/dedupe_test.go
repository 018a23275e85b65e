package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const customers = `id,given name,family_name,phone,Mail,street,city,state,postal_code
7,Robert,Whitley,(208) 401-2233,bob.whitley@example.org,1418 W Larkspur Ln,Boise,ID,83702
8,Bob,Whitley,208.401.2233,,1418 West Larkspur Lane,Boise,ID,83702
9,Paula,Whitley,208.401.2233,,1418 West Larkspur Lane,Boise,ID,83702
10,Dana,Ortiz,(208) 401-7788,,77 Elm St,Boise,ID,83704
,Nobody,Knows,,,,,,
7,Robert,Again,,,,,,
11,Julia,Smith,(208) 401-1000,,5 Oak St,Boise,ID,83704
12,Julie,Smith,(208) 401-1000,,5 Oak St,Boise,ID,83704
`

// run runs a command that needs no configuration.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = Main(t.Context(), args, World{In: strings.NewReader(""), Out: &out, Err: &errs})
	return code, out.String(), errs.String()
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDedupeWritesWhoIsWho(t *testing.T) {
	dir := t.TempDir()
	in, out, asks := filepath.Join(dir, "in.csv"), filepath.Join(dir, "out.csv"), filepath.Join(dir, "asks.csv")
	if err := os.WriteFile(in, []byte(customers), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run(t, "dedupe", in, "--out", out, "--map", "email=Mail", "--questions", asks)
	if code != 0 || !strings.Contains(stdout, "8 rows, 2 of them left out: 5 customers, 1 records more than once, 1 pairs for a person to decide") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	for _, want := range []string{"line 6: it has no id", `line 7: its id "7" is that of line 2`} {
		if !strings.Contains(stderr, want) {
			t.Errorf("it does not say %q: %s", want, stderr)
		}
	}
	if got := content(t, out); got != "id,cluster\n7,c1\n8,c1\n9,c2\n10,c3\n11,c4\n12,c5\n" {
		t.Errorf("wrote\n%s", got)
	}
	if got := content(t, asks); !strings.Contains(got, "11,12,") || !strings.Contains(got, "given name: the given names are near, but two names") {
		t.Errorf("asks\n%s", got)
	}
	if mode, err := os.Stat(out); err != nil || mode.Mode().Perm() != 0o644 {
		t.Errorf("the file's mode is %v, %v", mode.Mode(), err)
	}

	code, stdout, _ = run(t, "dedupe", in, "--out", out, "--map", "email=Mail", "--json")
	var report deduped
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 0 || report.Rows != 8 || report.Records != 6 || report.Clusters != 5 || len(report.Faults) != 2 || report.Homes {
		t.Errorf("exit code %d, %v: %s", code, err, stdout)
	}
}

func TestDedupeTellsOfManyBadRowsInFewLines(t *testing.T) {
	in := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(in, []byte("id,name\n"+strings.Repeat("1,Bob Smith\n", 30)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, stderr := run(t, "dedupe", in, "--out", filepath.Join(t.TempDir(), "out.csv"))
	if lines := strings.Split(strings.TrimSpace(stderr), "\n"); len(lines) != 21 || !strings.Contains(lines[20], "9 more rows are left out; --json lists them all") {
		t.Errorf("it says\n%s", stderr)
	}
}

func TestDedupeExplains(t *testing.T) {
	in := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(in, []byte(customers), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := run(t, "dedupe", in, "--explain", "7", "9")
	if code != 0 || !strings.Contains(stdout, "the given names differ") || !strings.Contains(stdout, "different: ") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
	code, stdout, _ = run(t, "dedupe", "--explain", "7", "8", in, "--json")
	var x explained
	if err := json.Unmarshal([]byte(stdout), &x); err != nil || code != 0 || x.Outcome != "same" || x.A != "7" || len(x.Evidence) < 5 {
		t.Errorf("exit code %d, %v: %s", code, err, stdout)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"dedupe", in, "--explain", "7"}, "say --explain ID ID"},
		{[]string{"dedupe", in, "--explain", "7", "77"}, `the file has no record "77"`},
		{[]string{"dedupe", in}, "say --out OUT.csv, or --explain ID ID"},
		{[]string{"dedupe", in, "--out", filepath.Join(t.TempDir(), "no", "out.csv")}, "name a folder that is there"},
		{[]string{"dedupe", in, "--out", "x.csv", "--map", "fone=Phone"}, "the fields are id, name"},
	} {
		if code, _, stderr := run(t, c.args...); code == 0 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %s; want an error that says %q", c.args, code, stderr, c.want)
		}
	}
}

func TestParseWritesALineForEachLine(t *testing.T) {
	in := filepath.Join(t.TempDir(), "lines")
	lines := "123 N Main St Apt 4, Boise, ID 83702\r\n\nPO Box 7, Boise ID 83701"
	if err := os.WriteFile(in, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := run(t, "parse", "address", in)
	got := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != 0 || len(got) != 3 || !strings.Contains(got[0], `"key":"123 n main st|4|83702"`) || !strings.Contains(got[2], "po box 7") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
	for _, c := range []struct{ what, line, want string }{
		{"phone", "(773) 227-7947 x12", `"e164":"+17732277947","extension":"12","possible":true,"valid":true`},
		{"phone", "I want a Pizza", `"possible":false,"valid":false`},
		{"phone", "555-1234", `"local":"5551234"`},
		{"name", "Smith, Bob Jr.", `"kind":"person","given_name":"bob","family_name":"smith","suffix":"jr"`},
		{"name", "Alan Koa Salon & Spa", `"kind":"organization","organization":"Alan Koa Salon & Spa"`},
	} {
		if err := os.WriteFile(in, []byte(c.line), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, stdout, _ := run(t, "parse", c.what, in); code != 0 || !strings.Contains(stdout, c.want) {
			t.Errorf("%s %q: exit code %d, %s; want %s", c.what, c.line, code, stdout, c.want)
		}
	}
	if code, _, stderr := run(t, "parse", "name", filepath.Join(t.TempDir(), "none")); code == 0 || !strings.Contains(stderr, "name a file that is there") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
