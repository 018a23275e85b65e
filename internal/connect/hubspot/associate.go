package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// associateSize is how many pairs one call carries: a batch read of associations
// takes 1,000 (rate limits, 2026-10), and a labelled write reads first.
const associateSize = 1000

// roleLabels are what our roles are called on an association of a job with a contact.
var roleLabels = map[string]string{
	string(plumbline.Booker):      "Booker",
	string(plumbline.SiteContact): "Site contact",
	string(plumbline.Payer):       "Payer",
}

// defaultTypes are HubSpot's ids of the plain association of a pair of types
// (associations guide).
var defaultTypes = map[string]int{
	"contact/company": 279, "contact/deal": 4, "contact/ticket": 15, "contact/note": 201, "contact/task": 203,
	"company/contact": 280, "company/deal": 342, "company/ticket": 340, "company/note": 189, "company/task": 191,
	"deal/contact": 3, "deal/company": 341, "deal/ticket": 27, "deal/note": 213, "deal/task": 215,
	"ticket/contact": 16, "ticket/company": 339, "ticket/deal": 28, "ticket/note": 227, "ticket/task": 229,
	"note/contact": 202, "note/company": 190, "note/deal": 214, "note/ticket": 228,
	"task/contact": 204, "task/company": 192, "task/deal": 216, "task/ticket": 230,
}

type associationType struct {
	Category string `json:"associationCategory"`
	ID       int    `json:"associationTypeId"`
}

func plainType(from, to string) (associationType, bool) {
	id, ok := defaultTypes[from+"/"+to]
	return associationType{"HUBSPOT_DEFINED", id}, ok
}

// A labelSet is the labels of a pair of types, by lower-case label.
type labelSet map[string]associationType

