package tenant_test

import (
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/tenant"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func do(t *testing.T, d *db.DB, now time.Time, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), now, f); err != nil {
		t.Fatal(err)
	}
}

func TestAConnectionStartsInRehearsalAndKeepsWhatAnOperatorSwitched(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := tenant.Connection{Location: "a", Name: "crm", Tool: "hubspot", Quota: "q", Speaks: map[string]string{"confirmation": "us"}}
		mode := func(want string, since time.Time) {
			t.Helper()
			do(t, d, noon, func(tx *db.Tx) error {
				got, err := tenant.Get(tx, "a", "crm")
				if err == nil && (got.Mode != want || !got.OnSince.Equal(since) || got.Speaks["confirmation"] != "us") {
					t.Errorf("got %+v, want %s since %v", got, want, since)
				}
				return err
			})
		}
		do(t, d, noon, func(tx *db.Tx) error { return tenant.Put(tx, c) })
		mode(tenant.Rehearsal, time.Time{})
		do(t, d, noon.Add(time.Hour), func(tx *db.Tx) error { return tenant.Switch(tx, "a", "crm", tenant.On) })
		do(t, d, noon.Add(2*time.Hour), func(tx *db.Tx) error { return tenant.Put(tx, c) })
		mode(tenant.On, noon.Add(time.Hour))
		do(t, d, noon.Add(3*time.Hour), func(tx *db.Tx) error { return tenant.Switch(tx, "a", "crm", tenant.On) })
		mode(tenant.On, noon.Add(time.Hour))
		err := d.Do(t.Context(), noon, func(tx *db.Tx) error { return tenant.Switch(tx, "a", "crm", "maybe") })
		if plumbline.KindOf(err) != plumbline.Invalid {
			t.Errorf("switching to maybe: %v, want an error about input", err)
		}
	})
}

func TestAQuotaHasOneHolder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		take := func(node string, at time.Time) (h tenant.Hold, ok bool) {
			t.Helper()
			do(t, d, at, func(tx *db.Tx) (err error) { h, ok, err = tenant.Take(tx, "q", node, time.Minute); return err })
			return h, ok
		}
		first, ok := take("one", noon)
		if !ok || first.Epoch != 1 {
			t.Fatalf("the first hold is %+v, %v", first, ok)
		}
		if _, ok := take("two", noon.Add(30*time.Second)); ok {
			t.Error("two nodes hold one quota")
		}
		if again, ok := take("one", noon.Add(30*time.Second)); !ok || again.Epoch != 1 {
			t.Errorf("renewed, the hold is %+v, %v", again, ok)
		}
		second, ok := take("two", noon.Add(3*time.Minute))
		if !ok || second.Epoch != 2 || !second.Fresh {
			t.Errorf("after the hold ran out the other's is %+v, %v, want a fresh one of epoch 2", second, ok)
		}
		if _, ok := take("one", noon.Add(3*time.Minute+time.Second)); ok {
			t.Error("the old holder took it back while the new one holds it")
		}
	})
}

func TestASecretIsSealedAndOnlyItsKeyOpensIt(t *testing.T) {
	vault := func() *tenant.Vault {
		key, err := tenant.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		v, err := tenant.NewVault(key + "\n")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	one := vault()
	text, err := one.Seal([]byte("pat-secret"))
	if err != nil || !tenant.Sealed(text) || strings.Contains(text, "pat-secret") || strings.ContainsAny(text, " \n\"") {
		t.Fatalf("sealed it is %q, %v", text, err)
	}
	if got, err := one.Open(text); err != nil || string(got) != "pat-secret" {
		t.Errorf("opened %q, %v", got, err)
	}
	other, _ := one.Seal([]byte("pat-secret"))
	if other == text {
		t.Error("one secret sealed twice is one text, by which it can be recognized")
	}
	for name, open := range map[string]func() ([]byte, error){
		"another key": func() ([]byte, error) { return vault().Open(text) },
		"damaged":     func() ([]byte, error) { return one.Open(text[:len(text)-8]) },
		"no base64":   func() ([]byte, error) { return one.Open("sealed:***") },
	} {
		if got, err := open(); plumbline.KindOf(err) != plumbline.Invalid || len(got) > 0 {
			t.Errorf("%s: opened %q, %v", name, got, err)
		}
	}
	if _, err := tenant.NewVault("hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a key that is none: %v, want an error that does not repeat it", err)
	}
}

func TestOfATokenOnlyTheHashIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var text string
		do(t, d, noon, func(tx *db.Tx) (err error) { text, err = tenant.NewToken(tx, "a", "office"); return err })
		do(t, d, noon, func(tx *db.Tx) error {
			var stored string
			if err := tx.QueryRow(`SELECT hash FROM token`).Scan(&stored); err != nil {
				return err
			}
			if strings.Contains(stored, text) || strings.Contains(text, stored) {
				t.Error("the token itself is stored")
			}
			location, _, err := tenant.TokenOf(tx, text)
			if location != "a" {
				t.Errorf("the token lets into %q", location)
			}
			return err
		})
		err := d.View(t.Context(), noon, func(tx *db.Tx) error { _, _, err := tenant.TokenOf(tx, "plt_guess"); return err })
		if plumbline.KindOf(err) != plumbline.Unauthorized {
			t.Errorf("a guessed token: %v", err)
		}
	})
}
