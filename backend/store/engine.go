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

// blame classifies a database error by its effect on the batch.
type blame int

const (
	blameOperation blame = iota // the operation itself failed; the others are written without it
	blameTaken                  // another writer has taken a unique value
	blameTurn                   // another writer interfered; the same batch will succeed on retry
	blameStorage                // the disk or the machine failed; every operation fails
	blameLost                   // the connection failed; whether the commit happened is unknown
)

// dialect holds the differences between the databases.
type dialect struct {
	name       string
	goose      goose.Dialect
	rewrite    func(query string) string // converts a query from SQLite's dialect; nil changes nothing
	returning  bool                      // whether an insert returns the new row's id as a row
	begin      string                    // begins a write transaction
	judge      func(error) blame
	durable    func(context.Context, *sql.Conn) (string, error) // checks that a commit means an fsync, and describes the settings
	signUpMany func(*engine, []*SignUp) error                   // writes the sign-ups of a batch together
	shared     bool                                             // whether other stores may use the database at the same time
	beat       string                                           // a write without content, to force an fsync
}

// engine is a database with one connection for writes and a pool for reads.
//
// Note: the statements are prepared on the connection and not on a *sql.Tx, because database/sql would bind
// each of them again in every transaction.
type engine struct {
	dialect
	writer     *sql.DB
	conn       *sql.Conn // nil while the connection is lost
	reader     *sql.DB
	write      map[string]*sql.Stmt
	read       map[string]*sql.Stmt
	commitTime time.Duration // of the last transaction
	durability string

	checkpoints *checkpointer // SQLite only
}

// readers is the number of connections for reads.
const readers = 4

// open updates the schema and prepares all statements. On failure it closes the engine.
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

// migrate updates the schema.
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

// connect opens the write connection if there is none.
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

// disconnect discards the connection; the next transaction opens another.
func (e *engine) disconnect() {
	closeAll(e.write) //nolint:errcheck // the connection may be broken already
	if e.conn != nil {
		e.conn.Raw(func(any) error { return errLost }) //nolint:errcheck // this makes database/sql discard the connection
		e.conn.Close()
	}
	e.conn, e.write = nil, nil
}

var errLost = driver.ErrBadConn

// transact runs a batch in one transaction. On failure nothing is written, and broken is the index of the
// request to blame, or -1 if the disk failed.
func (e *engine) transact(batch []*request) (broken int, err error) {
	const turns = 10 // attempts if other writers interfere
	for turn := 1; ; turn++ {
		broken, err = e.attempt(batch)
		if err == nil {
			return -1, nil
		}
		switch blame := e.judge(err); {
		case (blame == blameTurn || errors.Is(err, errAgain)) && turn < turns:
			continue
		case blame == blameTaken && broken >= 0:
			return broken, ErrNIKTaken // the only unique value that an operation sets without checking again
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
	ctx := context.Background() // a transaction runs to its end once begun
	if err := e.beginTransaction(ctx); err != nil {
		return -1, err
	}
	if broken, err := e.apply(batch); err != nil {
		e.rollback(ctx)
		return broken, err
	}
	return -1, e.commit(ctx)
}

// beginTransaction begins a write transaction.
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
	return -1, e.forceSync(batch)
}

// discreet is an operation that must answer as late as operations that write, even if it writes nothing.
type discreet interface{ wrote() bool }

// forceSync makes the transaction of a discreet operation require its fsync.
func (e *engine) forceSync(batch []*request) error {
	for _, r := range batch {
		if o, is := r.operation.(discreet); is && !o.wrote() {
			_, err := e.exec(e.beat)
			return err
		}
	}
	return nil
}

// applyTogether runs the sign-ups of a batch in as few statements as the database allows. All operations of a
// batch are concurrent, so any order is correct.
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

// errAgain means that the same batch may succeed on retry.
var errAgain = errors.New("a retry may succeed")

func (e *engine) commit(ctx context.Context) error {
	began := time.Now()
	if _, err := e.exec(commit); err != nil {
		e.rollback(ctx)
		return fmt.Errorf("commit: %w", err)
	}
	e.commitTime = time.Since(began)
	return nil
}

// answered counts committed operations. The writer calls it after it has answered the callers.
func (e *engine) answered(rows int) {
	if e.checkpoints != nil {
		e.checkpoints.committed(rows)
	}
}

func (e *engine) rollback(ctx context.Context) {
	e.conn.ExecContext(ctx, "ROLLBACK") //nolint:errcheck // after a full disk or a lost connection the transaction is already rolled back
}

// close closes whatever was opened.
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

// exec runs a prepared statement of the writer and returns the number of affected rows.
func (e *engine) exec(query string, args ...any) (int64, error) {
	result, err := e.write[query].ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert runs a prepared insert and returns the new row's id, or 0 if there is a conflict.
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

// queryRow runs a prepared statement of the writer that returns one row.
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
