package db_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/db"
)

// A thing as it goes through Set.
type row struct {
	ID string `json:"id"`
	N  int64  `json:"n"`
}

// odd are texts that have gone wrong somewhere, sometime.
var odd = []string{
	"", " ", "a", "B", "b", "Z", "é", "e\u0301", "ß", "Łódź", "日本", "👩‍🔧", "a b", "a\tb", "a\nb", `a"b`, `a'b`, `a\b`,
	`\u0000`, `{"a": 1}`, `[1]`, "null", "0", "007", "1e3", "<&>", "$1", "%", "\u2028", "\uffff", "\U0010ffff", "~", "-", "_",
}

func TestASetIsWrittenAndReadInOneStatement(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		var all []row
		for i, s := range odd {
			all = append(all, row{s, math.MaxInt64 - int64(i)})
		}
		do(t, d, func(tx *db.Tx) error {
			n, err := tx.Exec(`INSERT INTO thing (id, n) SELECT s.id, s.n FROM `+tx.Set(1, "id text", "n bigint")+` AS s
				WHERE true ON CONFLICT (id) DO NOTHING`, db.JSON(all))
			if n != int64(len(odd)) {
				t.Errorf("%d rows were written, want %d", n, len(odd))
			}
			return err
		})
		err := d.View(t.Context(), noon, func(tx *db.Tx) error {
			for _, r := range all {
				var n int64
				if err := tx.QueryRow(`SELECT n FROM thing WHERE id = $1`, r.ID).Scan(&n); err != nil || n != r.N {
					t.Errorf("%q has %d, %v, want %d", r.ID, n, err, r.N)
				}
			}
			got, err := tx.Texts(`SELECT t.id FROM thing t JOIN `+tx.Set(1, "n bigint", "id text")+` AS s ON s.id = t.id AND s.n = t.n`, db.JSON(all))
			if len(got) != len(all) {
				t.Errorf("%d rows are joined, want %d", len(got), len(all))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestABigNumberInASetIsExact(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		for _, want := range []int64{0, -1, 1<<53 + 1, -(1<<53 + 1), math.MaxInt64, math.MinInt64} {
			for _, format := range []string{`[{"n": %d}]`, `[{"n": "%d"}]`} {
				var got int64
				do(t, d, func(tx *db.Tx) error {
					return tx.QueryRow(`SELECT s.n FROM `+tx.Set(1, "n bigint")+` AS s`, fmt.Sprintf(format, want)).Scan(&got)
				})
				if got != want {
					t.Errorf("%s gave %d, want %d", format, got, want)
				}
			}
		}
	})
}

func TestAnAbsentKeyOfASetIsNull(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		var got string
		do(t, d, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT coalesce(s.id, 'no id') || ', ' || coalesce(s.n, -1) || ', ' || coalesce(s."order", 'none')
				FROM `+tx.Set(1, "id text", "n bigint", "order text")+` AS s`, `[{"id": null, "other": 1}]`).Scan(&got)
		})
		if want := "no id, -1, none"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestADocumentInASetStaysAsItIs(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		const doc = `{"b": [1.50, "é\u0000\n"],  "a": null}`
		var got string
		do(t, d, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT s.doc FROM `+tx.Set(1, "doc text")+` AS s`, db.JSON([]map[string]string{{"doc": doc}})).Scan(&got)
		})
		if got != doc {
			t.Errorf("got %q, want %q", got, doc)
		}
	})
}

func TestMembershipOfAList(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			for _, id := range odd {
				if err := add(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		for _, list := range [][]string{nil, {}, {"a"}, {"a", "a", "nobody"}, odd} {
			var got []string
			err := d.View(t.Context(), noon, func(tx *db.Tx) (err error) {
				got, err = tx.Texts(`SELECT id FROM thing WHERE 1 = $1 AND id IN `+tx.In(2), 1, db.JSON(list))
				return err
			})
			want := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(list))), func(s string) bool { return s == "nobody" })
			slices.Sort(got)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("members of %q are %q, %v, want %q", list, got, err, want)
			}
		}
	})
}

func TestAnEmptySetHasNoRows(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		for _, list := range []any{[]row{}, []row(nil), nil} {
			do(t, d, func(tx *db.Tx) error {
				got, err := tx.Texts(`SELECT s.id FROM `+tx.Set(1, "id text")+` AS s`, db.JSON(list))
				if len(got) != 0 {
					t.Errorf("%#v has rows %q", list, got)
				}
				return err
			})
		}
	})
}

