package simulate

import (
	"context"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/notify"
)

// everythingSaysWhy: of every job, record and message there is an explanation with its
// causes, and of every rule that did not speak there is a reason.
func everythingSaysWhy(ctx context.Context, o *oracle, bad broken) error {
	x := o.node.API().Explain
	return o.view(ctx, func(tx *db.Tx) error {
		goldens, err := pairs(tx, `SELECT id, kind FROM golden_record WHERE location_id = $1 ORDER BY id`, o.id)
		if err != nil {
			return err
		}
		messages, err := pairs(tx, `SELECT id, rule FROM message WHERE location_id = $1 ORDER BY id`, o.id)
		if err != nil {
			return err
		}
		for _, g := range goldens {
			check := o.recordSaysWhy
			if g[1] == string(plumbline.Job) {
				check = o.jobSaysWhy
			}
			if err := check(tx, x, g[0], bad); err != nil {
				return err
			}
		}
		for _, m := range messages {
			if err := o.messageSaysWhy(tx, x, m[0], bad); err != nil {
				return err
			}
		}
		return o.silenceSaysWhy(tx, bad)
	})
}

// pairs reads rows of two texts.
func pairs(tx *db.Tx, query string, args ...any) (list [][2]string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p [2]string
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func lines(e explain.Explanation, title string) []explain.Line {
	for _, s := range e.Sections {
		if s.Title == title {
			return s.Lines
		}
	}
	return nil
}

// jobSaysWhy: who says what of a job, a cause for each stage that holds, and what came of
// every rule.
func (o *oracle) jobSaysWhy(tx *db.Tx, x *explain.Explainer, id string, bad broken) error {
	e, err := x.Job(tx, o.id, id)
	if err != nil {
		bad("job %s cannot be explained: %v", id, err)
		return nil
	}
	if len(lines(e, "What the sources say")) == 0 {
		bad("%s stands on nothing that a source said", e.Subject)
	}
	_, holding, _ := strings.Cut(lines(e, "Where it stands")[0].Rule, "holds of ")
	moves := lines(e, "Transitions")
	for _, stage := range strings.Split(holding, ", ") {
		if !slices.ContainsFunc(moves, func(l explain.Line) bool {
			return l.Fact != "" && strings.HasPrefix(l.Decision, "job "+stage+" reached")
		}) {
			bad("%s holds %q, and nothing says why", e.Subject, stage)
		}
	}
	pb, _, err := x.Policy(o.id)
	if err != nil {
		return err
	}
	for _, r := range pb.Rules {
		told := false
		for _, l := range lines(e, "What came of each rule") {
			if l.Rule != "rule "+r.ID || l.Fact == "" || l.Decision == "" {
				continue
			}
			told = true
			if strings.HasSuffix(l.Fact, "the rule was not asked") {
				bad("rule %s was silent about %s without an outcome: %s", r.ID, e.Subject, l.Fact)
			}
		}
		if !told {
			bad("nothing says what came of rule %s for %s", r.ID, e.Subject)
		}
	}
	return nil
}

// recordSaysWhy: each field of a record with its rule, and what the record is made of.
func (o *oracle) recordSaysWhy(tx *db.Tx, x *explain.Explainer, id string, bad broken) error {
	e, err := x.Record(tx, o.id, id)
	if err != nil {
		bad("record %s cannot be explained: %v", id, err)
		return nil
	}
	if len(lines(e, "Made of")) == 0 {
		bad("%s %s is made of nothing", e.Subject, id)
	}
	for _, l := range lines(e, "What it says") {
		if l.Rule == "" {
			bad("%s %s says %q, and nothing says why", e.Subject, id, l.Fact)
		}
	}
	return nil
}

// messageSaysWhy: what caused a message, by which rule it was decided, and what was asked
// of the sender, or why nothing was.
func (o *oracle) messageSaysWhy(tx *db.Tx, x *explain.Explainer, id string, bad broken) error {
	e, err := x.Message(tx, o.id, id)
	if err != nil {
		bad("message %s cannot be explained: %v", id, err)
		return nil
	}
	decided := func(l explain.Line) bool { return l.Decision != "" }
	if len(lines(e, "What caused it")) == 0 || !slices.ContainsFunc(lines(e, "By which rule"), decided) {
		bad("%s (%s) has no cause", e.Subject, id)
	}
	said := lines(e, "What it is")[0].Decision
	if len(lines(e, "What was asked of the sender")) == 0 && !strings.Contains(said, ", ") {
		bad("%s (%s) is %s, was not sent, and nothing says why", e.Subject, id, said)
	}
	return nil
}

// silenceSaysWhy: what was not said, or not written, has its reason.
func (o *oracle) silenceSaysWhy(tx *db.Tx, bad broken) error {
	for query, what := range map[string]string{
		`SELECT rule, state FROM outcome WHERE location_id = $1 AND reason = '' AND state <> '` + notify.Owed + `' ORDER BY rule`: "rule %s came to be %s, and nothing says why",
		`SELECT type || ' ' || key_id, state FROM target_record WHERE location_id = $1 AND reason = '' AND state NOT IN ('live', 'owed', 'waiting_adoption')
			ORDER BY type, key_id`: "the %s is %s at the target, and nothing says why",
	} {
		list, err := pairs(tx, query, o.id)
		if err != nil {
			return err
		}
		for _, p := range list {
			bad(what, p[0], p[1])
		}
	}
	return nil
}
