package advance

import (
	"encoding/json"
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/stage"
)

// remember compares the histories of the jobs and visits just derived with what was
// recorded of them last, and records what was reached, withdrawn and re-dated.
func (w *work) remember(b *Batch) error {
	var subjects []string
	for _, j := range b.Jobs {
		subjects = append(subjects, string(j.ID))
		for id := range j.Visits {
			subjects = append(subjects, id)
		}
	}
	had, err := record.LoadHistories(w.tx, w.location, distinct(subjects))
	if err != nil {
		return err
	}
	var moves []record.Move
	var now []record.Recorded
	for _, j := range b.Jobs {
		visits := make([]string, 0, len(j.Visits))
		for id := range j.Visits {
			visits = append(visits, id)
		}
		slices.Sort(visits)
		for _, id := range visits {
			m, n, changed, err := w.compare(plumbline.Visit, id, j.Visits[id], had[id], j.Silent)
			if err != nil {
				return err
			}
			j.Moves = append(j.Moves, m...)
			if changed {
				now = append(now, n)
			}
		}
		m, n, changed, err := w.compare(plumbline.Job, string(j.ID), j.History, had[string(j.ID)], j.Silent)
		if err != nil {
			return err
		}
		j.Moves = append(j.Moves, m...)
		if changed {
			now = append(now, n)
		}
		moves = append(moves, j.Moves...)
	}
	return record.Record(w.tx, w.location, moves, now)
}

// compare lists the transitions of one subject between what was recorded and what
// holds.
func (w *work) compare(kind plumbline.Kind, subject string, h stage.History, had record.Recorded, silent bool) ([]record.Move, record.Recorded, bool, error) {
	before := map[string]int64{}
	if had.Doc != "" {
		if err := json.Unmarshal([]byte(had.Doc), &before); err != nil {
			return nil, had, false, err
		}
	}
	after := map[string]int64{}
	var moves []record.Move
	n := had.N
	add := func(what, stage, cause string, happened, known time.Time) {
		n++
		moves = append(moves, record.Move{Transition: plumbline.Transition{Subject: plumbline.SourceID(subject), Kind: kind, Stage: stage,
			Happened: happened, Known: known, Cause: cause}, N: n, What: what, Playbook: w.playbook.Version, Silent: silent})
	}
	for _, e := range h.Holding() {
		after[e.Stage] = e.Reached.UnixMilli()
	}
	for _, stage := range sortedStages(before) {
		if _, holds := after[stage]; !holds {
			cause, at := ended(h, stage, w.tx.Now)
			add("withdrawn", stage, cause, at, w.tx.Now)
		}
	}
	for _, e := range h.Holding() {
		at, held := before[e.Stage]
		switch {
		case !held:
			add("reached", e.Stage, e.Cause, e.Reached, e.Known)
		case at != e.Reached.UnixMilli() && again(h, e, at):
			cause, ended := ended(h, e.Stage, w.tx.Now)
			add("withdrawn", e.Stage, cause, ended, w.tx.Now)
			add("reached", e.Stage, e.Cause, e.Reached, e.Known)
		case at != e.Reached.UnixMilli():
			add("re-dated", e.Stage, e.Cause, e.Reached, e.Known)
		}
	}
	return moves, record.Recorded{Subject: subject, Doc: db.JSON(after), N: n}, len(moves) > 0, nil
}

// again says whether a stage was left and reached anew since it was recorded.
func again(h stage.History, now stage.Episode, at int64) bool {
	for _, e := range h {
		if e.Stage == now.Stage && !e.Withdrew.IsZero() && e.Reached.UnixMilli() == at {
			return true
		}
	}
	return false
}

func ended(h stage.History, stage string, now time.Time) (cause string, at time.Time) {
	for _, e := range slices.Backward(h) {
		if e.Stage == stage && !e.Withdrew.IsZero() {
			return e.Ended, e.Withdrew
		}
	}
	return "what was said of it before holds no more", now
}

func sortedStages(m map[string]int64) []string {
	list := make([]string, 0, len(m))
	for s := range m {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}
