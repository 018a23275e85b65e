// Package outbox says who may be called when: what is owed, in which order, within
// which budget, by whom, and what became of each attempt. What a call says is
// known to its performer, a room that is handed in by app. A row says that and when;
// the performer builds what from the current state at the moment of sending.
package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/tenant"
)

// Classes of what is owed. What is of one class leaves when nothing of those before it
// is due.
const (
	Emergency = iota
	Ordinary
	Backfill
	// Sweep is for reading back what should be true: it has a share of its own, and goes
	// on while a connection rehearses, since it changes nothing at the tool.
	Sweep
)

// parked is the due time of what waits for a person, retried the rank of what they let
// be tried again.
const (
	parked  = int64(1) << 60
	retried = -1 << 30
)

// A Key names what is owed: one record, message or look-up of a connection.
type Key struct {
	Location   string `json:"location"`
	Connection string `json:"connection"`
	Room       string `json:"room"`   // the performer
	Record     string `json:"record"` // in the performer's words
}

// A Debt is something owed, and how.
type Debt struct {
	Key
	Due   time.Time // zero: now
	Class int
	Lot   string // debts of one lot may go in one call
	Rank  int    // lower first
}

// Owe notes that something is owed, in the transaction that made it so. Owed again,
// it gets a new generation: a call that is on its way does not settle it. What was
// parked for a person is owed anew.
func Owe(tx *db.Tx, debts ...Debt) (err error) {
	defer plumbline.Wrap(&err, "owe %d", len(debts))

	type row struct {
		Connection string `json:"c"`
		Room       string `json:"r"`
		Record     string `json:"k"`
		Due        int64  `json:"d"`
		Class      int    `json:"p"`
		Lot        string `json:"l"`
		Rank       int    `json:"o"`
	}
	byLocation := map[string][]row{}
	at := map[Key]int{} // a debt is named once in a set
	for _, d := range debts {
		r := row{d.Connection, d.Room, d.Record, d.Due.UnixMilli(), d.Class, d.Lot, d.Rank}
		if d.Due.IsZero() {
			r.Due = tx.Now.UnixMilli()
		}
		list := byLocation[d.Location]
		if i, twice := at[d.Key]; twice {
			r.Due, r.Class = min(r.Due, list[i].Due), min(r.Class, list[i].Class)
			list[i] = r
			continue
		}
		at[d.Key] = len(list)
		byLocation[d.Location] = append(list, r)
	}
	for _, location := range slices.Sorted(maps.Keys(byLocation)) {
		if _, err := tx.Exec(upsertOutbox(tx), location, db.JSON(byLocation[location])); err != nil {
			return fmt.Errorf("in location %s: %w", location, err)
		}
	}
	return nil
}

// Forgive takes back what is owed, unless an attempt carries it.
func Forgive(tx *db.Tx, k Key) error {
	_, err := tx.Exec(deleteOwed, k.Location, k.Connection, k.Room, k.Record)
	return err
}

// Owed says which of some records of a room are owed to a connection, parked ones too.
func Owed(tx *db.Tx, location, connection, room string, records []string) (owed map[string]bool, err error) {
	defer plumbline.Wrap(&err, "look for what is owed to %s", connection)

	rows, err := tx.Query(selectOwed(tx), location, connection, room, db.JSON(records))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	owed = map[string]bool{}
	for rows.Next() {
		var record string
		if err := rows.Scan(&record); err != nil {
			return nil, err
		}
		owed[record] = true
	}
	return owed, rows.Err()
}

// A Row is something owed as it is taken up.
type Row struct {
	Key
	Gen   int64     `json:"gen"`
	Due   time.Time `json:"-"`
	Class int       `json:"-"`
	Lot   string    `json:"-"`
	Tries int       `json:"-"`
}

// A Performer carries out what its room owes.
type Performer interface {
	// Prepare says, in the transaction that commits the attempts, what to do about
	// rows of one connection and lot: calls to make, each carrying some of the rows, and rows
	// that are settled without one. It evaluates every precondition. A row in neither
	// stays as it is and is taken up again.
	Prepare(tx *db.Tx, c tenant.Connection, rows []Row) ([]Call, []Settled, error)
	// Perform makes the call, outside of any transaction. It is made at most once.
	Perform(ctx context.Context, c tenant.Connection, call Call) Result
	// Settle writes down what became of a call and says where its rows stand.
	Settle(tx *db.Tx, c tenant.Connection, call Call, r Result) ([]Settled, error)
	// Ask finds out what became of a call that ended without an answer. It is made
	// after the call's deadline and may be made again.
	Ask(ctx context.Context, c tenant.Connection, call Call) Result
	// Decide writes down what Ask found, likewise. While a row is still Undecided, the
	// call is asked after again later and later, but not later than At if it has one.
	Decide(tx *db.Tx, c tenant.Connection, call Call, r Result) ([]Settled, error)
}

