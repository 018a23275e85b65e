package simulate

import (
	"context"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/sandbox"
)

// A hook is a webhook of a field tool, with the connection that it comes to.
type hook struct {
	sandbox.Webhook
	connection string
}

// hooks are all webhooks of the shop's field tools.
func (c *company) hooks() (list []hook) {
	if c.field != nil {
		for _, x := range c.field.Webhooks() {
			list = append(list, hook{x, "hcp"})
		}
	}
	if c.jobber != nil {
		for _, x := range c.jobber.Webhooks() {
			list = append(list, hook{x, "jobber"})
		}
	}
	return list
}

// A customer is one as a field tool has it.
type customer struct{ id, last, email string }

func (c *company) customers() (list []customer) {
	if c.field != nil {
		for _, x := range c.field.Customers() {
			list = append(list, customer{x.ID, x.LastName, x.Email})
		}
	}
	if c.jobber != nil {
		for _, x := range c.jobber.Clients() {
			k := customer{id: x.ID, last: x.LastName}
			if len(x.Emails) > 0 {
				k.email = x.Emails[0].Address
			}
			list = append(list, k)
		}
	}
	return list
}

// locationsNeverMeet: nothing of another company's customers, jobs or texts stands in
// this location, and no text of this one left by another's number.
func locationsNeverMeet(ctx context.Context, o *oracle, bad broken) error {
	for _, m := range o.sender.Messages() {
		if m.Direction == "outbound-api" && m.From != o.number {
			bad("a text left by the number %s, which is not this location's", m.From)
		}
	}
	for _, other := range o.w.companies {
		if other == o.company {
			continue
		}
		foreign := map[string]bool{}
		for _, j := range other.shop.Story().Jobs {
			foreign[j.ID] = true
		}
		for _, c := range other.customers() {
			foreign[c.id] = true
		}
		err := o.view(ctx, func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT external FROM source_record WHERE location_id = $1 AND external <> ''`, o.id)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var external string
				if err := rows.Scan(&external); err != nil {
					return err
				}
				if foreign[external] {
					bad("%s is of %s and is known here", external, other.id)
				}
			}
			return rows.Err()
		})
		if err != nil {
			return err
		}
		for _, x := range o.crm.Objects("deals") {
			for _, j := range other.shop.Story().Jobs {
				if x.Properties["plumbline_key"] == string(other.source(plumbline.Job, j.ID)) {
					bad("deal %s is about a job of %s", x.ID, other.id)
				}
			}
		}
	}
	return nil
}
