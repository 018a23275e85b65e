package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/record"
)

// An IDInput names a record.
type IDInput struct {
	ID string `path:"id"`
}

func (a *API) explained(ctx context.Context, f func(*db.Tx, string, string) (explain.Explanation, error), id string) (*answer[explain.Explanation], error) {
	out := &answer[explain.Explanation]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body, err = f(tx, location, id)
		return err
	})
}

func (a *API) explainJob(ctx context.Context, in *IDInput) (*answer[explain.Explanation], error) {
	return a.explained(ctx, a.Explain.Job, in.ID)
}

func (a *API) explainRecord(ctx context.Context, in *IDInput) (*answer[explain.Explanation], error) {
	return a.explained(ctx, a.Explain.Record, in.ID)
}

func (a *API) explainMessage(ctx context.Context, in *IDInput) (*answer[explain.Explanation], error) {
	return a.explained(ctx, a.Explain.Message, in.ID)
}

type anyInput struct {
	Name string `query:"name" required:"true" doc:"A job's number, an id of ours or of a tool, CONNECTION/ID, CONNECTION/TYPE/ID, or a telephone number"`
}

func (a *API) explainAny(ctx context.Context, in *anyInput) (*answer[explain.Explanation], error) {
	return a.explained(ctx, a.Explain.Any, in.Name)
}

// A Message is something that was or is to be said about a job, masked.
type Message struct {
	ID      string    `json:"id"`
	Rule    string    `json:"rule"`
	Role    string    `json:"role"`
	Address string    `json:"address"`
	State   string    `json:"state"`
	Cause   string    `json:"cause,omitempty"`
	Body    string    `json:"body,omitempty"`
	Made    time.Time `json:"made"`
	Sent    time.Time `json:"sent,omitzero"`
}

// Messages are those about one job, the oldest first.
type Messages struct {
	Messages []Message `json:"messages"`
}

func (a *API) messages(ctx context.Context, in *IDInput) (*answer[Messages], error) {
	out := &answer[Messages]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) error {
		g, err := goldenOf(tx, location, in.ID)
		if err != nil {
			return err
		}
		list, err := notify.Messages(tx, location, g.ID)
		for _, m := range list {
			out.Body.Messages = append(out.Body.Messages, Message{ID: m.ID, Rule: m.Rule, Role: m.Role, Address: errorqueue.Mask(m.Address), State: m.State,
				Cause: explain.Masked(m, m.Cause), Body: explain.Masked(m, m.Body), Made: record.Time(m.Made), Sent: record.Time(m.Sent)})
		}
		return err
	})
}

// A Side is one of two source records that may be the same, masked.
type Side struct {
	ID         plumbline.SourceID `json:"id"`
	Golden     plumbline.GoldenID `json:"golden"`
	Connection string             `json:"connection"`
	External   string             `json:"external"`
	Created    time.Time          `json:"created,omitzero"`
	Fields     map[string]string  `json:"fields"`
	Places     []string           `json:"places,omitempty"`
}

// A Question is a pair that a person must decide, side by side.
type Question struct {
	A        Side     `json:"a"`
	B        Side     `json:"b"`
	Evidence []string `json:"evidence"`
}

// Questions is the review list.
type Questions struct {
	Questions []Question `json:"questions"`
}

func (a *API) questions(ctx context.Context, _ *none) (*answer[Questions], error) {
	out := &answer[Questions]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body.Questions, err = QuestionsOf(tx, location)
		return err
	})
}

