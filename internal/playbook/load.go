package playbook

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/playbooks"
)

// BuiltIn is the layer that every playbook stands on.
func BuiltIn() Layer {
	return Layer{Name: "built-in", File: "playbooks/builtin.yaml", Data: playbooks.BuiltIn}
}

// Load lays layers upon each other, the lowest first, and makes them a playbook.
// The error joins every *Problem that was found.
func Load(layers ...Layer) (*Playbook, error) {
	root, err := merge(layers)
	if err != nil {
		return nil, err
	}
	d := &loader{decoder: &decoder{}, book: &Playbook{root: root, Version: root.digest()}}
	d.decode(reflect.ValueOf(&d.doc).Elem(), root, "", terms{})
	if !d.broken {
		d.build()
	}
	if err := errors.Join(d.sorted()...); err != nil {
		return nil, err
	}
	return d.book, nil
}

// Problems returns the problems that Load's error joins.
func Problems(err error) []*Problem {
	var p *Problem
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*Problem
		for _, e := range joined.Unwrap() {
			out = append(out, Problems(e)...)
		}
		return out
	}
	if errors.As(err, &p) {
		return []*Problem{p}
	}
	return nil
}

// merge reads the layers and lays each upon those before it.
func merge(layers []Layer) (*node, error) {
	root := &node{is: mapping, kids: map[string]*node{}}
	var limits []limit
	var problems []error
	for _, l := range layers {
		n, err := parse(l)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		d := &decoder{}
		for _, lim := range limits {
			lim.check(d, n)
		}
		limits = append(limits, readLimits(d, n, l.Name)...)
		problems = append(problems, d.problems...)
		root = n.part(false, limitKeys...).over(root, "")
	}
	return root, errors.Join(problems...)
}

// A limit is what a layer lets those above it do with one path.
type limit struct {
	path, layer string
	locked      bool
	bound       bound
}

type bound struct {
	Least leaf `yaml:"least"`
	Most  leaf `yaml:"most"`
}

// A limitsDoc is what a layer holds besides its policy.
type limitsDoc struct {
	Locked []leaf           `yaml:"locked"` // paths
	Bounds map[string]bound `yaml:"bounds"` // by path
}

// limitKeys are its keys.
var limitKeys = keysOf(entries(reflect.TypeFor[limitsDoc]()))

func readLimits(d *decoder, n *node, layer string) (out []limit) {
	var doc limitsDoc
	d.decode(reflect.ValueOf(&doc).Elem(), n.part(true, limitKeys...), "", terms{})
	for _, l := range doc.Locked {
		out = append(out, limit{path: l.text, layer: layer, locked: true})
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Bounds)) {
		out = append(out, limit{path: path, layer: layer, bound: doc.Bounds[path]})
	}
	return out
}

// check tells where a layer goes against the limit of one below it.
func (l limit) check(d *decoder, n *node) {
	n.leaves("", func(path string, n *node) {
		if path != l.path && !under(path, l.path) && !under(l.path, path) {
			return
		}
		if l.locked {
			d.problem(n.at, path, "take it out, or have it unlocked there", "%s is locked by the layer %s", l.path, l.layer)
			return
		}
		if path != l.path {
			d.problem(n.at, path, "leave it, within its bounds", "%s is bounded by the layer %s, and this takes it away", l.path, l.layer)
			return
		}
		v, ok := measure(n.text)
		if !ok {
			d.problem(n.at, path, "write a number or a span of time", "the layer %s bounds it, and %q cannot be compared", l.layer, n.text)
			return
		}
		if least, ok := measure(l.bound.Least.text); ok && v < least {
			d.problem(n.at, path, "choose a larger one", "%s is below %s, the least that the layer %s allows", n.text, l.bound.Least.text, l.layer)
		}
		if most, ok := measure(l.bound.Most.text); ok && v > most {
			d.problem(n.at, path, "choose a smaller one", "%s is above %s, the most that the layer %s allows", n.text, l.bound.Most.text, l.layer)
		}
	})
}

func under(path, of string) bool { return of != "" && strings.HasPrefix(path, of+".") }

// measure reads a number or a span of time.
func measure(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	span, err := duration(text)
	return int64(span), err == nil
}

