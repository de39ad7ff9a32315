package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Durability says when an operation is answered.
type Durability string

// The durabilities. All but Async answer when the operation is on the disk.
const (
	GroupFsync      Durability = "group-fsync"       // many operations share one transaction and one fsync
	PerRequestFsync Durability = "per-request-fsync" // each operation has its own
	// Async is unsafe: it answers from memory, before anything of the operation has reached the kernel or
	// even been committed. It is there to show what a crash does to such promises.
	Async Durability = "async"
)

// asyncAge is how long an answered operation may wait for its transaction in mode Async.
const asyncAge = time.Second

// asyncRows is the most operations of such a transaction.
const asyncRows = 10_000

// Options describe a store.
type Options struct {
	Key        []byte                               // KeySize bytes that seal the NIKs
	Fresh      bool                                 // refuse a database that holds people, with ErrUsed
	Quota      int                                  // most members of the batch that is open; 0 means no limit
	Durability Durability                           // empty means GroupFsync
	Rows       int                                  // most operations in one transaction; 0 means 512
	MaxAge     time.Duration                        // how long the first operation waits for company; 0 takes only those that wait already
	Observe    func(rows int, commit time.Duration) // told of each transaction by the writer; may be nil
}

// DefaultRows is the most operations in one transaction unless Options.Rows says otherwise.
const DefaultRows = 512

// Store is the database of the service. Its methods may be called by many goroutines.
type Store struct {
	engine     *engine
	sealer     *sealer
	requests   chan *request // unbuffered: what is sent is in the writer's hands
	closing    chan struct{}
	close      sync.Once
	done       chan struct{}
	lookups    chan *readPerson // unbuffered, as requests
	reading    sync.WaitGroup
	durability Durability
	rows       int
	maxAge     time.Duration
	observe    func(rows int, commit time.Duration)
	counters   counters
}

// Open opens the database at a location, brings its schema up to date and starts the writer. A
// location is the path of an SQLite file, which is created when it is not there, or the URL of a
// PostgreSQL database (postgres://…), which several stores may share.
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
		lookups: make(chan *readPerson),
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
		s.reading.Go(s.read) // likewise
	}
	return s, nil
}

func openEngine(ctx context.Context, location string) (*engine, error) {
	if isPostgres(location) {
		return openPostgres(ctx, location)
	}
	return openSQLite(ctx, location)
}

// prepareData checks the key and the freshness, and sets the quota of the batch that is open.
func (e *engine) prepareData(ctx context.Context, fingerprint []byte, options Options) error {
	var people, same bool
	if err := e.queryRow(usedAtAll).Scan(&people); err != nil {
		return fmt.Errorf("look for people: %w", err)
	}
	if people && options.Fresh {
		return ErrUsed
	}
	if err := e.queryRow(checkSeal, fingerprint).Scan(&same); err != nil {
		return fmt.Errorf("check the key: %w", err)
	}
	if !same {
		return errors.New("the database was sealed with another key; give the key it was made with, or name a fresh one")
	}
	if _, err := e.exec(openBatch, 1, options.Quota); err != nil {
		return fmt.Errorf("open batch 1: %w", err)
	}
	if _, err := e.exec(setQuota, options.Quota); err != nil {
		return fmt.Errorf("set the quota: %w", err)
	}
	return nil
}

// Close commits what the writer has in hand, refuses the rest with ErrClosed and closes the database.
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

// Shared tells whether other stores may work on the same database, in other processes.
func (s *Store) Shared() bool { return s.engine.shared }

// Ping asks the database for something.
func (s *Store) Ping(ctx context.Context) error {
	var open int
	if err := s.engine.read[currentBatch].QueryRowContext(ctx).Scan(&open); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}

// Durability says what an acknowledgement is worth, as asked of the database when it was opened.
func (s *Store) Durability() string {
	if s.durability == Async {
		return "async (unsafe: answers come before the commit)"
	}
	return string(s.durability) + "; " + s.engine.durability
}
