// Package record keeps what sources said as source records, the golden records made
// of them, what is stale, and the histories as they were recorded. It owns their
// tables; it decides neither who is who nor what follows.
package record

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// A Row is a source record as it is stored: with the golden record to which it
// belongs. Visits, invoices and payments belong to their job.
type Row struct {
	plumbline.SourceRecord
	Golden plumbline.GoldenID
	stored string // the document from which it was read
}

// A Said is the readings of one delivery.
type Said struct {
	Delivery plumbline.Delivery
	Readings []plumbline.Reading
}

// A Changed is a source record that what was said has changed.
type Changed struct {
	ID     plumbline.SourceID
	Kind   plumbline.Kind
	Golden plumbline.GoldenID
	About  plumbline.SourceID
	Old    plumbline.GoldenID // where it belonged before, "" for a new one
	Wrote  []string           // the deliveries that changed it, by connection and key
	Gone   []Ref              // what it pointed to before and does not any more
	Come   []Ref              // what it points to and did not before
	// Left are golden records to which what is said about it belonged before.
	Left []string
	// Touched: what it says now has changed, and not only when it last said so.
	Touched bool
	// Tied: two notices of one instant differ, and no read has decided between them.
	Tied bool
	Row  *Row
}

// Apply joins readings into the source records of a location and returns those that
// changed, in order of their ids. Applying twice changes nothing.
func Apply(tx *db.Tx, location string, said []Said) (changed []Changed, err error) {
	defer plumbline.Wrap(&err, "apply what was said")

	a := &applying{tx: tx, location: location, rows: map[plumbline.SourceID]*Row{}, before: map[plumbline.SourceID]*Row{}, wrote: map[plumbline.SourceID][]string{},
		order: map[plumbline.SourceID]int{}}
	if err := a.load(said); err != nil {
		return nil, err
	}
	for _, s := range said {
		for _, r := range s.Readings {
			a.add(s.Delivery, r)
		}
	}
	if len(a.wrote) == 0 {
		return nil, nil
	}
	return a.store()
}

type applying struct {
	tx       *db.Tx
	location string
	rows     map[plumbline.SourceID]*Row
	before   map[plumbline.SourceID]*Row // as it was, of those that something was said of
	wrote    map[plumbline.SourceID][]string
	old      map[plumbline.SourceID]plumbline.GoldenID
	// order is that in which records were first spoken of: what one delivery says, the
	// next will say together, so it is stored together.
	order map[plumbline.SourceID]int
}

// AddressID names the golden record of a number or mail box.
func AddressID(location, address string) plumbline.GoldenID {
	return plumbline.NewSourceID(location, "", plumbline.Address, address)
}

// IDOf names the source record that a reading of a connection belongs to.
func IDOf(location, connection string, r plumbline.Reading) plumbline.SourceID {
	if r.About != "" {
		return plumbline.NewSourceID(location, connection, r.Kind, "about:"+string(r.About))
	}
	return plumbline.NewSourceID(location, connection, r.Kind, r.ID)
}

func (a *applying) load(said []Said) error {
	var ids []string
	for _, s := range said {
		for _, r := range s.Readings {
			ids = append(ids, string(IDOf(a.location, s.Delivery.Connection, r)))
			if r.About != "" {
				ids = append(ids, string(r.About))
			}
			if inv := r.Fields["invoice"]; r.Kind == plumbline.Payment && inv.Text() != "" {
				ids = append(ids, string(plumbline.NewSourceID(a.location, s.Delivery.Connection, plumbline.Invoice, inv.Text())))
			}
		}
	}
	slices.Sort(ids)
	rows, err := a.loadBilled(slices.Compact(ids))
	if err != nil {
		return err
	}
	a.old = make(map[plumbline.SourceID]plumbline.GoldenID, len(rows))
	for _, r := range rows {
		a.rows[r.ID] = r
		a.old[r.ID] = r.Golden
	}
	return nil
}

// loadBilled loads records, and the invoices to which payments among them point: a
// reading need not repeat what a payment pays.
func (a *applying) loadBilled(ids []string) ([]*Row, error) {
	rows, err := Load(a.tx, a.location, ids)
	if err != nil {
		return nil, err
	}
	var billed []string
	for _, r := range rows {
		if inv := string(r.RefTo(a.location, "invoice")); r.Kind == plumbline.Payment && inv != "" && !slices.Contains(ids, inv) {
			billed = append(billed, inv)
		}
	}
	more, err := Load(a.tx, a.location, distinct(billed))
	return append(rows, more...), err
}

