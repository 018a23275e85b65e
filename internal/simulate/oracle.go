package simulate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// check holds the world at its end against the laws. It asks the database and the
// vendors, and trusts neither about itself.
func (w *world) check(ctx context.Context) error {
	n, err := w.last(ctx)
	if err != nil {
		return err
	}
	if err := w.count(ctx, n); err != nil {
		return err
	}
	for _, n := range w.nodes {
		if n.app != nil {
			w.measure(n)
		}
	}
	for _, c := range w.companies {
		o := &oracle{company: c, node: n}
		for _, law := range laws {
			if err := law.check(ctx, o, func(format string, args ...any) {
				w.violate(law.name, c.id+": "+format, args...)
			}); err != nil {
				return fmt.Errorf("check law %s: %w", law.name, err)
			}
		}
	}
	return nil
}

// An oracle knows what truly happened in one company.
type oracle struct {
	*company
	node *app.Node
}

type broken func(format string, args ...any)

// laws are those of the design, by their numbers there, with what checks them.
var laws = []struct {
	name  string
	check func(context.Context, *oracle, broken) error
}{
	{"1", acknowledgedMeansKept},
	{"4", theTallyCloses},
	{"2", derivedNotAccumulated},
	{"3", stagesAreTrue},
	{"5", theMirrorConverges},
	{"6", saidOnce},
	{"6", saidWhenItMayBe},
	{"6", saidToTheRightOnes},
	{"6", whatWasToldIsTrue},
	{"9", locationsNeverMeet},
	{"10", everythingSaysWhy},
	{"12", transactionsAreShort},
}

// last returns a node that lives, for reading.
func (w *world) last(ctx context.Context) (*app.Node, error) {
	n := w.awake()
	if n == nil {
		n = w.nodes[0]
		if err := n.build(ctx); err != nil {
			return nil, err
		}
	}
	return n.app, nil
}

func (o *oracle) view(ctx context.Context, f func(tx *db.Tx) error) error {
	return o.node.DB.View(ctx, o.w.now, f)
}

// transactionsAreShort: none wrote more rows than it may.
func transactionsAreShort(_ context.Context, o *oracle, bad broken) error {
	const bound = 2000
	if most := o.w.report.MostRows; most > bound {
		bad("a transaction wrote %d rows, and %d are the most", most, bound)
	}
	return nil
}

// count fills the report.
func (w *world) count(ctx context.Context, n *app.Node) error {
	r := &w.report
	for _, c := range w.companies {
		r.Jobs += len(c.shop.Story().Jobs)
		for _, m := range c.sender.Messages() {
			if strings.HasPrefix(m.Direction, "outbound") {
				r.Messages++
			}
		}
		for what, times := range c.crm.Requests() {
			if strings.Contains(what, "/batch/u") || strings.Contains(what, "/batch/create") || strings.Contains(what, "PATCH") {
				r.Writes += times
			}
		}
	}
	return n.DB.View(ctx, w.now, func(tx *db.Tx) error {
		for _, c := range w.companies {
			lines, err := inbox.Tally(tx, c.id, w.start.AddDate(-1, 0, 0), w.now.AddDate(1, 0, 0))
			if err != nil {
				return err
			}
			for _, l := range lines {
				r.Deliveries += int(l.Received)
				r.Applied += int(l.Applied)
				r.Ignored += int(l.Ignored)
				r.Waiting += int(l.Waiting)
				r.Failed += int(l.Failed)
			}
		}
		for query, to := range map[string]*int{
			`SELECT count(*) FROM golden_record`:          &r.Records,
			`SELECT count(*) FROM attempt`:                &r.Attempts,
			`SELECT count(*) FROM attempt WHERE asks > 0`: &r.Undecided,
		} {
			if err := tx.QueryRow(query).Scan(to); err != nil {
				return err
			}
		}
		return nil
	})
}

// acknowledgedMeansKept: whatever a vendor was told 2xx about stands in the inbox, with
// the bytes that it sent.
func acknowledgedMeansKept(ctx context.Context, o *oracle, bad broken) error {
	return o.view(ctx, func(tx *db.Tx) error {
		for _, x := range o.field.Webhooks() {
			if !x.Delivered {
				continue
			}
			d, _, _, err := inbox.Get(tx, o.id, "hcp", inbox.Digest(x.Event, x.Body))
			switch {
			case plumbline.KindOf(err) == plumbline.NotFound:
				bad("the webhook %s about %s of %s was answered 2xx and is not kept", x.Event, x.Object, x.Occurred.Format(time.RFC3339))
			case err != nil:
				return err
			case string(d.Body) != string(x.Body):
				bad("the webhook %s about %s is kept with other bytes than it came with", x.Event, x.Object)
			}
		}
		for _, x := range o.sender.Webhooks() {
			if !x.Delivered || x.Kind != "inbound" {
				continue
			}
			var rows int
			if err := tx.QueryRow(`SELECT count(*) FROM delivery WHERE location_id = $1 AND connection = 'twilio' AND subject = $2 AND object = $3`,
				o.id, x.Params.Get("From"), x.MessageSid).Scan(&rows); err != nil {
				return err
			}
			if rows == 0 {
				bad("the text %s was answered 2xx and is not kept", x.MessageSid)
			}
		}
		return nil
	})
}

