// Package playbook is the office's policy as data: YAML in layers (built-in, network,
// location), read strictly, its expressions type-checked and bounded when it is
// loaded, every mistake told with file, line and column. It knows no database, no
// network and no clock, and nothing of how the policy is carried out.
package playbook

import (
	"slices"
	"time"

	"plumbline.dev/plumbline"
)

// A Playbook is the effective policy of one location. It does not change after Load
// and may be used by many at once.
type Playbook struct {
	Version string // digest of the effective content

	Job    JobModel
	Visit  VisitModel
	Kinds  []*KindRule // the first whose When holds gives the job's kind
	Clocks map[string]*Clock
	Rules  []*Rule // in file order

	Texts        map[string]map[string]string   // message id -> language -> template in the syntax of wording
	Mapping      map[string]map[string]*Mapping // tool -> target type -> what its records should say
	Plans        []*PlanRule                    // in file order
	Equipment    Equipment
	Settings     Settings
	Survivorship Survivorship

	root *node
}

// A JobModel says which stages a job has and when each holds.
type JobModel struct {
	Stages []Stage  // in list order: the last that holds is the job's stage
	Next   []*Clock // when the next maintenance is due that a job sets: the first whose When holds
}

// A Stage of a job. A nil When always holds.
type Stage struct {
	Name string
	When *Predicate
}

// A VisitModel says how a visit may move on a person's request. Facts may jump.
type VisitModel struct {
	Start  string // the stage of a visit of which nothing is known yet
	Stages map[string]*VisitStage
	Guards map[string][]*Guard // by the stage that is asked for
}

// A VisitStage is one stage of a visit.
type VisitStage struct {
	To     []string      // stages that may be asked for from here
	Time   string        // what the time in it counts as: travel, wrench or hold; empty for none
	Reason bool          // coming here wants a reason
	Undo   time.Duration // it may be left for so long, with a reason; zero: for ever, without
	Late   *Late         // nil: never
}

// A Late says how long a visit may stand in a stage, and who is told after that.
type Late struct {
	After time.Duration `yaml:"after"`
	Tell  string        `yaml:"tell"` // a ladder: dispatcher, office
}

// A Guard is something that must hold before a request is granted.
type Guard struct {
	Need *Condition
	Say  string // to whoever asked and may not yet
}

// A KindRule says of which kind a job is.
type KindRule struct {
	Kind     string
	When     *Condition        // nil: always
	Service  map[string]string // language -> words that the customer hears for it
	NoCharge bool
	Usual    time.Duration // time on site that is usual
	QA       string        // whose evidence it needs: repair, maintenance, install or none
}

// A Clock rings at a time unless something else happens first. Its name in the
// world is (subject, name, due).
type Clock struct {
	Name string
	For  plumbline.Kind // Job or Visit
	When *Condition     // the clock is set while this holds; nil: always
	From *Instant       // not set while this is empty

	// Due is From, then After later, then so many months, days and business days
	// later, then moved into Season, at the local time At of that day ("" keeps the
	// time of day).
	After                      time.Duration
	Months, Days, BusinessDays int
	Season                     string
	At                         string

	Until time.Duration // a ring is of use until Due+Until; zero: for ever

	season []Span
}

// A Rule says that something is to be said, or done by a person, when something
// has happened (On) or is true (News).
type Rule struct {
	ID   string
	On   string // "job.completed", "visit.en_route", "withdrawn:job.paid", "clock.review", "text.help"
	News string // "visit.window", "visit.eta", "job.balance"

	When  *Condition // as things stood when it happened; nil: always
	While *Condition // must still hold when sending; nil: what was reached has not been withdrawn

	Text  string // what is said of an occasion
	First string // what is said of news to an address that was told nothing yet
	Then  string // what is said of news to an address that was told something else
	Mail  string // the text whose mail form is sent, and nothing by text

	By     time.Duration    // least difference of news that is worth saying
	Ahead  time.Duration    // First is not said where the visit starts within
	Quiet  time.Duration    // nothing may have changed for so long
	Within time.Duration    // longest time from received to sending
	Fresh  time.Duration    // longest time from happened to sending
	Valid  time.Duration    // how long a carrier may hold it
	To     []plumbline.Role // who hears; empty only for class reply: whoever wrote
	ThenTo []plumbline.Role // who also hears Then, once somebody of To has been told First
	Class  string           // active_visit, service, account, asking, marketing or reply
	Speaks string           // its kind in the table of who speaks; empty: always us
	Unseen string           // only where the source cannot show this stage ("visit.en_route")

	Task     *TaskSpec // a task for a person: where there is no lawful channel, or, without a text, in place of one
	Reopens  string    // event after which the occasion is open again
	Per      string    // once per job, visit or household
	Sequence string    // one at a time per person, in the order of Settings.Sequences; a booking at the address ends it
}

// A TaskSpec describes a task for a person at the CRM.
type TaskSpec struct {
	Subject, Body string // templates with the variables of texts
	Days          int    // due so many days after what caused it
	Ends          *Condition
}

// A Mapping says what a target's records of one type should say.
type Mapping struct {
	Path   string         // where it stands in the playbook, "mapping.hubspot.deal"
	For    plumbline.Kind // which golden records have one: customer, job, visit, or "task"
	When   *Condition     // which of them; nil: all
	Key    string         // the root of its key, "customer.id"
	Fields []*MapField
}

