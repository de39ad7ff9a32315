package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
)

// Row is one person's row in the database.
type Row struct {
	ID       int64
	Email    string // normalised
	NIK      string // empty if not claimed
	Verified bool   // whether the e-mail address is verified
	Joined   bool
}

// Audit yields every row of the database at a location, except erased people, in the order of sign-up. No
// server may write meanwhile. Audit reads over its own connection; an error ends the sequence.
//
// Note: Audit scans the table instead of the UNIQUE indexes on purpose, so that reconciliation counts the rows
// themselves.
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
