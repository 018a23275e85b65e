// Package inbox keeps deliveries: every event as a source handed it over, byte for
// byte, once, and counted. A delivery is in exactly one state; the tally shows that
// received = applied + ignored + waiting + failed. The package must not know what a
// delivery says.
package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// MaxBody is the largest delivery that is taken, in bytes.
const MaxBody = 1 << 20

var (
	encoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	decoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
)

// Packed is a delivery made ready for keeping, outside of the transaction.
type Packed struct {
	d     plumbline.Delivery
	bytes []byte
}

// Pack names and compresses a delivery. One that has no key is named by the digest
// of its event's bytes: different bytes are never one delivery.
func Pack(d plumbline.Delivery) Packed {
	if d.Key == "" {
		d.Key = Digest(d.Event, d.Body)
	}
	return Packed{d, encoder.EncodeAll(d.Body, nil)}
}

// Digest names bytes.
func Digest(event string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(event))
	h.Write([]byte{0})
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Keep stores deliveries received at tx.Now (or at their own Received, if set) and
// returns how many were new. What is there already is counted as a duplicate.
// Deliveries with a subject lock its row first, so that no message to it is
// committed past them. Keeping twice is harmless.
func Keep(tx *db.Tx, packed ...Packed) (fresh int, err error) {
	defer plumbline.Wrap(&err, "keep deliveries")

	slices.SortFunc(packed, func(a, b Packed) int { return strings.Compare(order(a.d), order(b.d)) })
	for _, p := range packed {
		if p.d.Subject != "" {
			if err := LockSubject(tx, p.d.Location, p.d.Subject); err != nil {
				return fresh, err
			}
		}
	}
	for _, p := range packed {
		if p.d.Received.IsZero() {
			p.d.Received = tx.Now
		}
		n, err := tx.Exec(insertDelivery, p.d.Location, p.d.Connection, p.d.Key, p.d.Tool, p.d.Event, p.d.Object,
			p.d.Subject, p.d.Attempt, p.d.Received.UnixMilli(), began(p.d.Read), p.d.Replaces, echoes(p.d.Echoes), p.bytes)
		if err != nil {
			return fresh, err
		}
		if n == 0 {
			err = again(tx, p.d)
		}
		if err != nil {
			return fresh, err
		}
		fresh += int(n)
	}
	return fresh, nil
}

// again counts a delivery that is there. One that only names an object is taken up once
// more, since it may announce another change.
func again(tx *db.Tx, d plumbline.Delivery) error {
	if _, err := tx.Exec(updateThinAgain, d.Location, d.Connection, d.Key, tx.Now.UnixMilli()); err != nil {
		return err
	}
	return Count(tx, d.Location, d.Connection, "duplicate", 1)
}

func order(d plumbline.Delivery) string {
	return d.Location + "\x00" + d.Subject + "\x00" + d.Connection + "\x00" + d.Key
}

func began(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func echoes(e map[string][]string) string {
	if len(e) == 0 {
		return ""
	}
	return db.JSON(e)
}

// LockSubject makes this transaction the only one that hears from or speaks to a
// number until it ends.
func LockSubject(tx *db.Tx, location, number string) error {
	return tx.Lane(location, "subject:"+number)
}

// Hears says whether a delivery from a number waits to be applied.
func Hears(tx *db.Tx, location, number string) (waits bool, err error) {
	defer plumbline.Wrap(&err, "look for texts from a number")

	var n int
	err = tx.QueryRow(selectHears, location, number).Scan(&n)
	return n > 0, err
}

// Count adds to a day's count of what has no row: duplicate, bad_signature, too_large,
// unknown_account.
func Count(tx *db.Tx, location, connection, what string, n int) error {
	_, err := tx.Exec(upsertTally, location, connection, Day(tx.Now), what, n)
	return err
}

// Day is the number of the UTC day of an instant.
func Day(t time.Time) int64 { return t.UnixMilli() / 86_400_000 }

// Unread is the reason of a delivery that waits until an object has been read.
func Unread(kind plumbline.Kind, id string) string { return "read " + string(kind) + "/" + id }

// A Covering says that an object was read, by a call that began at an instant.
type Covering struct {
	Connection string
	Kind       plumbline.Kind
	ID         string
	Began      time.Time
}

// Cover applies the deliveries that waited for objects to be read and were received
// before the call that read them. They keep their reason, by which they are known.
func Cover(tx *db.Tx, location string, list ...Covering) (err error) {
	defer plumbline.Wrap(&err, "apply what waited for objects to be read")

	type row struct {
		C string `json:"c"`
		R string `json:"r"`
		T int64  `json:"t"`
	}
	latest := map[row]int64{} // a set names each object once
	for _, c := range list {
		k := row{C: c.Connection, R: Unread(c.Kind, c.ID)}
		latest[k] = max(latest[k], c.Began.UnixMilli())
	}
	if len(latest) == 0 {
		return nil
	}
	rows := make([]row, 0, len(latest))
	for k, at := range latest {
		rows = append(rows, row{k.C, k.R, at})
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.C+"\x00"+a.R, b.C+"\x00"+b.R) })
	_, err = tx.Exec(updateCovered(tx), location, db.JSON(rows))
	return err
}