func distinct(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// touched says whether anything has changed on which what is derived from a record can
// depend. Restating a value later is no part of that; since when a value counts is, and
// so is what was said first.
func touched(before, now *Row, doc string) bool {
	if before == nil || before.Created != now.Created || before.Deleted() != now.Deleted() {
		return true
	}
	if now.Kind != plumbline.Customer && now.Kind != plumbline.Property && now.Kind != plumbline.Technician && now.Kind != plumbline.Asset && now.Kind != plumbline.Membership {
		return before.stored != doc
	}
	if restated(before.Readings, now.Readings) {
		return false
	}
	return !maps.Equal(firsts(before), firsts(now)) || !maps.Equal(current(before), current(now))
}

// restated says whether nothing was said but the last thing once more.
func restated(before, now []plumbline.Stated) bool {
	n := len(now)
	for i := range now {
		if n != len(before) || before[i].First != now[i].First || before[i].Received != now[i].Received || i < n-1 && before[i].Last != now[i].Last {
			return false
		}
	}
	return true
}

// firsts are the distinct things that were said, by when they were said first.
func firsts(r *Row) map[plumbline.Version]int64 {
	list := make(map[plumbline.Version]int64, len(r.Readings))
	for i := range r.Readings {
		list[r.Readings[i].First] = r.Readings[i].Received
	}
	return list
}

// current is what a record says now, by its fields.
func current(r *Row) map[string]plumbline.Current {
	now := map[string]plumbline.Current{}
	for i := range r.Readings {
		for name := range r.Readings[i].Fields {
			if _, ok := now[name]; !ok {
				now[name], _ = r.Get(name)
			}
		}
	}
	return now
}

func (a *applying) add(d plumbline.Delivery, r plumbline.Reading) {
	id := IDOf(a.location, d.Connection, r)
	if _, ok := a.order[id]; !ok {
		a.order[id] = len(a.order)
	}
	row := a.rows[id]
	if row == nil {
		row = &Row{SourceRecord: plumbline.SourceRecord{ID: id, Kind: r.Kind, Connection: d.Connection, External: r.ID, About: r.About}}
		a.rows[id] = row
	} else if a.before[id] == nil && a.old[id] != "" {
		was := *row
		was.Readings = slices.Clone(row.Readings)
		a.before[id] = &was
	}
	ahead := row.Ahead
	if row.Add(r, d.Received, d.Echoes[r.ID]) || row.Ahead != ahead {
		a.wrote[id] = append(a.wrote[id], d.Connection+"\x00"+d.Key)
	}
}

// belongs finds the golden record of a row: its job for what belongs to a job, its
// subject's for what is said about a record, else what identity decided, at first
// itself. It depends on what the rows say now, and not on where they belonged. What is
// said about a record that nobody knows, or that is of another kind, stands alone.
func (a *applying) belongs(r *Row) plumbline.GoldenID {
	if r.About != "" {
		if to := a.rows[r.About]; to != nil && to.Golden != "" && to.Kind == r.Kind {
			return to.Golden
		}
		return plumbline.GoldenID(cmp.Or(r.Text("job"), string(r.ID)))
	}
	switch r.Kind {
	case plumbline.Address:
		return AddressID(a.location, r.External)
	case plumbline.Visit:
		return cmp.Or(r.RefTo(a.location, "job"), r.ID)
	case plumbline.Invoice:
		if jobs := r.RefsTo(a.location, "jobs"); r.Text("job") == "" && len(jobs) > 0 {
			return jobs[0]
		}
		return cmp.Or(r.RefTo(a.location, "job"), r.ID)
	case plumbline.Payment:
		inv := r.RefTo(a.location, "invoice")
		if to := a.rows[inv]; to != nil && r.Text("job") == "" {
			return a.belongs(to)
		}
		return cmp.Or(r.RefTo(a.location, "job"), inv, r.ID)
	}
	return cmp.Or(r.Golden, r.ID)
}

func (a *applying) store() ([]Changed, error) {
	var ids []plumbline.SourceID
	for id := range a.wrote {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y plumbline.SourceID) int { // records before what is said about them
		return cmp.Or(cmp.Compare(min(len(a.rows[x].About), 1), min(len(a.rows[y].About), 1)), cmp.Compare(x, y))
	})
	for _, id := range ids {
		a.rows[id].Golden = a.belongs(a.rows[id])
	}
	found := make(map[plumbline.SourceID]stating, len(ids))
	if err := a.write(ids, found); err != nil {
		return nil, err
	}
	var changed []Changed
	var gone, come []refRow
	for _, id := range ids {
		s := found[id]
		gone, come = append(gone, s.gone...), append(come, s.come...)
		changed = append(changed, s.changed)
	}
	slices.SortStableFunc(come, compareRefs)
	if len(gone) > 0 {
		if _, err := a.tx.Exec(deleteRefs(a.tx), a.location, db.JSON(gone)); err != nil {
			return nil, err
		}
	}
	if len(come) > 0 {
		if _, err := a.tx.Exec(insertRefs(a.tx), a.location, db.JSON(come)); err != nil {
			return nil, err
		}
	}
	return changed, a.settle(changed)
}

