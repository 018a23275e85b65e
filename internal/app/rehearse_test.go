package app_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/rehearse"
)

// Another playbook over what is kept: nothing is written, and the differences are those
// that it makes.
func TestARehearsalShowsWhatAnotherPlaybookWouldHaveMade(t *testing.T) {
	for _, s := range []setting{{}, {store: dbtest.PostgresURL(t), schema: fmt.Sprintf("rehearse_%d", time.Now().UnixNano())}} {
		w := newWorld(t, s)
		c := w.customer()
		w.minutes(1)
		w.agrees(c.ID, "marketing")
		j := w.book(c.ID, "No cooling upstairs", at(4, 10, 0))
		w.until(at(4, 9, 40))
		w.finish(j.ID)
		w.bill(j.ID)
		w.book(c.ID, "Leak under the sink", at(6, 13, 0))
		w.minutes(30)
		before := len(w.texts(dana))

		run := func(layer string, since time.Time) rehearse.Report {
			t.Helper()
			file := filepath.Join(t.TempDir(), "other.yaml")
			w.ok(os.WriteFile(file, []byte(layer), 0o600))
			r, err := rehearse.Run(t.Context(), rehearse.Options{Config: *w.node.Config, Schema: s.schema, Location: "brightwater", Playbook: []string{file}, Since: since, Now: w.now})
			w.ok(err)
			return r
		}
		sum := w.bytes()
		const shop = "settings: {brand: Brightwater, zone: America/Boise, phone: (208) 555-0100, links: https://bw.example/v, shop: {latitude: \"43.6150\", longitude: \"-116.2023\"}}\n"
		if s.store == "" { // the engines read alike
			if r := run(shop, time.Time{}); len(r.Rules)+len(r.Stages)+len(r.Fields)+len(r.Records) > 0 || r.Jobs != 2 || r.Deliveries == 0 {
				t.Errorf("the same playbook makes a difference: %s", asText(r))
			}
			if r := run(shop+asTickets.line, time.Time{}); len(r.Records) != 2 || r.Records[0].Type != "deal" || r.Records[0].Fewer != 2 || r.Records[1].Type != "ticket" || r.Records[1].More != 2 || len(r.Rules) > 0 {
				t.Errorf("jobs as tickets: %s", asText(r))
			}
		}
		other := shop + `
rules:
  onway: ~
  done:
    on: job.completed
    text: done
    within: 2h
    to: booker
    class: service
texts:
  done: {en: "{{.brand}}: {{.tech}} finished at {{.street}}.", es: "{{.brand}}: {{.tech}} ha terminado en {{.street}}."}
job: {when: {invoiced: job.holds("completed") && job.billed && job.settled_balance <= 0}}
mapping: {hubspot: {deal: {fields: {plumbline_kind: {from: '"kind of " + job.kind'}}}}}
`
		r := run(other, time.Time{})
		if len(r.Rules) < 2 || r.Rules[0].Rule != "done" || r.Rules[0].Then != 1 || len(r.Rules[0].More) != 1 || r.Rules[0].More[0].Why != "there is no such rule" {
			t.Errorf("rules: %s", asText(r.Rules))
		}
		fewer := 0
		for _, x := range r.Rules {
			if x.Rule == "onway" && x.Today == 1 && x.Then == 0 && len(x.Fewer) == 1 && x.Fewer[0].N == 1 && len(x.Fewer[0].Examples) == 1 {
				fewer++
			}
		}
		if fewer != 1 {
			t.Errorf("on the way is said no more, and the rehearsal says %s", asText(r.Rules))
		}
		if len(r.Stages) != 1 || r.Stages[0].From != "invoiced" || r.Stages[0].To != "completed" || r.Stages[0].Jobs != 1 {
			t.Errorf("stages: %s", asText(r.Stages))
		}
		kinds := false
		for _, f := range r.Fields {
			kinds = kinds || f.Type == "deal" && f.Field == "plumbline_kind" && f.Records == 2 && f.Examples[0].From == "repair" && f.Examples[0].To == "kind of repair"
		}
		if !kinds {
			t.Errorf("fields: %s", asText(r.Fields))
		}
		if s.store == "" {
			if r := run(other, w.now); len(r.Rules) > 0 || len(r.Stages) != 1 {
				t.Errorf("of what was known before nobody is told, and the rehearsal says %s", asText(r))
			}
		}
		if w.bytes() != sum {
			t.Error("a rehearsal has changed the database")
		}
		if n := len(w.texts(dana)); n != before {
			t.Errorf("a rehearsal has said something: %d texts, %d before", n, before)
		}
	}
}

func asText(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}

// bytes is a digest of all that the database holds: of the files of SQLite, of the rows of
// PostgreSQL.
func (w *world) bytes() string {
	w.t.Helper()
	h := sha256.New()
	if w.node.DB.Engine() == db.SQLite {
		for _, end := range []string{"", "-wal"} {
			data, err := os.ReadFile(w.node.Config.Database + end)
			w.ok(err)
			h.Write(data)
		}
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		var tables, text string
		if err := tx.QueryRow(`SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM information_schema.tables WHERE table_schema = current_schema()`).Scan(&tables); err != nil {
			return err
		}
		for _, table := range strings.Fields(tables) {
			if err := tx.QueryRow(`SELECT md5(COALESCE(string_agg(t::text, '' ORDER BY t::text), '')) FROM ` + table + ` AS t`).Scan(&text); err != nil {
				return err
			}
			h.Write([]byte(table + text))
		}
		return nil
	}))
	return fmt.Sprintf("%x", h.Sum(nil))
}
