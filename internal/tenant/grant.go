package tenant

import (
	"database/sql"
	"errors"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// A Granted is what an account has granted a connection, as it is stored.
type Granted struct {
	N          int64  // counts the grants of the connection
	Tokens     string // sealed
	Expires    time.Time
	Refreshing time.Time // since when the next one is asked for; zero: it is not
}

// GrantOf returns what a connection has been granted, if anything.
func GrantOf(tx *db.Tx, location, connection string) (g Granted, ok bool, err error) {
	var expires, refreshing int64
	err = tx.QueryRow(selectGrant, location, connection).Scan(&g.N, &g.Tokens, &expires, &refreshing)
	if errors.Is(err, sql.ErrNoRows) {
		return Granted{}, false, nil
	}
	g.Expires = time.UnixMilli(expires).UTC()
	if refreshing != 0 {
		g.Refreshing = time.UnixMilli(refreshing).UTC()
	}
	return g, err == nil, err
}

// PutGrant stores what a connection has been granted, in place of the grant before.
func PutGrant(tx *db.Tx, location, connection, tokens string, expires time.Time) (err error) {
	defer plumbline.Wrap(&err, "store what %s was granted", connection)

	if !Sealed(tokens) {
		return errors.New("it is not sealed")
	}
	_, err = tx.Exec(upsertGrant, location, connection, tokens, expires.UnixMilli())
	return err
}

// BeginRefresh notes that the grant which follows the n-th is asked for: of several
// callers one may. One that ended without storing what it was given bars the others
// for as long as within.
func BeginRefresh(tx *db.Tx, location, connection string, n int64, within time.Duration) (ok bool, err error) {
	changed, err := tx.Exec(updateRefreshing, location, connection, n, tx.Now.UnixMilli(), tx.Now.Add(-within).UnixMilli())
	return changed == 1, err
}

// EndRefresh notes that the asking ended and gave nothing, so that it may be asked again.
func EndRefresh(tx *db.Tx, location, connection string, n int64) error {
	_, err := tx.Exec(updateRefreshed, location, connection, n)
	return err
}
