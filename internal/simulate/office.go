package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/sandbox/shop"
)

// live lets the shop do what is due, and its office write down what it has decided.
func (c *company) live(ctx context.Context) (worked bool, next time.Time, err error) {
	if !c.over {
		worked, next, err = c.shop.Step(ctx, c.w.now)
		c.over = next.IsZero()
	}
	c.acts = append(c.acts, c.shop.Acts()...)
	if err != nil || len(c.acts) == 0 {
		return worked, next, err
	}
	n := c.w.awake()
	if n == nil { // the page does not load: tried again in a minute
		return worked, earlier(next, c.w.now.Add(time.Minute)), nil
	}
	for _, a := range c.acts {
		if err := c.decide(ctx, n, a); err != nil {
			return worked, next, err
		}
	}
	c.acts = nil
	c.w.wakeAll()
	return true, next, nil
}

func (w *world) awake() *node {
	for _, n := range w.nodes {
		if n.app != nil {
			return n
		}
	}
	return nil
}

// decide writes a decision of the office down.
func (c *company) decide(ctx context.Context, n *node, a shop.OfficeAct) error {
	p, ok, err := Decision(c.id, c.decided+1, a)
	if !ok || err != nil {
		return err
	}
	c.decided++
	c.rang[plumbline.Office+" "+c.w.now.UTC().Format(time.DateOnly)]++
	return n.app.DB.Do(ctx, c.w.now, func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, p)
		return err
	})
}

func (c *company) source(kind plumbline.Kind, id string) plumbline.SourceID {
	return source(c.id, kind, id)
}

// source names a record of a field tool, hcp or jobber: Jobber's ids are encoded, and so
// told from others.
func source(location string, kind plumbline.Kind, id string) plumbline.SourceID {
	connection := "hcp"
	if inJobber(id) {
		connection = "jobber"
	}
	return plumbline.NewSourceID(location, connection, kind, id)
}

// inJobber says whether an id is one of Jobber's: its ids are "gid://", encoded.
func inJobber(id string) bool { return strings.HasPrefix(id, "Z2lkOi8v") }

// Decision is what the office of a shop said, as a delivery of the program's. It is the
// nth of its location, whose field tools are called hcp and jobber. What has no word in
// the program is not ok.
func Decision(location string, n int, a shop.OfficeAct) (p inbox.Packed, ok bool, err error) {
	d, ok := decision(location, n, a)
	if !ok {
		return p, false, nil
	}
	body, err := json.Marshal(d)
	return inbox.Pack(plumbline.Delivery{Location: location, Connection: plumbline.Office, Tool: plumbline.Office, Event: d.Do,
		Key: fmt.Sprintf("decision-%05d", n), Body: body}), true, err
}

// decision says in the program's words what the office said in its own. Who lives at
// an address has no word there: the field tool's notes name tenants.
func decision(location string, n int, a shop.OfficeAct) (d advance.OfficeDecision, ok bool) {
	d.By = "office"
	say := func(field string, v plumbline.Value) (advance.OfficeDecision, bool) {
		d.Do, d.About, d.Kind = "say", source(location, plumbline.Job, a.Job), plumbline.Job
		d.Fields = map[string]plumbline.Value{field: v}
		return d, a.Job != ""
	}
	switch a.Kind {
	case shop.ActConsent, shop.ActWithdrawn:
		tick := "service"
		if a.Purpose == shop.Marketing {
			tick = "marketing"
		}
		wording := a.Wording
		if wording == "" {
			wording = "told the office"
		}
		d.Do = "consent"
		d.Consent = &advance.Consent{ID: fmt.Sprint(n), Address: a.Phone, Person: source(location, plumbline.Customer, a.Customer), Tick: tick,
			Yes: a.Kind == shop.ActConsent, Wording: wording, Via: a.Source, At: a.At}
		return d, true
	case shop.ActQA:
		return say("qa", plumbline.TextValue("passed"))
	case shop.ActDispute:
		return say("dispute", "true")
	case shop.ActDisputeOver:
		return say("dispute", "false")
	case shop.ActPromise:
		return say("promised", plumbline.TimeValue(a.Until))
	case shop.ActNoCharge:
		return say("no_charge", "true")
	case shop.ActSame, shop.ActDifferent:
		d.Do, d.A, d.B = string(a.Kind), source(location, plumbline.Customer, a.Customer), source(location, plumbline.Customer, a.Other)
		return d, true
	}
	return d, false
}
