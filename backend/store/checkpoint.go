package store

import (
	"context"
	"database/sql"
	"fmt"
)

// checkpointRows is how many operations are committed between two checkpoints of SQLite's log. Each
// operation writes about a page of the log. A checkpoint costs two further fsyncs, and a page changed by many
// operations is copied once, so checkpoints should be rare compared with commits.
const checkpointRows = 8192

// checkpointPages is the size of the log, in pages, at which a commit makes a checkpoint itself if there has
// been none: 128 MiB.
const checkpointPages = 32768

// checkpointer copies SQLite's log into the database concurrently with the writer, so that no answer waits for
// it.
//
// Note: the log restarts only once all of it is copied, and the writer keeps appending. So a second pass copies
// what was appended during the first, and the writer itself, between two batches, copies what was appended
// during the second.
type checkpointer struct {
	writer *engine
	db     *sql.DB
	every  int           // operations between two checkpoints
	rows   int           // operations since the last checkpoint; used by the writer only
	due    chan struct{} // holds one signal
	rest   chan struct{} // holds one signal: only a little is left to copy
	done   chan struct{}
}

// startCheckpoints starts a checkpointer beside a writer. It runs until close.
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
		signal(c.rest)
	}
}

// committed counts the writer's operations after they are answered.
func (c *checkpointer) committed(rows int) {
	select {
	case <-c.rest:
		c.copy(c.writer.conn)
		c.rows = 0
	default:
	}
	if c.rows += rows; c.rows >= c.every {
		signal(c.due)
	}
}

type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// copy copies as much as possible without waiting for locks. What it cannot copy, for example on a full disk,
// stays in the log.
func (c *checkpointer) copy(db executor) {
	db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)") //nolint:errcheck // the next copy tries again, and commits report a broken disk
}

func (c *checkpointer) close() error {
	close(c.due)
	<-c.done
	if err := c.db.Close(); err != nil {
		return fmt.Errorf("close the checkpointer: %w", err)
	}
	return nil
}

// signal sends a signal on a channel of capacity one, unless one is pending.
func signal(word chan<- struct{}) {
	select {
	case word <- struct{}{}:
	default:
	}
}
