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
// there, the labels of a pair are read first and sent along. It takes nothing away.
func (t *Tool) Associate(ctx context.Context, links []connect.Association) ([]connect.Outcome, error) {
	out := make([]connect.Outcome, len(links))
	groups := map[string][]int{}
	var order []string
	for i, l := range links {
		out[i] = connect.Outcome{Ref: l.Ref}
		name := l.FromType + "/" + l.ToType
		if groups[name] == nil {
			order = append(order, name)
		}
		groups[name] = append(groups[name], i)
	}
	for _, name := range order {
		t.associateGroup(ctx, links, groups[name], out)
	}
	return out, nil
}

func (t *Tool) associateGroup(ctx context.Context, links []connect.Association, which []int, out []connect.Outcome) {
	from, to := links[which[0]].FromType, links[which[0]].ToType
	var plains, labelled []*pair
	for _, p := range join(links, which) {
		no := t.label(ctx, links, p)
		if no != nil {
			failLinks(out, p.links, no.Error)
			continue
		}
		if len(p.types) > 1 {
			labelled = append(labelled, p)
		} else {
			plains = append(plains, p)
		}
	}
	base := associationsPath + objects[from].path + "/" + objects[to].path
	for chunk := range slices.Chunk(plains, associateSize) {
		t.sendPairs(ctx, base+"/batch/associate/default", chunk, false, out)
	}
	for chunk := range slices.Chunk(labelled, associateSize) {
		if no := t.keepLabels(ctx, base, chunk); no != nil {
			for _, p := range chunk {
				failLinks(out, p.links, no.Error)
			}
			continue
		}
		t.sendPairs(ctx, base+"/batch/create", chunk, true, out)
	}
}

func failLinks(out []connect.Outcome, links []int, e *connect.Error) {
	for _, i := range links {
		out[i].Err = e
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

func (t *Tool) label(ctx context.Context, links []connect.Association, p *pair) *refusal {
	for _, i := range p.links {
		types, no := t.typesOf(ctx, links[i].FromType, links[i].ToType, links[i].Role)
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

// sendPairs makes one call, and halves it where HubSpot refuses it for some pair.
// Making an association twice is harmless.
func (t *Tool) sendPairs(ctx context.Context, path string, pairs []*pair, labelled bool, out []connect.Outcome) {
	var inputs []pairInput
	for _, p := range pairs {
		in := pairInput{From: input{p.from}, To: input{p.to}}
		if labelled {
			in.Types = p.types
		}
		inputs = append(inputs, in)
	}
	a, no := t.call(ctx, request{method: http.MethodPost, path: path, body: map[string]any{"inputs": inputs}, writes: true})
	partly := struct {
		Errors []problem `json:"errors"`
	}{}
	if no == nil && a.status == http.StatusMultiStatus {
		_ = json.Unmarshal(a.body, &partly)
		no = &refusal{Error: &connect.Error{Class: connect.Retry, Status: a.status, Code: "answer", Msg: "hubspot's answer does not say what it refused"}}
		if len(partly.Errors) > 0 {
			no.Error, no.details = itemError(http.StatusBadRequest, partly.Errors[0]), partly.Errors[0]
		}
	}
	switch {
	case no == nil:
	case no.splits() && len(pairs) > 1:
		t.sendPairs(ctx, path, pairs[:len(pairs)/2], labelled, out)
		t.sendPairs(ctx, path, pairs[len(pairs)/2:], labelled, out)
	default:
		for _, p := range pairs {
			failLinks(out, p.links, no.Error)
		}
	}
}