// statedAtOnce is how many records are put into words together while others are written.
const statedAtOnce = 64

// write writes records in the order in which they were first spoken of, and notes what
// it finds of each.
func (a *applying) write(ids []plumbline.SourceID, found map[plumbline.SourceID]stating) error {
	ordered := slices.SortedFunc(slices.Values(ids), func(x, y plumbline.SourceID) int { return cmp.Compare(a.order[x], a.order[y]) })
	chunks := slices.Collect(slices.Chunk(ordered, statedAtOnce))
	return plumbline.Pipeline(len(chunks), func(i int) ([]stating, error) {
		list := make([]stating, len(chunks[i]))
		for n, id := range chunks[i] {
			list[n].changed.ID = id
		}
		return list, nil
	}, func(list []stating) error {
		plumbline.Each(len(list), func(i int) { list[i] = a.state(list[i].changed.ID) })
		return nil
	}, func(list []stating) error {
		var out, same [][]any // that are new or move, that stay where they belong
		for _, s := range list {
			r := s.changed.Row
			row := []any{r.ID, r.Kind, r.Connection, r.External, r.About, r.Golden, s.doc}
			if s.changed.Old == s.changed.Golden {
				same = append(same, row)
			} else {
				out = append(out, row)
			}
			found[s.changed.ID] = s
		}
		if err := a.tx.InsertWide(insertRows, relocate, a.location, out); err != nil {
			return err
		}
		return a.tx.InsertWide(insertRows, restate, a.location, same)
	})
}

// A stating is what is written of one record that something was said of.
type stating struct {
	doc        string
	gone, come []refRow
	changed    Changed
}

func (a *applying) state(id plumbline.SourceID) (s stating) {
	r := a.rows[id]
	s.doc = r.Document()
	s.gone, s.come = differ(a.location, a.before[id], r)
	s.changed = Changed{ID: id, Kind: r.Kind, Golden: r.Golden, About: r.About, Old: a.old[id], Wrote: a.wrote[id],
		Gone: refsOf(s.gone), Come: refsOf(s.come), Touched: touched(a.before[id], r, s.doc), Tied: r.Tied(), Row: r}
	return s
}

// settle moves what belongs to a record that is new, or belongs elsewhere now: what
// is said about it, and the payments of an invoice.
func (a *applying) settle(changed []Changed) error {
	to := map[plumbline.SourceID]plumbline.GoldenID{}
	var moved, invoices []string
	for _, c := range changed {
		if c.About != "" || c.Golden == c.Old {
			continue
		}
		moved = append(moved, string(c.ID))
		to[c.ID] = c.Golden
		if c.Kind == plumbline.Invoice {
			invoices = append(invoices, string(c.ID))
		}
	}
	if len(moved) == 0 {
		return nil
	}
	payments, err := scan(a.tx, selectPaymentsOf(a.tx), a.location, db.JSON(invoices))
	if err != nil {
		return err
	}
	for _, p := range payments {
		if p.Text("job") == "" && p.About == "" {
			to[p.ID] = to[p.RefTo(a.location, "invoice")]
			moved = append(moved, string(p.ID))
		}
	}
	if err := a.leave(moved, changed); err != nil {
		return err
	}
	return Relink(a.tx, a.location, to)
}

// leave notes where what is said about records that have moved belonged before.
func (a *applying) leave(moved []string, changed []Changed) error {
	rows, err := a.tx.Query(selectLeft(a.tx), a.location, db.JSON(moved))
	if err != nil {
		return err
	}
	defer rows.Close()
	left := map[plumbline.SourceID][]string{}
	for rows.Next() {
		var about plumbline.SourceID
		var golden string
		if err := rows.Scan(&about, &golden); err != nil {
			return err
		}
		left[about] = append(left[about], golden)
	}
	for i := range changed {
		changed[i].Left = left[changed[i].ID]
	}
	return rows.Err()
}

// Load returns the source records of these ids that exist.
func Load(tx *db.Tx, location string, ids []string) ([]*Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return scan(tx, selectRows(tx), location, db.JSON(ids))
}

// Members returns all source records that belong to golden records.
func Members(tx *db.Tx, location string, golden []string) (map[plumbline.GoldenID][]*Row, error) {
	out := map[plumbline.GoldenID][]*Row{}
	if len(golden) == 0 {
		return out, nil
	}
	rows, err := scan(tx, selectMembers(tx), location, db.JSON(golden))
	for _, r := range rows {
		out[r.Golden] = append(out[r.Golden], r)
	}
	return out, err
}

