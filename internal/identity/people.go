package identity

import (
	"maps"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/match"
	"plumbline.dev/plumbline/internal/record"
)

// resolvePeople decides the components of the records named.
func resolvePeople(tx *db.Tx, location string, ids []string) ([]Move, error) {
	c := &component{tx: tx, location: location, seen: map[string]bool{}, large: map[string]bool{}}
	if err := c.rekey(ids); err != nil {
		return nil, err
	}
	if err := c.grow(ids); err != nil {
		return nil, err
	}
	all := slices.Sorted(maps.Keys(c.seen))
	rows, people, err := c.people(all)
	if err != nil {
		return nil, err
	}
	links, err := c.links(all, rows)
	if err != nil {
		return nil, err
	}
	limit := limits
	limit.Large = c.large
	clusters, asks := match.Cluster(people, links, limit)
	if err := c.ask(all, asks); err != nil {
		return nil, err
	}
	return movesOf(rows, clusters), nil
}

type component struct {
	tx       *db.Tx
	location string
	seen     map[string]bool // records of the components
	large    map[string]bool // keys whose block is too large to link
	touched  []string        // keys that the changed records had or have
	about    []*record.Row   // records about people, last read
}

// given leads the key of a number that was said about a person.
const given = "h:"

// rekey brings the keys of changed records up to date.
func (c *component) rekey(ids []string) error {
	rows, people, err := c.people(ids)
	if err != nil {
		return err
	}
	var now []keyRow
	for _, r := range rows { // a target's record meets the one whose key it bears
		now = append(now, keyRow{"k:" + string(r.ID), string(r.ID), string(plumbline.Customer)})
		if key := r.Text("key"); key != "" {
			now = append(now, keyRow{"k:" + key, string(r.ID), string(plumbline.Customer)})
		}
	}
	for _, p := range people {
		for _, name := range match.Keys(p) {
			now = append(now, keyRow{name, p.ID, string(plumbline.Customer)})
		}
	}
	for _, r := range c.about { // a number that the office gives somebody joins nobody, but is theirs
		for _, field := range []string{"mobile_phone", "home_phone", "work_phone"} {
			if n := match.Phone(r.Text(field)); n != "" {
				now = append(now, keyRow{given + n, string(r.ID), string(plumbline.Customer)})
			}
		}
	}
	c.touched, err = storeKeys(c.tx, c.location, plumbline.Customer, ids, now)
	return err
}

// grow reads the components of the records: all that share a key with one of them,
// or are linked by a decision, and so on. A block that is too large joins nothing;
// but where one has just become so, or is so no more, its members are looked at.
func (c *component) grow(ids []string) error {
	work := slices.Clone(ids)
	names := c.touched
	asked := map[string]bool{}
	for first := true; len(work) > 0 || first; first = false {
		for _, id := range work {
			c.seen[id] = true
		}
		if !first {
			keys, err := keysOf(c.tx, c.location, work)
			if err != nil {
				return err
			}
			names = nil
			for _, k := range keys {
				names = append(names, k.Name)
			}
		}
		var fresh []string
		for _, n := range names {
			if !asked[n] && !strings.HasPrefix(n, given) {
				asked[n], fresh = true, append(fresh, n)
			}
		}
		next, err := c.neighbours(fresh, first, len(ids))
		if err != nil {
			return err
		}
		linked, err := c.decided(work)
		if err != nil {
			return err
		}
		work = work[:0]
		for _, id := range append(next, linked...) {
			if !c.seen[id] && len(c.seen)+len(work) < closure {
				c.seen[id], work = true, append(work, id)
			}
		}
	}
	return nil
}

// neighbours returns the records in the blocks named.
func (c *component) neighbours(names []string, first bool, changed int) (ids []string, err error) {
	rows, err := sharing(c.tx, c.location, names)
	if err != nil {
		return nil, err
	}
	blocks := map[string][]string{}
	for _, k := range rows {
		blocks[k.Name] = append(blocks[k.Name], k.Record)
	}
	for name, members := range blocks {
		if limits.TooLarge(len(members)) {
			c.large[name] = true
			// Whether it was too large before the changed records came is not known
			// here; it was not if without them it would not be.
			if !first || limits.TooLarge(len(members)-changed) {
				continue
			}
		}
		ids = append(ids, members...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func (c *component) decided(ids []string) (out []string, err error) {
	links, err := decisions(c.tx, c.location, ids)
	for _, l := range links {
		out = append(out, l.A, l.B)
	}
	return out, err
}

func decisions(tx *db.Tx, location string, ids []string) (links []match.Link, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(selectDecisions(tx), location, db.JSON(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var l match.Link
		var said int
		if err := rows.Scan(&l.A, &l.B, &said, &l.Decision); err != nil {
			return nil, err
		}
		if l.Same = said == Same; said != TakenBack {
			links = append(links, l)
		}
	}
	return links, rows.Err()
}

// people loads records as match sees them, with the addresses of the properties
// that their sources list under them.
func (c *component) people(ids []string) ([]*record.Row, []match.Person, error) {
	rows, err := record.Load(c.tx, c.location, ids)
	if err != nil {
		return nil, nil, err
	}
	places, err := record.ListedUnder(c.tx, c.location, ids)
	if err != nil {
		return nil, nil, err
	}
	var people []match.Person
	var kept []*record.Row
	c.about = nil
	for _, r := range rows {
		if r.Kind == plumbline.Customer && r.About != "" {
			c.about = append(c.about, r)
		}
		if r.Kind != plumbline.Customer || r.About != "" {
			continue
		}
		kept = append(kept, r)
		people = append(people, person(r, places[r.ID]))
	}
	return kept, people, nil
}

func person(r *record.Row, places []*record.Row) match.Person {
	if r.Deleted() {
		return match.Person{ID: string(r.ID)}
	}
	in := match.Record{ID: string(r.ID), Given: r.Text("first_name"), Family: r.Text("last_name"), Organization: r.Text("organization"),
		Phones: []string{r.Text("mobile_phone"), r.Text("home_phone"), r.Text("work_phone")}, Emails: []string{r.Text("email")}}
	for _, p := range append(places, r) {
		if p.Text("street") != "" {
			in.Addresses = append(in.Addresses, AddressOf(p))
		}
	}
	return match.Normalize(in)
}

// links are people's decisions, and the keys of ours that a target's records bear.
func (c *component) links(all []string, rows []*record.Row) ([]match.Link, error) {
	links, err := decisions(c.tx, c.location, all)
	for _, r := range rows {
		if key := r.Text("key"); key != "" {
			links = append(links, match.Link{A: string(r.ID), B: key, Same: true, Decision: " our key on the record"})
		}
	}
	return links, err
}

// ask replaces the questions about the records of the components.
func (c *component) ask(all []string, asks []match.Pair) error {
	if _, err := c.tx.Exec(deleteAsks(c.tx), c.location, db.JSON(all)); err != nil {
		return err
	}
	type row struct {
		A        string `json:"a"`
		B        string `json:"b"`
		Evidence string `json:"e"`
	}
	var rows []row
	for _, p := range asks {
		evidence := p.Verdict.Evidence
		if p.Why != "" {
			evidence = append([]string{p.Why}, evidence...)
		}
		rows = append(rows, row{p.A, p.B, db.JSON(evidence)})
	}
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.A+a.B, b.A+b.B) })
	_, err := c.tx.Exec(insertAsks(c.tx), c.location, db.JSON(rows))
	return err
}
