// Package identity decides which source records are the same real person or place,
// whole components at a time, under people's decisions, and keeps what a person
// must decide. It owns the keys, the decisions and the questions; match judges.
package identity

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/match"
	"plumbline.dev/plumbline/internal/record"
)

// limits bound what is linked without a person.
var limits = match.Limits{}

// closure bounds how many records are read to see a component whole. One that is
// larger links nothing by itself anyway.
const closure = 1000

// A Decision is a person's word that two source records are the same, or are not, or that
// nobody has decided: what was said before is taken back.
type Decision struct {
	A, B plumbline.SourceID
	Said int
	Name string // orders decisions: of two about one pair the greater holds
}

// What a Decision says.
const (
	Different = 0
	Same      = 1
	TakenBack = 2
)

// Decide records decisions. An older one does not replace a newer.
func Decide(tx *db.Tx, location string, decisions ...Decision) (err error) {
	defer plumbline.Wrap(&err, "record who is who")

	for _, d := range decisions {
		a, b := string(d.A), string(d.B)
		if a == b {
			continue
		}
		if a > b {
			a, b = b, a
		}
		if _, err := tx.Exec(upsertDecision, location, a, b, d.Said, d.Name); err != nil {
			return err
		}
	}
	return nil
}

// A Move is a source record that belongs to another golden record now.
type Move struct {
	ID       plumbline.SourceID
	From, To plumbline.GoldenID
}

// Resolve decides anew the components of people's records, the places of properties'
// records, and which records of equipment are of one piece, where their words have
// changed, and moves what belongs elsewhere. It depends on the records alone and not on
// the order in which they came.
func Resolve(tx *db.Tx, location string, people, places, assets []string) (moves []Move, err error) {
	defer plumbline.Wrap(&err, "decide who is who")

	for _, k := range []struct {
		kind plumbline.Kind
		ids  []string
		key  func(*record.Row) string
	}{{plumbline.Property, places, placeKey}, {plumbline.Asset, assets, assetKey}} {
		if len(k.ids) == 0 {
			continue
		}
		m, err := resolveAlike(tx, location, k.kind, k.ids, k.key)
		if err != nil {
			return nil, err
		}
		moves = append(moves, m...)
	}
	if len(people) > 0 {
		m, err := resolvePeople(tx, location, people)
		if err != nil {
			return nil, err
		}
		moves = append(moves, m...)
	}
	to := map[plumbline.SourceID]plumbline.GoldenID{}
	for _, m := range moves {
		to[m.ID] = m.To
	}
	return moves, record.Relink(tx, location, to)
}

// placeKey is what properties that are one have in common: the normalized address.
func placeKey(r *record.Row) string {
	if key := AddressOf(r).Key(); key != "" {
		return "x:" + key
	}
	return ""
}

// assetKey is what records of one piece of equipment have in common: maker and serial
// number. A serial number alone is no one's own.
func assetKey(r *record.Row) string {
	maker, serial := plain(r.Text("maker")), plain(r.Text("serial"))
	if maker == "" || serial == "" {
		return ""
	}
	return "serial:" + maker + "/" + serial
}

// plain keeps the letters and digits of a text, in lower case.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, s)
}

// resolveAlike groups records of a kind by a key.
func resolveAlike(tx *db.Tx, location string, kind plumbline.Kind, ids []string, keyOf func(*record.Row) string) ([]Move, error) {
	rows, err := record.Load(tx, location, ids)
	if err != nil {
		return nil, err
	}
	var now []keyRow
	for _, r := range rows {
		if key := keyOf(r); key != "" && r.About == "" && !r.Deleted() {
			now = append(now, keyRow{key, string(r.ID), string(kind)})
		}
	}
	touched, err := storeKeys(tx, location, kind, ids, now)
	if err != nil {
		return nil, err
	}
	sharing, err := sharing(tx, location, touched)
	if err != nil {
		return nil, err
	}
	groups := map[string][]string{}
	placed := map[string]bool{}
	all := slices.Clone(ids)
	for _, k := range sharing {
		groups[k.Name] = append(groups[k.Name], k.Record)
		placed[k.Record] = true
		all = append(all, k.Record)
	}
	for _, id := range ids {
		if !placed[id] {
			groups["\x00"+id] = []string{id}
		}
	}
	slices.Sort(all)
	loaded, err := record.Load(tx, location, slices.Compact(all))
	if err != nil {
		return nil, err
	}
	return movesOf(loaded, slices.Collect(maps.Values(groups))), nil
}

// AddressOf reads the address that a record of a property or person gives.
func AddressOf(r *record.Row) match.Address {
	return match.NewAddress(r.Text("street"), r.Text("unit"), r.Text("city"), r.Text("state"), r.Text("postal_code"))
}

