package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDSN returns the data source name of the database, with pragmas such as "busy_timeout(5000)".
func sqliteDSN(path, mode string, pragmas ...string) string {
	query := url.Values{"mode": {mode}, "_pragma": pragmas, "_txlock": {"immediate"}}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// connectSQLite opens the database at path. It touches no file before first use.
func connectSQLite(path, mode string, pragmas ...string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(sqliteDSN(path, mode, pragmas...))
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// openSQLite opens or creates the database.
func openSQLite(ctx context.Context, path string) (_ *engine, err error) {
	e := &engine{dialect: dialect{
		name: "sqlite", goose: goose.DialectSQLite3, begin: "BEGIN IMMEDIATE", judge: judgeSQLite, durable: durableSQLite,
		signUpMany: signUpEach, beat: `UPDATE beats SET n = n + 1`,
	}}
	e.writer, err = connectSQLite(path, "rwc", "busy_timeout(5000)", "journal_mode(wal)", "synchronous(full)",
		fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages), "cache_size(-16384)", "temp_store(memory)")
	if err != nil {
		return nil, err
	}
	if e.reader, err = connectSQLite(path, "rw", "busy_timeout(5000)", "query_only(1)"); err != nil {
		e.close()
		return nil, err
	}
	if err := e.open(ctx); err != nil {
		return nil, err
	}
	if _, err := e.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil { // a killed process leaves a long log
		e.close()
		return nil, fmt.Errorf("copy the log into the database: %w", err)
	}
	if e.checkpoints, err = startCheckpoints(path, e); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// durableSQLite checks that a commit means an fsync of the log.
func durableSQLite(ctx context.Context, conn *sql.Conn) (string, error) {
	var journal string
	var synchronous int
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal); err != nil {
		return "", fmt.Errorf("query the journal mode: %w", err)
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return "", fmt.Errorf("query the synchronous mode: %w", err)
	}
	const full = 2 // https://www.sqlite.org/pragma.html#pragma_synchronous
	if journal != "wal" || synchronous != full {
		return "", fmt.Errorf("journal_mode is %q and synchronous is %d, not wal and %d; put the database on a local disk", journal, synchronous, full)
	}
	return "wal, synchronous=full", nil
}

// judgeSQLite separates faults of the disk or the machine, which affect every operation, from faults of one
// operation.
func judgeSQLite(err error) blame {
	var fault *sqlite.Error
	if !errors.As(err, &fault) {
		return blameOperation
	}
	if fault.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
		return blameTaken
	}
	switch fault.Code() & 0xff { // the primary result code
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB:
		return blameStorage
	}
	return blameOperation
}

// signUpEach writes sign-ups one by one, and the mails of new people in one statement.
//
// Note: a statement with many rows is slower here, because it needs its own journal and the driver looks
// parameters up by name.
func signUpEach(e *engine, signUps []*SignUp) error {
	var last int64
	if err := e.queryRow(lastPerson).Scan(&last); err != nil {
		return err
	}
	for _, s := range signUps {
		n, err := e.exec(insertPerson, s.values()...)
		if err != nil {
			return err
		}
		s.mailed = n > 0
	}
	if _, err := e.exec(mailNew, last); err != nil {
		return err
	}
	return repeatMails(e, signUps)
}
