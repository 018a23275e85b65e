package command

import (
	"cmp"
	"fmt"
	"io"
	"os"
	account "os/user"
	"strings"
	"text/tabwriter"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
)

type errorQueue struct {
	List   errorsList   `cmd:"" help:"List the causes, the oldest first."`
	Show   errorsShow   `cmd:"" help:"Show a cause with its items, or one delivery as it came."`
	Retry  errorsRetry  `cmd:"" help:"Replay the items of a cause in the order of receipt."`
	Skip   errorsSkip   `cmd:"" help:"End the items of a cause without their being done."`
	Edit   errorsEdit   `cmd:"" help:"Keep a body in the place of a delivery that could not be read."`
	Assign errorsAssign `cmd:"" help:"Say who looks after a cause."`
	Snooze errorsSnooze `cmd:"" help:"Hide a cause for some time."`
}

// by is who decides, for the record.
func by() string {
	if u, err := account.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "command line"
}

type errorsList struct {
	Items string `help:"The items of this cause instead." placeholder:"CAUSE"`
	JSON  bool   `help:"As JSON."`
}

// Run lists the causes, or the items of one.
func (c *errorsList) Run(s *shell) error {
	if c.Items != "" {
		return s.listItems(c.Items, c.JSON)
	}
	return s.with(func(n *app.Node, location string) error {
		var causes []errorqueue.Cause
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			causes, err = errorqueue.Causes(tx, location)
			return err
		})
		if err != nil || c.JSON {
			return cmp.Or(err, s.jsonIf(c.JSON && err == nil, api.Causes{Causes: causes}))
		}
		if len(causes) == 0 {
			fmt.Fprintln(s.Out, "nothing wants a person")
			return nil
		}
		w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "CAUSE\tITEMS\tKIND\tSINCE\tWITH\tWHAT\tCURE")
		for _, x := range causes {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", x.Cause, x.Items, x.Kind, x.Oldest.Format(time.RFC3339), orNobody(strings.Join(x.Assignees, ", ")), x.Title, x.Cure)
		}
		return w.Flush()
	})
}

func orNobody(who string) string { return cmp.Or(who, "nobody") }

// listItems lists the items of a cause, one a line.
func (s *shell) listItems(cause string, asJSON bool) error {
	return s.with(func(n *app.Node, location string) error {
		var list []errorqueue.Item
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			list, err = api.Items(tx, location, cause)
			return err
		})
		if err != nil || asJSON {
			return cmp.Or(err, s.jsonIf(asJSON && err == nil, list))
		}
		w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "KIND\tREF\tSINCE\tTRIES\tSTATE\tWITH\tWHAT")
		for _, i := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", i.Kind, i.Ref, i.Opened.Format(time.RFC3339), i.Tries, stateOf(i), orNobody(i.Assignee), i.Detail)
		}
		return w.Flush()
	})
}

func stateOf(i errorqueue.Item) string {
	if i.Until.IsZero() {
		return i.State
	}
	return i.State + " until " + i.Until.Format(time.RFC3339)
}

func (s *shell) jsonIf(yes bool, v any) error {
	if !yes {
		return nil
	}
	return s.print(v)
}

type errorsShow struct {
	Name string `arg:"" help:"A cause, or CONNECTION/KEY of a delivery."`
	JSON bool   `help:"As JSON."`
}

// Run shows a cause, or a delivery.
func (c *errorsShow) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var found any
		var write func() error
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) error {
			if connection, key, ok := strings.Cut(c.Name, "/"); ok {
				d, err := api.DeliveryOf(tx, location, connection, key)
				found, write = d, func() error { return s.showDelivery(d) }
				return err
			}
			list, err := api.ItemsWithAttempts(tx, location, c.Name)
			found, write = api.Opened{Cause: c.Name, Items: list}, func() error { return s.showItems(list) }
			return err
		})
		switch {
		case err != nil:
			return err
		case c.JSON:
			return s.print(found)
		}
		return write()
	})
}

func (s *shell) showDelivery(d api.Delivery) error {
	fmt.Fprintf(s.Out, "%s/%s  %s %s, received %s, %s %s\n", d.Connection, d.Key, d.Tool, d.Event, d.Received.Format(time.RFC3339), d.State, d.Reason)
	_, err := fmt.Fprintln(s.Out, d.Body)
	return err
}