// A Call is one call that is about to leave: an attempt.
type Call struct {
	ID      string        // of the attempt
	Rows    []Row         // what it carries
	Budget  string        // class of the tool's budget that it spends
	Cost    int           // how much of it; 0 is 1
	Within  time.Duration // its own deadline; 0 is 20 s
	Request string        // JSON: all that Perform and Ask need
	Started time.Time
	Epoch   int64
}

// A Result is what a performer learned from a call.
type Result struct {
	Err    *connect.Error // nil: the call as a whole was answered
	Detail string         // masked, for people
	Answer any            // what Settle or Decide of the same performer reads
	// AskAgain: the look-up has not answered yet; ask after this long.
	AskAgain time.Duration
}

// What became of a row.
type What int

// What may become of a row.
const (
	Done      What = iota
	Again          // owed still, at At
	Stuck          // a person must help: Item says why
	Undecided      // it may have happened; Ask will find out, at the latest at At if that is known
)

// Settled says where a row stands.
type Settled struct {
	Row  Row
	What What
	At   time.Time
	Item *errorqueue.Item
}

// NewCall makes a call that carries rows. Its id follows from what it carries and
// when, and from how many such calls there were before at that instant.
func NewCall(tx *db.Tx, budget string, request any, rows ...Row) Call {
	h := sha256.New()
	for _, r := range rows {
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%d\x00%d\x00", r.Location, r.Connection, r.Room, r.Record, r.Gen, r.Tries)
	}
	fmt.Fprint(h, tx.Now.UnixMilli())
	call := Call{Rows: rows, Budget: budget, Request: db.JSON(request)}
	for {
		call.ID = hex.EncodeToString(h.Sum(nil)[:12])
		var n int // after an error the transaction is over, whatever the id
		if err := tx.QueryRow(countAttempt, rows[0].Location, call.ID).Scan(&n); err != nil || n == 0 {
			return call
		}
		fmt.Fprint(h, "\x00") // a row may be settled and owed anew within one instant
	}
}

// AgainAt says that a row is to be tried at a later time.
func AgainAt(r Row, at time.Time) Settled { return Settled{Row: r, What: Again, At: at} }

// Backoff is when to try again after so many tries: 5 s, 20 s, 80 s … to an hour,
// spread by a tenth that follows from the row itself.
func Backoff(r Row, now time.Time) time.Time {
	d := 5 * time.Second
	for range min(r.Tries, 6) {
		d *= 4
	}
	d = min(d, time.Hour)
	sum := sha256.Sum256([]byte(fmt.Sprint(r.Record, r.Tries)))
	return now.Add(d + d*time.Duration(sum[0])/2560)
}

// carry is a row as an attempt lists it.
type carry struct {
	Record string `json:"record"`
	Gen    int64  `json:"gen"`
	Tries  int    `json:"tries,omitempty"`
}

func carries(rows []Row) string {
	list := make([]carry, len(rows))
	for i, r := range rows {
		list[i] = carry{r.Record, r.Gen, r.Tries}
	}
	return db.JSON(list)
}

// An Attempt is a call as it was written down, for people.
type Attempt struct {
	ID         string    `json:"id"`
	Connection string    `json:"connection"`
	Room       string    `json:"room"`
	Started    time.Time `json:"started"`
	State      string    `json:"state"` // open, done, refused, unknown or decided
	Outcome    string    `json:"outcome"`
	Records    []string  `json:"records"`
	Request    string    `json:"-"`
}

// AttemptsOf returns the attempts that carried a record, oldest first.
func AttemptsOf(tx *db.Tx, k Key) (list []Attempt, err error) {
	defer plumbline.Wrap(&err, "look for attempts")

	rows, err := tx.Query(selectAttemptsOf, k.Location, k.Connection, k.Room, `%{"record":`+db.JSON(k.Record)+`,%`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		a, _, err := scanAttempt(rows.Scan)
		if err != nil {
			return nil, err
		}
		if slices.Contains(a.Records, k.Record) { // an underscore in it stands for any letter
			list = append(list, a)
		}
	}
	return list, rows.Err()
}

func scanAttempt(scan func(...any) error) (a Attempt, call Call, err error) {
	var started, epoch int64
	var carried string
	if err := scan(&a.ID, &a.Connection, &a.Room, &started, &epoch, &carried, &a.Request, &a.State, &a.Outcome); err != nil {
		return a, call, err
	}
	a.Started = time.UnixMilli(started).UTC()
	var list []carry
	if err := json.Unmarshal([]byte(carried), &list); err != nil {
		return a, call, err
	}
	call = Call{ID: a.ID, Request: a.Request, Started: a.Started, Epoch: epoch}
	for _, c := range list {
		a.Records = append(a.Records, c.Record)
		call.Rows = append(call.Rows, Row{Key: Key{Connection: a.Connection, Room: a.Room, Record: c.Record}, Gen: c.Gen, Tries: c.Tries})
	}
	return a, call, nil
}
