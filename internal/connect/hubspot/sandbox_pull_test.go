package hubspot_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
	"plumbline.dev/plumbline/internal/connect/hubspot"
	sandbox "plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// follow pulls a stream to its end, and notes what is told last of each record.
func (o *office) follow(t *testing.T, cursor string, seen map[string]hubspot.Observation) (string, time.Time) {
	t.Helper()
	for range 200 {
		p, err := o.tool.Pull(t.Context(), "contacts", cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range p.Answers {
			ob, err := o.tool.Observed(plumbline.Delivery{Event: "read", Body: a.Body})
			if err != nil {
				t.Fatal(err)
			}
			seen[a.Object] = ob
		}
		o.now = o.now.Add(time.Second) // within the search's limit
		if cursor = p.Next; !p.More {
			return cursor, p.Through
		}
	}
	t.Fatal("the pull does not end")
	return "", time.Time{}
}

func TestSandboxPullingSeesEveryChangeInTheEnd(t *testing.T) {
	o, _ := ready(t, func(s *sandbox.Options) { s.Faults.SearchLag = time.Minute })
	dice := rand.New(rand.NewPCG(3, 3))
	var ids []string
	for i := range 230 {
		id, err := o.Create("contacts", map[string]string{"firstname": fmt.Sprint("n", i)}, sandbox.Person(1))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	seen := map[string]hubspot.Observation{}
	cursor, _ := o.follow(t, "", seen)
	if len(seen) != 230 {
		t.Fatalf("the first pull saw %d", len(seen))
	}
	var through time.Time
	for round := range 12 {
		for i := range 15 {
			o.now = o.now.Add(time.Duration(dice.Int64N(20)) * time.Second)
			at := dice.IntN(len(ids))
			id := ids[at]
			switch {
			case i == 0:
				if err := o.Archive("contacts", id); err != nil {
					t.Fatal(err)
				}
				ids = slices.Delete(ids, at, at+1)
			case i == 1:
				other := ids[(at+1)%len(ids)]
				to, err := o.Merge("contacts", id, other, sandbox.Person(1))
				if err != nil {
					t.Fatal(err)
				}
				ids = append(slices.DeleteFunc(ids, func(s string) bool { return s == id || s == other }), to)
			default:
				if err := o.Edit("contacts", id, map[string]string{"firstname": fmt.Sprint("r", round, "-", i)}, sandbox.Person(1)); err != nil {
					t.Fatal(err)
				}
			}
		}
		cursor, through = o.follow(t, cursor, seen)
	}
	last := o.now
	for range 4 {
		o.now = o.now.Add(3 * time.Minute)
		cursor, through = o.follow(t, cursor, seen)
	}
	if through.Before(last) {
		t.Errorf("through %v, want past %v", through, last)
	}
	known := maps.Clone(seen)
	for _, x := range o.Objects("contacts") {
		ob := known[x.ID]
		delete(known, x.ID)
		if ob.Archived != x.Archived || ob.MergedTo != "" || !x.Archived && ob.Fields["firstname"].Value != x.Properties["firstname"] {
			t.Errorf("%s: told %+v, is archived=%v %q", x.ID, ob.Fields["firstname"], x.Archived, x.Properties["firstname"])
		}
		for _, id := range x.MergedIDs {
			if known[id].MergedTo == "" {
				t.Errorf("%s was merged into %s and is told as %+v", id, x.ID, known[id])
			}
			delete(known, id)
		}
	}
	for id, ob := range known {
		t.Errorf("%s is not there and is told as %+v", id, ob)
	}
}

func TestSandboxPullerSuite(t *testing.T) {
	o, s := ready(t, func(options *sandbox.Options) { options.Limits.Unlimited = true })
	has := map[string][]string{}
	for i := range 3 {
		id, err := o.Create("contacts", map[string]string{"firstname": fmt.Sprint("n", i)}, sandbox.Person(1))
		if err != nil {
			t.Fatal(err)
		}
		has["contacts"] = append(has["contacts"], id)
	}
	deal := s.Types["deal"]
	made := o.write(t, "deal", connect.Change{Key: "job", Fields: map[string]string{"dealname": "AC", "pipeline": deal.Pipeline, "dealstage": deal.Stages["booked"]}})
	has["deals"] = []string{made[0].ID}
	connecttest.TestPuller(t, connecttest.Puller{Puller: o.tool, Decoder: o.tool, Tool: hubspot.Name, Has: has,
		Now: func() time.Time { return o.now }, Advance: func(d time.Duration) { o.now = o.now.Add(d) },
		Touch: func(stream, id string) {
			field := map[string]string{"contacts": "firstname", "deals": "dealname"}[stream]
			if err := o.Edit(stream, id, map[string]string{field: "touched"}, sandbox.Person(1)); err != nil {
				t.Error(err)
			}
		}})
}
