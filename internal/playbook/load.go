package playbook

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
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
	d.decode(reflect.ValueOf(&d.doc).Elem(), root, "")
	if len(d.problems) == 0 {
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
		root = n.without("locked", "bounds").over(root, "")
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

func readLimits(d *decoder, n *node, layer string) (out []limit) {
	var locked []leaf
	var bounds map[string]bound
	if l := n.kids["locked"]; l != nil {
		d.decode(reflect.ValueOf(&locked).Elem(), l, "locked")
	}
	if b := n.kids["bounds"]; b != nil {
		d.decode(reflect.ValueOf(&bounds).Elem(), b, "bounds")
	}
	for _, l := range locked {
		out = append(out, limit{path: l.text, layer: layer, locked: true})
	}
	for _, path := range slices.Sorted(maps.Keys(bounds)) {
		out = append(out, limit{path: path, layer: layer, bound: bounds[path]})
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
	Survivorship map[string]map[string][]leaf      `yaml:"survivorship"`
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
	Time   leaf          `yaml:"time"`
	Reason leaf          `yaml:"reason"`
	Undo   time.Duration `yaml:"undo"`
	Late   *Late         `yaml:"late"`
}

type guardDoc struct {
	Need leaf   `yaml:"need"`
	Say  string `yaml:"say"`
}

type kindDoc struct {
	When     leaf              `yaml:"when"`
	Service  map[string]string `yaml:"service"`
	NoCharge bool              `yaml:"no_charge"`
	Usual    time.Duration     `yaml:"usual"`
	QA       leaf              `yaml:"qa"`
}

type clockDoc struct {
	For          leaf          `yaml:"for"`
	When         leaf          `yaml:"when"`
	From         leaf          `yaml:"from"`
	After        time.Duration `yaml:"after"`
	Months       int           `yaml:"months"`
	Days         int           `yaml:"days"`
	BusinessDays int           `yaml:"business_days"`
	Season       leaf          `yaml:"season"`
	At           leaf          `yaml:"at"`
	Until        time.Duration `yaml:"until"`
}

type ruleDoc struct {
	On       leaf          `yaml:"on"`
	News     leaf          `yaml:"news"`
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
	To       []leaf        `yaml:"to"`
	ThenTo   []leaf        `yaml:"then_to"`
	Class    leaf          `yaml:"class"`
	Speaks   leaf          `yaml:"speaks"`
	Unseen   leaf          `yaml:"unseen"`
	Task     *taskDoc      `yaml:"task"`
	Reopens  leaf          `yaml:"reopens"`
	Per      leaf          `yaml:"per"`
	Sequence leaf          `yaml:"sequence"`
}

type taskDoc struct {
	Subject string `yaml:"subject"`
	Body    string `yaml:"body"`
	Days    int    `yaml:"days"`
	Ends    leaf   `yaml:"ends"`
}

type mappingDoc struct {
	For    leaf              `yaml:"for"`
	When   leaf              `yaml:"when"`
	Key    leaf              `yaml:"key"`
	Fields ordered[fieldDoc] `yaml:"fields"`
}

type fieldDoc struct {
	Label   string   `yaml:"label"`
	Type    leaf     `yaml:"type"`
	Options []string `yaml:"options"`
	From    leaf     `yaml:"from"`
	Owner   leaf     `yaml:"owner"`
	Write   leaf     `yaml:"write"`
	Unique  bool     `yaml:"unique"`
}

// Words that stand in a playbook.
var (
	roleNames    = []string{"booker", "site_contact", "payer", "member", "reviewer"}
	classNames   = []string{"active_visit", "service", "account", "asking", "marketing", "reply"}
	speakerNames = []string{"confirmation", "reminder", "on_my_way", "finished", "review", "invoice", "payment_reminder"}
	newsNames    = []string{"visit.window", "visit.eta", "job.balance"}
	perNames     = []string{"job", "visit", "household"}
	valueNames   = []string{"string", "text", "number", "date", "datetime", "enum", "bool"}
	ownerNames   = []string{"field", "office", "crm", "us"}
	writeNames   = []string{"always", "if_empty", "if_newer", "forward_only", "never", "theirs_to_ours", "create"}
	timeNames    = []string{"travel", "wrench", "hold"}
	qaNames      = []string{"repair", "maintenance", "install", "none"}
	sourceNames  = []string{"office", "person", "books", "field", "crm", "form", "lookup"}
	dayNames     = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	tellerNames  = []string{"tool", "us", "nobody"}
	holidayNames = []string{"us", "none"}
	eventNames   = []string{"text.help", "visit.reassigned"} // beside stages and clocks
)

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
		if !slices.Contains(dayNames, day) {
			d.problem(d.book.root.find("settings.hours."+day).key, "settings.hours", suggest(day, dayNames), "there is no day %q", day)
		}
		from, to, _ := strings.Cut(s.Hours[day], "-")
		if !isTime(from) || !isTime(to) || from >= to {
			d.problem(at("hours."+day), "settings.hours."+day, "write them as 07:30-17:00", "%q are no hours", s.Hours[day])
		}
	}
	for class := range s.Caps {
		d.one(leaf{class, d.book.root.find("settings.caps." + class), "settings.caps"}, "class", classNames)
	}
	for kind, who := range s.Speaks {
		n := d.book.root.find("settings.speaks." + kind)
		if !slices.Contains(speakerNames, kind) {
			d.problem(n.key, "settings.speaks", suggest(kind, speakerNames), "there is no kind of message %q", kind)
		}
		d.one(leaf{who, n, "settings.speaks." + kind}, "speaker", tellerNames)
	}
	if s.Holidays != "" {
		d.one(leaf{s.Holidays, d.book.root.find("settings.holidays"), "settings.holidays"}, "calendar of holidays", holidayNames)
	}
	for name, spans := range s.Seasons {
		for _, span := range spans {
			if !isDay(span.From) || !isDay(span.To) {
				d.problem(at("seasons."+name), "settings.seasons."+name, "write days as 03-01", "%s to %s is no span of days", span.From, span.To)
			}
		}
	}
	d.staff(s.Staff, at)
}