// theTallyCloses: per source and day, what we took in at the door is what the tally
// calls received; each of it is applied, ignored by a named rule, waiting or failed;
// at the end nothing waits, and what failed is in front of a person.
func theTallyCloses(ctx context.Context, o *oracle, bad broken) error {
	return o.view(ctx, func(tx *db.Tx) error {
		lines, err := inbox.Tally(tx, o.id, o.w.start.AddDate(-1, 0, 0), o.w.now.AddDate(1, 0, 0))
		if err != nil {
			return err
		}
		told := map[string]int{}
		for _, l := range lines {
			if l.Received != l.Applied+l.Ignored+l.Waiting+l.Failed {
				bad("the tally of %s on %s does not close: %d received, %d applied, %d ignored, %d waiting, %d failed",
					l.Connection, l.Day, l.Received, l.Applied, l.Ignored, l.Waiting, l.Failed)
			}
			if l.Waiting > 0 {
				bad("%d deliveries of %s on %s wait still at the end", l.Waiting, l.Connection, l.Day)
			}
			told[l.Connection+" "+l.Day] = int(l.Received)
		}
		answers, err := counts(tx, `SELECT connection, received / 86400000, count(*) FROM delivery
			WHERE location_id = $1 AND event IN ('read', 'refused') GROUP BY 1, 2`, o.id)
		if err != nil {
			return err
		}
		for key, want := range o.rang {
			if want += answers[key]; told[key] != want {
				bad("the tally of %s says %d received; %d came through the door and %d are answers to our questions", key, told[key], o.rang[key], answers[key])
			}
		}
		return failedIsShown(tx, o, bad)
	})
}

func counts(tx *db.Tx, query string, args ...any) (map[string]int, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var name string
		var day int64
		var n int
		if err := rows.Scan(&name, &day, &n); err != nil {
			return nil, err
		}
		out[name+" "+time.UnixMilli(day*86_400_000).UTC().Format(time.DateOnly)] += n
	}
	return out, rows.Err()
}

func failedIsShown(tx *db.Tx, o *oracle, bad broken) error {
	rows, err := tx.Query(`SELECT connection || '/' || name, reason FROM delivery d WHERE location_id = $1 AND state = 3
		AND NOT EXISTS (SELECT 1 FROM error_item e WHERE e.location_id = d.location_id AND e.kind = 'delivery'
			AND e.ref = d.connection || '/' || d.name AND e.state IN ('open', 'snoozed'))`, o.id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var ref, reason string
		if err := rows.Scan(&ref, &reason); err != nil {
			return err
		}
		bad("delivery %s failed (%s) and nobody is shown it", ref, reason)
	}
	return rows.Err()
}

// derivedNotAccumulated: deriving what was kept again, in another order and in other
// batches, gives the same rows, and what was promised finds its subject.
func derivedNotAccumulated(ctx context.Context, o *oracle, bad broken) error {
	scratch, err := db.Open(ctx, filepath.Join(o.w.dir, "scratch-"+o.id+".db"), db.Options{Volatile: true})
	if err != nil {
		return err
	}
	if err := o.connectAlike(ctx, scratch); err != nil {
		return err
	}
	r := o.w.chance("verify")
	found, err := o.node.Advance.Verify(ctx, o.w.now, o.id, scratch, func(list []plumbline.Delivery) {
		r.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	})
	if plumbline.KindOf(err) == plumbline.Conflict {
		bad("it is not at rest at the end: %v", err)
		err = nil
	}
	slices.Sort(found)
	for _, s := range found {
		bad("%s", s)
	}
	if e := scratch.Close(); err == nil {
		err = e
	}
	return err
}

// connectAlike gives the scratch database the connections of the location: what is
// derived for a target follows from there being one.
func (o *oracle) connectAlike(ctx context.Context, scratch *db.DB) error {
	var list []tenant.Connection
	err := o.view(ctx, func(tx *db.Tx) (err error) {
		list, err = tenant.Connections(tx, o.id)
		return err
	})
	if err != nil {
		return err
	}
	return scratch.Do(ctx, o.w.now, func(tx *db.Tx) error {
		for _, c := range list {
			if err := tenant.Put(tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}
