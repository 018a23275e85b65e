package mirror_test

import (
	"testing"
	"time"

	"plumbline.dev/plumbline"
)

func TestAContactAndADealAreMadeAndJoined(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job())
		w.run(12 * time.Minute)
		contact, deal := w.one("contacts"), w.one("deals")
		if got := contact.Properties; got["firstname"] != "Rosa" || got["mobilephone"] != "+15125550142" || got["plumbline_key"] != string(sourceID(plumbline.Customer, "field", "c1")) {
			w.t.Errorf("the contact says %v", got)
		}
		if got := deal.Properties["plumbline_key"]; got != string(sourceID(plumbline.Job, "field", "j1")) {
			w.t.Errorf("the deal bears %q", got)
		}
		if len(deal.Associations) != 1 || deal.Associations[0].ID != contact.ID {
			w.t.Errorf("the deal is joined to %+v, want contact %s%s", deal.Associations, contact.ID, w.story())
		}
		if list := w.items(); len(list) != 0 {
			w.t.Errorf("the error queue holds %+v", list)
		}
	})
}
