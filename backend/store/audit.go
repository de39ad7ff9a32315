package store

import (
	"context"
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

const selectAll = `SELECT id, email, coalesce(nik_cipher, x''), verified_ms IS NOT NULL, batch IS NOT NULL FROM people ORDER BY id`

// Audit yields every row of the database at path, which no server may have open, in the order of
// sign-up. It reads with a connection of its own; an error ends the sequence.
//
// Note: a scan past the UNIQUE indexes on purpose, so that reconciliation counts what is there.
func Audit(ctx context.Context, path string, key []byte) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if err := audit(ctx, path, key, yield); err != nil {
			yield(Row{}, fmt.Errorf("audit %s: %w", path, err))
		}
	}
}

func audit(ctx context.Context, path string, key []byte, yield func(Row, error) bool) error {
	sealer, err := newSealer(key)
	if err != nil {
		return err
	}
	db, err := openDatabase(path, "rw", "busy_timeout(5000)", "query_only(1)")
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
			if row.NIK, err = sealer.open(row.ID, sealed); err != nil {
				return err
			}
		}
		if !yield(row, nil) {
			return nil
		}
	}
	return rows.Err()
}
