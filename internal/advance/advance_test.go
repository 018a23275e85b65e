package advance_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
)

// states says where each delivery stands, by key.
func states(t *testing.T, d *db.DB, list []plumbline.Delivery) map[string]plumbline.State {
	t.Helper()
	out := map[string]plumbline.State{}
	err := d.View(t.Context(), later, func(tx *db.Tx) error {
		for _, x := range list {
			_, state, _, err := inbox.Get(tx, x.Location, x.Connection, x.Key)
			if err != nil {
				return err
			}
			out[x.Key] = state
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// brittle breaks over one body.
type brittle struct{ plain }

func (b brittle) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	if d.Key == "panics" {
		var none []plumbline.Reading
		return none[:1], nil
	}
	return b.plain.Decode(d)
}

// reckoning cannot say what follows from a job of the year 1, as is so of a day before it.
type reckoning struct{}

func (reckoning) Derive(*db.Tx, *advance.Batch) error { return nil }

func (reckoning) Follow(_ *db.Tx, b *advance.Batch) error {
	for _, j := range b.Jobs {
		for _, v := range j.View.Visits {
			if v.Starts.Year() == 1 && !v.Starts.IsZero() {
				return errors.New("a timestamp overflows")
			}
		}
	}
	return nil
}

// A delivery that cannot be read, that breaks its decoder, or of which nothing can be
// derived is for a person, and delays no other that came with it.
func TestAPoisonedDeliveryDelaysNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAdvance(t, d)
		a.Decoder = func(_, _, _ string) connect.Decoder { return brittle{} }
		a.Followers = append(a.Followers, reckoning{})
		job := func(key, id string, starts time.Time) plumbline.Delivery {
			return says(key, plumbline.Reading{Kind: plumbline.Job, ID: id, At: monday, Created: monday, Fields: map[string]plumbline.Value{"status": text("scheduled")}},
				plumbline.Reading{Kind: plumbline.Visit, ID: "v" + id, At: monday, Fields: map[string]plumbline.Value{
					"job": text(id), "starts": plumbline.TimeValue(starts), "ends": plumbline.TimeValue(starts.Add(time.Hour))}})
		}
		unreadable, panics := says("unreadable"), says("panics")
		unreadable.Body = []byte("{")
		list := []plumbline.Delivery{job("before", "j1", monday), unreadable, panics,
			job("no time", "j2", time.Date(1, 1, 1, 14, 0, 0, 0, time.UTC)),
			job("after", "j3", monday)}
		keep(t, d, list...)
		settle(t, a)
		want := map[string]plumbline.State{"before": plumbline.Applied, "unreadable": plumbline.Failed, "panics": plumbline.Failed, "no time": plumbline.Failed, "after": plumbline.Applied}
		if got := states(t, d, list); !maps.Equal(got, want) {
			t.Errorf("the deliveries are %v, want %v", got, want)
		}
		err := d.View(t.Context(), later, func(tx *db.Tx) error {
			items, err := errorqueue.List(tx, place)
			var titles []string
			for _, i := range items {
				titles = append(titles, i.Ref+": "+i.Title)
			}
			slices.Sort(titles)
			want := "field/no time: field sent an event changed that could not be applied\n" +
				"field/panics: field sent an event changed that could not be read\n" +
				"field/unreadable: field sent an event changed that could not be read"
			if got := strings.Join(titles, "\n"); got != want {
				t.Errorf("the error queue holds\n%s\nwant\n%s", got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := a.Verify(t.Context(), later, place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
			t.Errorf("what is stored is not what follows: %v, %v", found, err)
		}
	})
}

// Where nothing at all can be derived, that is no fault of what was delivered.
func TestWhereThePolicyIsBrokenNothingIsLost(t *testing.T) {
	d := dbtest.Open(t)
	a := newAdvance(t, d)
	policy := a.Policy
	a.Policy = func(string) (*playbook.Playbook, playbook.OpenHours, error) {
		return nil, nil, plumbline.NotFoundf("no policy")
	}
	list := []plumbline.Delivery{aJob()}
	keep(t, d, list...)
	if _, _, err := a.Step(t.Context(), later, place); err == nil {
		t.Error("nothing is said")
	}
	if got := states(t, d, list)["d1"]; got != plumbline.Waiting {
		t.Errorf("the delivery is %s, want that it waits", got)
	}
	a.Policy = policy
	settle(t, a)
	if got := states(t, d, list)["d1"]; got != plumbline.Applied {
		t.Errorf("the delivery is %s, want it applied", got)
	}
}

func TestWhatTheOfficeCannotSayIsForAPerson(t *testing.T) {
	d := dbtest.Open(t)
	a := newAdvance(t, d)
	office := func(key string, fields map[string]plumbline.Value) plumbline.Delivery {
		return plumbline.Delivery{Location: place, Connection: plumbline.Office, Tool: plumbline.Office, Event: "decision", Key: key, Received: monday.Add(6 * time.Hour),
			Body: []byte(db.JSON(advance.OfficeDecision{Do: "say", Kind: plumbline.Job, About: plumbline.NewSourceID(place, "field", plumbline.Job, "j1"), Fields: fields}))}
	}
	list := []plumbline.Delivery{aJob(), office("nul", map[string]plumbline.Value{"description": `"a\u0000b"`}), office("type", map[string]plumbline.Value{"no_charge": `"yes"`}),
		office("field", map[string]plumbline.Value{"color": `"red"`}), office("good", map[string]plumbline.Value{"no_charge": "true"})}
	keep(t, d, list...)
	settle(t, a)
	want := map[string]plumbline.State{"d1": plumbline.Applied, "nul": plumbline.Failed, "type": plumbline.Failed, "field": plumbline.Failed, "good": plumbline.Applied}
	if got := states(t, d, list); !maps.Equal(got, want) {
		t.Errorf("the deliveries are %v, want %v", got, want)
	}
}

// FuzzDecode gives the program's own decoders whatever may be edited into a delivery.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"do":"say","kind":"job","about":"a","fields":{"no_charge":"true"}}`,
		`{"do":"consent","consent":{"address":"+12085550142","tick":"service","wording":"x","yes":true,"at":"2026-05-04T15:30:00Z"}}`,
		`{"do":"same","a":"x","b":"y"}`,
		`{"subject":"s","kind":"visit","job":"j","rule":"reminder","due":"2026-05-04T15:30:00Z"}`,
		`{"visit":"v","job":"j","low":"2026-05-04T15:30:00Z","likely":"2026-05-04T15:40:00Z","high":"2026-05-04T15:50:00Z","basis":"x","for":"2026-05-04T15:00:00Z"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, tool := range []string{plumbline.Office, plumbline.Clock, advance.Route} {
			readings, err := advance.Decode(plumbline.Delivery{Location: place, Connection: tool, Tool: tool, Key: "k", Received: monday, Body: body})
			if err != nil {
				continue
			}
			for _, r := range readings {
				if r.About == "" && r.ID == "" {
					t.Errorf("%s: %s says something of nobody", tool, body)
				}
				for name, v := range r.Fields {
					if field, ok := plumbline.Fields[r.Kind][name]; ok && !field.Type.Fits(v) {
						t.Errorf("%s: %s says %s of %s %s", tool, body, v, r.Kind, name)
					}
				}
				if y := r.At.UTC().Year(); y < 1 || y > 9999 {
					t.Errorf("%s: %s is of the year %d", tool, body, y)
				}
			}
			if _, err := json.Marshal(readings); err != nil {
				t.Error(err)
			}
		}
	})
}

// choosy derives nothing that follows from the jobs it is told of, while it is told of some.
type choosy struct{ not map[plumbline.GoldenID]bool }

func (choosy) Derive(*db.Tx, *advance.Batch) error { return nil }

func (c choosy) Follow(_ *db.Tx, b *advance.Batch) error {
	for _, j := range b.Jobs {
		if c.not[j.ID] {
			return errors.New("an amount is too large")
		}
	}
	return nil
}

// A record of which nothing can be derived, marked by no delivery, is for a person, delays
// no other, and is derived once they retry.
func TestAPoisonedRecordDelaysNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAdvance(t, d)
		c := choosy{not: map[plumbline.GoldenID]bool{}}
		a.Followers = append(a.Followers, c)
		var ids []string
		for _, id := range []string{"j1", "j2", "j3"} {
			keep(t, d, says(id, plumbline.Reading{Kind: plumbline.Job, ID: id, At: monday, Created: monday, Fields: map[string]plumbline.Value{"status": text("scheduled")}}))
			ids = append(ids, string(plumbline.NewSourceID(place, "field", plumbline.Job, id)))
		}
		settle(t, a)
		c.not[plumbline.GoldenID(ids[1])] = true
		do := func(f func(*db.Tx) error) {
			t.Helper()
			if err := d.Do(t.Context(), later, f); err != nil {
				t.Fatal(err)
			}
		}
		do(func(tx *db.Tx) error { return advance.MarkStale(tx, place, "playbook", record.RankJob, ids...) })
		keep(t, d, says("after", plumbline.Reading{Kind: plumbline.Job, ID: "j4", At: monday, Created: monday, Fields: map[string]plumbline.Value{"status": text("scheduled")}}))
		settle(t, a)
		items := func() (list []string) {
			do(func(tx *db.Tx) error {
				items, err := errorqueue.List(tx, place)
				for _, i := range items {
					list = append(list, i.Kind+" "+i.Ref+": "+i.Detail)
				}
				return err
			})
			return list
		}
		want := []string{"derivation 1/" + ids[1] + ": advance location " + place + ": an amount is too large"}
		got := items()
		if len(got) != 1 || !strings.HasPrefix(got[0], "derivation 1/"+ids[1]+": ") || !strings.Contains(got[0], "an amount is too large") {
			t.Errorf("the error queue holds %q, want something like %q", got, want)
		}
		do(func(tx *db.Tx) error {
			if stale, err := record.AnyStale(tx, place); err != nil || stale {
				t.Errorf("something is stale still: %v, %v", stale, err)
			}
			return nil
		})
		c.not[plumbline.GoldenID(ids[1])] = false
		do(func(tx *db.Tx) error {
			if err := advance.Retry(tx, place, "nothing"); plumbline.KindOf(err) != plumbline.Invalid {
				t.Errorf("a ref that names nothing: %v", err)
			}
			return advance.Retry(tx, place, "1/"+ids[1])
		})
		do(func(tx *db.Tx) error {
			return errorqueue.Close(tx, place, errorqueue.Derivation, "1/"+ids[1], "done", "")
		})
		settle(t, a)
		if got := items(); len(got) > 0 {
			t.Errorf("after a retry the error queue holds %q", got)
		}
	})
}

// Jobs that are new write many rows each; however many come at once, no transaction
// writes more than it may.
func TestNoTransactionWritesTooManyRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAdvance(t, d)
		var list []plumbline.Delivery
		for i := range 100 {
			id := strconv.Itoa(i)
			readings := []plumbline.Reading{
				{Kind: plumbline.Customer, ID: "c" + id, At: monday, Created: monday, Fields: map[string]plumbline.Value{"first_name": text("Dana"), "last_name": text("Ortiz" + id), "email": text("dana" + id + "@ridge.com")}},
				{Kind: plumbline.Property, ID: "p" + id, At: monday, Fields: map[string]plumbline.Value{"customer": text("c" + id), "street": text(id + " Larkspur Ln"), "postal_code": text("83702")}},
				{Kind: plumbline.Job, ID: "j" + id, At: monday, Created: monday, Fields: map[string]plumbline.Value{"status": text("scheduled"), "customer": text("c" + id), "property": text("p" + id)}},
			}
			for v := range 25 {
				starts := monday.AddDate(0, 0, v)
				readings = append(readings, plumbline.Reading{Kind: plumbline.Visit, ID: "v" + id + "-" + strconv.Itoa(v), At: monday, Fields: map[string]plumbline.Value{
					"job": text("j" + id), "starts": plumbline.TimeValue(starts), "ends": plumbline.TimeValue(starts.Add(time.Hour))}})
			}
			list = append(list, says("d"+id, readings...))
		}
		keep(t, d, list...)
		settle(t, a)
		if n := d.Most(); n > 2000 {
			t.Errorf("a transaction wrote %d rows", n)
		}
		for key, state := range states(t, d, list) {
			if state != plumbline.Applied {
				t.Fatalf("delivery %s is %s", key, state)
			}
		}
		if found, err := a.Verify(t.Context(), later, place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
			t.Errorf("what is stored is not what follows: %v, %v", found, err)
		}
	})
}
