package jobber

import (
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// A subject is what topics are about: JOB_CREATE and JOB_CLOSED are about a job.
type subject struct {
	kind   plumbline.Kind
	prefix string   // before the vendor's id, where its type shares a kind with another
	verbs  []string // besides those of changed
	rule   string   // why topics about it are ignored
}

// Ids of quotes and requests bear a prefix, since they are told as jobs, as is the one of
// the assessment of a request, which is told as a visit: Jobber has no way to read an
// assessment by itself.
const (
	quotePrefix   = "quote/"
	requestPrefix = "request/"
)

// changed are the verbs that most topics have.
var changed = []string{"CREATE", "UPDATE", "DESTROY"}

// subjects holds all 46 topics of the vendor's enum WebHookTopicEnum by what they are
// about.
var subjects = map[string]subject{
	"CLIENT":   {kind: plumbline.Customer},
	"PROPERTY": {kind: plumbline.Property},
	"REQUEST":  {kind: plumbline.Job, prefix: requestPrefix},
	"QUOTE":    {kind: plumbline.Job, prefix: quotePrefix, verbs: []string{"SENT", "APPROVED"}},
	"JOB":      {kind: plumbline.Job, verbs: []string{"CLOSED"}},
	"VISIT":    {kind: plumbline.Visit, verbs: []string{"COMPLETE"}},
	"INVOICE":  {kind: plumbline.Invoice},
	"PAYMENT":  {kind: plumbline.Payment},
	"USER":     {kind: plumbline.Technician},

	"TIMESHEET":               {rule: "time sheets are not read"},
	"EXPENSE":                 {rule: "expenses are not read"},
	"PAYOUT":                  {rule: "payouts are not read"},
	"PRODUCT_OR_SERVICE":      {rule: "the price list is not read"},
	"MARKETING_ITEM":          {rule: "marketing is not read"},
	"ON_MY_WAY_TRACKING_LINK": {rule: "a tracking link that was asked for is no technician on the way", verbs: []string{"REQUEST"}},
	"APP":                     {rule: "who uses the app shows when it is asked", verbs: []string{"CONNECT", "DISCONNECT"}},
}

// topic finds what a topic is about, and what happened to it.
func topic(name string) (s subject, verb string, ok bool) {
	i := strings.LastIndexByte(name, '_')
	if i < 0 {
		return subject{}, "", false
	}
	about, verb := name[:i], name[i+1:]
	s, ok = subjects[about]
	return s, verb, ok && (slices.Contains(changed, verb) || slices.Contains(s.verbs, verb))
}

// webhook reads a notice. It tells no more than that something has become of an object,
// which has to be read, unless it is gone: then the notice is all that there will be.
func webhook(event string, body object) ([]plumbline.Reading, error) {
	s, verb, known := topic(event)
	switch {
	case !known:
		return nil, connect.Ignored{Rule: "a topic that we do not know"}
	case s.rule != "":
		return nil, connect.Ignored{Rule: s.rule}
	}
	w := envelope(body)
	id := s.prefix + w.id("itemId")
	// Apps made before 8 December 2023 get it misspelt.
	occurred, told := w.instant("occurredAt")
	if !told {
		occurred, _ = w.instant("occuredAt")
	}
	switch {
	case !body.sound():
		return nil, *body.bad
	case verb == "DESTROY":
		return deleted(s.kind, id, occurred, time.Time{}), nil
	}
	return nil, connect.Thin{Kind: s.kind, ID: id}
}

// deleted says that an object is gone, and with a request its assessment: nobody else
// would say so, whether or not there was one.
func deleted(kind plumbline.Kind, id string, at, read time.Time) []plumbline.Reading {
	r := plumbline.Reading{Kind: kind, ID: id, At: at, Read: read, Deleted: true, Fields: fields{}}
	if kind != plumbline.Job || !strings.HasPrefix(id, requestPrefix) {
		return []plumbline.Reading{r}
	}
	visit := r
	visit.Kind = plumbline.Visit
	return []plumbline.Reading{r, visit}
}
