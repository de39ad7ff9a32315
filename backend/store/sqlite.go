package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Pages that the log may grow to before it is copied into the database, 32 MiB: a copy costs two
// fsyncs more, so it should be rare beside commits.
const checkpointPages = 8192

// readers is the number of connections that read.
const readers = 4

// engine is SQLite: one connection that writes and a pool that reads.
//
// Note: the statements are prepared on the connection and not on a *sql.Tx, since database/sql would
// bind each of them anew in every transaction.
type engine struct {
	writer     *sql.DB
	conn       *sql.Conn
	reader     *sql.DB
	write      map[string]*sql.Stmt
	read       map[string]*sql.Stmt
	commitTime time.Duration // of the last transaction
	durability string
}

// dsn returns the driver's name of the database, with pragmas such as "busy_timeout(5000)".
func dsn(path, mode string, pragmas ...string) string {
	query := url.Values{"mode": {mode}, "_pragma": pragmas, "_txlock": {"immediate"}}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// openDatabase opens the database at path; nothing is touched before its first use.
func openDatabase(path, mode string, pragmas ...string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn(path, mode, pragmas...))
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// openSQLite opens or creates the database and brings its schema up to date.
func openSQLite(ctx context.Context, path string) (_ *engine, err error) {
	e := &engine{}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	e.writer, err = openDatabase(path, "rwc", "busy_timeout(5000)", "journal_mode(wal)", "synchronous(full)",
		fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages), "cache_size(-65536)", "temp_store(memory)")
	if err != nil {
		return nil, err
	}
	if err = migrate(ctx, e.writer); err != nil {
		return nil, err
	}
	if e.conn, err = e.writer.Conn(ctx); err != nil {
		return nil, fmt.Errorf("connect the writer: %w", err)
	}
	if e.durability, err = assertDurable(ctx, e.conn); err != nil {
		return nil, err
	}
	if e.reader, err = openDatabase(path, "rw", "busy_timeout(5000)", "query_only(1)"); err != nil {
		return nil, err
	}
	e.reader.SetMaxOpenConns(readers)
	e.reader.SetMaxIdleConns(readers)
	return e, e.prepare(ctx)
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database (is it one of ombak's, and on a writable disk?): %w", err)
	}
	return nil
}

// assertDurable makes sure that a commit means an fsync, and says so.
func assertDurable(ctx context.Context, conn *sql.Conn) (string, error) {
	var journal string
	var synchronous int
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal); err != nil {
		return "", fmt.Errorf("ask for the journal mode: %w", err)
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return "", fmt.Errorf("ask for the synchronous mode: %w", err)
	}
	const full = 2 // https://www.sqlite.org/pragma.html#pragma_synchronous
	if journal != "wal" || synchronous != full {
		return "", fmt.Errorf("journal_mode is %q and synchronous is %d, not wal and %d; put the database on a local disk", journal, synchronous, full)
	}
	return "wal, synchronous=full", nil
}

// prepareData checks the key and the freshness, and sets the quota of batch 1.
func (e *engine) prepareData(ctx context.Context, fingerprint []byte, options Options) error {
	var people bool
	if err := e.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM people)").Scan(&people); err != nil {
		return fmt.Errorf("look for people: %w", err)
	}
	if people && options.Fresh {
		return ErrUsed
	}
	var same bool
	err := e.conn.QueryRowContext(ctx, "INSERT INTO seal (id, fingerprint) VALUES (1, ?1) ON CONFLICT DO UPDATE SET id = 1 RETURNING fingerprint = ?1", fingerprint).Scan(&same)
	if err != nil {
		return fmt.Errorf("check the key: %w", err)
	}
	if !same {
		return errors.New("the database was sealed with another key; give the key it was made with, or name a fresh file")
	}
	_, err = e.conn.ExecContext(ctx, "INSERT INTO batches (id, quota) VALUES (1, ?) ON CONFLICT DO UPDATE SET quota = excluded.quota", options.Quota)
	if err != nil {
		return fmt.Errorf("set the quota: %w", err)
	}
	return nil
}

// transact runs a batch in one transaction. On failure nothing of it is written, and broken is the
// index of the request that is to blame, or -1 when it was the disk.
func (e *engine) transact(batch []*request) (broken int, err error) {
	ctx := context.Background() // a transaction that has begun is finished
	if _, err := e.exec("BEGIN IMMEDIATE"); err != nil {
		return -1, fmt.Errorf("begin: %w", err)
	}
	for i, r := range batch {
		if err := r.run(e); err != nil {
			e.conn.ExecContext(ctx, "ROLLBACK") //nolint:errcheck // a full disk has rolled back already
			if diskFault(err) {
				i = -1
			}
			return i, err
		}
	}
	began := time.Now()
	if _, err := e.exec("COMMIT"); err != nil {
		e.conn.ExecContext(ctx, "ROLLBACK") //nolint:errcheck // a full disk has rolled back already
		return -1, fmt.Errorf("commit: %w", err)
	}
	e.commitTime = time.Since(began)
	return -1, nil
}

// close closes what was opened.
func (e *engine) close() error {
	var errs []error
	for _, statements := range []map[string]*sql.Stmt{e.write, e.read} {
		for _, stmt := range statements {
			errs = append(errs, stmt.Close())
		}
	}
	if e.reader != nil {
		errs = append(errs, e.reader.Close())
	}
	if e.conn != nil {
		errs = append(errs, e.conn.Close())
	}
	if e.writer != nil {
		errs = append(errs, e.writer.Close())
	}
	return errors.Join(errs...)
}

// exec runs a prepared statement of the writer.
func (e *engine) exec(query string, args ...any) (sql.Result, error) {
	return e.write[query].ExecContext(context.Background(), args...)
}

// queryRow runs a prepared statement of the writer that returns a row.
func (e *engine) queryRow(query string, args ...any) *sql.Row {
	return e.write[query].QueryRowContext(context.Background(), args...)
}

// diskFault tells a fault of the disk or the machine, which hits every operation, from one of an
// operation.
func diskFault(err error) bool {
	var fault *sqlite.Error
	if !errors.As(err, &fault) {
		return false
	}
	switch fault.Code() & 0xff { // the primary result code
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB:
		return true
	}
	return false
}

// isDuplicate tells whether a UNIQUE constraint was hit.
func isDuplicate(err error) bool {
	var fault *sqlite.Error
	return errors.As(err, &fault) && fault.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}