// A MapField is one field of a target's record.
type MapField struct {
	Path        string   // where it stands in the playbook
	Name, Label string   // as the target has them
	Value       string   // string, text, number, date, datetime, enum or bool
	Options     []string // of an enum; for forward_only in order
	From        *Expression
	Owner       string // whose statement wins: field, office, crm or us
	Write       string // always, if_empty, if_newer, forward_only, never, theirs_to_ours or create
	Unique      bool
}

// Settings are facts about the shop and numbers of its policy.
type Settings struct {
	Brand      string `yaml:"brand"`
	Phone      string `yaml:"phone"` // as customers should read it
	Site       string `yaml:"site"`
	Zone       string `yaml:"zone"` // IANA
	Shop       Point  `yaml:"shop"`
	Links      string `yaml:"links"`       // base of the homeowner's pages, short: a text has room for 50 characters
	ReviewLink string `yaml:"review_link"` // the same for everybody

	Hours     map[string]string `yaml:"hours" keys:"day" form:"hours"`       // mon..sun -> "07:30-17:00"; a day without is closed
	Holidays  string            `yaml:"holidays" one:"calendar of holidays"` // "us" or "none"
	Languages []string          `yaml:"languages"`                           // the first is spoken where no preference is known

	Caps      map[string]*Cap   `yaml:"caps" keys:"class"` // class -> how often
	Sequences []string          `yaml:"sequences"`         // which goes first where a person stands in two
	Seasons   map[string][]Span `yaml:"seasons"`
	Segments  int               `yaml:"segments"` // most that one text may cost
	Speeds    Speeds            `yaml:"speeds"`
	Speaks    map[string]string `yaml:"speaks" keys:"kind of message" one:"speaker"` // kind of message -> tool, us or nobody: where a connection does not say
	Staff     Staff             `yaml:"staff"`
}

// A Staff is who works here and is told, by text, of what waits in the error queue.
type Staff struct {
	Sender string        `yaml:"sender"` // the connection that texts them, and no customer; empty: nobody is told
	People []Person      `yaml:"people"`
	Limit  time.Duration `yaml:"limit"`                               // an item that is open for longer is told of
	Digest string        `yaml:"digest" form:"time of day" must:"be"` // local time of the morning digest
}

// A Person is one of the staff.
type Person struct {
	Name   string `yaml:"name" must:"be"`
	Mobile string `yaml:"mobile" form:"mobile number" must:"be"` // E.164
}

// Has says whether a number is that of one of the staff.
func (s Staff) Has(mobile string) bool {
	return slices.ContainsFunc(s.People, func(p Person) bool { return p.Mobile == mobile })
}

// A Point is a place, as decimal text.
type Point struct {
	Latitude  string `yaml:"latitude"`
	Longitude string `yaml:"longitude"`
}

// A Cap bounds how often one address is spoken to. Zero is no bound.
type Cap struct {
	Day           int `yaml:"day"`            // per local day
	Week          int `yaml:"week"`           // per 7 days
	Month         int `yaml:"month"`          // per 30 days
	HouseholdDays int `yaml:"household_days"` // once per household in so many days
	Hours         int `yaml:"hours"`          // once in so many hours
}

// Speeds are assumed for drives of which no router told us.
type Speeds struct {
	LowKmh    int `yaml:"low_kmh"`
	LikelyKmh int `yaml:"likely_kmh"`
	HighKmh   int `yaml:"high_kmh"`
}

// A Span of days in every year, "03-01" to "05-15", both in it.
type Span struct {
	From string `yaml:"from" form:"day of a year" must:"be"`
	To   string `yaml:"to" form:"day of a year" must:"be"`
}

// Survivorship says which classes of sources win, by kind and field; the field "*"
// stands for all that are not named.
type Survivorship map[plumbline.Kind]map[string][]string

// Ranks returns the classes of sources for a field, the winner first. Of sources in
// one class the newest wins. Classes: office, person (the newest of field tool and
// CRM by when a person changed it), books, field, crm, form, lookup.
func (s Survivorship) Ranks(kind plumbline.Kind, field string) []string {
	for _, k := range []plumbline.Kind{kind, "*"} {
		if ranks, ok := s[k][field]; ok {
			return ranks
		}
		if ranks, ok := s[k]["*"]; ok {
			return ranks
		}
	}
	return nil
}

// Stage returns the job stage of a name.
func (m *JobModel) Stage(name string) (Stage, bool) {
	for _, s := range m.Stages {
		if s.Name == name {
			return s, true
		}
	}
	return Stage{}, false
}

// Rule returns the rule of an id, or nil.
func (p *Playbook) Rule(id string) *Rule {
	for _, r := range p.Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// KindOf returns the first kind rule that holds for a job, or nil.
func (p *Playbook) KindOf(job *plumbline.JobView) (*KindRule, error) {
	for _, k := range p.Kinds {
		ok, err := k.When.Eval(Env{Job: job})
		if err != nil || ok {
			return k, err
		}
	}
	return nil, nil
}

// Origin names the layer that set the value at a path such as "rules.review.class";
// of a value with parts, the last layer that set one of them. It is empty if there
// is nothing at the path.
func (p *Playbook) Origin(path string) string {
	if n := p.root.find(path); n != nil {
		return n.layer
	}
	return ""
}

// Place says where the value at a path was written, or where the nearest value
// around it was.
func (p *Playbook) Place(path string) Position { return p.root.nearest(path).at }