// labelsOf reads the labels of a pair once. An account that may not have labels has
// none.
func (t *Tool) labelsOf(ctx context.Context, from, to string) (labelSet, *refusal) {
	t.mu.Lock()
	set, ok := t.labels[from+"/"+to]
	t.mu.Unlock()
	if ok {
		return set, nil
	}
	var out struct {
		Results []struct {
			Category string  `json:"category"`
			TypeID   int     `json:"typeId"`
			Label    *string `json:"label"`
		} `json:"results"`
	}
	no := t.read(ctx, http.MethodGet, associationsPath+objects[from].path+"/"+objects[to].path+"/labels", url.Values{}, nil, &out)
	if no != nil && no.Status != http.StatusForbidden {
		return nil, no
	}
	set = labelSet{}
	for _, r := range out.Results {
		if r.Label != nil && r.Category == "USER_DEFINED" {
			set[strings.ToLower(*r.Label)] = associationType{r.Category, r.TypeID}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.labels[from+"/"+to] = set
	return set, nil
}

func (t *Tool) forgetLabels() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.labels = map[string]labelSet{}
}

// typesOf are the association types of a link: the plain one, and the role's label
// where the account has it.
func (t *Tool) typesOf(ctx context.Context, from, to, role string) ([]associationType, *refusal) {
	base, ok := plainType(from, to)
	if !ok {
		return nil, &refusal{Error: &connect.Error{Class: connect.Human, Status: http.StatusBadRequest, Code: "unknown_association",
			Msg: "there is no association of a " + from + " with a " + to}}
	}
	types := []associationType{base}
	if role == "" {
		return types, nil
	}
	labels, no := t.labelsOf(ctx, from, to)
	if no != nil {
		return nil, no
	}
	if label, ok := labels[strings.ToLower(orElse(roleLabels[role], role))]; ok {
		types = append(types, label)
	}
	return types, nil
}

// inline writes links into a create. Links to one record are joined, as one record
// may have several roles.
func (t *Tool) inline(ctx context.Context, typ string, links []connect.Association) ([]createAssociated, *refusal) {
	out := []createAssociated{} // the API wants a list
	for _, l := range links {
		types, no := t.typesOf(ctx, typ, l.ToType, l.Role)
		if no != nil {
			return nil, no
		}
		i := slices.IndexFunc(out, func(a createAssociated) bool { return a.To.ID == l.ToID && slices.Contains(a.Types, types[0]) })
		if i < 0 {
			out = append(out, createAssociated{To: input{l.ToID}, Types: types})
			continue
		}
		for _, ty := range types {
			if !slices.Contains(out[i].Types, ty) {
				out[i].Types = append(out[i].Types, ty)
			}
		}
	}
	return out, nil
}

// A pair is two records and the labels that their association shall have.
type pair struct {
	from, to string
	types    []associationType
	links    []int
}

type pairInput struct {
	From  input             `json:"from"`
	To    input             `json:"to"`
	Types []associationType `json:"types,omitempty"`
}

// Associate makes associations true. Since sending labels replaces those that are
// there, the labels of a pair are read first and sent along. What is off is taken away
// first, so that a label is not for a moment on two. Like Write it stops at the first
// call that fails as a whole.
func (t *Tool) Associate(ctx context.Context, links []connect.Association) ([]connect.Outcome, error) {
	a := &associating{t: t, links: links, out: make([]connect.Outcome, len(links))}
	for i, l := range links {
		a.out[i] = connect.Outcome{Ref: l.Ref}
	}
	for _, which := range a.groups(true) {
		a.takeOff(ctx, which)
	}
	for _, which := range a.groups(false) {
		a.group(ctx, which)
	}
	if a.stopped == nil || slices.ContainsFunc(a.out, func(o connect.Outcome) bool { return o.Err != a.stopped }) {
		return a.out, nil
	}
	return nil, a.stopped
}

// An associating is one call of Associate under way.
type associating struct {
	t       *Tool
	links   []connect.Association
	out     []connect.Outcome
	stopped *connect.Error // why nothing more is sent
}

// groups are the links that are off, or not, by the types that they join.
func (a *associating) groups(off bool) (list [][]int) {
	at := map[string]int{}
	for i, l := range a.links {
		if l.Off != off {
			continue
		}
		name := l.FromType + "/" + l.ToType
		n, ok := at[name]
		if !ok {
			n, at[name] = len(list), len(list)
			list = append(list, nil)
		}
		list[n] = append(list[n], i)
	}
	return list
}

// group handles the links between one type and another.
func (a *associating) group(ctx context.Context, which []int) {
	from, to := a.links[which[0]].FromType, a.links[which[0]].ToType
	var plains, labelled []*pair
	for _, p := range join(a.links, which) {
		no := a.label(ctx, p)
		switch {
		case no != nil:
			a.refused([]*pair{p}, no)
		case len(p.types) > 1:
			labelled = append(labelled, p)
		default:
			plains = append(plains, p)
		}
	}
	base := associationsPath + objects[from].path + "/" + objects[to].path
	for chunk := range slices.Chunk(plains, associateSize) {
		a.send(ctx, base+"/batch/associate/default", chunk, false)
	}
	for chunk := range slices.Chunk(labelled, associateSize) {
		if a.stopped == nil {
			if no := a.t.keepLabels(ctx, base, chunk); no != nil {
				a.refused(chunk, no)
				continue
			}
		}
		a.send(ctx, base+"/batch/create", chunk, true)
	}
}

// refused notes a refusal for pairs; one that is not about them ends the call.
func (a *associating) refused(pairs []*pair, no *refusal) {
	if !no.splits() {
		a.stopped = no.Error
	}
	a.fail(pairs, no.Error)
}

func (a *associating) fail(pairs []*pair, e *connect.Error) {
	for _, p := range pairs {
		for _, i := range p.links {
			a.out[i].Err = e
		}
	}
}

// join makes one pair of all links between two records.
func join(links []connect.Association, which []int) []*pair {
	var pairs []*pair
	at := map[[2]string]*pair{}
	for _, i := range which {
		name := [2]string{links[i].FromID, links[i].ToID}
		if at[name] == nil {
			at[name] = &pair{from: name[0], to: name[1]}
			pairs = append(pairs, at[name])
		}
		at[name].links = append(at[name].links, i)
	}
	return pairs
}

// label finds the association types that the links of a pair ask for.
func (a *associating) label(ctx context.Context, p *pair) *refusal {
	for _, i := range p.links {
		l := a.links[i]
		types, no := a.t.typesOf(ctx, l.FromType, l.ToType, l.Role)
		if no != nil {
			return no
		}
		for _, ty := range types {
			if !slices.Contains(p.types, ty) {
				p.types = append(p.types, ty)
			}
		}
	}
	return nil
}

// associated is one record's associations as HubSpot lists them.
type associated struct {
	From input `json:"from"`
	To   []struct {
		ID    loose `json:"toObjectId"`
		Types []struct {
			Category string `json:"category"`
			TypeID   int    `json:"typeId"`
		} `json:"associationTypes"`
	} `json:"to"`
	Paging paging `json:"paging"`
}

type paging struct {
	Next struct {
		After string `json:"after"`
	} `json:"next"`
}

// associations lists what the records are associated with, all pages of it.
func (t *Tool) associations(ctx context.Context, base string, ids []string) ([]associated, *refusal) {
	type from struct {
		ID    string `json:"id"`
		After string `json:"after,omitempty"`
	}
	var inputs []from
	for _, id := range unique(ids) {
		inputs = append(inputs, from{ID: id})
	}
	var all []associated
	for len(inputs) > 0 {
		var out struct {
			Results []associated `json:"results"`
			Errors  []problem    `json:"errors"`
		}
		// records without associations come back as not found
		no := t.read(ctx, http.MethodPost, base+"/batch/read", url.Values{}, map[string]any{"inputs": inputs}, &out)
		if no != nil && !no.Gone {
			return nil, no
		}
		for _, p := range out.Errors {
			if no := incomplete(p); no != nil {
				return nil, no
			}
		}
		inputs = nil
		for _, r := range out.Results {
			all = append(all, r)
			if r.Paging.Next.After != "" {
				inputs = append(inputs, from{r.From.ID, r.Paging.Next.After})
			}
		}
	}
	return all, nil
}

// keepLabels adds to each pair the labels that it has already.
func (t *Tool) keepLabels(ctx context.Context, base string, pairs []*pair) *refusal {
	var ids []string
	for _, p := range pairs {
		ids = append(ids, p.from)
	}
	have, no := t.associations(ctx, base, ids)
	if no != nil {
		return no
	}
	for _, p := range pairs {
		for _, a := range have {
			if a.From.ID == p.from {
				p.keep(a)
			}
		}
	}
	return nil
}

func (p *pair) keep(a associated) {
	for _, to := range a.To {
		if string(to.ID) != p.to {
			continue
		}
		for _, ty := range to.Types {
			kept := associationType{ty.Category, ty.TypeID}
			if !slices.Contains(p.types, kept) {
				p.types = append(p.types, kept)
			}
		}
	}
}

// send makes one call, and halves it where HubSpot refuses it for some pair. Making
// an association twice is harmless.
func (a *associating) send(ctx context.Context, path string, pairs []*pair, labelled bool) {
	if a.stopped != nil {
		a.fail(pairs, notSent(a.stopped))
		return
	}
	var inputs []pairInput
	for _, p := range pairs {
		in := pairInput{From: input{p.from}, To: input{p.to}}
		if labelled {
			in.Types = p.types
		}
		inputs = append(inputs, in)
	}
	said, no := a.t.call(ctx, request{method: http.MethodPost, path: path, body: map[string]any{"inputs": inputs}, writes: true})
	switch {
	case no != nil:
	case said.status == http.StatusMultiStatus:
		no = partly(said)
	case len(said.body) > 0 && !json.Valid(said.body): // a page of somebody in between
		no = &refusal{Error: &connect.Error{Class: connect.Retry, Status: said.status, Code: "answer", Msg: "hubspot's answer could not be read"}}
	}
	switch {
	case no == nil:
	case no.splits() && len(pairs) > 1:
		a.send(ctx, path, pairs[:len(pairs)/2], labelled)
		a.send(ctx, path, pairs[len(pairs)/2:], labelled)
	default:
		a.refused(pairs, no)
	}
}

// partly reads a 207 as a refusal of the first pair that it names an error for. The
// errors do not say reliably which pair they mean, so all are sent again in halves.
func partly(said answer) *refusal {
	var out struct {
		Errors []problem `json:"errors"`
	}
	if err := json.Unmarshal(said.body, &out); err != nil || len(out.Errors) == 0 {
		return &refusal{Error: &connect.Error{Class: connect.Retry, Status: said.status, Code: "answer", Msg: "hubspot's answer does not say what it refused", Err: err}}
	}
	return &refusal{Error: itemError(http.StatusBadRequest, out.Errors[0]), details: out.Errors[0]}
}
