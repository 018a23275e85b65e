package mirror

import (
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// A Sweep is where the sweep of a connection stands.
type Sweep struct {
	Connection string `json:"connection"`
	Mode       string `json:"mode" doc:"Of the connection"`
	Round      string `json:"round,omitempty" doc:"keep, plan or apply; empty before the first"`
	// Begun and Ended are of the round; without an end it is under way.
	Begun time.Time `json:"begun,omitzero"`
	Ended time.Time `json:"ended,omitzero"`
	Next  time.Time `json:"next,omitzero" doc:"When the next round begins, if none is asked for"`
	// Records are to be read in the round, Left of them are not yet.
	Records int64 `json:"records"`
	Left    int64 `json:"left"`
	Calls   int64 `json:"calls" doc:"Answered in the round"`
	// Expected is when the round ends if nothing else is due. Bound is how long a round over
	// all records takes then: their number over 100 to a call, over the calls that are left
	// to sweeps.
	Expected    time.Time      `json:"expected,omitzero"`
	All         int64          `json:"all" doc:"Records that are there"`
	Bound       float64        `json:"bound_seconds"`
	ShareCalls  int            `json:"share_calls" doc:"Calls that are left to sweeps in share_seconds; 0: there is no limit"`
	ShareWindow float64        `json:"share_seconds"`
	LeastRecent time.Time      `json:"least_recently_verified,omitzero"`
	Plan        string         `json:"plan,omitempty" doc:"Name of the plan that stands"`
	PlanRecords map[string]int `json:"plan_records,omitempty" doc:"Records of the plan by state: planned, applied or left"`
	Drift       []DriftCount   `json:"drift" doc:"What was found, by field and cause"`
}

// A DriftCount is how often drift of one field and cause was found.
type DriftCount struct {
	Type  string    `json:"type"`
	Field string    `json:"field,omitempty"` // empty: the record itself
	Cause string    `json:"cause"`
	Did   string    `json:"did"`
	N     int64     `json:"n"`
	Last  time.Time `json:"last"` // UTC day
}

// SweepStatus says where the sweep of a connection stands, and what drift was found since
// a UTC day, by whatever has read it.
func (m *Mirror) SweepStatus(tx *db.Tx, location, connection string, since time.Time) (s Sweep, err error) {
	defer plumbline.Wrap(&err, "look at the sweep of %s", connection)

	c, err := m.swept(tx, location, connection)
	if err != nil {
		return s, err
	}
	r, err := loadRound(tx, c)
	if err != nil {
		return s, err
	}
	s = Sweep{Connection: c.Name, Mode: c.Mode, Round: r.Mode, Calls: r.Calls, Records: max(r.Records, 0)}
	share, err := m.share(tx, c)
	if err != nil {
		return s, err
	}
	s.ShareCalls, s.ShareWindow = share.Calls, share.Window.Seconds()
	list, err := verified(tx, c, r)
	if err != nil {
		return s, err
	}
	var calls, all int64
	for _, v := range list {
		s.All, s.Left = s.All+v.all, s.Left+v.left
		calls, all = calls+pages(v.left), all+pages(v.all)
		if at := time.UnixMilli(v.leastRecent).UTC(); v.leastRecent != 0 && (s.LeastRecent.IsZero() || at.Before(s.LeastRecent)) {
			s.LeastRecent = at
		}
	}
	s.Bound = waited(all, share).Seconds()
	if s.PlanRecords, err = planCounts(tx, c); err != nil {
		return s, err
	}
	if r.Mode == applyRound {
		s.Left = int64(s.PlanRecords[planned])
		calls = (s.Left + judgedAtOnce - 1) / judgedAtOnce
	}
	if r.Mode == planRound {
		s.Plan = r.name()
	}
	if r.Begun != 0 {
		s.Next = r.next().UTC()
	}
	if r.Mode != "" {
		s.Begun = time.UnixMilli(r.Begun).UTC()
	}
	if r.over() {
		s.Left = 0
	} else {
		s.Expected = tx.Now.Add(waited(calls, share)).UTC()
	}
	if r.Mode != "" && r.Ended != 0 {
		s.Ended = time.UnixMilli(r.Ended).UTC()
	}
	s.Drift, err = driftTally(tx, c, since)
	return s, err
}

func pages(records int64) int64 { return (records + readBatch - 1) / readBatch }

// share is what is left to the sweeps of a connection: those that share its quota take
// turns.
func (m *Mirror) share(tx *db.Tx, c tenant.Connection) (share connect.Budget, err error) {
	if m.Budgets == nil {
		return share, nil
	}
	b, ok := m.Budgets(c)[m.budget(c, useRead)]
	if !ok {
		return share, nil
	}
	share = outbox.Share(b)
	all, err := tenant.Connections(tx, "")
	n := 0
	for _, o := range all {
		if o.Quota == c.Quota && o.Mode == tenant.On {
			n++
		}
	}
	share.Window *= time.Duration(max(n, 1))
	return share, err
}

func driftTally(tx *db.Tx, c tenant.Connection, since time.Time) (list []DriftCount, err error) {
	rows, err := tx.Query(selectDriftTally, c.Location, c.Name, inbox.Day(since))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d DriftCount
		var day int64
		if err := rows.Scan(&d.Type, &d.Field, &d.Cause, &d.Did, &d.N, &day); err != nil {
			return nil, err
		}
		d.Last = time.UnixMilli(day * 86_400_000).UTC()
		list = append(list, d)
	}
	return list, rows.Err()
}