// A document is what the YAML of all layers together holds.
type document struct {
	Settings     Settings                          `yaml:"settings"`
	Job          jobDoc                            `yaml:"job"`
	Visit        visitDoc                          `yaml:"visit"`
	Kinds        ordered[kindDoc]                  `yaml:"kinds"`
	Clocks       ordered[clockDoc]                 `yaml:"clocks"`
	Rules        ordered[ruleDoc]                  `yaml:"rules"`
	Texts        map[string]map[string]string      `yaml:"texts"`
	Mapping      map[string]map[string]*mappingDoc `yaml:"mapping"`
	Equipment    equipmentDoc                      `yaml:"equipment"`
	Plans        ordered[planDoc]                  `yaml:"plans"`
	Survivorship map[string]map[string][]leaf      `yaml:"survivorship" one:"class of source"`
}

type jobDoc struct {
	Stages []leaf            `yaml:"stages"`
	When   map[string]leaf   `yaml:"when"`
	Next   ordered[clockDoc] `yaml:"next"`
}

type visitDoc struct {
	Start  leaf                   `yaml:"start"`
	Stages ordered[visitStageDoc] `yaml:"stages"`
	Guards map[string][]guardDoc  `yaml:"guards"`
}

type visitStageDoc struct {
	To     []leaf        `yaml:"to"`
	Time   leaf          `yaml:"time" one:"kind of time"`
	Reason leaf          `yaml:"reason" one:"word"`
	Undo   time.Duration `yaml:"undo"`
	Late   *Late         `yaml:"late"`
}

type guardDoc struct {
	Need leaf   `yaml:"need" must:"be"`
	Say  string `yaml:"say"`
}

type kindDoc struct {
	When     leaf              `yaml:"when"`
	Service  map[string]string `yaml:"service"`
	NoCharge bool              `yaml:"no_charge"`
	Usual    time.Duration     `yaml:"usual"`
	QA       leaf              `yaml:"qa" one:"evidence"`
}

type clockDoc struct {
	For          leaf          `yaml:"for" one:"kind of subject"`
	When         leaf          `yaml:"when"`
	From         leaf          `yaml:"from" must:"be"`
	After        time.Duration `yaml:"after"`
	Months       int           `yaml:"months"`
	Days         int           `yaml:"days"`
	BusinessDays int           `yaml:"business_days"`
	Season       leaf          `yaml:"season"`
	At           leaf          `yaml:"at" form:"time of day"`
	Until        time.Duration `yaml:"until"`
}

type ruleDoc struct {
	On       leaf          `yaml:"on"`
	News     leaf          `yaml:"news" one:"news"`
	When     leaf          `yaml:"when"`
	While    leaf          `yaml:"while"`
	Text     leaf          `yaml:"text"`
	First    leaf          `yaml:"first"`
	Then     leaf          `yaml:"then"`
	Mail     leaf          `yaml:"mail"`
	By       time.Duration `yaml:"by"`
	Ahead    time.Duration `yaml:"ahead"`
	Quiet    time.Duration `yaml:"quiet"`
	Within   time.Duration `yaml:"within"`
	Fresh    time.Duration `yaml:"fresh"`
	Valid    time.Duration `yaml:"valid"`
	To       []leaf        `yaml:"to" one:"role"`
	ThenTo   []leaf        `yaml:"then_to" one:"role"`
	Class    leaf          `yaml:"class" one:"class"`
	Speaks   leaf          `yaml:"speaks" one:"kind of message"`
	Unseen   leaf          `yaml:"unseen"`
	Task     *taskDoc      `yaml:"task"`
	Reopens  leaf          `yaml:"reopens"`
	Per      leaf          `yaml:"per" one:"subject"`
	Sequence leaf          `yaml:"sequence"`
}

type taskDoc struct {
	Subject string `yaml:"subject"`
	Body    string `yaml:"body"`
	Days    int    `yaml:"days"`
	Ends    leaf   `yaml:"ends"`
}

