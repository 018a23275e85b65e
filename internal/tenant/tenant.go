// Package tenant owns locations, their connections and secrets, who holds a quota,
// tokens of the API, and since when rules and connections speak. It must not know
// what a connection is used for.
package tenant

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Modes of a connection. Every one starts in rehearsal: it shows what it would do.
const (
	Rehearsal = "rehearsal"
	On        = "on"
	Off       = "off"
)

// A Connection is one configured account with a tool.
type Connection struct {
	Location string            `json:"location"`
	Name     string            `json:"name"`
	Tool     string            `json:"tool"`
	Account  string            `json:"account"` // the vendor's id of the account
	Mode     string            `json:"mode"`
	OnSince  time.Time         `json:"on_since,omitzero"`
	Quota    string            `json:"quota"`  // connections of one quota share the vendor's limit
	Speaks   map[string]string `json:"speaks"` // kind of message -> tool, us or nobody
}

// Put stores a connection as configuration gives it. What an operator has switched
// (the mode) stays as it is.
func Put(tx *db.Tx, c Connection) (err error) {
	defer plumbline.Wrap(&err, "store connection %s", c.Name)

	if _, err := tx.Exec(insertLocation, c.Location); err != nil {
		return err
	}
	speaks := map[string]string{} // an absent map would be stored as a list
	maps.Copy(speaks, c.Speaks)
	_, err = tx.Exec(upsertConnection, c.Location, c.Name, c.Tool, c.Account, c.Quota, db.JSON(speaks))
	return err
}

// Switch sets the mode of a connection. Nothing known before it is switched on is
// spoken about.
func Switch(tx *db.Tx, location, name, mode string) (err error) {
	defer plumbline.Wrap(&err, "switch connection %s to %s", name, mode)

	if mode != Rehearsal && mode != On && mode != Off {
		return plumbline.Invalidf("say rehearsal, on or off", "%q is no mode", mode)
	}
	n, err := tx.Exec(updateMode, location, name, mode, tx.Now.UnixMilli())
	if err == nil && n == 0 {
		err = plumbline.NotFoundf("location %s has no connection %s", location, name)
	}
	return err
}

// Connections returns all connections of a location, of all if it is empty.
func Connections(tx *db.Tx, location string) (list []Connection, err error) {
	defer plumbline.Wrap(&err, "read connections")

	rows, err := tx.Query(selectConnections, location)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c Connection
		var since int64
		var speaks string
		if err := rows.Scan(&c.Location, &c.Name, &c.Tool, &c.Account, &c.Mode, &since, &c.Quota, &speaks); err != nil {
			return nil, err
		}
		if since != 0 {
			c.OnSince = time.UnixMilli(since).UTC()
		}
		if err := json.Unmarshal([]byte(speaks), &c.Speaks); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// Get returns one connection.
func Get(tx *db.Tx, location, name string) (Connection, error) {
	list, err := Connections(tx, location)
	for _, c := range list {
		if c.Name == name {
			return c, nil
		}
	}
	if err == nil {
		err = plumbline.NotFoundf("location %s has no connection %s", location, name)
	}
	return Connection{}, err
}

// Activate notes since when a rule speaks, once: what was known before tx.Now is
// not spoken about. It returns that instant.
func Activate(tx *db.Tx, location, name string) (since time.Time, err error) {
	defer plumbline.Wrap(&err, "activate %s", name)

	var ms int64
	if _, err := tx.Exec(insertActivation, location, name, tx.Now.UnixMilli()); err != nil {
		return since, err
	}
	err = tx.QueryRow(selectActivation, location, name).Scan(&ms)
	return time.UnixMilli(ms).UTC(), err
}

// Activations returns since when each rule of a location speaks.
func Activations(tx *db.Tx, location string) (map[string]time.Time, error) {
	rows, err := tx.Query(selectActivations, location)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]time.Time{}
	for rows.Next() {
		var name string
		var ms int64
		if err := rows.Scan(&name, &ms); err != nil {
			return nil, err
		}
		out[name] = time.UnixMilli(ms).UTC()
	}
	return out, rows.Err()
}

// A Hold is a node's right to call within a quota, until it expires. Attempts carry
// its epoch.
type Hold struct {
	Epoch   int64
	Expires time.Time
	// Fresh: somebody else held it before, or nobody; the budget starts empty.
	Fresh bool
}

// Take takes or renews the hold of a quota for a node; false if another has it.
func Take(tx *db.Tx, quota, node string, ttl time.Duration) (h Hold, ok bool, err error) {
	defer plumbline.Wrap(&err, "hold quota %s", quota)

	if _, err := tx.Exec(insertHolder, quota); err != nil {
		return h, false, err
	}
	var holder string
	var expires int64
	if err := tx.QueryRow(selectHolder+tx.ForUpdate(), quota).Scan(&holder, &h.Epoch, &expires); err != nil {
		return h, false, err
	}
	now := tx.Now.UnixMilli()
	switch {
	case holder == node: // nobody has held it meanwhile, whether it ran out or not
	case expires > now:
		return h, false, nil
	default:
		h.Epoch, h.Fresh = h.Epoch+1, true
	}
	h.Expires = tx.Now.Add(ttl)
	_, err = tx.Exec(updateHolder, quota, node, h.Epoch, h.Expires.UnixMilli())
	return h, true, err
}

// Release gives a hold back early.
func Release(tx *db.Tx, quota, node string) error {
	_, err := tx.Exec(releaseHolder, quota, node)
	return err
}

// LockOwed makes this transaction the only one that writes what is owed and said in a
// location until it ends. Who decides what is owed and who says what became of it read
// the same rows and write them whole; take it before reading them, after the lane
// "advance" and before that of a number.
func LockOwed(tx *db.Tx, location string) error { return tx.Lane(location, "owed") }

// NewToken makes a token for the API of a location and returns its text, which is
// shown once: only its hash is kept.
func NewToken(tx *db.Tx, location, name string) (text string, err error) {
	var raw [24]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	text = "plt_" + base64.RawURLEncoding.EncodeToString(raw[:])
	return text, PutToken(tx, location, name, text)
}

// PutToken keeps the hash of a token. Keeping it twice is harmless.
func PutToken(tx *db.Tx, location, name, text string) error {
	_, err := tx.Exec(insertToken, hash(text), location, name, tx.Now.UnixMilli())
	return err
}

// TokenOf returns the location and name of a token, NotFound if nobody made it.
func TokenOf(tx *db.Tx, text string) (location, name string, err error) {
	err = tx.QueryRow(selectToken, hash(text)).Scan(&location, &name)
	if err != nil {
		return "", "", &plumbline.Error{Kind: plumbline.Unauthorized, Msg: "this token is not known", Hint: "make one with plumbline user token", Err: err}
	}
	return location, name, nil
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
