package hubspot

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// A portal is one customer's account: its records, its settings and what it
// has counted. It knows nothing of HTTP except the errors it answers.
type portal struct {
	id   int64
	app  int64
	zone *time.Location
	now  func() time.Time
	rand *rand.Rand

	types   []*objectType
	enabled map[string]bool    // by objectTypeId
	schemas map[string]*schema // by objectTypeId
	stores  map[string]*store  // by objectTypeId
	links   links
	lines   map[string][]*pipeline // by objectTypeId
	owners  []Owner

	rules       []Rule
	onePipeline map[string]bool // types that refuse another pipeline
	noLabels    bool
	scopes      []string // nil: all
	blocked     map[string]bool
	mergedGone  bool
	keepPrimary bool

	faults         Faults
	windows        [3]window
	migratingUntil time.Time

	lastID int64
	undo   []func()  // of the request being done
	ghosts []*record // erased or merged away, but still seen by search
}

func newPortal(o Options) *portal {
	p := &portal{
		id: o.Portal, app: o.App, zone: o.Zone, now: o.Now, rand: o.Rand,
		types: newTypes(), enabled: map[string]bool{}, schemas: map[string]*schema{}, stores: map[string]*store{},
		lines: map[string][]*pipeline{}, onePipeline: map[string]bool{}, blocked: map[string]bool{},
		mergedGone: o.MergedGone, keepPrimary: o.PrimaryIDPreserved, faults: o.Faults, lastID: 100_000,
	}
	p.links = newLinks(p.types)
	now := p.clock()
	for _, t := range p.types {
		p.enabled[t.id] = !t.optional
		p.stores[t.id] = newStore()
		p.schemas[t.id] = newSchema(t, now)
		p.lines[t.id] = firstPipelines(t, now)
	}
	return p
}

// clock is the simulated time as the vendor keeps it, in milliseconds.
func (p *portal) clock() time.Time { return p.now().UTC().Truncate(time.Millisecond) }

// us is how the history names writes through the API. Not documented which
// source id a service key leaves; it is the app's id here.
func (p *portal) us() Author {
	return Author{SourceType: "INTEGRATION", SourceID: strconv.FormatInt(p.app, 10)}
}

// rollback undoes what the request has saved since a mark.
func (p *portal) rollback(mark int) {
	for _, undo := range slices.Backward(p.undo[mark:]) {
		undo()
	}
	p.undo = p.undo[:mark]
}

// A Rule is an administrator's demand, which binds API writes since 2026-09:
// where Property is set to Value, the properties in Requires must not be empty.
// Without Property they are required to create a record.
type Rule struct {
	ObjectType string
	Property   string
	Value      string
	Requires   []string
}

// demand checks the rules that a write touches. A rule binds a write that sets
// its condition or one of the properties it requires; the vendor's changelog
// gives dealstage=closedwon with an empty closedate as its example.
func (p *portal) demand(r *record, written map[string]string, creating bool) error {
	var missing []string
	for _, rule := range p.rules {
		if rule.ObjectType != r.typ.id || !rule.binds(r, written, creating) {
			continue
		}
		for _, name := range rule.Requires {
			if r.values[name] == "" && !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	details := make([]detail, len(missing))
	for i, name := range missing {
		details[i] = detail{message: name + " is required", context: map[string][]string{"propertyName": {name}}}
	}
	return invalid("Some required properties were not set.", details...)
}

func (rule Rule) binds(r *record, written map[string]string, creating bool) bool {
	if rule.Property == "" {
		return creating
	}
	if r.values[rule.Property] != rule.Value {
		return false
	}
	if _, set := written[rule.Property]; set || creating {
		return true
	}
	return slices.ContainsFunc(rule.Requires, func(name string) bool { _, set := written[name]; return set })
}