type mappingDoc struct {
	For    leaf                `yaml:"for" one:"kind of record" must:"be"`
	When   leaf                `yaml:"when"`
	Key    leaf                `yaml:"key"`
	As     leaf                `yaml:"as"`
	Names  map[string]namesDoc `yaml:"names"`
	Fields ordered[fieldDoc]   `yaml:"fields"`
}

// A namesDoc says what the fields of a mapping are called on another type.
type namesDoc map[string]leaf

type fieldDoc struct {
	Label   string   `yaml:"label"`
	Type    leaf     `yaml:"type" one:"type" must:"be"`
	Options []string `yaml:"options"`
	From    leaf     `yaml:"from"`
	Owner   leaf     `yaml:"owner" one:"owner"`
	Write   leaf     `yaml:"write" one:"policy" must:"be"`
	Unique  bool     `yaml:"unique"`
}

// A reference is a name that an expression, or a rule, expects to exist.
type reference struct {
	kind, name string
	at         Position
	path       string
}

type loader struct {
	*decoder
	doc  document
	book *Playbook
}

func (d *loader) build() {
	d.settings()
	d.job()
	d.visit()
	d.kinds()
	d.clocks()
	d.rules()
	d.texts()
	d.mappings()
	d.survivorship()
	d.equipment()
	d.plans()
	for _, r := range d.named {
		known := d.jobStages()
		if r.kind == "clock" {
			known = d.doc.Clocks.keys
		}
		if !slices.Contains(known, r.name) {
			d.problem(r.at, r.path, suggest(r.name, known), "there is no %s %q", r.kind, r.name)
		}
	}
}

// sorted puts problems in the order of files, lines and columns.
func (d *loader) sorted() []error {
	slices.SortStableFunc(d.problems, func(a, b error) int {
		x, y := a.(*Problem).At, b.(*Problem).At
		return cmp.Or(strings.Compare(x.File, y.File), x.Line-y.Line, x.Column-y.Column)
	})
	return d.problems
}

// one checks that a word is one of those known, and returns it. An absent word is
// only a problem when must is set.
func (d *loader) one(l leaf, what string, known []string) string {
	if l.given() && !slices.Contains(known, l.text) {
		d.problem(l.n.at, l.path, suggest(l.text, known), "there is no %s %q", what, l.text)
	}
	return l.text
}

// must tells that something has to be given.
func (d *loader) must(l leaf, path, key string) bool {
	if !l.given() {
		d.problem(d.book.Place(path), path, "add "+key+":", "%s is missing", key)
	}
	return l.given()
}

func (d *loader) words(ls []leaf, what string, known []string) (out []string) {
	for _, l := range ls {
		out = append(out, d.one(l, what, known))
	}
	return out
}

func written(ls []leaf) (out []string) {
	for _, l := range ls {
		out = append(out, l.text)
	}
	return out
}

func (d *loader) condition(l leaf, at site) *Condition {
	if !l.given() {
		return nil
	}
	x, ok := d.compile(l, at, cel.BoolType)
	if !ok {
		return nil
	}
	return &Condition{x}
}

func (d *loader) instant(l leaf) *Instant {
	if !l.given() {
		return nil
	}
	x, ok := d.compile(l, atRest, cel.TimestampType)
	if !ok {
		return nil
	}
	return &Instant{x}
}

func (d *loader) settings() {
	s := d.doc.Settings
	d.book.Settings = s
	at := func(path string) Position { return d.book.Place("settings." + path) }
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" {
		d.problem(at("zone"), "settings.zone", "write an IANA name such as America/Chicago", "there is no zone %q", s.Zone)
	}
	for _, day := range slices.Sorted(maps.Keys(s.Hours)) {
		if from, to, _ := strings.Cut(s.Hours[day], "-"); from >= to && d.met("hours", s.Hours[day]) {
			d.problem(at("hours."+day), "settings.hours."+day, "write them as 07:30-17:00", "%q end before they begin", s.Hours[day])
		}
	}
	d.staff(s.Staff, at)
}

