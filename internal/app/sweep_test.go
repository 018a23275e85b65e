package app_test

import (
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// What nobody tells of is found by the sweep of the whole program, put right and
// explained.
func TestDriftIsFoundRepairedAndExplained(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.book(c.ID, "No cooling upstairs", at(5, 13, 0))
	w.minutes(60)
	contact := w.contact("Whitlock")
	w.ok(w.crm.Lose("contacts", contact.ID, "plumbline_next_appointment"))
	w.ok(w.crm.Slip("contacts", contact.ID, map[string]string{"plumbline_technician": "Nobody", "phone": "(208) 555-0177"}, hubspot.Integration(555)))
	w.minutes(14 * 60)
	w.props(w.contact("Whitlock"), map[string]string{
		"plumbline_next_appointment": contact.Properties["plumbline_next_appointment"],
		"plumbline_technician":       contact.Properties["plumbline_technician"],
		"phone":                      "(208) 555-0177"})
	w.ok(w.node.DB.View(t.Context(), w.now, func(tx *db.Tx) error {
		e, err := w.node.API().Explain.Any(tx, "brightwater", "hubspot/contact/"+contact.ID)
		if err != nil {
			return err
		}
		lines := map[string]explain.Line{}
		for _, s := range e.Sections {
			for _, l := range s.Lines {
				lines[strings.SplitN(l.Fact, ":", 2)[0]] = l
			}
		}
		if l := lines["last verified"]; w.now.Sub(l.Time) > 13*time.Hour {
			t.Errorf("it was last verified %v ago: %+v", w.now.Sub(l.Time), l)
		}
		for what, want := range map[string][2]string{
			"drift of plumbline_next_appointment": {"repaired, ", "cause: our write is not there"},
			"drift of plumbline_technician":       {"repaired, ", "cause: another program changed it there, INTEGRATION 555"},
			"drift of phone":                      {"taken over, ", "cause: another program changed it there, INTEGRATION 555"},
		} {
			if l := lines[what]; !strings.HasPrefix(l.Decision, want[0]) || l.Rule != want[1] || l.Time.IsZero() || strings.Contains(l.Fact, "555-0177") {
				t.Errorf("%s is explained as %+v, want %v, masked", what, l, want)
			}
		}
		s, err := w.node.API().Mirror.SweepStatus(tx, "brightwater", "hubspot", w.now.AddDate(0, 0, -1))
		n := map[string]int64{}
		for _, d := range s.Drift {
			n[d.Field+" "+d.Cause] += d.N
		}
		if s.ShareCalls != 17 || s.Ended.IsZero() || n["phone "+mirror.CauseApp] != 1 || n["plumbline_next_appointment "+mirror.CauseLost] != 1 || n["plumbline_technician "+mirror.CauseApp] != 1 {
			t.Errorf("the sweep stands at %+v", s)
		}
		return err
	}))
}
