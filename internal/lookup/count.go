package lookup

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	// missing and gone lead the names of reads of what a count has found: there and not
	// here, here and not there.
	missing = "missing"
	gone    = "gone"

	// nightly is the local hour at which the lists of sources are counted.
	nightly = 2
	// mostOwed bounds how many reads a night owes of a list, and mostShown how many ids of
	// differences it keeps for people. The rest is found the next night.
	mostOwed = 500
	// manyGone of one in ten of a list are not believed to be gone: a source that lists for
	// another account, or not all, would have us delete everything.
	manyGone  = 20
	mostShown = 50
	// heldPage is how many of our records are looked at in one transaction.
	heldPage = 1000
)

// A counting asks a source how many objects one of its lists has, or for a page of their
// ids.
type counting struct {
	Stream string         `json:"stream"`
	Kind   plumbline.Kind `json:"kind,omitempty"`
	IDs    bool           `json:"ids,omitempty"`
	Cursor string         `json:"cursor,omitempty"`
	Began  int64          `json:"began,omitempty"` // when the counting did, in milliseconds
}

// A Counted is one list of a source on one night: how many objects the source had, how many
// of them we held, and by which they differ.
type Counted struct {
	Connection string `json:"connection"`
	Stream     string `json:"list"`
	Night      string `json:"night"` // the local day on which it was counted
	Ours       int    `json:"ours"`
	Theirs     int    `json:"theirs" doc:"-1: the source does not tell"`
	Compared   string `json:"compared" enum:"count,ids,unfinished" doc:"count: they agreed, and that is all that was compared"`
	Missing    int    `json:"missing" doc:"There and not here: each is read"`
	Gone       int    `json:"gone" doc:"Here and not there: each is read, and deleted where the source has it no more"`
	Differences
}

// Differences are the first ids by which a list and our records of it differ.
type Differences struct {
	MissingIDs []string `json:"missing_ids,omitempty"`
	GoneIDs    []string `json:"gone_ids,omitempty"`
}

func (l *Lookup) counter(location, connection string) connect.Counter {
	if l.puller(location, connection) == nil {
		return nil
	}
	c, _ := l.Tool(location, connection).(connect.Counter)
	return c
}

// beginCounts owes the counts of a source's lists for the next night.
func (l *Lookup) beginCounts(tx *db.Tx, c tenant.Connection) error {
	p := l.puller(c.Location, c.Name)
	if l.counter(c.Location, c.Name) == nil {
		return nil
	}
	due, err := l.nextNight(c, tx.Now)
	if err != nil {
		return err
	}
	var debts []outbox.Debt
	for _, stream := range p.Streams() {
		debts = append(debts, countDebt(c, stream, due))
	}
	return outbox.Owe(tx, debts...)
}

func countDebt(c tenant.Connection, stream string, due time.Time) outbox.Debt {
	return outbox.Debt{Key: outbox.Key{Location: c.Location, Connection: c.Name, Room: Room, Record: "count/" + stream}, Due: due, Class: outbox.Backfill,
		Lot: "count/" + stream}
}

// nextNight is when the lists of a location are counted next.
func (l *Lookup) nextNight(c tenant.Connection, now time.Time) (time.Time, error) {
	zone, err := l.zone(c.Location)
	if err != nil {
		return now, err
	}
	local := now.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), nightly, 0, 0, 0, zone)
	if !at.After(now) {
		at = time.Date(local.Year(), local.Month(), local.Day()+1, nightly, 0, 0, 0, zone)
	}
	return at, nil
}

func (l *Lookup) zone(location string) (*time.Location, error) {
	pb, _, err := l.Policy(location)
	if err != nil {
		return nil, err
	}
	return time.LoadLocation(pb.Settings.Zone)
}

// prepareCount asks on where a counting is under way, else for the count. A list that has
// not been read whole yet is counted the next night.
func (l *Lookup) prepareCount(tx *db.Tx, c tenant.Connection, row outbox.Row, stream string) (*counting, *outbox.Settled, error) {
	if l.counter(c.Location, c.Name) == nil {
		return nil, nil, nil
	}
	at, err := loadPull(tx, c, stream)
	if err != nil {
		return nil, nil, err
	}
	if !at.complete {
		due, err := l.nextNight(c, tx.Now)
		later := outbox.AgainAt(row, due)
		return nil, &later, err
	}
	run, err := loadRun(tx, c, stream)
	if err != nil || run == nil {
		return &counting{Stream: stream}, nil, err
	}
	return &counting{Stream: stream, IDs: true, Cursor: run.cursor, Began: run.began}, nil, nil
}

// A tally is what a call of a counting has found.
type tally struct {
	counting
	theirs, ours int
	page         connect.IDs
	// Of the last page: what is there and not here, and the other way round.
	missing, gone []string
}