// staff checks who is told of what waits in the error queue.
func (d *loader) staff(s Staff, at func(path string) Position) {
	if s.Limit < time.Minute {
		d.problem(at("staff.limit"), "settings.staff.limit", "write a span such as 24h", "an item cannot be too old after %s", s.Limit)
	}
	if len(s.People) > 0 && s.Sender == "" {
		d.problem(at("staff.people"), "settings.staff", "add sender: with the connection that texts them", "there are people to be told, and nothing to text them with")
	}
	list := d.book.root.find("settings.staff.people")
	for i, p := range s.People {
		path, n := fmt.Sprintf("settings.staff.people[%d]", i), list
		if n.items != nil {
			n = n.items[i]
		}
		if p.Name == "" && n.nearest("name") != n {
			d.problem(n.at, path, "add name:", "one of the staff has no name")
		}
		if slices.ContainsFunc(s.People[:i], func(o Person) bool { return o.Mobile == p.Mobile }) {
			d.problem(n.nearest("mobile").at, path, "take one out", "the number %s stands here twice", p.Mobile)
		}
	}
}

func (d *loader) jobStages() (out []string) {
	for _, s := range d.doc.Job.Stages {
		out = append(out, s.text)
	}
	return out
}

func (d *loader) job() {
	names := d.jobStages()
	for i, s := range d.doc.Job.Stages {
		if slices.Contains(names[:i], s.text) {
			d.problem(s.n.at, s.path, "take one out", "the stage %q stands here twice", s.text)
		}
		stage := Stage{Name: s.text}
		if when := d.doc.Job.When[s.text]; when.given() {
			if x, ok := d.compile(when, atStage, cel.BoolType); ok {
				stage.When = &Predicate{x}
			}
		}
		d.book.Job.Stages = append(d.book.Job.Stages, stage)
	}
	for _, name := range slices.Sorted(maps.Keys(d.doc.Job.When)) {
		if !slices.Contains(names, name) {
			d.problem(d.doc.Job.When[name].n.key, "job.when", suggest(name, names), "there is no stage %q", name)
		}
	}
	d.book.Job.Next = d.clockList(d.doc.Job.Next)
}

func (d *loader) visit() {
	v := d.doc.Visit
	d.book.Visit = VisitModel{Start: d.one(v.Start, "stage", v.Stages.keys), Stages: map[string]*VisitStage{}, Guards: map[string][]*Guard{}}
	if len(v.Stages.keys) > 0 {
		d.must(v.Start, "visit", "start")
	}
	for _, name := range v.Stages.keys {
		s := v.Stages.of[name]
		d.book.Visit.Stages[name] = &VisitStage{
			To:     d.words(s.To, "stage", v.Stages.keys),
			Time:   s.Time.text,
			Reason: s.Reason.text == "required",
			Undo:   s.Undo,
			Late:   s.Late,
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.Guards)) {
		path := "visit.guards." + name
		d.one(leaf{name, d.book.root.find(path), path}, "stage", v.Stages.keys)
		for _, g := range v.Guards[name] {
			if g.Need.given() {
				d.book.Visit.Guards[name] = append(d.book.Visit.Guards[name], &Guard{d.condition(g.Need, atRest), g.Say})
			}
		}
	}
}

func (d *loader) kinds() {
	for _, name := range d.doc.Kinds.keys {
		k := d.doc.Kinds.of[name]
		d.book.Kinds = append(d.book.Kinds, &KindRule{
			Kind: name, When: d.condition(k.When, atStage), Service: k.Service, NoCharge: k.NoCharge,
			Usual: k.Usual, QA: k.QA.text,
		})
	}
}

func (d *loader) clocks() {
	d.book.Clocks = map[string]*Clock{}
	for _, c := range d.clockList(d.doc.Clocks) {
		d.book.Clocks[c.Name] = c
	}
}

func (d *loader) clockList(docs ordered[clockDoc]) (out []*Clock) {
	for _, name := range docs.keys {
		c := docs.of[name]
		clock := &Clock{
			Name: name, For: plumbline.Kind(c.For.text),
			When: d.condition(c.When, atRest), From: d.instant(c.From),
			After: c.After, Months: c.Months, Days: c.Days, BusinessDays: c.BusinessDays,
			Season: d.one(c.Season, "season", slices.Sorted(maps.Keys(d.doc.Settings.Seasons))), At: c.At.text, Until: c.Until,
		}
		clock.season = d.doc.Settings.Seasons[clock.Season]
		if !c.For.given() {
			clock.For = plumbline.Job
		}
		out = append(out, clock)
	}
	return out
}

