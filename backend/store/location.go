package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
)

// Name returns a location without its password, for display.
func Name(location string) string {
	if !isPostgres(location) {
		return location
	}
	parsed, err := url.Parse(location)
	if err != nil {
		return "postgres://…"
	}
	return parsed.Redacted()
}

// IsFile reports whether a location is the path of a file.
func IsFile(location string) bool { return !isPostgres(location) }

// CheckFresh returns ErrUsed if the location holds a database with people, or is an existing file.
func CheckFresh(ctx context.Context, location string) error {
	if IsFile(location) {
		_, err := os.Stat(location)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errors.Join(err, ErrUsed)
	}
	db, err := connectPostgres(location)
	if err != nil {
		return err
	}
	defer db.Close()
	var table, people bool
	if err := db.QueryRowContext(ctx, "SELECT to_regclass('people') IS NOT NULL").Scan(&table); err != nil {
		return fmt.Errorf("connect to %s: %w", Name(location), err)
	}
	if !table {
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
