package command

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// pages are those that people read first.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/guides/*.md"} {
		files, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			out[f] = string(data)
		}
	}
	if len(out) < 8 {
		t.Fatalf("only %d pages were found", len(out))
	}
	return out
}

var (
	named   = regexp.MustCompile("`((?:internal|playbooks|docs|cmd|scripts)/[\\w./-]*|[\\w]+\\.(?:go|md))`")
	linked  = regexp.MustCompile(`\]\(([^)#:]+)\)`)
	command = regexp.MustCompile("(?m)(?:`|^)plumbline ([a-z][^`\\n#|]*)")
	made    = regexp.MustCompile("(?m)(?:`|^)make ([a-z]+)")
)

func TestEveryFileThatAPageNamesIsThere(t *testing.T) {
	for page, text := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("..", "..", m[1])); err != nil {
				t.Errorf("%s names %s, which there is not", page, m[1])
			}
		}
		for _, m := range linked.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which there is not", page, m[1])
			}
		}
	}
}

func TestEveryCommandThatAPageNamesIsThere(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for page, text := range pages(t) {
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			seen++
			if missing := missing(t, strings.Fields(m[1])); missing != "" {
				t.Errorf("%s names plumbline %s: there is no %s", page, strings.TrimSpace(m[1]), missing)
			}
		}
		for _, m := range made.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s names make %s, which there is not", page, m[1])
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d commands were found in the pages", seen)
	}
}

// missing names the command or flag of a line that there is not.
func missing(t *testing.T, words []string) string {
	t.Helper()
	options := []kong.Option{kong.Name("plumbline"), kong.Writers(io.Discard, io.Discard)}
	for _, c := range commands {
		options = append(options, kong.DynamicCommand(c.name, c.help, "", c.make()))
	}
	parser, err := kong.New(&struct{}{}, options...)
	if err != nil {
		t.Fatal(err)
	}
	node := parser.Model.Node
	for _, w := range words {
		if flag, ok := strings.CutPrefix(w, "--"); ok {
			if !hasFlag(node, flag) {
				return w
			}
			continue
		}
		if len(node.Children) == 0 {
			continue // an argument
		}
		next := child(node, w)
		if next == nil {
			return w
		}
		node = next
	}
	return ""
}

func child(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func hasFlag(node *kong.Node, name string) bool {
	for n := node; n != nil; n = n.Parent {
		for _, f := range n.Flags {
			if f.Name == name {
				return true
			}
		}
	}
	return name == "help"
}

func TestTheExampleOfTheReadmeIsAConfiguration(t *testing.T) {
	d := newDesk(t)
	readme := pages(t)[filepath.Join("..", "..", "README.md")]
	blocks := strings.Split(readme, "```yaml\n")
	if len(blocks) != 4 {
		t.Fatalf("the README has %d examples, want the configuration, the playbook and a connection", len(blocks)-1)
	}
	for i, name := range []string{"plumbline.yaml", "boise.yaml"} {
		text, _, _ := strings.Cut(blocks[i+1], "```")
		d.write(name, text)
	}
	for name, value := range map[string]string{"HCP_API_KEY": "key-0123456789", "HCP_WEBHOOK_SECRET": "the secret", "HUBSPOT_TOKEN": "pat-na1-sandbox",
		"JOBBER_CLIENT_ID": "an-app", "JOBBER_CLIENT_SECRET": "its-secret",
		"TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000001", "TWILIO_AUTH_TOKEN": "0123456789abcdef0123456789abcdef"} {
		t.Setenv(name, value)
	}
	key := d.must("key")
	if err := os.Mkdir(filepath.Join(d.dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.write("secrets/age.key", key)
	if out := d.must("check"); !strings.Contains(out, "location boise: 0 findings") {
		t.Errorf("check of the README's example printed %q", out)
	}
	// The connection that may stand in place of the first.
	config, _, _ := strings.Cut(blocks[1], "```")
	before, rest, _ := strings.Cut(config, "      - name: hcp\n")
	_, after, found := strings.Cut(rest, "      - name: hubspot\n")
	other, _, _ := strings.Cut(blocks[3], "```")
	if d.write("plumbline.yaml", before+other+"      - name: hubspot\n"+after); !found {
		t.Fatal("the configuration of the README has no connection hcp before hubspot")
	}
	if out := d.must("check"); !strings.Contains(out, "location boise: 0 findings") {
		t.Errorf("check of the README's example with Jobber printed %q", out)
	}
}
