package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Durability determines when an operation is answered.
type Durability string

// The durabilities. All except Async answer once the operation is on disk.
const (
	GroupFsync      Durability = "group-fsync"       // many operations share one transaction and one fsync
	PerRequestFsync Durability = "per-request-fsync" // each operation has its own transaction and fsync
	// Async is unsafe: it answers from memory, before the operation has reached the kernel or even been
	// committed. It exists to show what a crash does to such acknowledgements.
	Async Durability = "async"
)

// asyncAge is the longest time an answered operation waits for its commit in mode Async.
const asyncAge = time.Second

// asyncRows is the largest number of operations in such a transaction.
const asyncRows = 10_000

// Options describe a store.
type Options struct {
	Key        []byte                               // KeySize bytes that encrypt the NIKs
	Fresh      bool                                 // refuse a database that already holds people, with ErrUsed
	Quota      int                                  // most members of the open batch; 0 means no limit
	Stocks     map[string]int                       // how many there are of each stock
	ProofBySMS bool                                 // the codes of links go by short message, so that they prove the phone
	Durability Durability                           // empty means GroupFsync
	Rows       int                                  // most operations in one transaction; 0 means 512
	LinkTTL    time.Duration                        // lifetime of a link; 0 means any
	CodeTTL    time.Duration                        // lifetime of a code for a phone; 0 means any
	MaxAge     time.Duration                        // how long the first operation waits for more; 0 takes only those already waiting
	Observe    func(rows int, commit time.Duration) // called by the writer for each transaction; may be nil
}

// DefaultRows is the default of Options.Rows, the most operations in one transaction.
const DefaultRows = 512

// Store is the database of the service. Its methods are safe for concurrent use.
type Store struct {
	engine     *engine
	sealer     *sealer
	requests   chan *request // unbuffered: a sent request is in the writer's hands
	closing    chan struct{}
	close      sync.Once
	done       chan struct{}
	lookups    chan *readPerson // unbuffered, like requests
	reading    sync.WaitGroup
	durability Durability
	rows       int
	maxAge     time.Duration
	linkTTL    time.Duration
	codeTTL    time.Duration
	proofBySMS bool
	observe    func(rows int, commit time.Duration)
	counters   counters
}

// Open opens the database at a location, updates its schema and starts the writer. A location is the path of an
// SQLite file, which is created if it does not exist, or the URL of a PostgreSQL database (postgres://…),
// which several stores may share.
func Open(ctx context.Context, location string, options Options) (*Store, error) {
	s, err := open(ctx, location, options)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", Name(location), err)
	}
	return s, nil
}

func open(ctx context.Context, location string, options Options) (*Store, error) {
	sealer, err := newSealer(options.Key)
	if err != nil {
		return nil, err
	}
	engine, err := openEngine(ctx, location)
	if err != nil {
		return nil, err
	}
	if err := engine.prepareData(ctx, sealer.fingerprint(), options); err != nil {
		engine.close()
		return nil, err
	}
	s := &Store{
		engine: engine, sealer: sealer, durability: options.Durability, rows: options.Rows, maxAge: options.MaxAge, observe: options.Observe,
		requests: make(chan *request), closing: make(chan struct{}), done: make(chan struct{}),
		lookups: make(chan *readPerson), linkTTL: options.LinkTTL, codeTTL: options.CodeTTL, proofBySMS: options.ProofBySMS,
	}
	if s.rows <= 0 {
		s.rows = DefaultRows
	}
	work := s.write
	switch s.durability {
	case "":
		s.durability = GroupFsync
	case PerRequestFsync:
		s.rows, s.maxAge = 1, 0
	case Async:
		work = s.writeAsync
	}
	go work() // Close waits for it
	for range readers {
		s.reading.Go(s.read) // Close waits for it
	}
	return s, nil
}

func openEngine(ctx context.Context, location string) (*engine, error) {
	if isPostgres(location) {
		return openPostgres(ctx, location)
	}
	return openSQLite(ctx, location)
}

// prepareData checks the key and the Fresh option, sets the quota of the open batch, and opens the stocks.
func (e *engine) prepareData(ctx context.Context, fingerprint []byte, options Options) error {
	var people, same bool
	if err := e.queryRow(usedAtAll).Scan(&people); err != nil {
		return fmt.Errorf("look for people: %w", err)
	}
	if people && options.Fresh {
		return ErrUsed
	}
	seal := checkSeal
	if options.Fresh { // nothing is encrypted yet, so the key of a run that never began does not matter
		seal = breakSeal
	}
	if err := e.queryRow(seal, fingerprint).Scan(&same); err != nil {
		return fmt.Errorf("check the key: %w", err)
	}
	if !same {
		return errors.New("the database was encrypted with another key; give that key, or name a new database")
	}
	if _, err := e.exec(openBatch, 1, options.Quota); err != nil {
		return fmt.Errorf("open batch 1: %w", err)
	}
	if _, err := e.exec(setQuota, options.Quota); err != nil {
		return fmt.Errorf("set the quota: %w", err)
	}
	return e.openStocks(options.Stocks)
}

// Close commits the writer's pending operations, refuses later ones with ErrClosed and closes the database.
func (s *Store) Close() error {
	var err error
	s.close.Do(func() {
		close(s.closing)
		<-s.done
		s.reading.Wait()
		err = s.engine.close()
	})
	return err
}

// Engine names the database.
func (s *Store) Engine() string { return s.engine.name }

// Shared reports whether other stores, in other processes, may use the same database.
func (s *Store) Shared() bool { return s.engine.shared }

// Ping runs a query on the database.
func (s *Store) Ping(ctx context.Context) error {
	var open int
	if err := s.engine.read[currentBatch].QueryRowContext(ctx).Scan(&open); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}

// beat is a write without content.
type beat struct{}

func (beat) apply(e *engine) error {
	_, err := e.exec(e.beat)
	return err
}

// Writable makes a write without content, and waits for its fsync or for ctx.
func (s *Store) Writable(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.do(beat{}) }() // the writer ends it
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Durability returns the durability settings that the database reported when it was opened.
func (s *Store) Durability() string {
	if s.durability == Async {
		return "async (unsafe: answers come before the commit)"
	}
	return string(s.durability) + "; " + s.engine.durability
}
