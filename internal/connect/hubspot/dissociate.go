package hubspot

import (
	"context"
	"slices"
)

// takeOff takes associations between one type and another away. What each pair has is
// read first: what is not there need not go, and a pair on which people have put a
// label of their own stays together, since without the unlabeled type nothing is left.
func (a *associating) takeOff(ctx context.Context, which []int) {
	from, to := a.links[which[0]].FromType, a.links[which[0]].ToType
	base := associationsPath + objects[from].path + "/" + objects[to].path
	var pairs []*pair
	for _, p := range join(a.links, which) {
		if no := a.label(ctx, p); no != nil {
			a.refused([]*pair{p}, no)
			continue
		}
		pairs = append(pairs, p)
	}
	for chunk := range slices.Chunk(pairs, associateSize) {
		if a.stopped != nil {
			a.fail(chunk, notSent(a.stopped))
			continue
		}
		gone, no := a.there(ctx, base, chunk)
		if no != nil {
			a.refused(chunk, no)
			continue
		}
		if len(gone) > 0 {
			a.send(ctx, base+"/batch/labels/archive", gone, true)
		}
	}
}

// there leaves of pairs those types that they have and that are to go.
func (a *associating) there(ctx context.Context, base string, pairs []*pair) (list []*pair, no *refusal) {
	var ids []string
	for _, p := range pairs {
		ids = append(ids, p.from)
	}
	have, no := a.t.associations(ctx, base, ids)
	if no != nil {
		return nil, no
	}
	for _, p := range pairs {
		had := &pair{to: p.to}
		for _, h := range have {
			if h.From.ID == p.from {
				had.keep(h)
			}
		}
		plain := p.types[0]
		apart := slices.ContainsFunc(p.links, func(i int) bool { return a.links[i].Role == "" })
		held := slices.ContainsFunc(had.types, func(ty associationType) bool { return ty.Category == "USER_DEFINED" && !slices.Contains(p.types, ty) })
		p.types = slices.DeleteFunc(p.types, func(ty associationType) bool {
			return !slices.Contains(had.types, ty) || ty == plain && (!apart || held)
		})
		if len(p.types) > 0 {
			list = append(list, p)
		}
	}
	return list, nil
}