// QuestionsOf lists the pairs of a location that a person must decide.
func QuestionsOf(tx *db.Tx, location string) ([]Question, error) {
	list, err := identity.Questions(tx, location)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, q := range list {
		ids = append(ids, string(q.A), string(q.B))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	rows, err := record.Load(tx, location, ids)
	if err != nil {
		return nil, err
	}
	places, err := record.ListedUnder(tx, location, ids)
	if err != nil {
		return nil, err
	}
	sides := map[plumbline.SourceID]Side{}
	for _, r := range rows {
		sides[r.ID] = sideOf(r, places[r.ID])
	}
	out := []Question{}
	for _, q := range list {
		question := Question{A: sides[q.A], B: sides[q.B]}
		for _, e := range q.Evidence {
			question.Evidence = append(question.Evidence, errorqueue.Mask(e))
		}
		out = append(out, question)
	}
	return out, nil
}

func sideOf(r *record.Row, places []*record.Row) Side {
	s := Side{ID: r.ID, Golden: r.Golden, Connection: r.Connection, External: r.External, Created: record.Time(r.Created), Fields: map[string]string{}}
	for name := range plumbline.Fields[r.Kind] {
		if c, ok := r.Get(name); ok && c.Value != plumbline.Null && c.Value != `""` && c.Value != "[]" {
			s.Fields[name] = explain.Shown(name, c.Value)
		}
	}
	for _, p := range places {
		s.Places = append(s.Places, identity.AddressOf(p).Key())
	}
	slices.Sort(s.Places)
	return s
}

// A Part is what somebody is in a job.
type Part struct {
	Role   plumbline.Role     `json:"role"`
	Person plumbline.GoldenID `json:"person"`
	Name   string             `json:"name"`
}

// A Job is a job as it stands, with its people and its place.
type Job struct {
	advance.StoredJob
	Parts    []Part                  `json:"parts"`
	Property *plumbline.PropertyView `json:"property,omitempty"`
}

func (a *API) job(ctx context.Context, in *IDInput) (*answer[Job], error) {
	out := &answer[Job]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body, err = jobOf(tx, location, in.ID)
		return err
	})
}

func jobOf(tx *db.Tx, location, id string) (out Job, err error) {
	g, err := goldenOf(tx, location, id)
	if err == nil && g.Kind != plumbline.Job {
		err = plumbline.NotFoundf("there is no job %s", id)
	}
	if err != nil {
		return out, err
	}
	if out.StoredJob, err = advance.ReadJob(g); err != nil {
		return out, err
	}
	out.Description = errorqueue.Mask(out.Description)
	for i := range out.Visits {
		out.Visits[i].Notes = errorqueue.Mask(out.Visits[i].Notes)
	}
	list, err := record.Parts(tx, location, []string{string(g.ID)})
	if err != nil {
		return out, err
	}
	for _, p := range list {
		person, err := goldenOf(tx, location, string(p.Person))
		if err != nil {
			return out, err
		}
		var v plumbline.PersonView
		if err := person.Read(&v); err != nil {
			return out, err
		}
		out.Parts = append(out.Parts, Part{p.Role, p.Person, name(v)})
	}
	places, err := record.PlacesOf(tx, location, []string{string(g.ID)})
	if err != nil {
		return out, err
	}
	if p, ok := places[g.ID]; ok {
		out.Property = &plumbline.PropertyView{}
		err = p.Read(out.Property)
	}
	return out, err
}

func name(v plumbline.PersonView) string {
	switch {
	case v.FirstName != "" && v.LastName != "":
		return v.FirstName + " " + v.LastName
	case v.FirstName+v.LastName != "":
		return v.FirstName + v.LastName
	}
	return v.Organization
}

// goldenOf returns the golden record of an id, or of a source record's id.
func goldenOf(tx *db.Tx, location, id string) (record.Golden, error) {
	to, err := record.Resolve(tx, location, []string{id})
	if err != nil {
		return record.Golden{}, err
	}
	golden := to[plumbline.SourceID(id)]
	found, err := record.LoadGolden(tx, location, []string{string(golden)})
	if err != nil {
		return record.Golden{}, err
	}
	g, ok := found[golden]
	if !ok {
		return g, plumbline.NotFoundf("there is no record %s", id)
	}
	return g, nil
}

// A PageInput asks for a page of a list.
type PageInput struct {
	After string `query:"after" doc:"The next of the page before"`
	Limit int    `query:"limit" default:"100" minimum:"1" maximum:"500"`
}

