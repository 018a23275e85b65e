package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
)

const kim = "+12085550133"

// staffed is a shop whose staff have a sender of their own.
func staffed(t *testing.T) *world {
	return newWorld(t, setting{
		staff: "sender: staffline, limit: 4h, people: [{name: Kim, mobile: \"" + kim + "\"}]",
		more: fmt.Sprintf("  - {name: staffline, tool: twilio, mode: \"on\", config: {account_sid: %s, auth_tokens: [0123456789abcdef0123456789abcdef], from: %q, messages_per_second: 1}}\n",
			sid, staffLine)})
}

func TestStaffAreToldByTheirOwnSenderAndCustomersByTheirs(t *testing.T) {
	w := staffed(t)
	c := w.customer()
	w.book(c.ID, "No cooling upstairs", at(6, 13, 0))
	w.post("secret", "<html>")
	w.until(at(5, 7, 30))
	said := w.texts(kim)
	if len(said) != 2 || !strings.Contains(said[0], "Brightwater errors: 1 waiting for over 4 h. 1x hcp sent") || !strings.Contains(said[1], "Tue 5 May 07:00: 1 open.") {
		t.Errorf("Kim was told %q, want an alarm and a digest", said)
	}
	for _, m := range w.phones.Messages() {
		if want := map[string]string{kim: staffLine, dana: sender}[m.To]; m.From != want {
			t.Errorf("%q was said to %s from %s, want from %s", m.Body, m.To, m.From, want)
		}
	}
	w.heard(dana, 0, "you are booked")
}

func TestWhatIsSnoozedIsBackWhenItsTimeHasCome(t *testing.T) {
	w := staffed(t)
	w.post("secret", "<html>")
	w.minutes(1)
	cause := w.wantItem(errorqueue.Delivery, "could not be read")
	until := w.now.Add(48 * time.Hour)
	_, err := w.node.Queue().Snooze(t.Context(), "brightwater", cause, until)
	w.ok(err)
	w.until(until.Add(-time.Minute))
	if left := w.open(); len(left) != 0 {
		t.Errorf("snoozed, it is shown: %+v", left)
	}
	w.until(until)
	w.wantItem(errorqueue.Delivery, "could not be read")
}

func TestTheSenderOfStaffSendsAndIsNobodyElses(t *testing.T) {
	line := `  - {name: %s, tool: twilio, config: {account_sid: ` + sid + `, auth_tokens: [0123456789abcdef0123456789abcdef], from: "` + sender + `"}}
`
	for name, c := range map[string]struct{ sender, connections, says string }{
		"a tool that does not send":      {"hubspot", "  - {name: hubspot, tool: hubspot, config: {token: pat-0123456789, portal: \"12345\"}}\n", `location boise has no connection "hubspot" that sends texts`},
		"a connection that is not there": {"nobody", fmt.Sprintf(line, "twilio"), `location boise has no connection "nobody" that sends texts`},
		"the customers' number":          {"line", fmt.Sprintf(line, "line") + fmt.Sprintf(line, "twilio"), "connections line and twilio send from one number"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			layer := "settings:\n  staff:\n    sender: " + c.sender + "\n    people: [{name: Kim, mobile: \"" + kim + "\"}]\n"
			if err := os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(layer), 0o600); err != nil {
				t.Fatal(err)
			}
			config, err := app.ParseConfig(filepath.Join(dir, "plumbline.yaml"), []byte("database: test.db\npublic_url: https://plumbline.example.com\nlocations:\n- id: boise\n  playbook: [shop.yaml]\n  connections:\n"+c.connections))
			if err != nil {
				t.Fatal(err)
			}
			_, err = app.Build(t.Context(), config, app.Options{Now: time.Now, Volatile: true})
			if err == nil || !strings.Contains(err.Error(), "shop.yaml:3:13: settings.staff.sender: "+c.says) {
				t.Errorf("Build = %v, want what is wrong and where", err)
			}
		})
	}
}

func TestAnItemShowsWhatWasAskedMaskedAndWhereMoreIs(t *testing.T) {
	w := newWorld(t, setting{})
	mend := texts(400, `{"code":21606}`)(w)
	defer mend()
	c := w.customer()
	w.book(c.ID, "No cooling upstairs", at(6, 13, 0))
	w.minutes(20)
	cause := w.wantItem(errorqueue.Message, "cannot send texts")
	w.ok(w.node.DB.View(t.Context(), w.now, func(tx *db.Tx) error {
		list, err := api.ItemsWithAttempts(tx, "brightwater", cause)
		if len(list) != 1 || len(list[0].Attempts) != 1 {
			t.Fatalf("%+v, %v; want one item with its attempt", list, err)
		}
		a := list[0].Attempts[0]
		if !strings.Contains(a.Asked, "you are booked") || strings.Contains(a.Asked, dana) || !strings.Contains(a.Outcome, "cannot send texts") {
			t.Errorf("asked %q, answered %q; want both, and no number", a.Asked, a.Outcome)
		}
		_, id, _ := strings.Cut(list[0].Ref, "/")
		if list[0].See != "plumbline explain "+id {
			t.Errorf("more is at %q", list[0].See)
		}
		return err
	}))
}
