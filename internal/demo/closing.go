package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/inbox"
)

// examples is how many records of a plan are shown, and how many fields of each.
const examples = 3

// plan shows what the program would write in the CRM, before it may.
func (d *demo) plan(ctx context.Context) error {
	var p api.Plan
	err := d.node.DB.View(ctx, d.clock.Now(), func(tx *db.Tx) (err error) {
		p, err = d.node.API().PlanOf(tx, location, "hubspot", examples)
		return err
	})
	if err != nil {
		return err
	}
	var counts []string
	for _, what := range slices.Sorted(maps.Keys(p.Counts)) {
		counts = append(counts, fmt.Sprintf("%s %d", what, p.Counts[what]))
	}
	d.story.tell("Plumbline", "$ %s", d.command("connections plan hubspot"))
	d.story.tell("Plumbline", "  if HubSpot were on: %s. For example:", strings.Join(counts, ", "))
	for _, r := range p.Records {
		var fields []string
		for _, f := range r.Fields {
			if f.Desired != "" && f.Field != "plumbline_key" && len(fields) < examples {
				fields = append(fields, fmt.Sprintf("%s %q", f.Field, f.Desired))
			}
		}
		d.story.tell("Plumbline", "    %s %s: %s ...", r.What, r.Type, strings.Join(fields, ", "))
	}
	d.story.tell("Plumbline", "  that looks right; nothing that was known before will be spoken about")
	return nil
}

// closing adds the day up, and says where to look.
func (d *demo) closing(ctx context.Context) error {
	d.story.line("")
	d.story.line("The day is over. Every delivery is in exactly one place: received = applied + ignored + waiting + failed.")
	closes, err := d.tally(ctx)
	if err != nil {
		return err
	}
	d.story.line("")
	d.story.line("HubSpot holds %s. Texts sent: %d. Texts that came in: %d.", d.held("contacts", "companies", "deals", "notes", "tasks"), d.heard("outbound-api"), d.heard("inbound"))
	if err := d.wanted(ctx); err != nil {
		return err
	}
	job, err := d.unsaid(ctx)
	if err != nil {
		return err
	}
	d.story.line("")
	d.story.line("Look around:")
	for _, c := range []string{"tally", "errors list", "explain hcp/" + job, "connections list", "questions", "rebuild --verify"} {
		d.story.line("  %s", d.command(c))
	}
	d.story.line("  with --stay the demo goes on serving: curl -H 'Authorization: Bearer %s' %s/v1/errors", d.token, d.address)
	d.story.line("  %s holds plumbline.yaml, shop.yaml, plumbline.db and log.jsonl", d.opts.Dir)
	if !closes {
		return errTally
	}
	return nil
}

// tally prints the count of each source and says whether it comes out.
func (d *demo) tally(ctx context.Context) (closes bool, err error) {
	var lines []inbox.Line
	err = d.node.DB.View(ctx, d.clock.Now(), func(tx *db.Tx) (err error) {
		lines, err = inbox.Tally(tx, location, d.start, d.clock.Now())
		return err
	})
	if err != nil {
		return false, err
	}
	sums, closes := sum(lines)
	w := tabwriter.NewWriter(d.opts.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "source\treceived\tapplied\tignored\twaiting\tfailed\tcloses\t")
	for _, l := range sums {
		word := "yes"
		if !even(l) {
			word = "NO"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%s\t\n", l.Connection, l.Received, l.Applied, l.Ignored, l.Waiting, l.Failed, word)
	}
	return closes, w.Flush()
}

func even(l inbox.Line) bool { return l.Received == l.Applied+l.Ignored+l.Waiting+l.Failed }

// sum adds the days of each source up, and says whether every line comes out.
func sum(lines []inbox.Line) (sums []inbox.Line, closes bool) {
	closes = true
	for _, l := range lines {
		closes = closes && even(l)
		i := slices.IndexFunc(sums, func(s inbox.Line) bool { return s.Connection == l.Connection })
		if i < 0 {
			sums = append(sums, l)
			continue
		}
		s := &sums[i]
		s.Received, s.Applied, s.Ignored = s.Received+l.Received, s.Applied+l.Applied, s.Ignored+l.Ignored
		s.Waiting, s.Failed = s.Waiting+l.Waiting, s.Failed+l.Failed
	}
	return sums, closes
}

// held counts live records of the CRM.
func (d *demo) held(kinds ...string) string {
	for i, kind := range kinds {
		n := 0
		for _, o := range d.vendors.CRM.Objects(kind) {
			if !o.Archived {
				n++
			}
		}
		kinds[i] = fmt.Sprintf("%s %d", kind, n)
	}
	return strings.Join(kinds, ", ")
}

// heard counts texts of one direction.
func (d *demo) heard(direction string) (n int) {
	for _, m := range d.vendors.Sender.Messages() {
		if m.Direction == direction {
			n++
		}
	}
	return n
}

// wanted says what is left for people.
func (d *demo) wanted(ctx context.Context) error {
	return d.node.DB.View(ctx, d.clock.Now(), func(tx *db.Tx) error {
		causes, err := errorqueue.Causes(tx, location)
		for _, c := range causes {
			d.story.line("Left for a person: %s. %s", c.Title, c.Cure)
		}
		return err
	})
}

// unsaid explains one text that was not sent, and returns its job.
func (d *demo) unsaid(ctx context.Context) (job string, err error) {
	err = d.node.DB.View(ctx, d.clock.Now(), func(tx *db.Tx) error {
		for _, j := range d.shop.Story().Jobs {
			e, err := d.node.API().Explain.Job(tx, location, "hcp/"+j.ID)
			if plumbline.KindOf(err) == plumbline.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			job = j.ID
			if l, ok := dropped(e); ok {
				d.story.line("One text was not sent, and the program can say why. %s, %s:", e.Subject, l.Rule)
				d.story.line("  %s", l.Fact)
				d.story.line("  %s", l.Decision)
				return nil
			}
		}
		return nil
	})
	return job, err
}

func dropped(e explain.Explanation) (explain.Line, bool) {
	for _, s := range e.Sections {
		for _, l := range s.Lines {
			if s.Title == "What was said" && strings.HasPrefix(l.Decision, "dropped") {
				return l, true
			}
		}
	}
	return explain.Line{}, false
}
