package store

import (
	"context"
	"database/sql"
	"fmt"
)

// How many operations are committed between two copies of SQLite's log, each about a page of it. A copy
// costs two fsyncs more, and a page that many of them changed is copied once: so it should be rare
// beside commits.
const checkpointRows = 8192

// The most pages of the log before a commit copies it itself, if nobody else has: 128 MiB.
const checkpointPages = 32768

// checkpointer copies SQLite's log into the database beside the writer, so that no answer waits for it.
//
// Note: the log begins anew only when all of it is copied, and the writer adds to it all the time. So
// the second pass copies what came during the first, and the writer itself, between two batches, what
// came during the second.
type checkpointer struct {
	writer *engine
	db     *sql.DB
	every  int           // operations between two copies
	rows   int           // operations since the last copy; the writer's alone
	due    chan struct{} // one place
	rest   chan struct{} // one place: only a little is left
	done   chan struct{}
}

// startCheckpoints lets copies be made beside a writer, until close.
func startCheckpoints(path string, writer *engine) (*checkpointer, error) {
	db, err := connectSQLite(path, "rw", "busy_timeout(5000)", "synchronous(full)")
	if err != nil {
		return nil, err
	}
	c := &checkpointer{writer: writer, db: db, every: checkpointRows, due: make(chan struct{}, 1), rest: make(chan struct{}, 1), done: make(chan struct{})}
	go c.run() // close waits for it
	return c, nil
}

func (c *checkpointer) run() {
	defer close(c.done)
	for range c.due {
		for range 2 {
			c.copy(c.db)
		}
		tell(c.rest)
	}
}

// committed is told by the writer of so many operations, after they were answered.
func (c *checkpointer) committed(rows int) {
	select {
	case <-c.rest:
		c.copy(c.writer.conn)
		c.rows = 0
	default:
	}
	if c.rows += rows; c.rows >= c.every {
		tell(c.due)
	}
}

type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// copy waits for nobody. What it fails to copy, on a full disk for example, stays in the log.
func (c *checkpointer) copy(db executor) {
	db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)") //nolint:errcheck // the next copy tries again, and commits tell of a broken disk
}

func (c *checkpointer) close() error {
	close(c.due)
	<-c.done
	if err := c.db.Close(); err != nil {
		return fmt.Errorf("close the copier: %w", err)
	}
	return nil
}

// tell leaves word in a channel of one place, unless it is there already.
func tell(word chan<- struct{}) {
	select {
	case word <- struct{}{}:
	default:
	}
}
