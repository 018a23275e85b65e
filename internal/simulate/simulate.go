// Package simulate runs the whole program against the vendors' fakes and a shop that
// lives, in simulated time and in one goroutine, so that a seed reproduces its run;
// then an oracle that knows the true story checks the laws. It is a face: it may know
// every room, and no room may know it.
package simulate

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"plumbline.dev/plumbline"
)

// Options say what is simulated.
type Options struct {
	Seed         uint64
	Trucks, Days int    // of the shop; 2 trucks and one day if zero
	Faults       string // none, light or heavy
	Tools        string // the shop's field tools: housecallpro, jobber or both; "": as the seed decides
	Store        string // "": SQLite in a folder of its own that goes away; else a postgres:// URL
	Schema       string // on PostgreSQL; "": one made for the seed, dropped before and after
	Nodes        int    // of the program, on one database; 1 if zero. SQLite takes one
	Log          func(string)
}

// A Report says what happened and which laws were broken. Violations are sentences;
// each names the law and the seed.
type Report struct {
	Seed       uint64   `json:"seed"`
	Trucks     int      `json:"trucks"`
	Days       int      `json:"days"`
	Faults     string   `json:"faults"`
	Tools      string   `json:"tools"`
	Nodes      int      `json:"nodes"`
	Locations  int      `json:"locations"`
	Deliveries int      `json:"deliveries"` // received, redeliveries included
	Applied    int      `json:"applied"`
	Ignored    int      `json:"ignored"`
	Waiting    int      `json:"waiting"`
	Failed     int      `json:"failed"`
	Records    int      `json:"records"`  // golden
	Jobs       int      `json:"jobs"`     // that the shop knows of
	Writes     int      `json:"writes"`   // attempts at the CRM that changed something there
	Messages   int      `json:"messages"` // texts that reached a phone or a carrier
	Attempts   int      `json:"attempts"`
	Undecided  int      `json:"undecided"` // attempts that had to be asked after
	Lost       int      `json:"lost"`      // webhooks of field tools that never arrived
	Crashes    int      `json:"crashes"`
	Steps      int      `json:"steps"`
	MostRows   int64    `json:"most_rows"` // written by one transaction
	Simulated  string   `json:"simulated"` // time that passed in the world
	Took       string   `json:"took"`
	CPU        string   `json:"cpu"` // of this process
	Violations []string `json:"violations"`
}

// levels are the words for Options.Faults.
var levels = map[string]level{"none": none, "light": light, "heavy": heavy}

// The words for Options.Tools. Of ten shops six have Housecall Pro alone, two Jobber alone,
// and two both.
const (
	onlyHousecallPro = "housecallpro"
	onlyJobber       = "jobber"
	bothTools        = "both"
)

func toolsOf(seed uint64) string {
	switch seed % 5 {
	case 2:
		return onlyJobber
	case 4:
		return bothTools
	}
	return onlyHousecallPro
}

func (o Options) withDefaults() (Options, error) {
	if o.Trucks == 0 {
		o.Trucks = 2
	}
	if o.Days == 0 {
		o.Days = 1
	}
	if o.Nodes == 0 {
		o.Nodes = 1
	}
	if o.Faults == "" {
		o.Faults = "none"
	}
	if _, ok := levels[o.Faults]; !ok {
		return o, plumbline.Invalidf("none, light or heavy", "there are no faults called %q", o.Faults)
	}
	if o.Tools == "" {
		o.Tools = toolsOf(o.Seed)
	}
	if o.Tools != onlyHousecallPro && o.Tools != onlyJobber && o.Tools != bothTools {
		return o, plumbline.Invalidf("housecallpro, jobber or both", "no shop has the tools %q", o.Tools)
	}
	if o.Trucks < 0 || o.Days < 0 || o.Nodes < 0 {
		return o, plumbline.Invalidf("give numbers above zero", "a shop has at least one truck and one day, and a program one node")
	}
	if o.Store == "" && o.Nodes > 1 {
		return o, plumbline.Invalidf("name a PostgreSQL server with --store", "several nodes need a database that they can share")
	}
	if o.Schema == "" {
		o.Schema = fmt.Sprintf("simulation_%d", o.Seed)
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	return o, nil
}

// Run simulates a shop by its seed and checks the laws. An error means that the run
// itself could not be made; a broken law stands in the report.
func Run(ctx context.Context, o Options) (r Report, err error) {
	defer plumbline.Wrap(&err, "simulate seed %d", o.Seed)

	if o, err = o.withDefaults(); err != nil {
		return r, err
	}
	began, spent := time.Now(), cpu()
	w, err := newWorld(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() {
		if e := w.close(ctx); err == nil {
			err = e
		}
	}()
	if err := w.live(ctx); err != nil {
		return w.report, err
	}
	if err := w.check(ctx); err != nil {
		return w.report, err
	}
	w.report.CPU = (cpu() - spent).Round(time.Millisecond).String()
	w.report.Took = time.Since(began).Round(time.Millisecond).String()
	return w.report, nil
}

// cpu is how long processors have worked for this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