func (d *loader) rules() {
	for _, id := range d.doc.Rules.keys {
		d.rule(id, d.doc.Rules.of[id])
	}
}

func (d *loader) rule(id string, r *ruleDoc) {
	path := "rules." + id
	said := slices.Sorted(maps.Keys(d.doc.Texts))
	rule := &Rule{
		ID: id, On: d.event(r.On), News: r.News.text,
		When: d.condition(r.When, atRest), While: d.condition(r.While, atSending),
		Text: d.one(r.Text, "text", said), First: d.one(r.First, "text", said),
		Then: d.one(r.Then, "text", said), Mail: d.one(r.Mail, "text", said),
		By: r.By, Ahead: r.Ahead, Quiet: r.Quiet, Within: r.Within, Fresh: r.Fresh, Valid: r.Valid,
		To: roles(written(r.To)), ThenTo: roles(written(r.ThenTo)),
		Class: r.Class.text, Speaks: r.Speaks.text,
		Unseen: d.event(r.Unseen), Reopens: d.event(r.Reopens),
		Per: r.Per.text, Sequence: d.one(r.Sequence, "sequence", d.doc.Settings.Sequences),
	}
	if r.Task != nil {
		rule.Task = &TaskSpec{r.Task.Subject, r.Task.Body, r.Task.Days, d.condition(r.Task.Ends, atRest)}
	}
	if rule.Per == "" {
		rule.Per = "job"
	}
	d.book.Rules = append(d.book.Rules, rule)
	d.whole(path, rule)
}

// whole checks that the parts of a rule fit together.
func (d *loader) whole(path string, r *Rule) {
	at := d.book.Place(path)
	says := r.Text != "" || r.First != "" || r.Then != "" || r.Mail != ""
	switch {
	case (r.On == "") == (r.News == ""):
		d.problem(at, path, "write on: for something that happens, news: for something that is true", "a rule has either on or news")
	case !says && r.Task == nil:
		d.problem(at, path, "add text:, mail: or task:", "the rule neither says nor does anything")
	case r.On != "" && (r.First != "" || r.Then != ""):
		d.problem(at, path, "write text:", "first and then are for news")
	case r.News != "" && (r.Text != "" || r.Mail != ""):
		d.problem(at, path, "write first: and then:", "news is said with first and then")
	case says && r.Class == "":
		d.problem(at, path, "add class:", "the rule says something and names no class of message")
	case says && len(r.To) == 0 && r.Class != "reply":
		d.problem(at, path, "add to:", "the rule says something to nobody")
	case says && r.Within == 0 && r.Fresh == 0:
		d.problem(at, path, "add within: or fresh:", "nothing bounds how late the message may be sent")
	case r.News != "" && r.By == 0 && r.Then != "" && r.News != "job.balance":
		d.problem(at, path, "add by:", "news needs the least difference that is worth saying")
	}
}

func roles(names []string) (out []plumbline.Role) {
	for _, n := range names {
		out = append(out, plumbline.Role(n))
	}
	return out
}

// event checks the name of something that can happen.
func (d *loader) event(l leaf) string {
	if !l.given() {
		return ""
	}
	name := strings.TrimPrefix(l.text, "withdrawn:")
	if slices.Contains(vocabulary["event"], l.text) {
		return l.text
	}
	subject, what, _ := strings.Cut(name, ".")
	switch subject {
	case "job":
		d.one(leaf{what, l.n, l.path}, "stage of a job", d.jobStages())
	case "visit":
		d.one(leaf{what, l.n, l.path}, "stage of a visit", d.doc.Visit.Stages.keys)
	case "clock":
		d.one(leaf{what, l.n, l.path}, "clock", d.doc.Clocks.keys)
	default:
		d.one(leaf{name, l.n, l.path}, "event", append([]string{"job.…", "visit.…", "clock.…", "withdrawn:…"}, vocabulary["event"]...))
	}
	return l.text
}