// mobile is a number as every tool takes it.
var mobile = regexp.MustCompile(`^\+[1-9]\d{7,14}$`)

// staff checks who is told of what waits in the error queue.
func (d *loader) staff(s Staff, at func(path string) Position) {
	if !isTime(s.Digest) {
		d.problem(at("staff.digest"), "settings.staff.digest", "write it as 07:00", "%q is no time of day", s.Digest)
	}
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
		if p.Name == "" {
			d.problem(n.at, path, "add name:", "one of the staff has no name")
		}
		if !mobile.MatchString(p.Mobile) {
			d.problem(n.nearest("mobile").at, path, "write it as +12085550142", "%q is no mobile number", p.Mobile)
		}
		if slices.ContainsFunc(s.People[:i], func(o Person) bool { return o.Mobile == p.Mobile }) {
			d.problem(n.nearest("mobile").at, path, "take one out", "the number %s stands here twice", p.Mobile)
		}
	}
}

func isTime(text string) bool {
	_, err := time.Parse("15:04", text)
	return err == nil && len(text) == 5
}

func isDay(text string) bool {
	_, err := time.Parse("01-02", text)
	return err == nil && text != "02-29"
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
	d.book.Job.Next = d.clockList(d.doc.Job.Next, false)
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
			Time:   d.one(s.Time, "kind of time", timeNames),
			Reason: d.one(s.Reason, "word", []string{"required"}) == "required",
			Undo:   s.Undo,
			Late:   s.Late,
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.Guards)) {
		path := "visit.guards." + name
		d.one(leaf{name, d.book.root.find(path), path}, "stage", v.Stages.keys)
		for _, g := range v.Guards[name] {
			if d.must(g.Need, path, "need") {
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
			Usual: k.Usual, QA: d.one(k.QA, "evidence", qaNames),
		})
	}
}

func (d *loader) clocks() {
	d.book.Clocks = map[string]*Clock{}
	for _, c := range d.clockList(d.doc.Clocks, true) {
		d.book.Clocks[c.Name] = c
	}
}

