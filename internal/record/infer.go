package record

import (
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Infer makes the records that are inferred of golden jobs exactly those that are wanted,
// each of which names its job in job_record, and returns those that are new, have changed
// or are gone. Called twice it changes nothing.
func Infer(tx *db.Tx, location string, jobs []string, want []*Row) (changed []*Row, err error) {
	defer plumbline.Wrap(&err, "store what is inferred")

	list, err := scan(tx, selectInferred(tx), location, db.JSON(jobs), plumbline.Rule)
	if err != nil {
		return nil, err
	}
	had := map[plumbline.SourceID]*Row{}
	for _, r := range list {
		had[r.ID] = r
	}
	var put [][]any
	var gone []string
	var lost, come []refRow
	to := map[plumbline.SourceID]plumbline.GoldenID{}
	slices.SortFunc(want, func(a, b *Row) int { return strings.Compare(string(a.ID), string(b.ID)) })
	want = slices.CompactFunc(want, func(a, b *Row) bool { return a.ID == b.ID })
	for _, r := range want {
		before, doc := had[r.ID], r.Document()
		delete(had, r.ID)
		if before != nil && before.stored == doc {
			continue
		}
		if r.Golden = r.ID; before != nil {
			r.Golden = before.Golden
		} else {
			to[r.ID] = r.Golden
		}
		was, is := differ(location, before, r)
		lost, come = append(lost, was...), append(come, is...)
		put = append(put, []any{r.ID, r.Kind, r.Connection, r.External, r.About, r.Golden, doc})
		changed = append(changed, r)
	}
	for _, r := range list {
		if had[r.ID] != nil {
			gone, changed = append(gone, string(r.ID)), append(changed, r)
		}
	}
	if err := takeAway(tx, location, gone); err != nil {
		return nil, err
	}
	if err := tx.InsertWide(insertRows, restate, location, put); err != nil {
		return nil, err
	}
	if len(lost) > 0 {
		if _, err := tx.Exec(deleteRefs(tx), location, db.JSON(lost)); err != nil {
			return nil, err
		}
	}
	if slices.SortFunc(come, compareRefs); len(come) > 0 {
		if _, err := tx.Exec(insertRefs(tx), location, db.JSON(come)); err != nil {
			return nil, err
		}
	}
	return changed, Relink(tx, location, to)
}