// Awaited says whether deliveries wait for an object to be read.
func Awaited(tx *db.Tx, location, connection string, kind plumbline.Kind, id string) (bool, error) {
	var n int
	err := tx.QueryRow(selectThin, location, connection, Unread(kind, id)).Scan(&n)
	return n > 0, err
}

// AwaitedOf lists the objects of a kind for which deliveries wait, in order.
func AwaitedOf(tx *db.Tx, location, connection string, kind plumbline.Kind) ([]string, error) {
	from := Unread(kind, "")
	reasons, err := tx.Texts(selectThins, location, connection, from, from[:len(from)-1]+string(from[len(from)-1]+1))
	for i, r := range reasons {
		reasons[i] = strings.TrimPrefix(r, from)
	}
	return reasons, err
}

// Forgo ignores the deliveries that wait for an object of which somebody has said that
// it is not to be read.
func Forgo(tx *db.Tx, location, connection string, kind plumbline.Kind, id, reason string) error {
	_, err := tx.Exec(updateUnread, location, connection, Unread(kind, id), reason)
	return err
}

// Waiting returns deliveries of a location that are to be taken up, those from people's
// phones first, then in the order of their receipt. What waits for a look-up is not
// among them.
func Waiting(tx *db.Tx, location string, limit int) ([]plumbline.Delivery, error) {
	urgent, err := load(tx, selectWaitingSubject, location, limit)
	if err != nil || len(urgent) == limit {
		return urgent, err
	}
	rest, err := load(tx, selectWaiting, location, limit)
	if err != nil {
		return nil, err
	}
	for _, d := range rest {
		if len(urgent) < limit && d.Subject == "" {
			urgent = append(urgent, d)
		}
	}
	return urgent, nil
}

// Get returns one delivery with its bytes and where it stands.
func Get(tx *db.Tx, location, connection, key string) (plumbline.Delivery, plumbline.State, string, error) {
	list, err := load(tx, selectDelivery, location, connection, key)
	if err != nil {
		return plumbline.Delivery{}, 0, "", err
	}
	if len(list) == 0 {
		return plumbline.Delivery{}, 0, "", plumbline.NotFoundf("no delivery %s of %s", key, connection)
	}
	var state int
	var reason string
	err = tx.QueryRow(selectState, location, connection, key).Scan(&state, &reason)
	return list[0], plumbline.State(state), reason, err
}

// All pages through everything kept for a location that has not been replaced or
// skipped, in the order of its names, for deriving again. It begins after the
// delivery (connection, key).
func All(tx *db.Tx, location, connection, key string, limit int) ([]plumbline.Delivery, error) {
	return load(tx, selectAll, location, connection, key, limit)
}

// Answered returns the last answer kept for an object of a connection, if any.
func Answered(tx *db.Tx, location, connection, object string) (d plumbline.Delivery, ok bool, err error) {
	list, err := load(tx, selectAnswered, location, connection, object)
	if err != nil || len(list) == 0 {
		return plumbline.Delivery{}, false, err
	}
	return list[0], true, nil
}