func (d *loader) texts() {
	d.book.Texts = d.doc.Texts
	for _, id := range slices.Sorted(maps.Keys(d.doc.Texts)) {
		for _, lang := range d.doc.Settings.Languages {
			if d.doc.Texts[id][lang] == "" {
				d.problem(d.book.Place("texts."+id), "texts."+id, "write it", "the text is missing in %q", lang)
			}
		}
	}
}

func (d *loader) mappings() {
	d.book.Mapping = map[string]map[string]*Mapping{}
	for _, tool := range slices.Sorted(maps.Keys(d.doc.Mapping)) {
		d.book.Mapping[tool] = map[string]*Mapping{}
		for _, typ := range slices.Sorted(maps.Keys(d.doc.Mapping[tool])) {
			m, path := d.doc.Mapping[tool][typ], "mapping."+tool+"."+typ
			as := cmp.Or(d.one(m.As, "type with names of its own", slices.Sorted(maps.Keys(m.Names))), typ)
			if as != typ && d.doc.Mapping[tool][as] != nil {
				d.problem(m.As.n.at, m.As.path, "keep one of the two", "%s has a mapping of its own", as)
			}
			d.book.Mapping[tool][as] = d.mapping(path, m, m.Names[as])
		}
	}
}

// mapping reads what the records of a type should say, and how its fields are called
// where they are kept under another type.
func (d *loader) mapping(path string, m *mappingDoc, names namesDoc) *Mapping {
	for _, as := range slices.Sorted(maps.Keys(m.Names)) {
		for _, field := range slices.Sorted(maps.Keys(m.Names[as])) {
			if m.Fields.of[field] == nil {
				at := path + ".names." + as
				d.problem(m.Names[as][field].n.key, at, suggest(field, m.Fields.keys), "there is no field %q", field)
			}
		}
	}
	out := &Mapping{Path: path,
		For: plumbline.Kind(m.For.text),
		Key: m.Key.text, When: d.condition(m.When, atMapping),
	}
	for _, name := range m.Fields.keys {
		f := m.Fields.of[name]
		at := fmt.Sprintf("%s.fields.%s", path, name)
		field := &MapField{
			Path: at, Name: cmp.Or(names[name].text, name), Label: f.Label, Value: f.Type.text, Options: f.Options,
			Owner: f.Owner.text, Write: f.Write.text, Unique: f.Unique,
		}
		silent := field.Write == "never" || field.Write == "theirs_to_ours"
		if !silent && d.must(f.From, at, "from") {
			if x, ok := d.compile(f.From, atMapping, sourceTypes(field.Value)...); ok {
				field.From = &Expression{x}
			}
		}
		if (field.Value == "enum" || field.Write == "forward_only") && len(field.Options) == 0 && !silent {
			d.problem(d.book.Place(at), at, "add options:", "a pick list needs its options")
		}
		out.Fields = append(out.Fields, field)
	}
	return out
}

// sourceTypes are the types of expression that can be written as a value.
func sourceTypes(value string) []*cel.Type {
	switch value {
	case "number": // a count, or a decimal as text
		return []*cel.Type{cel.IntType, cel.StringType}
	case "date", "datetime":
		return []*cel.Type{cel.TimestampType}
	case "bool":
		return []*cel.Type{cel.BoolType}
	}
	return []*cel.Type{cel.StringType, cel.ListType(cel.StringType)}
}

func (d *loader) survivorship() {
	d.book.Survivorship = Survivorship{}
	for kind, fields := range d.doc.Survivorship {
		out := map[string][]string{}
		for field, ranks := range fields {
			out[field] = written(ranks)
			if _, ok := plumbline.FieldOf(plumbline.Kind(kind), field); !ok && field != "*" {
				n := d.book.root.find("survivorship." + kind + "." + field)
				d.problem(n.key, "survivorship."+kind, suggest(field, slices.Sorted(maps.Keys(plumbline.Fields[plumbline.Kind(kind)]))), "a %s has no field %q", kind, field)
			}
		}
		d.book.Survivorship[plumbline.Kind(kind)] = out
	}
}

// Spoken lists the kinds of messages of which it is configured who sends them.
func Spoken() []string { return slices.Clone(vocabulary["kind of message"]) }
