package advance

import (
	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/stage"
)

// infer keeps, as records of the source Rule, the equipment that bills of jobs say was
// installed. What follows from them is derived next.
func (w *work) infer(f *folding) error {
	var want []*record.Row
	for _, j := range f.jobs {
		if j != nil && j.place != "" {
			for _, u := range j.Units {
				want = append(want, w.unit(j, u))
			}
		}
	}
	if len(want) == 0 {
		if any, err := w.belongings(); err != nil || !any {
			return err
		}
	}
	changed, err := record.Infer(w.tx, w.location, f.ids, want)
	if err != nil || len(changed) == 0 {
		return err
	}
	var ids, stale []string
	for _, r := range changed {
		ids, stale = append(ids, string(r.ID)), append(stale, string(r.Golden))
	}
	moves, err := identity.Resolve(w.tx, w.location, nil, nil, ids)
	if err != nil {
		return err
	}
	for _, m := range moves {
		stale = append(stale, string(m.From), string(m.To))
	}
	return record.MarkStale(w.tx, w.location, "delivery", record.RankBase, stale)
}

// unit is the record of a piece that was installed.
func (w *work) unit(j *Job, u stage.Unit) *record.Row {
	fields := map[string]plumbline.Value{"installed": connect.Value(u.Day), "job_record": connect.Value(string(j.ID)), "property_record": connect.Value(string(j.place))}
	for field, text := range u.Fields {
		fields[field] = connect.Value(text)
	}
	external, v := string(j.ID)+"/"+u.Name, plumbline.Version{At: u.At.UnixMilli()}
	return &record.Row{SourceRecord: plumbline.SourceRecord{ID: plumbline.NewSourceID(w.location, plumbline.Rule, plumbline.Asset, external),
		Kind: plumbline.Asset, Connection: plumbline.Rule, External: external,
		Readings: []plumbline.Stated{{First: v, Last: v, Received: v.At, Author: plumbline.ByRule, Looked: plumbline.Looked{Basis: u.Basis}, Fields: fields}}}}
}