func (s *shell) showItems(list []api.Tried) error {
	for _, i := range list {
		fmt.Fprintf(s.Out, "%s %s\n  %s\n  %s\n  since %s, tried %d times, %s", i.Kind, i.Ref, i.Title, i.Detail, i.Opened.Format(time.RFC3339), i.Tries, stateOf(i.Item))
		if i.Assignee != "" {
			fmt.Fprintf(s.Out, ", with %s", i.Assignee)
		}
		fmt.Fprintln(s.Out)
		for _, a := range i.Attempts {
			fmt.Fprintf(s.Out, "  %s  attempt %s: %s %s\n    asked %s\n", a.Started.Format(time.RFC3339), a.ID, a.State, a.Outcome, a.Asked)
		}
		fmt.Fprintf(s.Out, "  more: %s\n", i.See)
	}
	_, err := fmt.Fprintf(s.Out, "\n%s\n", list[0].Cure)
	return err
}

// one names single items of a cause.
type one struct {
	Kind string `help:"With --ref: the kind of the one item." enum:"delivery,record,message,lookup,derivation,source," default:""`
	Ref  string `help:"Only this item of the cause."`
}

func (o one) refs() ([]api.Ref, error) {
	if o.Ref == "" {
		return nil, nil
	}
	if o.Kind == "" {
		return nil, plumbline.Invalidf("add --kind", "an item is named by its kind and its ref")
	}
	return []api.Ref{{Kind: o.Kind, Ref: o.Ref}}, nil
}

// move does something to items of a cause and says how many there were.
func (s *shell) move(what string, only one, f func(q *api.Queue, location string, refs []api.Ref) (int, error)) error {
	refs, err := only.refs()
	if err != nil {
		return err
	}
	return s.with(func(n *app.Node, location string) error {
		moved, err := f(n.Queue(), location, refs)
		if err == nil {
			fmt.Fprintf(s.Out, "%s: %d\n", what, moved)
		}
		return err
	})
}

type errorsRetry struct {
	Cause string `arg:""`
	one   `embed:""`
}

// Run replays.
func (c *errorsRetry) Run(s *shell) error {
	return s.move("to be tried again", c.one, func(q *api.Queue, location string, refs []api.Ref) (int, error) {
		return q.Retry(s.ctx, location, c.Cause, by(), refs...)
	})
}

type errorsSkip struct {
	Cause  string `arg:""`
	Reason string `required:"" help:"Why it need not be done."`
	one    `embed:""`
}

// Run skips.
func (c *errorsSkip) Run(s *shell) error {
	return s.move("skipped", c.one, func(q *api.Queue, location string, refs []api.Ref) (int, error) {
		return q.Skip(s.ctx, location, c.Cause, by(), c.Reason, refs...)
	})
}

type errorsAssign struct {
	Cause string `arg:""`
	To    string `arg:"" help:"Whose it is."`
	one   `embed:""`
}

// Run assigns.
func (c *errorsAssign) Run(s *shell) error {
	return s.move("assigned", c.one, func(q *api.Queue, location string, refs []api.Ref) (int, error) {
		return q.Assign(s.ctx, location, c.Cause, c.To, refs...)
	})
}

type errorsSnooze struct {
	Cause string        `arg:""`
	For   time.Duration `xor:"until" required:"" help:"How long, such as 24h."`
	Until time.Time     `xor:"until" required:"" help:"Until when, such as 2026-05-04T07:00:00Z."`
	one   `embed:""`
}

// Run snoozes.
func (c *errorsSnooze) Run(s *shell) error {
	until := c.Until
	if until.IsZero() {
		until = s.Now().Add(c.For)
	}
	return s.move("snoozed", c.one, func(q *api.Queue, location string, refs []api.Ref) (int, error) {
		return q.Snooze(s.ctx, location, c.Cause, until, refs...)
	})
}

type errorsEdit struct {
	Delivery string `arg:"" help:"CONNECTION/KEY of the delivery that failed."`
	Body     string `required:"" help:"The file with the body that stands in for it; - reads it from the input."`
}

// Run keeps the new body and says under which name.
func (c *errorsEdit) Run(s *shell) error {
	body, err := s.read(c.Body)
	if err != nil {
		return err
	}
	connection, key, ok := strings.Cut(c.Delivery, "/")
	if !ok {
		return plumbline.Invalidf("as plumbline errors show prints it", "%q does not name a delivery as CONNECTION/KEY", c.Delivery)
	}
	return s.with(func(n *app.Node, location string) error {
		name, err := n.Queue().Edit(s.ctx, location, connection, key, by(), body)
		if err == nil {
			fmt.Fprintf(s.Out, "kept as %s/%s\n", connection, name)
		}
		return err
	})
}

func (s *shell) read(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(s.In)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, plumbline.Invalidf("name a file that can be read, or -", "the file %s cannot be read", file)
	}
	return data, nil
}
