package plumbline_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

const module = "plumbline.dev/plumbline"

// mayImport says which of our packages each one may know. A line may name only what
// stands above it, so there are no cycles to find. "connect/*" is any tool.
var mayImport = []struct{ pkg, deps string }{
	{".", ""},
	{"playbooks", ""},
	// pure rules: no clock, no database, no network
	{"calendar", ""},
	{"consent", ""},
	{"wording", ""},
	{"match", "."},
	{"money", ""},
	{"silence", ""},
	{"families", ""},
	{"quality", "families"},
	{"playbook", ". playbooks"},
	{"golden", "."},
	{"equipment", "."},
	{"stage", ". playbook money golden equipment"},
	{"mapping", ". playbook money"},
	// the outside
	{"connect", "."},
	{"connect/csv", ". connect"},
	{"connect/*", ". connect"},
	{"dedupe", ". match connect/csv"},
	{"check", ". playbook calendar consent wording mapping connect"},
	// rooms
	{"db", "."},
	{"db/dbtest", "db"},
	{"tenant", ". db"},
	{"errorqueue", ". db"},
	{"inbox", ". db"},
	{"outbox", ". db tenant errorqueue connect"},
	{"record", ". db"},
	{"identity", ". db record golden match"},
	{"advance", ". db tenant errorqueue inbox record identity golden match calendar consent money playbook equipment stage connect"},
	{"importrun", ". db tenant inbox record identity advance connect/csv"},
	{"clock", ". db inbox record playbook advance"},
	{"lookup", ". db tenant errorqueue inbox outbox record identity playbook golden stage silence advance connect"},
	{"mirror", ". db tenant errorqueue inbox outbox record identity golden playbook mapping stage advance connect"},
	{"notify", ". db tenant errorqueue inbox outbox record identity golden playbook calendar consent wording money check stage advance connect"},
	{"explain", ". db tenant errorqueue inbox outbox record identity golden equipment playbook mapping money stage advance importrun lookup mirror notify connect"},
	{"sandbox", ""},
	{"sandbox/census", ""},
	{"sandbox/housecallpro", "sandbox"},
	{"sandbox/hubspot", ""},
	{"sandbox/jobber", "sandbox"},
	{"sandbox/twilio", ""},
	{"sandbox/shop", "sandbox sandbox/housecallpro sandbox/hubspot sandbox/jobber sandbox/twilio"},
	// the faces
	{"api", ". db tenant errorqueue inbox outbox record identity golden playbook mapping money stage advance lookup mirror notify explain connect"},
	{"app", ". db tenant errorqueue inbox outbox record identity golden playbook mapping money stage advance clock lookup mirror notify explain api check calendar consent wording connect connect/*"},
	{"simulate", "*"},
	{"demo", "*"},
	{"kill", "*"},
	{"bench", "*"},
	{"rehearse", ". db tenant inbox outbox record advance mirror notify errorqueue connect app"},
	{"command", "*"},
	{"cmd/plumbline", "*"},
}

// TestTheArchitecture holds who may import whom. Adding a line is a design decision.
func TestTheArchitecture(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	above := map[string]bool{}
	rule := map[string]map[string]bool{}
	for _, m := range mayImport {
		rule[m.pkg] = map[string]bool{}
		for _, d := range strings.Fields(m.deps) {
			if d != "*" && !above[d] {
				t.Errorf("the line of %s names %s, which does not stand above it", m.pkg, d)
			}
			rule[m.pkg][d] = true
		}
		above[m.pkg] = true
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkg := name(p.ImportPath)
		may, ok := rule[pkg]
		if !ok {
			may, ok = rule[kind(pkg)]
		}
		if !ok {
			t.Errorf("package %s has no line in the architecture", pkg)
			continue
		}
		for _, i := range p.Imports {
			if !strings.HasPrefix(i, module) {
				continue
			}
			dep := name(i)
			if !may["*"] && !may[dep] && !may[kind(dep)] {
				t.Errorf("%s imports %s, which its line does not allow", pkg, dep)
			}
		}
	}
}

// name shortens an import path to how the table writes it.
func name(path string) string {
	s := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	if s == "" {
		return "."
	}
	return strings.TrimPrefix(s, "internal/")
}

// kind is the line that stands for all tools.
func kind(pkg string) string {
	if strings.HasPrefix(pkg, "connect/") {
		return "connect/*"
	}
	return pkg
}
