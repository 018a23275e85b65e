package db

import (
	"database/sql"
	"errors"
	"fmt"
)

// Lane makes this transaction the only one, over all nodes, that has the lane
// of that name in the location, until it ends; it waits for the one that has
// it. Take several lanes in order of (location, name), or two nodes deadlock.
// On SQLite there is one writer anyway, and nothing is done.
func (tx *Tx) Lane(location, name string) error {
	_, err := tx.lane(location, name, true)
	return err
}

// TryLane is Lane without waiting: it returns false if another transaction has
// the lane.
func (tx *Tx) TryLane(location, name string) (bool, error) {
	return tx.lane(location, name, false)
}

func (tx *Tx) lane(location, name string, wait bool) (bool, error) {
	if tx.engine != PostgreSQL {
		return true, nil
	}
	got, err := tx.takeLane(location, name, wait)
	if err != nil {
		return false, fmt.Errorf("take lane %s of location %s: %w", name, location, err)
	}
	return got, nil
}

// takeLane locks the lane's row. FOR UPDATE locks no row that does not exist, so
// a missing one is inserted first, by one transaction at a time: a second
// insert would wait for the first to commit, which TryLane must not.
func (tx *Tx) takeLane(location, name string, wait bool) (bool, error) {
	got, err := tx.lockLane(location, name, wait)
	if got || err != nil {
		return got, err
	}
	if !wait {
		held, err := tx.one(`SELECT 1 FROM lane WHERE location_id = $1 AND name = $2`, location, name)
		if held || err != nil {
			return false, err
		}
	}
	if may, err := tx.mayInsertLane(location, name, wait); !may || err != nil {
		return false, err
	}
	_, err = tx.Exec(`INSERT INTO lane (location_id, name) VALUES ($1, $2)
		ON CONFLICT (location_id, name) DO NOTHING`, location, name)
	if err != nil {
		return false, err
	}
	return tx.lockLane(location, name, wait)
}

func (tx *Tx) lockLane(location, name string, wait bool) (bool, error) {
	lock := tx.ForUpdate()
	if !wait {
		lock = tx.SkipLocked()
	}
	return tx.one(`SELECT 1 FROM lane WHERE location_id = $1 AND name = $2`+lock, location, name)
}

func (tx *Tx) mayInsertLane(location, name string, wait bool) (bool, error) {
	if wait {
		_, err := tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended($1, hashtext($2)))`, name, location)
		return true, err
	}
	return tx.one(`SELECT 1 WHERE pg_try_advisory_xact_lock(hashtextextended($1, hashtext($2)))`, name, location)
}

// one says whether the query returned a row.
func (tx *Tx) one(query string, args ...any) (bool, error) {
	var n int
	err := tx.QueryRow(query, args...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
