package api

import (
	"context"
	"maps"
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/explain"
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

type messageInput struct {
	IDInput
	Job string `query:"job" required:"true" doc:"The job that the message is about"`
}

func (a *API) explainMessage(ctx context.Context, in *messageInput) (*answer[explain.Explanation], error) {
	return a.explained(ctx, func(tx *db.Tx, location, id string) (explain.Explanation, error) {
		return a.Explain.Message(tx, location, in.Job, id)
	}, in.ID)
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

// A Record is a golden customer, property, technician or address, masked.
type Record struct {
	ID      plumbline.GoldenID `json:"id"`
	Kind    plumbline.Kind     `json:"kind"`
	Fields  map[string]string  `json:"fields"`
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
		out.Body, err = recordOf(tx, location, g)
		return err
	})
}

func recordOf(tx *db.Tx, location string, g record.Golden) (Record, error) {
	out := Record{ID: g.ID, Kind: g.Kind, Fields: map[string]string{}}
	var says map[string]plumbline.Value
	if err := g.Read(&says); err != nil {
		return out, err
	}
	for _, f := range slices.Sorted(maps.Keys(says)) {
		out.Fields[f] = explain.Shown(f, says[f])
	}
	members, err := record.Members(tx, location, []string{string(g.ID)})
	for _, r := range members[g.ID] {
		out.Members = append(out.Members, sideOf(r, nil))
	}
	return out, err
}
