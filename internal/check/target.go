package check

import (
	"fmt"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/playbook"
)

// writers looks for fields that two would write: we, always, and whoever owns them;
// or we under two names that the target takes for one.
func (c *checker) writers(tool string) {
	for _, typ := range sorted(c.p.Mapping[tool]) {
		named := map[string]string{}
		for _, f := range c.p.Mapping[tool][typ].Fields {
			if other, ok := named[strings.ToLower(f.Name)]; ok {
				c.at(Error, f.Path, "take one out", fmt.Sprintf("%s and %s are one field, and both are written", other, f.Name))
			}
			named[strings.ToLower(f.Name)] = f.Name
			theirs := f.Owner == "crm" || f.Owner == "office"
			if theirs && (f.Write == "always" || f.Write == "forward_only") {
				c.at(Error, f.Path, "write it if_empty or theirs_to_ours, or let us own it",
					fmt.Sprintf("%s has two writers: it belongs to %s, and we write it %s", f.Name, f.Owner, strings.ReplaceAll(f.Write, "_", " ")))
			}
			if f.Owner == "us" && f.Write == "theirs_to_ours" {
				c.at(Error, f.Path, "let crm own it", fmt.Sprintf("%s belongs to us, and the target's word would hold", f.Name))
			}
		}
	}
}

// target holds the mapping of a tool against what the target describes.
func (c *checker) target(tool string, schema connect.Schema) {
	for _, typ := range sorted(c.p.Mapping[tool]) {
		path := c.p.Mapping[tool][typ].Path
		described, ok := schema.Types[typ]
		if !ok {
			c.at(Error, path, "take it out, or connect an account that has it", fmt.Sprintf("the target has no type %s", typ))
			continue
		}
		mapped := map[string]bool{}
		for _, f := range c.p.Mapping[tool][typ].Fields {
			mapped[f.Name] = f.From != nil
			c.field(f, described)
		}
		for _, name := range sorted(described.Fields) {
			if described.Fields[name].Required && !mapped[name] {
				c.at(Error, path, "map it", fmt.Sprintf("the target demands the field %s, and nothing is written to it", name))
			}
		}
	}
}

func (c *checker) field(f *playbook.MapField, in connect.TypeSchema) {
	path := f.Path
	if f.Write == "never" {
		return
	}
	there, ok := in.Fields[f.Name]
	if !ok {
		cure := "take it out, or make it there"
		if f.Label != "" {
			cure = "let it be made when the connection is set up"
		}
		c.at(Error, path, cure, fmt.Sprintf("the target has no field %s", f.Name))
		return
	}
	if f.From == nil {
		return
	}
	if there.ReadOnly {
		c.at(Error, path, "write it theirs_to_ours or never", fmt.Sprintf("the target lets nobody write %s", f.Name))
	}
	if loss := lossy[[2]string{f.Value, there.Value}]; loss != "" {
		c.at(Error, path, "make the field anew as "+f.Value+", or map another value", fmt.Sprintf("%s would lose %s: it is a %s, and the target keeps a %s", f.Name, loss, f.Value, there.Value))
	}
	if f.Value == "enum" && there.Value == "enum" {
		c.options(path, f, there, in)
	}
}

// options looks for options that the target does not have. Those of a pipeline have
// ids of the target's own, by our stage names.
func (c *checker) options(path string, f *playbook.MapField, there connect.FieldSchema, in connect.TypeSchema) {
	var missing []string
	for _, o := range f.Options {
		_, stage := in.Stages[o]
		if !slices.Contains(there.Options, o) && !stage && !(in.Pipeline != "" && len(f.Options) == 1) {
			missing = append(missing, o)
		}
	}
	if len(missing) > 0 {
		c.at(Error, path, "add them there, or take them out here", fmt.Sprintf("the target's %s lacks the options %s", f.Name, strings.Join(missing, ", ")))
	}
}

// lossy says what is lost when a value of the first type is kept as the second.
var lossy = map[[2]string]string{
	{"datetime", "date"}:   "the time of day",
	{"date", "datetime"}:   "the zone of the day",
	{"text", "enum"}:       "every text that is no option",
	{"string", "enum"}:     "every text that is no option",
	{"string", "number"}:   "everything but digits",
	{"text", "number"}:     "everything but digits",
	{"string", "bool"}:     "everything but true and false",
	{"text", "bool"}:       "everything but true and false",
	{"string", "date"}:     "everything but dates",
	{"text", "date"}:       "everything but dates",
	{"string", "datetime"}: "everything but instants",
	{"text", "datetime"}:   "everything but instants",
	{"number", "bool"}:     "the number",
	{"number", "enum"}:     "every number that is no option",
	{"number", "date"}:     "the number",
	{"enum", "bool"}:       "which option it is",
	{"enum", "number"}:     "which option it is",
	{"datetime", "number"}: "that it is an instant",
	{"datetime", "bool"}:   "the instant",
	{"date", "bool"}:       "the day",
	{"date", "number"}:     "that it is a day",
	{"bool", "number"}:     "that it is true or false",
	{"bool", "date"}:       "that it is true or false",
	{"bool", "datetime"}:   "that it is true or false",
}
