package playbook

import (
	"cmp"
	"regexp"
	"slices"
)

// A PlanRule says by which tag, of a customer or a job, and by which line of an issued
// bill a customer is known to hold a plan of which the tool has no record.
type PlanRule struct {
	ID     string
	Name   string // what the plan is called
	Tags   []*regexp.Regexp
	Lines  []*regexp.Regexp // over "KIND: NAME, DESCRIPTION"
	Months int              // between two visits of the plan
	Lasts  int              // months for which a line buys it; 0: until somebody ends it
}

// Tagged says whether a tag stands for the plan.
func (r *PlanRule) Tagged(tag string) bool { return matches(r.Tags, tag) }

// Sold says whether a line of a bill sells the plan.
func (r *PlanRule) Sold(line string) bool { return matches(r.Lines, line) }

func matches(list []*regexp.Regexp, text string) bool {
	return slices.ContainsFunc(list, func(p *regexp.Regexp) bool { return p.MatchString(text) })
}

// Equipment says what is written on the equipment of a property.
type Equipment struct {
	Lines     []*regexp.Regexp // lines of a bill that are about equipment, over "KIND: NAME, DESCRIPTION"
	Installed []*InstallRule   // in file order
}

// An InstallRule says which line of an issued bill says that a piece was installed, and
// reads type, maker, model and serial from it, as groups of these names.
type InstallRule struct {
	ID    string
	Line  *regexp.Regexp
	Type  string // where no group gives it
	Words []*regexp.Regexp
}

// Unit reads what a line says was installed, and by which rule; nothing unless it
// names a model or a serial number.
func (e Equipment) Unit(line string) (fields map[string]string, rule string) {
	for _, r := range e.Installed {
		if !r.Line.MatchString(line) {
			continue
		}
		fields := map[string]string{}
		for _, p := range append([]*regexp.Regexp{r.Line}, r.Words...) {
			groups := p.FindStringSubmatch(line)
			for i, name := range p.SubexpNames() {
				if name != "" && groups != nil && groups[i] != "" && fields[name] == "" {
					fields[name] = groups[i]
				}
			}
		}
		if fields["type"] == "" && r.Type != "" {
			fields["type"] = r.Type
		}
		if fields["model"] != "" || fields["serial"] != "" {
			return fields, r.ID
		}
	}
	return nil, ""
}

// About says whether a line of a bill is about equipment.
func (e Equipment) About(line string) bool {
	return matches(e.Lines, line)
}

type planDoc struct {
	Name   string `yaml:"name"`
	Tags   []leaf `yaml:"tags"`
	Lines  []leaf `yaml:"lines"`
	Months int    `yaml:"months"`
	Lasts  int    `yaml:"lasts"`
}

type equipmentDoc struct {
	Lines     []leaf                `yaml:"lines"`
	Installed ordered[installedDoc] `yaml:"installed"`
}

type installedDoc struct {
	Line  leaf   `yaml:"line"`
	Type  string `yaml:"type"`
	Words []leaf `yaml:"words"`
}

// unitNames are the groups of patterns that read what was installed.
var unitNames = []string{"type", "maker", "model", "serial"}

func (d *loader) equipment() {
	e := d.doc.Equipment
	d.book.Equipment.Lines = d.patterns(e.Lines)
	for _, id := range e.Installed.keys {
		x, path := e.Installed.of[id], "equipment.installed."+id
		if !d.must(x.Line, path, "line") {
			continue
		}
		rule := &InstallRule{ID: id, Line: d.pattern(x.Line), Type: x.Type, Words: d.patterns(x.Words)}
		if rule.Line == nil {
			continue
		}
		for _, l := range append([]leaf{x.Line}, x.Words...) {
			p, err := regexp.Compile(l.text)
			if err != nil {
				continue // it has been told
			}
			for _, name := range p.SubexpNames() {
				if name != "" && !slices.Contains(unitNames, name) {
					d.problem(l.n.at, l.path, suggest(name, unitNames), "a unit has no %q", name)
				}
			}
		}
		d.book.Equipment.Installed = append(d.book.Equipment.Installed, rule)
	}
}

func (d *loader) plans() {
	for _, id := range d.doc.Plans.keys {
		p, path := d.doc.Plans.of[id], "plans."+id
		at := d.book.Place(path)
		rule := &PlanRule{ID: id, Name: cmp.Or(p.Name, id), Tags: d.patterns(p.Tags), Lines: d.patterns(p.Lines), Months: p.Months, Lasts: p.Lasts}
		if len(p.Tags)+len(p.Lines) == 0 {
			d.problem(at, path, "add tags: or lines:", "nothing says who holds the plan")
		}
		if p.Months < 0 || p.Months > 120 || p.Lasts < 0 || p.Lasts > 120 {
			d.problem(at, path, "write how many months", "months and lasts must lie between 0 and 120")
		}
		d.book.Plans = append(d.book.Plans, rule)
	}
}

func (d *loader) patterns(list []leaf) (out []*regexp.Regexp) {
	for _, l := range list {
		if p := d.pattern(l); p != nil {
			out = append(out, p)
		}
	}
	return out
}

// pattern compiles a regular expression; nil where there is none, or it is wrong.
func (d *loader) pattern(l leaf) *regexp.Regexp {
	if !l.given() {
		return nil
	}
	p, err := regexp.Compile(l.text)
	if err != nil {
		d.problem(l.n.at, l.path, "correct it, or write it between single quotation marks", "%q is no regular expression: %v", l.text, err)
		return nil
	}
	return p
}