func (l *Lookup) performCount(ctx context.Context, c tenant.Connection, call outbox.Call, q counting) outbox.Result {
	counter := l.counter(c.Location, c.Name)
	if counter == nil {
		return refused("the tool of this connection counts nothing", nil)
	}
	found := tally{counting: q}
	var err error
	if q.IDs {
		found.page, err = counter.IDs(ctx, q.Stream, q.Cursor)
	} else {
		found.theirs, err = counter.Count(ctx, q.Stream)
	}
	if err == nil && found.page.Next == "" {
		err = l.compare(ctx, c, call, counter, &found)
	}
	if err != nil {
		return outbox.Result{Err: connect.AsError(err)}
	}
	return outbox.Result{Answer: found, Detail: "counted"}
}

// compare goes through what we hold of a list, in short transactions, and compares it with
// the ids that were read.
func (l *Lookup) compare(ctx context.Context, c tenant.Connection, call outbox.Call, counter connect.Counter, found *tally) error {
	kind, has := counter.Holds(found.Stream)
	theirs := map[string]bool{}
	if found.IDs {
		err := l.DB.View(ctx, call.Started, func(tx *db.Tx) error { return loadListed(tx, c, found.Stream, theirs) })
		if err != nil {
			return err
		}
		for _, id := range found.page.IDs {
			theirs[id] = true
		}
		found.theirs = len(theirs)
	}
	var after plumbline.SourceID
	for more := true; more; {
		err := l.DB.View(ctx, call.Started, func(tx *db.Tx) error {
			rows, err := record.Held(tx, c.Location, c.Name, kind, after, heldPage)
			if err != nil {
				return err
			}
			for _, r := range rows {
				after = r.ID
				if !has(r.External) || r.Deleted() {
					continue
				}
				found.ours++
				if found.IDs && !theirs[r.External] && first(r) <= found.Began {
					found.gone = append(found.gone, r.External)
				}
				delete(theirs, r.External)
			}
			more = len(rows) == heldPage
			return nil
		})
		if err != nil {
			return err
		}
	}
	found.Kind, found.missing = kind, slices.Sorted(maps.Keys(theirs))
	slices.Sort(found.gone)
	return nil
}

// first is when a record was heard of first: what came after a list was begun need not stand
// in it.
func first(r *record.Row) int64 {
	at := r.Readings[0].Received
	for i := range r.Readings {
		at = min(at, r.Readings[i].Received)
	}
	return at
}

// settleCount writes down what was found. Where the counts agree that is all, but on one
// night of the week, on which the ids are compared all the same: one that is missing and one
// that is gone make the same count.
func (l *Lookup) settleCount(tx *db.Tx, c tenant.Connection, call outbox.Call, found tally) ([]outbox.Settled, error) {
	row := call.Rows[0]
	due, err := l.nextNight(c, tx.Now)
	if err != nil {
		return nil, err
	}
	run, err := loadRun(tx, c, found.Stream)
	if err != nil {
		return nil, err
	}
	switch {
	case found.IDs != (run != nil) || run != nil && run.cursor != found.Cursor: // another call has gone on meanwhile
		due = tx.Now
	case !found.IDs:
		zone, err := l.zone(c.Location)
		if err != nil {
			return nil, err
		}
		if _, err := tx.Exec(deleteListed, c.Location, c.Name, found.Stream); err != nil { // of one that was given up
			return nil, err
		}
		night := call.Started.In(zone)
		done := found.theirs == found.ours && int(night.Weekday()) != weekly(c.Name+"/"+found.Stream)
		if _, err = tx.Exec(upsertCounted, c.Location, c.Name, found.Stream, night.Format(time.DateOnly), call.Started.UnixMilli(), found.ours, found.theirs, bit(done)); err != nil {
			return nil, err
		}
		if !done {
			due = tx.Now
		} else if err := closeLacking(tx, c, found.Stream, "the counts agree"); err != nil {
			return nil, err
		}
	case found.page.Next != "":
		if err := run.turn(tx, c, found); err != nil {
			return nil, err
		}
		due = tx.Now
	default:
		if err := l.end(tx, c, *run, found); err != nil {
			return nil, err
		}
	}
	return []outbox.Settled{{Row: row, What: outbox.Done}}, outbox.Owe(tx, countDebt(c, found.Stream, due))
}

// weekly is the day of the week on which a list's ids are compared though its counts agree:
// not all lists have theirs on one day.
func weekly(list string) int {
	h := fnv.New32a()
	h.Write([]byte(list))
	return int(h.Sum32() % 7)
}

// A run is a counting of which the ids are being read.
type run struct {
	night, cursor string
	began, page   int64
	believed      int
}

