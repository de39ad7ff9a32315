package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// blame says what an error of the database means for the batch that met it.
type blame int

const (
	blameOperation blame = iota // the operation's own; the others are written without it
	blameTaken                  // another writer has taken what must be unique
	blameTurn                   // another writer was in the way; the same again will do
	blameStorage                // the disk or the machine; it hits every operation
	blameLost                   // the connection; nobody knows whether a commit was
)

// dialect is what tells one database from another.
type dialect struct {
	name       string
	goose      goose.Dialect
	rewrite    func(query string) string // from SQLite's way of writing; nil changes nothing
	returning  bool                      // whether an insert returns the new row's number as a row of its own
	begin      string                    // begins a transaction that writes
	judge      func(error) blame
	durable    func(context.Context, *sql.Conn) (string, error) // makes sure that a commit means an fsync, and says so
	signUpMany func(*engine, []*SignUp) error                   // those of a batch together
	shared     bool                                             // whether other stores may work on it, elsewhere
	beat       string                                           // writes something that means nothing
}

// engine is a database: one connection that writes and a pool that reads.
//
// Note: the statements are prepared on the connection and not on a *sql.Tx, since database/sql would
// bind each of them anew in every transaction.
type engine struct {
	dialect
	writer     *sql.DB
	conn       *sql.Conn // nil while the connection is lost
	reader     *sql.DB
	write      map[string]*sql.Stmt
	read       map[string]*sql.Stmt
	commitTime time.Duration // of the last transaction
	durability string

	checkpoints *checkpointer // SQLite's
}

// readers is the number of connections that read.
const readers = 4

// open brings the schema up to date and prepares everything; on failure the engine is closed.
func (e *engine) open(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	e.reader.SetMaxOpenConns(readers)
	e.reader.SetMaxIdleConns(readers)
	if err := e.migrate(ctx); err != nil {
		return err
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	e.read, err = e.prepare(ctx, e.reader, readQueries()...)
	return err
}

// migrate brings the schema up to date.
func (e *engine) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations/"+e.name)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	provider, err := goose.NewProvider(e.goose, e.writer, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database (is it one of ombak's, and on a writable disk?): %w", err)
	}
	return nil
}

// connect takes the connection that writes, unless there is one.
func (e *engine) connect(ctx context.Context) (err error) {
	if e.conn != nil {
		return nil
	}
	if e.conn, err = e.writer.Conn(ctx); err != nil {
		return fmt.Errorf("connect the writer: %w", err)
	}
	if e.durability, err = e.durable(ctx, e.conn); err == nil {
		e.write, err = e.prepare(ctx, e.conn, append(writeQueries(), e.begin, e.beat)...)
	}
	if err != nil {
		e.disconnect()
	}
	return err
}

// disconnect gives up a connection; the next transaction takes another.
func (e *engine) disconnect() {
	closeAll(e.write) //nolint:errcheck // the connection may be broken already
	if e.conn != nil {
		e.conn.Raw(func(any) error { return errLost }) //nolint:errcheck // this is how database/sql is told to discard it
		e.conn.Close()
	}
	e.conn, e.write = nil, nil
}

var errLost = driver.ErrBadConn

// transact runs a batch in one transaction. On failure nothing of it is written, and broken is the
// index of the request that is to blame, or -1 when it was the disk.
func (e *engine) transact(batch []*request) (broken int, err error) {
	const turns = 10 // so often others may be in the way
	for turn := 1; ; turn++ {
		broken, err = e.attempt(batch)
		if err == nil {
			return -1, nil
		}
		switch blame := e.judge(err); {
		case (blame == blameTurn || errors.Is(err, errAgain)) && turn < turns:
			continue
		case blame == blameTaken && broken >= 0:
			return broken, ErrNIKTaken // the only unique value that an operation sets without asking again
		case blame == blameLost:
			e.disconnect()
			return -1, err
		case blame != blameOperation:
			return -1, err
		}
		return broken, err
	}
}

// attempt runs a batch once.
func (e *engine) attempt(batch []*request) (broken int, err error) {
	ctx := context.Background() // a transaction that has begun is finished
	if err := e.beginTransaction(ctx); err != nil {
		return -1, err
	}
	if broken, err := e.apply(batch); err != nil {
		e.rollback(ctx)
		return broken, err
	}
	return -1, e.commit(ctx)
}

