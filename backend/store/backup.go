package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"
)

// backupPages is how many pages are copied at once. Writers go on between two steps.
const backupPages = 1024

// Backup copies an SQLite database, which may be in use, to a new file that only its owner may read. The copy holds what was
// committed when it ended, and needs no -wal file.
func Backup(ctx context.Context, location, path string) (err error) {
	if !IsFile(location) {
		return errors.New("only SQLite is backed up by ombak; use pg_dump or pg_basebackup for PostgreSQL")
	}
	if _, err := os.Stat(location); err != nil {
		return fmt.Errorf("the database to back up: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create the backup (it must not exist): %w", err)
	}
	defer file.Close()
	defer func() {
		if err != nil {
			os.Remove(path)
		}
	}()
	db, err := connectSQLite(location, "rw", "busy_timeout(5000)", "query_only(1)")
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open %s: %w", location, err)
	}
	defer conn.Close()
	if err := conn.Raw(func(driver any) error { return copyPages(ctx, driver, path) }); err != nil {
		return fmt.Errorf("back up %s: %w", location, err)
	}
	return file.Sync()
}

func copyPages(ctx context.Context, driver any, path string) error {
	source, able := driver.(interface {
		NewBackup(to string) (*sqlite.Backup, error)
	})
	if !able {
		return errors.New("this driver makes no backups")
	}
	backup, err := source.NewBackup(path)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = backup.Step(backupPages)
		}
	}
	return errors.Join(err, backup.Finish())
}
