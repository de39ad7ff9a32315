package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
)

// Row is one person as the database has it.
type Row struct {
	ID       int64
	Email    string // normalised
	NIK      string // empty when not claimed
	Verified bool   // the e-mail
	Joined   bool
}

// Audit yields every row of the database at a location but those of the erased, in the order of
// sign-up; no server may write to it. It reads with a connection of its own; an error ends the sequence.
//
// Note: a scan past the UNIQUE indexes on purpose, so that reconciliation counts what is there.
func Audit(ctx context.Context, location string, key []byte) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if err := audit(ctx, location, key, yield); err != nil {
			yield(Row{}, fmt.Errorf("audit %s: %w", Name(location), err))
		}
	}
}

func audit(ctx context.Context, location string, key []byte, yield func(Row, error) bool) error {
	sealer, err := newSealer(key)
	if err != nil {
		return err
	}
	db, err := openToRead(location)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, selectAll)
	if err != nil {
		return fmt.Errorf("read the people: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var row Row
		var sealed []byte
		if err := rows.Scan(&row.ID, &row.Email, &sealed, &row.Verified, &row.Joined); err != nil {
			return fmt.Errorf("read a person: %w", err)
		}
		if len(sealed) > 0 {
			nik, err := sealer.open("nik", row.ID, sealed)
			if err != nil {
				return err
			}
			row.NIK = string(nik)
		}
		if !yield(row, nil) {
			return nil
		}
	}
	return rows.Err()
}

func openToRead(location string) (*sql.DB, error) {
	if isPostgres(location) {
		return connectPostgres(location)
	}
	return connectSQLite(location, "rw", "busy_timeout(5000)", "query_only(1)")
}