// beginTransaction begins one that writes.
func (e *engine) beginTransaction(ctx context.Context) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	if _, err := e.exec(e.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return nil
}

// apply runs every operation of a batch.
func (e *engine) apply(batch []*request) (broken int, err error) {
	if err := e.applyTogether(batch); err != nil {
		return -1, err
	}
	for i, r := range batch {
		if r.together {
			continue
		}
		if err := r.run(e); err != nil {
			return i, err
		}
	}
	return -1, e.even(batch)
}

// discreet is an operation whose answer must come as late as that of others which write, though it may have nothing
// to write.
type discreet interface{ wrote() bool }

// even makes the transaction of a discreet operation need its fsync.
func (e *engine) even(batch []*request) error {
	for _, r := range batch {
		if o, is := r.operation.(discreet); is && !o.wrote() {
			_, err := e.exec(e.beat)
			return err
		}
	}
	return nil
}

// applyTogether runs the sign-ups of a batch in as few statements as the database likes. All of a batch are under way at the
// same time, so that any order is right.
func (e *engine) applyTogether(batch []*request) error {
	var signUps []*SignUp
	for _, r := range batch {
		signUp, is := r.operation.(*SignUp)
		if r.together = is && !r.alone; r.together {
			r.err = nil
			signUps = append(signUps, signUp)
		}
	}
	if len(signUps) == 0 {
		return nil
	}
	err := e.signUpMany(e, signUps)
	if err != nil && e.judge(err) == blameOperation {
		for _, r := range batch {
			r.alone = true
		}
		return errAgain
	}
	return err
}

// errAgain says that the same batch may be written when it is tried again.
var errAgain = errors.New("another try may do")

func (e *engine) commit(ctx context.Context) error {
	began := time.Now()
	if _, err := e.exec(commit); err != nil {
		e.rollback(ctx)
		return fmt.Errorf("commit: %w", err)
	}
	e.commitTime = time.Since(began)
	return nil
}

// answered is told by the writer, after the callers, that so many operations were committed.
func (e *engine) answered(rows int) {
	if e.checkpoints != nil {
		e.checkpoints.committed(rows)
	}
}

func (e *engine) rollback(ctx context.Context) {
	e.conn.ExecContext(ctx, "ROLLBACK") //nolint:errcheck // a full disk has rolled back already, a lost connection too
}

// close closes what was opened.
func (e *engine) close() error {
	errs := []error{closeAll(e.write), closeAll(e.read)}
	if e.checkpoints != nil {
		errs = append(errs, e.checkpoints.close())
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

func closeAll(statements map[string]*sql.Stmt) error {
	var errs []error
	for _, stmt := range statements {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// exec runs a prepared statement of the writer and returns how many rows it hit.
func (e *engine) exec(query string, args ...any) (int64, error) {
	result, err := e.write[query].ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert runs a prepared statement that inserts a row, and returns its number; 0 when there is a
// conflict.
func (e *engine) insert(query string, args ...any) (id int64, err error) {
	if e.returning {
		err := e.queryRow(query, args...).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return id, err
	}
	result, err := e.write[query].ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	return result.LastInsertId()
}

// queryRow runs a prepared statement of the writer that returns a row.
func (e *engine) queryRow(query string, args ...any) *sql.Row {
	return e.write[query].QueryRowContext(context.Background(), args...)
}

// query runs a prepared statement of the writer that returns rows.
func (e *engine) query(query string, args ...any) (*sql.Rows, error) {
	return e.write[query].QueryContext(context.Background(), args...)
}

type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

func (e *engine) prepare(ctx context.Context, db preparer, queries ...string) (map[string]*sql.Stmt, error) {
	statements := make(map[string]*sql.Stmt, len(queries))
	for _, query := range queries {
		text := query
		if e.rewrite != nil {
			text = e.rewrite(query)
		}
		stmt, err := db.PrepareContext(ctx, text)
		if err != nil {
			return statements, fmt.Errorf("prepare %q: %w", text, err)
		}
		statements[query] = stmt
	}
	return statements, nil
}
