package hubspot

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// group is the property group that holds all of ours.
const group = "plumbline"

// pairs are HubSpot's type and field type for the values of a FieldSpec (properties
// guide; other pairs are refused).
var pairs = map[string][2]string{
	"string": {"string", "text"}, "text": {"string", "textarea"}, "number": {"number", "number"}, "date": {"date", "date"},
	"datetime": {"datetime", "date"}, "enum": {"enumeration", "select"}, "bool": {"bool", "booleancheckbox"},
}

// Provision creates what is missing of our group, the properties, our pipeline with
// its stages, and the labels of roles. It changes nothing that is there: what stands
// in the way is reported with its cure. Twice, or cut off halfway and begun again,
// it comes to the same.
func (t *Tool) Provision(ctx context.Context, want []connect.FieldSpec, dry bool) ([]string, error) {
	p := &provision{t: t, dry: dry}
	byType := map[string][]connect.FieldSpec{}
	for _, spec := range want {
		if _, bad := t.object(spec.Type); bad != nil {
			return nil, bad
		}
		byType[spec.Type] = append(byType[spec.Type], spec)
	}
	for _, typ := range []string{"contact", "company", t.job} {
		if !slices.ContainsFunc(byType[typ], func(s connect.FieldSpec) bool { return s.Name == KeyProperty }) {
			byType[typ] = append(byType[typ], connect.FieldSpec{Type: typ, Name: KeyProperty, Label: "Plumbline key", Value: "string", Unique: true})
		}
	}
	for _, typ := range []string{"contact", "company", "deal", "ticket", "note", "task"} {
		if err := p.properties(ctx, typ, byType[typ]); err != nil {
			return p.lines, err
		}
	}
	if err := p.pipeline(ctx); err != nil {
		return p.lines, err
	}
	err := p.roles(ctx)
	return p.lines, err
}

type provision struct {
	t     *Tool
	dry   bool
	lines []string
}

func (p *provision) say(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

// post creates one thing. A refusal that a person must look at becomes a line; any
// other ends the provisioning, since the rest would fare no better.
func (p *provision) post(ctx context.Context, what, path string, body any) (made bool, err error) {
	if p.dry {
		p.say("would create %s", what)
		return true, nil
	}
	_, no := p.t.call(ctx, request{method: http.MethodPost, path: path, body: body, writes: true})
	switch {
	case no == nil:
		p.say("created %s", what)
		return true, nil
	case no.Class == connect.Human:
		p.say("hubspot refused %s: %s (%s); %s", what, no.Msg, no.Code, no.Cure)
		return false, nil
	}
	return false, no.Error
}

func (p *provision) properties(ctx context.Context, typ string, want []connect.FieldSpec) error {
	if len(want) == 0 {
		return nil
	}
	base := propertiesPath + objects[typ].path
	have, no := p.t.propertiesOf(ctx, typ)
	if no != nil {
		return no.Error
	}
	grouped := false
	for _, spec := range want {
		if i := slices.IndexFunc(have, func(h property) bool { return h.Name == spec.Name && !h.Archived }); i >= 0 {
			p.compare(spec, have[i])
			continue
		}
		kind, ok := pairs[spec.Value]
		if !ok {
			p.say("%s %s: hubspot has no property for %q; map it to text", typ, spec.Name, spec.Value)
			continue
		}
		if !grouped {
			if err := p.group(ctx, typ, base); err != nil {
				return err
			}
			grouped = true
		}
		if _, err := p.post(ctx, "property "+typ+" "+spec.Name, base, newProperty(spec, kind)); err != nil {
			return err
		}
	}
	return nil
}

func (p *provision) group(ctx context.Context, typ, base string) error {
	var out struct {
		Results []struct {
			Name     string `json:"name"`
			Archived bool   `json:"archived"`
		} `json:"results"`
	}
	if no := p.t.read(ctx, http.MethodGet, base+"/groups", url.Values{}, nil, &out); no != nil {
		return no.Error
	}
	for _, g := range out.Results {
		if g.Name == group && !g.Archived {
			return nil
		}
	}
	_, err := p.post(ctx, "group "+group+" of "+objects[typ].path, base+"/groups", map[string]any{"name": group, "label": "Plumbline"})
	return err
}

// compare reports how a property that is there cannot hold what the mapping writes.
func (p *provision) compare(spec connect.FieldSpec, have property) {
	where := spec.Type + " " + spec.Name
	kind, ok := pairs[spec.Value]
	switch {
	case !ok:
		p.say("%s: hubspot has no property for %q; map it to text", where, spec.Value)
	case have.Type != kind[0]:
		p.say("%s is of type %s and must be %s: rename or delete it in HubSpot's property settings, then provision again", where, have.Type, kind[0])
	case spec.Unique && !have.HasUniqueValue:
		p.say("%s does not require unique values, which cannot be changed later: delete it in HubSpot's property settings, then provision again", where)
	default:
		if missing := missingOptions(spec, have); len(missing) > 0 {
			p.say("%s lacks the options %s: add them in HubSpot's property settings", where, strings.Join(missing, ", "))
		}
	}
}

func missingOptions(spec connect.FieldSpec, have property) []string {
	return slices.DeleteFunc(slices.Clone(spec.Options), func(want string) bool {
		for _, o := range have.Options {
			if o.Value == want {
				return true
			}
		}
		return false
	})
}

type newOption struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
}