func load(tx *db.Tx, query string, args ...any) (list []plumbline.Delivery, err error) {
	defer plumbline.Wrap(&err, "load deliveries")

	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d plumbline.Delivery
		var received, began int64
		var echoed string
		var packed []byte
		if err := rows.Scan(&d.Location, &d.Connection, &d.Key, &d.Tool, &d.Event, &d.Object, &d.Subject, &d.Attempt,
			&received, &began, &d.Replaces, &echoed, &packed); err != nil {
			return nil, err
		}
		d.Received = time.UnixMilli(received).UTC()
		if began != 0 {
			d.Read = time.UnixMilli(began).UTC()
		}
		if echoed != "" {
			if err := json.Unmarshal([]byte(echoed), &d.Echoes); err != nil {
				return nil, err
			}
		}
		if d.Body, err = decoder.DecodeAll(packed, nil); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// A Verdict says where a delivery stands from now on.
type Verdict struct {
	Location   string
	Connection string
	Key        string
	State      plumbline.State
	Reason     string
}

// Settle moves deliveries to the states they have come to. Only a waiting or failed
// one moves; it returns how many did.
func Settle(tx *db.Tx, verdicts []Verdict) (int64, error) {
	if len(verdicts) == 0 {
		return 0, nil
	}
	type row struct {
		C string `json:"c"`
		K string `json:"k"`
		S int    `json:"s"`
		R string `json:"r"`
	}
	rows := make([]row, len(verdicts))
	for i, v := range verdicts {
		rows[i] = row{v.Connection, v.Key, int(v.State), v.Reason}
	}
	return tx.Exec(updateStates(tx), verdicts[0].Location, db.JSON(rows))
}

// StillWaiting returns which of the deliveries nobody has settled meanwhile.
func StillWaiting(tx *db.Tx, list []plumbline.Delivery) (left []plumbline.Delivery, err error) {
	defer plumbline.Wrap(&err, "look which deliveries still wait")

	if len(list) == 0 {
		return nil, nil
	}
	type row struct {
		C string `json:"c"`
		K string `json:"k"`
	}
	ask := make([]row, len(list))
	for i, d := range list {
		ask[i] = row{d.Connection, d.Key}
	}
	rows, err := tx.Query(selectStillWaiting(tx), list[0].Location, db.JSON(ask))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	waits := map[row]bool{}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.C, &r.K); err != nil {
			return nil, err
		}
		waits[r] = true
	}
	for _, d := range list {
		if waits[row{d.Connection, d.Key}] {
			left = append(left, d)
		}
	}
	return left, rows.Err()
}

// Retry lets a failed delivery wait again.
func Retry(tx *db.Tx, location, connection, key string) error {
	n, err := tx.Exec(updateRetry, location, connection, key)
	if err == nil && n == 0 {
		return plumbline.NotFoundf("no failed delivery %s of %s", key, connection)
	}
	return err
}

// A Line is the tally of one source on one day.
type Line struct {
	Connection string `json:"connection"`
	Day        string `json:"day"` // UTC
	Received   int64  `json:"received"`
	Applied    int64  `json:"applied"`
	Ignored    int64  `json:"ignored"`
	Waiting    int64  `json:"waiting"`
	Failed     int64  `json:"failed"`
	Duplicates int64  `json:"duplicates"` // part of ignored
	Refused    int64  `json:"refused"`    // bad signatures and bodies too large, not received
	Unknown    int64  `json:"unknown"`    // of unknown accounts, not received
}

// Tally counts a location's deliveries per source and day, from and through UTC days.
func Tally(tx *db.Tx, location string, from, through time.Time) (lines []Line, err error) {
	defer plumbline.Wrap(&err, "count deliveries")

	byKey := map[string]*Line{}
	line := func(connection string, day int64) *Line {
		name := time.UnixMilli(day * 86_400_000).UTC().Format(time.DateOnly)
		key := name + "\x00" + connection
		if byKey[key] == nil {
			byKey[key] = &Line{Connection: connection, Day: name}
		}
		return byKey[key]
	}
	err = count(tx, selectCounts, func(connection string, day int64, what string, n int64) {
		l := line(connection, day)
		l.Received += n
		switch what {
		case "0":
			l.Waiting += n
		case "1":
			l.Applied += n
		case "2":
			l.Ignored += n
		case "3":
			l.Failed += n
		}
	}, location, Day(from)*86_400_000, (Day(through)+1)*86_400_000)
	if err != nil {
		return nil, err
	}
	err = count(tx, selectTally, func(connection string, day int64, what string, n int64) {
		l := line(connection, day)
		switch what {
		case "duplicate":
			l.Received, l.Ignored, l.Duplicates = l.Received+n, l.Ignored+n, l.Duplicates+n
		case "bad_signature", "too_large":
			l.Refused += n
		case "unknown_account":
			l.Unknown += n
		}
	}, location, Day(from), Day(through))
	if err != nil {
		return nil, err
	}
	for _, l := range byKey {
		lines = append(lines, *l)
	}
	slices.SortFunc(lines, func(a, b Line) int { return strings.Compare(a.Day+a.Connection, b.Day+b.Connection) })
	return lines, nil
}

func count(tx *db.Tx, query string, each func(connection string, day int64, what string, n int64), args ...any) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var connection, what string
		var day, n int64
		if err := rows.Scan(&connection, &day, &what, &n); err != nil {
			return err
		}
		each(connection, day, what, n)
	}
	return rows.Err()
}
