package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/dedupe"
	"plumbline.dev/plumbline/internal/families"
	"plumbline.dev/plumbline/internal/match"
	"plumbline.dev/plumbline/internal/quality"
)

// deduped measures how long finding who is who in a file of made-up customers takes, from
// opening it to the clusters, beside reading its rows.
func deduped(ctx context.Context, o Options, r Report) (err error) {
	records := o.scale(100_000)
	if o.Large {
		records = 1_000_000
	}
	path := filepath.Join(o.Dir, "customers.csv")
	truth := make(map[string]string, records)
	if err := made(path, records, truth); err != nil {
		return fmt.Errorf("make up customers: %w", err)
	}
	defer func() {
		if e := os.Remove(path); err == nil {
			err = e
		}
	}()
	began := time.Now()
	f, err := csv.Open(path)
	if err != nil {
		return err
	}
	rows := 0
	for range f.Rows() {
		rows++
	}
	ceiling := time.Since(began)

	began = time.Now()
	if f, err = csv.Open(path); err != nil {
		return err
	}
	l, err := dedupe.NewLayout(f.Headings, nil)
	if err != nil {
		return err
	}
	list := dedupe.Read(f, l, func(int) {})
	clusters, asks := match.Dedupe(list.People)
	took := time.Since(began)
	if len(list.People) != records || rows != records || ctx.Err() != nil {
		return fmt.Errorf("of %d customers %d were read: %w", records, len(list.People), ctx.Err())
	}
	found := make(map[string]string, records)
	for i := range clusters {
		found[list.People[i].ID] = match.ClusterName(clusters[i])
	}
	s := quality.Pairwise(truth, found)
	name, aim := "dedupe_s", ""
	if records == 1_000_000 {
		name, aim = "dedupe_1m_s", "aim < 60"
	}
	r[name] = Figure{Value: took.Seconds(), Unit: "s", Floor: aim, Ceiling: ceiling.Seconds(),
		Note: fmt.Sprintf("%d made-up customers, damage usual: precision %.4f, recall %.4f, %d pairs to be asked; beside reading the rows", records, s.Precision, s.Recall, len(asks))}
	return nil
}

func made(path string, records int, truth map[string]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := families.WriteCSV(f, families.Options{Seed: 3, Records: records, Damage: 1}, func(x families.Record) { truth[x.ID] = x.Person }); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