func newProperty(spec connect.FieldSpec, kind [2]string) map[string]any {
	body := map[string]any{"groupName": group, "name": spec.Name, "label": orElse(spec.Label, spec.Name), "type": kind[0], "fieldType": kind[1]}
	if spec.Unique {
		body["hasUniqueValue"] = true
	}
	var options []newOption
	for i, o := range spec.Options {
		options = append(options, newOption{strings.ReplaceAll(o, "_", " "), o, i, false})
	}
	if spec.Value == "bool" {
		options = []newOption{{"Yes", "true", 0, false}, {"No", "false", 1, false}}
	}
	if options != nil {
		body["options"] = options
	}
	return body
}

func (p *provision) pipeline(ctx context.Context) error {
	lines, no := p.t.pipelines(ctx)
	if no != nil {
		return no.Error
	}
	name, path := p.t.config.Pipeline, pipelinesPath+objects[p.t.job].path
	ours := p.t.ourPipeline(lines)
	if ours != nil {
		return p.stages(ctx, path, ours)
	}
	if slices.ContainsFunc(lines, func(l pipeline) bool { return l.ID == "default" && strings.EqualFold(l.Label, name) }) {
		p.say("the pipeline %q is the account's own and is left alone: name another in the connection", name)
		return nil
	}
	var all []map[string]any
	for i, s := range stages {
		all = append(all, p.newStage(s, i))
	}
	made, err := p.post(ctx, p.t.job+" pipeline "+name, path, map[string]any{"label": name, "displayOrder": len(lines), "stages": all})
	if err == nil && !made && p.t.job == "deal" {
		p.say("a second deal pipeline was refused, and the sales pipeline is not written to: keep jobs as tickets (mapping: {hubspot: {deal: {as: ticket}}} in the playbook), or raise the account's plan")
	}
	return err
}

// stages adds those that are missing from a pipeline that is ours by more than its
// name.
func (p *provision) stages(ctx context.Context, path string, ours *pipeline) error {
	have := ours.stageIDs()
	if len(have) == 0 && len(ours.Stages) > 0 {
		p.say("the pipeline %q has none of our stages and is left alone: name another in the connection", ours.Label)
		return nil
	}
	for i, s := range stages {
		if have[s.name] != "" {
			continue
		}
		if _, err := p.post(ctx, "stage "+s.label+" of "+ours.Label, path+"/"+url.PathEscape(ours.ID)+"/stages", p.newStage(s, i)); err != nil {
			return err
		}
	}
	return nil
}

func (p *provision) newStage(s stage, order int) map[string]any {
	metadata := map[string]string{"probability": s.probability}
	if p.t.job == "ticket" {
		metadata = map[string]string{"ticketState": "OPEN"}
		if s.probability == "1.0" || s.probability == "0.0" {
			metadata["ticketState"] = "CLOSED"
		}
	}
	return map[string]any{"label": s.label, "displayOrder": order, "metadata": metadata}
}

// roles creates the labels by which a job's contacts are told apart. Accounts that
// may have none keep plain associations.
func (p *provision) roles(ctx context.Context) error {
	from, to := p.t.job, "contact"
	p.t.forgetLabels()
	have, no := p.t.labelsOf(ctx, from, to)
	if no != nil {
		return no.Error
	}
	path := associationsPath + objects[from].path + "/" + objects[to].path + "/labels"
	for _, role := range []plumbline.Role{plumbline.Booker, plumbline.SiteContact, plumbline.Payer} {
		label := roleLabels[string(role)]
		if _, ok := have[strings.ToLower(label)]; ok {
			continue
		}
		made, err := p.post(ctx, "association label "+label, path, map[string]any{"label": label, "name": "plumbline_" + string(role)})
		if err != nil {
			return err
		}
		if !made {
			p.say("contacts are associated with jobs without the label %s", label)
		}
	}
	p.t.forgetLabels()
	return nil
}