// Jobs are a page of jobs in the order of their ids. Next is empty on the last.
type Jobs struct {
	Jobs []JobLine `json:"jobs"`
	Next string    `json:"next,omitempty"`
}

// A JobLine is a job in a list.
type JobLine struct {
	ID     plumbline.GoldenID `json:"id"`
	Number string             `json:"number,omitempty"`
	Stage  string             `json:"stage"`
	Kind   string             `json:"kind,omitempty"`
}

func (a *API) jobs(ctx context.Context, in *PageInput) (*answer[Jobs], error) {
	out := &answer[Jobs]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) error {
		list, err := record.Page(tx, location, plumbline.Job, in.After, in.Limit)
		if err != nil {
			return err
		}
		for _, g := range list {
			j, err := advance.ReadJob(g)
			if err != nil {
				return err
			}
			out.Body.Jobs = append(out.Body.Jobs, JobLine{g.ID, j.Number, j.Stage, j.Kind})
		}
		out.Body.Next = next(list, in.Limit)
		return nil
	})
}

// next is where the page after this one begins, "" after the last.
func next(page []record.Golden, limit int) string {
	if len(page) < limit {
		return ""
	}
	return string(page[len(page)-1].ID)
}

type recordsInput struct {
	PageInput
	Kind plumbline.Kind `query:"kind" required:"true" enum:"customer,property,technician,address,asset,membership"`
}

// Records are a page of golden records in the order of their ids. Next is empty on the
// last.
type Records struct {
	Records []Record `json:"records"`
	Next    string   `json:"next,omitempty"`
}

func (a *API) records(ctx context.Context, in *recordsInput) (*answer[Records], error) {
	out := &answer[Records]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) error {
		list, err := record.Page(tx, location, in.Kind, in.After, in.Limit)
		if err != nil {
			return err
		}
		var ids []string
		for _, g := range list {
			ids = append(ids, string(g.ID))
		}
		members, err := record.Members(tx, location, ids)
		if err != nil {
			return err
		}
		for _, g := range list {
			one, err := recordOf(g, members[g.ID])
			if err != nil {
				return err
			}
			out.Body.Records = append(out.Body.Records, one)
		}
		out.Body.Next = next(list, in.Limit)
		return nil
	})
}

// A Record is a golden customer, property, technician, address or piece of equipment,
// masked.
type Record struct {
	ID      plumbline.GoldenID `json:"id"`
	Kind    plumbline.Kind     `json:"kind"`
	Fields  map[string]string  `json:"fields"`
	Why     golden.Provenance  `json:"why" doc:"Of a field: the source that won it, since when, and by which rule; of a value that nobody typed also its rank, how sure it is and until when it counts"`
	Members []Side             `json:"members" doc:"The source records of which it is made"`
}

func (a *API) record(ctx context.Context, in *IDInput) (*answer[Record], error) {
	out := &answer[Record]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		g, err := goldenOf(tx, location, in.ID)
		if err != nil {
			return err
		}
		if g.Kind == plumbline.Job {
			return plumbline.Invalidf("ask GET /v1/jobs/"+string(g.ID), "record %s is a job", g.ID)
		}
		members, err := record.Members(tx, location, []string{string(g.ID)})
		if err != nil {
			return err
		}
		out.Body, err = recordOf(g, members[g.ID])
		return err
	})
}

func recordOf(g record.Golden, members []*record.Row) (Record, error) {
	out := Record{ID: g.ID, Kind: g.Kind, Fields: map[string]string{}, Why: golden.Provenance{}}
	if err := json.Unmarshal([]byte(g.Why), &out.Why); err != nil {
		return out, fmt.Errorf("read why record %s says what it says: %w", g.ID, err)
	}
	var says map[string]plumbline.Value
	if err := g.Read(&says); err != nil {
		return out, err
	}
	for _, f := range slices.Sorted(maps.Keys(says)) {
		out.Fields[f] = explain.Shown(f, says[f])
	}
	for _, r := range members {
		out.Members = append(out.Members, sideOf(r, nil))
	}
	return out, nil
}