func TestTextThatOneEngineCannotHoldIsRefusedByBoth(t *testing.T) {
	type named string
	each(t, things, func(t *testing.T, d *db.DB) {
		set := func(tx *db.Tx) string {
			return `INSERT INTO thing (id) SELECT s.id FROM ` + tx.Set(1, "id text") + ` AS s`
		}
		in := func(tx *db.Tx) string { return `DELETE FROM thing WHERE id IN ` + tx.In(1) }
		plain := func(*db.Tx) string { return `INSERT INTO thing (id) VALUES ($1)` }
		tests := []struct {
			query func(*db.Tx) string
			arg   any
			ok    bool
		}{
			{plain, "a\x00", false},
			{plain, named("a\x00"), false},
			{plain, "a\xff", false},
			{plain, "\xed\xa0\x80", false}, // half of a surrogate pair
			{plain, `["a\u0000"]`, true},   // a document; nobody takes it apart
			{plain, named("named"), true},
			{set, db.JSON([]row{{ID: "a\x00"}}), false},
			{set, db.JSON([]row{{ID: `a\u0000`}}), true},
			{in, db.JSON([]string{"a\x00"}), false},
			{in, db.JSON([]string{`a\u0000`}), true},
			{set, db.JSON([]row{{ID: "a\xff"}}), true}, // JSON writes U+FFFD
		}
		for _, test := range tests {
			err := d.Do(t.Context(), noon, func(tx *db.Tx) error { _, err := tx.Exec(test.query(tx), test.arg); return err })
			if ok := err == nil; ok != test.ok {
				t.Errorf("%q: %v, want it taken: %v", test.arg, err, test.ok)
			}
			if err != nil && !errors.Is(err, db.ErrText) {
				t.Errorf("%q: %v, want %v", test.arg, err, db.ErrText)
			}
			err = d.View(t.Context(), noon, func(tx *db.Tx) error { return tx.QueryRow(`SELECT CAST($1 AS TEXT)`, test.arg).Err() })
			if ok := !errors.Is(err, db.ErrText); ok != (test.ok || strings.HasPrefix(fmt.Sprint(test.arg), "[")) {
				t.Errorf("%q in a query for one row: %v", test.arg, err)
			}
		}
	})
}

func TestBytesMayBeAnything(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		want := make([]byte, 256)
		for i := range want {
			want[i] = byte(i)
		}
		for id, body := range map[string][]byte{"all": want, "none": {}} {
			var got []byte
			do(t, d, func(tx *db.Tx) error {
				return tx.QueryRow(`INSERT INTO thing (id, body) VALUES ($1, $2) RETURNING body`, id, body).Scan(&got)
			})
			if !bytes.Equal(got, body) {
				t.Errorf("%s: got %x", id, got)
			}
		}
		do(t, d, func(tx *db.Tx) error { return add(tx, "default") })
		if n := number(t, d, `SELECT length(body) FROM thing WHERE id = 'default'`); n != 0 {
			t.Errorf("the default has %d bytes, want none", n)
		}
	})
}

func TestAColumnHoldsItsOwnTypeOnly(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		for _, test := range []struct {
			column string
			value  any
		}{{"n", "many"}, {"body", 1}, {"x", "half"}} {
			err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO thing (id, `+test.column+`) VALUES ('a', $1)`, test.value)
				return err
			})
			if err == nil {
				t.Errorf("column %s took %v", test.column, test.value)
			}
		}
	})
}

func TestTextIsOrderedByItsBytes(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		want := slices.SortedFunc(slices.Values(odd), cmp.Compare[string])
		var kept, set, after []string
		do(t, d, func(tx *db.Tx) (err error) {
			for _, id := range odd {
				if err := add(tx, id); err != nil {
					return err
				}
			}
			if kept, err = tx.Texts(`SELECT id FROM thing ORDER BY id`); err != nil {
				return err
			}
			var rows []row
			for _, s := range odd {
				rows = append(rows, row{ID: s})
			}
			if set, err = tx.Texts(`SELECT s.id FROM `+tx.Set(1, "id text")+` AS s ORDER BY s.id`, db.JSON(rows)); err != nil {
				return err
			}
			after, err = tx.Texts(`SELECT id FROM thing WHERE id > $1 ORDER BY id`, "Z")
			return err
		})
		if !slices.Equal(kept, want) {
			t.Errorf("a table is ordered %q, want %q", kept, want)
		}
		if !slices.Equal(set, want) {
			t.Errorf("a set is ordered %q, want %q", set, want)
		}
		if i, _ := slices.BinarySearch(want, "Z"); !slices.Equal(after, want[i+1:]) {
			t.Errorf("after Z come %q, want %q", after, want[i+1:])
		}
	})
}

func TestAnArgumentThatCannotBeMarshalledPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it did not")
		}
	}()
	db.JSON(func() {})
}
