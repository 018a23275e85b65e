package advance

import (
	"context"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Compare compares all that is derived of a location in two databases.
func Compare(ctx context.Context, now time.Time, location string, one, other *db.DB) (found []string, err error) {
	for _, s := range derivedTables {
		t, err := parseTable(s)
		if err != nil {
			return nil, err
		}
		more, err := compareTables(ctx, now, location, t, one, other, maxFound)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// Decode reads a delivery as Step does.
func Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	out := (&Advance{}).decode(d)
	return out.Readings, out.Err
}
