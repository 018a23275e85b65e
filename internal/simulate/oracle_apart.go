package simulate

import (
	"context"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/sandbox"
)

type hook = sandbox.Webhook

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
		for _, c := range other.field.Customers() {
			foreign[c.ID] = true
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
