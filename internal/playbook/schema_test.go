package playbook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"plumbline.dev/plumbline/playbooks"
)

const schemaFile = "../../playbooks/playbook.schema.json"

func schemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("playbook.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("playbook.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON is what an editor checks: the YAML of a file as JSON.
func asJSON(data []byte) (v any, err error) {
	if err := yaml.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(text))
}

func TestTheSchemaForEditorsIsFresh(t *testing.T) {
	if *update {
		if err := os.WriteFile(schemaFile, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(schemaFile)
	if err != nil || !bytes.Equal(have, Schema()) {
		t.Errorf("%s is not what the types say (%v): go test ./internal/playbook -run Schema -update", schemaFile, err)
	}
	if first, _, _ := strings.Cut(string(playbooks.BuiltIn), "\n"); first != "# yaml-language-server: $schema=playbook.schema.json" {
		t.Errorf("the built-in playbook begins %q and names no schema to editors", first)
	}
}

func TestTheBuiltInPlaybookAndEveryExampleMeetTheSchemaAndLoad(t *testing.T) {
	schema := schemaOf(t)
	files, err := filepath.Glob("../../playbooks/examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range append(files, "../../playbooks/builtin.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := asJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if _, err := Load(BuiltIn(), Layer{"location", file, data}); err != nil {
			t.Error(err)
		}
	}
}

// onlyLoaded are the mistakes that no schema can see, by path and message of the loader.
var onlyLoaded = []struct{ what, says string }{
	{"a name that must be known elsewhere", `: there is no (stage|stage of a job|stage of a visit|clock|text|season|sequence|event|field|zone|type with names of its own) "|has no field "|has a mapping of its own$`},
	{"what an expression says", `: (undefined field|undeclared reference|Syntax error|the expression (gives|may cost)|holds wants a name)|is no amount$|is no regular expression: `},
	{"what must be there once all layers are laid upon each other", `[^\]]: \w+ is missing$|the text is missing in|a pick list needs its options$|nothing to text them with$`},
	{"how the parts of a rule fit together", `: (a rule has either|the rule (says|neither)|first and then are|news (is said|needs)|nothing bounds|nothing says who holds the plan$)`},
	{"two that may not be the same", `stands here twice$`},
	{"two values beside each other", `end before they begin$|an item cannot be too old|must lie between `},
	{"the YAML itself", `: (the file holds several|anchors, aliases|mapping key .* already defined|could not find)`},
	{"a key without a value where nothing lies below it", `: this is nothing, not `},
}

func onlyTheLoaderSees(problem string) bool {
	return slices.ContainsFunc(onlyLoaded, func(o struct{ what, says string }) bool { return regexp.MustCompile(o.says).MatchString(problem) })
}

// wantLine finds the path, the message and the cure in the last lines of a fixture.
var wantLine = regexp.MustCompile(`^# want [0-9:]+ (.*) \(`)

// Each fixture is a mistake of shape, which the schema sees too, or one of those that
// only the loader can see.
func TestWrongFilesAreRefusedByTheSchemaWhereTheirShapeIsWrong(t *testing.T) {
	schema := schemaOf(t)
	files, _ := filepath.Glob("testdata/*.yaml")
	refused := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var told []string // TestEveryMistakeIsToldWithItsPlace holds that it is told
		for line := range strings.Lines(string(data)) {
			if m := wantLine.FindStringSubmatch(line); m != nil {
				told = append(told, m[1])
			}
		}
		shape := slices.ContainsFunc(told, func(s string) bool { return !onlyTheLoaderSees(s) })
		v, yamlErr := asJSON(data)
		if yamlErr != nil {
			if shape {
				t.Errorf("%s is no YAML: %v", file, yamlErr)
			}
			continue
		}
		switch bad := schema.Validate(v); {
		case shape && bad == nil:
			t.Errorf("%s: the schema lets pass %v", file, told)
		case !shape && bad != nil:
			t.Errorf("%s: the schema refuses it (%v), and the loader says only %v", file, bad, told)
		case shape:
			refused++
		}
	}
	if refused < 25 {
		t.Errorf("only %d fixtures are of a wrong shape", refused)
	}
}

// Every place of the built-in playbook is changed in each of these ways, and read alone,
// as a layer that says nothing else.
func TestTheSchemaAndTheLoaderAgreeOnEveryChangeOfShape(t *testing.T) {
	schema := schemaOf(t)
	builtIn, err := parse(BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	word := &node{is: scalar, text: "no such word"}
	changes := []struct {
		name   string
		change func(n *node) *node
	}{
		{"another word", func(*node) *node { return word }},
		{"keys with values", func(*node) *node {
			return &node{is: mapping, keys: []string{"no_such_key"}, kids: map[string]*node{"no_such_key": word}}
		}},
		{"a list", func(n *node) *node { return &node{is: list, items: []*node{n, word}} }},
		{"nothing", func(*node) *node { return &node{is: nothing} }},
		{"a digit", func(*node) *node { return &node{is: scalar, text: "7"} }},
	}
	tried, wrong := 0, 0
	try := func(path, how string, root *node) {
		tried++
		d := &loader{decoder: &decoder{}, book: &Playbook{root: root}}
		d.decode(reflect.ValueOf(&d.doc).Elem(), root, "", terms{})
		var shape []string
		for _, err := range d.problems {
			if p := err.(*Problem); !onlyTheLoaderSees(p.Path + ": " + p.Msg) {
				shape = append(shape, p.Msg)
			}
		}
		bad := schema.Validate(root.plain())
		if bad != nil && len(d.problems) == 0 {
			t.Errorf("%s, %s: the schema refuses what the loader takes: %v", path, how, bad)
		}
		if bad == nil && len(shape) > 0 {
			t.Errorf("%s, %s: the schema takes what the loader refuses: %v", path, how, shape)
		}
		if bad != nil {
			wrong++
		}
	}
	seen := map[string]bool{}
	builtIn.everywhere("", func(path string, rebuild func(func(*node) *node) *node, n *node) {
		if kind := keysLess.ReplaceAllString(path, "$1.*"); seen[kind+n.is.String()] { // one of many alike
			return
		} else {
			seen[kind+n.is.String()] = true
		}
		for _, c := range changes {
			try(path, c.name, rebuild(c.change))
		}
		try(path, "under another key", rebuild(nil))
	})
	if tried < 1000 || wrong < tried/3 {
		t.Errorf("%d changes were tried, and %d were wrong", tried, wrong)
	}
}

// keysLess matches names that the office has given, of which there are many alike.
var keysLess = regexp.MustCompile(`^(rules|clocks|texts|kinds|job\.next|mapping\.\w+\.\w+\.fields)\.\w+`)

// everywhere calls f for each value beneath, with what makes a layer that holds only
// another value in its place or, without one, the same under another key.
func (n *node) everywhere(path string, f func(path string, rebuild func(func(*node) *node) *node, n *node)) {
	var walk func(n *node, path string, rebuild func(*node) *node)
	walk = func(n *node, path string, rebuild func(*node) *node) {
		for _, key := range n.keys {
			put := func(key string, kid *node) *node {
				return rebuild(&node{is: mapping, keys: []string{key}, kids: map[string]*node{key: kid}})
			}
			kid, at := n.kids[key], join(path, key)
			f(at, func(change func(*node) *node) *node {
				if change == nil {
					return put(key+"_other", kid)
				}
				return put(key, change(kid))
			}, kid)
			walk(kid, at, func(n *node) *node { return put(key, n) })
		}
		for i, item := range n.items {
			put := func(item *node) *node {
				c := &node{is: list, items: slices.Clone(n.items)}
				c.items[i] = item
				return rebuild(c)
			}
			at := fmt.Sprintf("%s[%d]", path, i)
			f(at, func(change func(*node) *node) *node {
				if change == nil {
					return put(&node{is: list})
				}
				return put(change(item))
			}, item)
			walk(item, at, put)
		}
	}
	walk(n, path, func(n *node) *node { return n })
}

// plain is a value as JSON has it; of single values all are taken for texts but truths
// and whole numbers.
func (n *node) plain() any {
	switch n.is {
	case mapping:
		out := map[string]any{}
		for key, kid := range n.kids {
			out[key] = kid.plain()
		}
		return out
	case list:
		out := []any{}
		for _, item := range n.items {
			out = append(out, item.plain())
		}
		return out
	case nothing:
		return nil
	}
	switch {
	case n.text == "true" || n.text == "false":
		return n.text == "true"
	case regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`).MatchString(n.text):
		return json.Number(n.text)
	}
	return n.text
}