func (d *loader) clockList(docs ordered[clockDoc], rings bool) (out []*Clock) {
	for _, name := range docs.keys {
		c := docs.of[name]
		base := "job.next." + name
		if rings {
			base = "clocks." + name
		}
		clock := &Clock{
			Name: name, For: plumbline.Kind(d.one(c.For, "kind of subject", []string{"job", "visit"})),
			When: d.condition(c.When, atRest), From: d.instant(c.From),
			After: c.After, Months: c.Months, Days: c.Days, BusinessDays: c.BusinessDays,
			Season: d.one(c.Season, "season", slices.Sorted(maps.Keys(d.doc.Settings.Seasons))), At: c.At.text, Until: c.Until,
		}
		clock.season = d.doc.Settings.Seasons[clock.Season]
		if !c.For.given() {
			clock.For = plumbline.Job
		}
		if c.At.given() && !isTime(c.At.text) {
			d.problem(c.At.n.at, c.At.path, "write it as 06:00", "%q is no time of day", c.At.text)
		}
		d.must(c.From, base, "from")
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
	texts := slices.Sorted(maps.Keys(d.doc.Texts))
	rule := &Rule{
		ID: id, On: d.event(r.On), News: d.one(r.News, "news", newsNames),
		When: d.condition(r.When, atRest), While: d.condition(r.While, atSending),
		Text: d.one(r.Text, "text", texts), First: d.one(r.First, "text", texts),
		Then: d.one(r.Then, "text", texts), Mail: d.one(r.Mail, "text", texts),
		By: r.By, Ahead: r.Ahead, Quiet: r.Quiet, Within: r.Within, Fresh: r.Fresh, Valid: r.Valid,
		To: roles(d.words(r.To, "role", roleNames)), ThenTo: roles(d.words(r.ThenTo, "role", roleNames)),
		Class: d.one(r.Class, "class", classNames), Speaks: d.one(r.Speaks, "kind of message", speakerNames),
		Unseen: d.event(r.Unseen), Reopens: d.event(r.Reopens),
		Per: d.one(r.Per, "subject", perNames), Sequence: d.one(r.Sequence, "sequence", d.doc.Settings.Sequences),
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
	if slices.Contains(eventNames, l.text) {
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
		d.one(leaf{name, l.n, l.path}, "event", append([]string{"job.…", "visit.…", "clock.…", "withdrawn:…"}, eventNames...))
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
			d.book.Mapping[tool][typ] = d.mapping("mapping."+tool+"."+typ, d.doc.Mapping[tool][typ])
		}
	}
}

func (d *loader) mapping(path string, m *mappingDoc) *Mapping {
	d.must(m.For, path, "for")
	out := &Mapping{
		For: plumbline.Kind(d.one(m.For, "kind of record", []string{"customer", "job", "visit", "task"})),
		Key: m.Key.text, When: d.condition(m.When, atMapping),
	}
	for _, name := range m.Fields.keys {
		f := m.Fields.of[name]
		at := fmt.Sprintf("%s.fields.%s", path, name)
		field := &MapField{
			Name: name, Label: f.Label, Value: d.one(f.Type, "type", valueNames), Options: f.Options,
			Owner: d.one(f.Owner, "owner", ownerNames), Write: d.one(f.Write, "policy", writeNames), Unique: f.Unique,
		}
		d.must(f.Write, at, "write")
		d.must(f.Type, at, "type")
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
			out[field] = d.words(ranks, "class of source", sourceNames)
			if _, ok := plumbline.FieldOf(plumbline.Kind(kind), field); !ok && field != "*" {
				n := d.book.root.find("survivorship." + kind + "." + field)
				d.problem(n.key, "survivorship."+kind, suggest(field, slices.Sorted(maps.Keys(plumbline.Fields[plumbline.Kind(kind)]))), "a %s has no field %q", kind, field)
			}
		}
		d.book.Survivorship[plumbline.Kind(kind)] = out
	}
}

// Spoken lists the kinds of messages of which it is configured who sends them.
func Spoken() []string { return slices.Clone(speakerNames) }
