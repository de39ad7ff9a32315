package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// ErrClaimed means that another run is using the location.
var ErrClaimed = errors.New("another run is using the database; wait for its end, or name another database")

// Claim is a fresh location that nobody else may claim meanwhile.
type Claim struct {
	file string  // the file that the claim has made, or empty
	db   *sql.DB // holds the lock of a PostgreSQL, or nil
}

// claims is the first key of the advisory locks of claims; the second is that of the schema.
const claims = 0x6f6d62 // "omb"

// NewClaim claims a location for one run. It returns ErrUsed if the location holds a database with people, or is an existing
// file, and ErrClaimed if somebody else has claimed it. A claimed file exists from then on, and is empty.
func NewClaim(ctx context.Context, location string) (*Claim, error) {
	if IsFile(location) {
		file, err := os.OpenFile(location, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return nil, ErrUsed
		}
		if err != nil {
			return nil, err
		}
		return &Claim{file: location}, file.Close()
	}
	db, err := connectPostgres(location)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // the lock belongs to its connection
	db.SetMaxIdleConns(1)
	if err := claimPostgres(ctx, db, location); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Claim{db: db}, nil
}

func claimPostgres(ctx context.Context, db *sql.DB, location string) error {
	var claimed, table, people bool
	err := db.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1, hashtext(coalesce(current_schema(), ''))), to_regclass('people') IS NOT NULL", claims).Scan(&claimed, &table)
	switch {
	case err != nil:
		return fmt.Errorf("connect to %s: %w", Name(location), err)
	case !claimed:
		return ErrClaimed
	case !table:
		return nil
	}
	if err := db.QueryRowContext(ctx, usedAtAll).Scan(&people); err != nil {
		return fmt.Errorf("look for people in %s (is it one of ombak's?): %w", Name(location), err)
	}
	if people {
		return ErrUsed
	}
	return nil
}

// Release ends the claim and leaves the database as it is.
func (c *Claim) Release() {
	if c == nil || c.db == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// The server ends the lock with the connection too, but only after a while.
	_, _ = c.db.ExecContext(ctx, "SELECT pg_advisory_unlock_all()") // the server may be gone
	_ = c.db.Close()                                                // the lock is gone, or goes with the connection
}

// Discard ends the claim of a run that never began, and removes the files that the claim has made.
func (c *Claim) Discard() {
	c.Release()
	if c == nil || c.file == "" {
		return
	}
	for _, file := range []string{c.file, c.file + "-wal", c.file + "-shm"} {
		_ = os.Remove(file) // most were never made
	}
}