// movesOf names what belongs elsewhere once records are grouped so.
func movesOf(rows []*record.Row, groups [][]string) (moves []Move) {
	byID := map[string]*record.Row{}
	for _, r := range rows {
		byID[string(r.ID)] = r
	}
	for _, g := range groups {
		var members []*plumbline.SourceRecord
		for _, id := range g {
			if r := byID[id]; r != nil {
				members = append(members, &r.SourceRecord)
			}
		}
		if len(members) == 0 {
			continue
		}
		anchor := golden.Anchor(members)
		for _, m := range members {
			if r := byID[string(m.ID)]; r.Golden != anchor {
				moves = append(moves, Move{r.ID, r.Golden, anchor})
			}
		}
	}
	slices.SortFunc(moves, func(a, b Move) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return moves
}

type keyRow struct {
	Name   string `json:"n"`
	Record string `json:"r"`
	Kind   string `json:"k"`
}

// storeKeys replaces the keys of records of a kind and returns the names that any of
// them had or has. Keys of records of other kinds stay: a person may decide by
// mistake on two that are no people.
func storeKeys(tx *db.Tx, location string, kind plumbline.Kind, ids []string, now []keyRow) (touched []string, err error) {
	had, err := keysOf(tx, location, ids)
	if err != nil {
		return nil, err
	}
	had = slices.DeleteFunc(had, func(k keyRow) bool { return k.Kind != string(kind) })
	var gone, come []keyRow
	for _, k := range had {
		touched = append(touched, k.Name)
		if !slices.Contains(now, k) {
			gone = append(gone, k)
		}
	}
	for _, k := range now {
		touched = append(touched, k.Name)
		if !slices.Contains(had, k) {
			come = append(come, k)
		}
	}
	if len(gone) > 0 {
		if _, err := tx.Exec(deleteKeys(tx), location, db.JSON(gone)); err != nil {
			return nil, err
		}
	}
	if len(come) > 0 {
		slices.SortFunc(come, func(a, b keyRow) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Record, b.Record))
		})
		if _, err := tx.Exec(insertKeys(tx), location, db.JSON(come)); err != nil {
			return nil, err
		}
	}
	slices.Sort(touched)
	return slices.Compact(touched), nil
}

func keysOf(tx *db.Tx, location string, ids []string) ([]keyRow, error) {
	return scanKeys(tx, selectKeysOf(tx), location, db.JSON(ids))
}

func sharing(tx *db.Tx, location string, names []string) ([]keyRow, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return scanKeys(tx, selectSharing(tx), location, db.JSON(names))
}

func scanKeys(tx *db.Tx, query string, args ...any) (list []keyRow, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k keyRow
		if err := rows.Scan(&k.Name, &k.Record, &k.Kind); err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	return list, rows.Err()
}

// A Question is a pair that a person must decide.
type Question struct {
	A        plumbline.SourceID `json:"a"`
	B        plumbline.SourceID `json:"b"`
	Evidence []string           `json:"evidence"`
}

// Questions returns the review list of a location.
func Questions(tx *db.Tx, location string) ([]Question, error) {
	return questions(tx, selectAsks, location)
}

// Undecided returns the questions about any of these source records.
func Undecided(tx *db.Tx, location string, ids []string) ([]Question, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return questions(tx, selectAsksOf(tx), location, db.JSON(ids))
}

func questions(tx *db.Tx, query string, args ...any) (list []Question, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var q Question
		var evidence string
		if err := rows.Scan(&q.A, &q.B, &evidence); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(evidence), &q.Evidence); err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, rows.Err()
}

// Holders returns the golden customers whose records, or what is said about them,
// give a number.
func Holders(tx *db.Tx, location, number string) (people []string, err error) {
	defer plumbline.Wrap(&err, "look who has a number")

	return holders(tx, location, "p:"+number, given+number)
}

// Mailed returns the golden customers whose records give a mail box that is not shared
// by its kind, as info@ is.
func Mailed(tx *db.Tx, location, mailbox string) (people []string, err error) {
	defer plumbline.Wrap(&err, "look who has a mail box")

	return holders(tx, location, "e:"+match.Email(mailbox))
}

func holders(tx *db.Tx, location string, keys ...string) (people []string, err error) {
	shared, err := sharing(tx, location, keys)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, k := range shared {
		ids = append(ids, k.Record)
	}
	golden, err := record.Resolve(tx, location, ids)
	for _, id := range ids {
		if g := string(golden[plumbline.SourceID(id)]); !slices.Contains(people, g) {
			people = append(people, g)
		}
	}
	slices.Sort(people)
	return people, err
}
