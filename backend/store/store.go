package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Options describe a store.
type Options struct {
	Key    []byte        // KeySize bytes that seal the NIKs
	Fresh  bool          // refuse a database that holds people, with ErrUsed
	Quota  int           // most members of batch 1; 0 means no limit
	Rows   int           // most operations in one transaction; 0 means 512
	MaxAge time.Duration // how long the first operation waits for company; 0 takes only those that wait already
}

// DefaultRows is the most operations in one transaction unless Options.Rows says otherwise.
const DefaultRows = 512

// Store is the database of the service. Its methods may be called by many goroutines.
type Store struct {
	engine   *engine
	sealer   *sealer
	requests chan *request // unbuffered: what is sent is in the writer's hands
	closing  chan struct{}
	close    sync.Once
	done     chan struct{}
	rows     int
	maxAge   time.Duration
	counters counters
}

// Open opens or creates the database at path, brings its schema up to date and starts the writer.
func Open(ctx context.Context, path string, options Options) (*Store, error) {
	sealer, err := newSealer(options.Key)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	engine, err := openSQLite(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := engine.prepareData(ctx, sealer.fingerprint(), options); err != nil {
		engine.close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s := &Store{
		engine: engine, sealer: sealer, rows: options.Rows, maxAge: options.MaxAge,
		requests: make(chan *request), closing: make(chan struct{}), done: make(chan struct{}),
	}
	if s.rows <= 0 {
		s.rows = DefaultRows
	}
	go s.write() // Close waits for it
	return s, nil
}

// Close commits what the writer has in hand, refuses the rest with ErrClosed and closes the database.
func (s *Store) Close() error {
	var err error
	s.close.Do(func() {
		close(s.closing)
		<-s.done
		err = s.engine.close()
	})
	return err
}

// Durability says what an acknowledgement is worth, as asked of the database when it was opened.
func (s *Store) Durability() string { return s.engine.durability }