func scan(tx *db.Tx, query string, args ...any) (list []*Row, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.ID, &r.Kind, &r.Connection, &r.External, &r.About, &r.Golden, &r.stored); err != nil {
			return nil, err
		}
		list = append(list, &r)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return list, plumbline.EachErr(len(list), func(i int) error { return list[i].ReadDocument(list[i].stored) })
}

// Resolve maps source records to the golden records they belong to. One that is not
// there stands for itself.
func Resolve(tx *db.Tx, location string, ids []string) (map[plumbline.SourceID]plumbline.GoldenID, error) {
	out := make(map[plumbline.SourceID]plumbline.GoldenID, len(ids))
	for _, id := range ids {
		out[plumbline.SourceID(id)] = plumbline.GoldenID(id)
	}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := tx.Query(selectGoldenIDs(tx), location, db.JSON(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, golden string
		if err := rows.Scan(&id, &golden); err != nil {
			return nil, err
		}
		out[plumbline.SourceID(id)] = plumbline.GoldenID(golden)
	}
	return out, rows.Err()
}

// Aliases returns the ids of all members of golden records, in order.
func Aliases(tx *db.Tx, location string, golden ...string) (ids map[string][]string, err error) {
	ids = map[string][]string{}
	if len(golden) == 0 {
		return ids, nil
	}
	rows, err := tx.Query(selectAliases(tx), location, db.JSON(golden))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var of, id string
		if err := rows.Scan(&of, &id); err != nil {
			return nil, err
		}
		ids[of] = append(ids[of], id)
	}
	return ids, rows.Err()
}

// Relink moves source records, and what is said about them, to golden records.
func Relink(tx *db.Tx, location string, to map[plumbline.SourceID]plumbline.GoldenID) error {
	if len(to) == 0 {
		return nil
	}
	type row struct {
		ID     string `json:"id"`
		Golden string `json:"g"`
	}
	var rows []row
	for id, g := range to {
		rows = append(rows, row{string(id), string(g)})
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.ID, b.ID) })
	if _, err := tx.Exec(updateGolden(tx), location, db.JSON(rows)); err != nil {
		return err
	}
	_, err := tx.Exec(updateGoldenAbout(tx), location, db.JSON(rows))
	return err
}

// Dependents returns the golden jobs whose records point to any of these source
// records, through which of them does not matter.
func Dependents(tx *db.Tx, location string, to []string) ([]string, error) {
	if len(to) == 0 {
		return nil, nil
	}
	return tx.Texts(selectDependents(tx), location, db.JSON(to))
}

// SharedInvoices returns the invoices that bill jobs besides the one they belong to,
// and their payments.
func SharedInvoices(tx *db.Tx, location string, jobs []string) (map[plumbline.GoldenID][]*Row, error) {
	out := map[plumbline.GoldenID][]*Row{}
	if len(jobs) == 0 {
		return out, nil
	}
	rows, err := tx.Query(selectShared(tx), location, db.JSON(jobs))
	if err != nil {
		return nil, err
	}
	pairs := map[string][]string{}
	for rows.Next() {
		var invoice, job string
		if err := rows.Scan(&invoice, &job); err != nil {
			rows.Close()
			return nil, err
		}
		pairs[invoice] = append(pairs[invoice], job)
	}
	rows.Close()
	if err := rows.Err(); err != nil || len(pairs) == 0 {
		return out, err
	}
	var ids []string
	for id := range pairs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	list, err := scan(tx, selectInvoicesWithPayments(tx), location, db.JSON(ids))
	for _, r := range list {
		of := string(r.ID)
		if r.Kind == plumbline.Payment {
			of = string(r.RefTo(location, "invoice"))
		}
		for _, job := range pairs[of] {
			out[plumbline.GoldenID(job)] = append(out[plumbline.GoldenID(job)], r)
		}
	}
	return out, err
}

// Time reads milliseconds.
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// ListedUnder returns the properties that sources list under people's records.
func ListedUnder(tx *db.Tx, location string, people []string) (map[plumbline.SourceID][]*Row, error) {
	out := map[plumbline.SourceID][]*Row{}
	if len(people) == 0 {
		return out, nil
	}
	list, err := scan(tx, selectListed(tx), location, db.JSON(people))
	for _, r := range list {
		if to := r.RefTo(location, "customer"); to != "" && r.About == "" && !r.Deleted() {
			out[to] = append(out[to], r)
		}
	}
	return out, err
}