// givenUp is how old a counting is that is not gone on with: the list has changed since.
const givenUp = 20 * time.Hour

func loadRun(tx *db.Tx, c tenant.Connection, stream string) (*run, error) {
	rows, err := tx.Query(selectRun, c.Location, c.Name, stream, tx.Now.Add(-givenUp).UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	r := &run{}
	return r, rows.Scan(&r.night, &r.began, &r.cursor, &r.page, &r.believed)
}

// turn keeps a page of ids and where it leads.
func (r *run) turn(tx *db.Tx, c tenant.Connection, found tally) error {
	if _, err := tx.Exec(upsertListed, c.Location, c.Name, found.Stream, r.page, db.JSON(found.page.IDs)); err != nil {
		return err
	}
	_, err := tx.Exec(updateRun, c.Location, c.Name, found.Stream, r.night, found.page.Next, r.page+1)
	return err
}

// end writes down by which ids the list and our records differ, and owes a read of each:
// "not found" is the answer that deletes one here.
func (l *Lookup) end(tx *db.Tx, c tenant.Connection, r run, found tally) error {
	shown := Differences{found.missing[:min(len(found.missing), mostShown)], found.gone[:min(len(found.gone), mostShown)]}
	_, err := tx.Exec(updateCounted, c.Location, c.Name, found.Stream, r.night, found.ours, found.theirs, len(found.missing), len(found.gone), db.JSON(shown))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(deleteListed, c.Location, c.Name, found.Stream); err != nil {
		return err
	}
	if err := believable(tx, c, r, &found); err != nil {
		return err
	}
	var debts []outbox.Debt
	for why, ids := range map[string][]string{missing: found.missing, gone: found.gone} {
		for _, id := range ids[:min(len(ids), mostOwed)] {
			debts = append(debts, outbox.Debt{Key: outbox.Key{Location: c.Location, Connection: c.Name, Room: Room, Record: why + "/" + string(found.Kind) + "/" + id},
				Class: outbox.Backfill, Lot: why + "/" + string(found.Kind)})
		}
	}
	return outbox.Owe(tx, debts...)
}

// believable puts it in front of a person where so many objects seem to be gone that the
// list may be wrong: none of them is read, and so deleted, before they say so.
func believable(tx *db.Tx, c tenant.Connection, r run, found *tally) error {
	n := len(found.gone)
	if r.believed == 1 || n <= manyGone || n*10 <= found.ours {
		return closeLacking(tx, c, found.Stream, "the list lacks little")
	}
	some := strings.Join(found.gone[:min(n, mostShown)], " ")
	found.gone = nil
	return errorqueue.Open(tx, errorqueue.Item{Location: c.Location, Kind: errorqueue.Source, Ref: lacking(c, found.Stream), Cause: c.Name + ": its lists lack much",
		Title:  fmt.Sprintf("%s lists no more %d of the %d %s that we have of it", c.Name, n, found.ours, found.Stream),
		Cure:   "See whether the key still belongs to the same account and may see all of it. If they were really deleted there, retry this: each is read then, and deleted here.",
		Detail: "the first of them: " + some})
}

func lacking(c tenant.Connection, stream string) string { return c.Name + "/count/" + stream }

func closeLacking(tx *db.Tx, c tenant.Connection, stream, note string) error {
	return errorqueue.Close(tx, c.Location, errorqueue.Source, lacking(c, stream), "done", note)
}

// Believe counts a list again, and takes it for true that what it lacks is gone.
func Believe(tx *db.Tx, location, connection, stream string) error {
	if _, err := tx.Exec(updateBelieved, location, connection, stream); err != nil {
		return err
	}
	return outbox.Owe(tx, countDebt(tenant.Connection{Location: location, Name: connection}, stream, tx.Now))
}

// Counts returns what was counted of a location's sources on the nights of some days, by
// night, connection and list.
func Counts(tx *db.Tx, location string, from, through time.Time) (list []Counted, err error) {
	defer plumbline.Wrap(&err, "read the nightly counts")

	rows, err := tx.Query(selectCounted, location, from.UTC().Format(time.DateOnly), through.UTC().Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n Counted
		var done int
		var ids string
		if err := rows.Scan(&n.Connection, &n.Stream, &n.Night, &n.Ours, &n.Theirs, &n.Compared, &done, &n.Missing, &n.Gone, &ids); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(ids), &n.Differences); err != nil {
			return nil, err
		}
		if done == 0 {
			n.Compared = "unfinished"
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

func loadListed(tx *db.Tx, c tenant.Connection, stream string, ids map[string]bool) error {
	rows, err := tx.Query(selectListed, c.Location, c.Name, stream)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		var list []string
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return err
		}
		for _, id := range list {
			ids[id] = true
		}
	}
	return rows.Err()
}
