package store

import (
	"database/sql"
	"math"
	"sync/atomic"
	"time"
)

// Stats holds the writer's counters since the store was opened.
type Stats struct {
	Batches    uint64        `json:"batches"`     // transactions committed
	Rows       uint64        `json:"rows"`        // operations in committed transactions
	BatchMax   uint64        `json:"batch_max"`   // most operations in one transaction
	Failures   uint64        `json:"failures"`    // transactions rolled back
	Failure    string        `json:"failure"`     // why the last of them was, or empty
	BusyTime   time.Duration `json:"busy_time"`   // time in transactions, including commits
	CommitTime time.Duration `json:"commit_time"` // time in COMMIT: writing the log and its fsync
	BusySquare float64       `json:"busy_square"` // sum of the squares of the times of transactions, s²
}

// Readers returns the statistics of the pool of read connections.
func (s *Store) Readers() sql.DBStats { return s.engine.reader.Stats() }

type counters struct {
	batches, rows, batchMax, failures atomic.Uint64
	failure                           atomic.Pointer[string]
	busy, commit                      atomic.Int64  // nanoseconds
	busySquare                        atomic.Uint64 // the bits of seconds squared
}

// add counts one committed batch. Only the writer calls it.
func (c *counters) add(rows int, busy, commit time.Duration) {
	c.batches.Add(1)
	c.rows.Add(uint64(rows))
	c.batchMax.Store(max(c.batchMax.Load(), uint64(rows)))
	c.busy.Add(int64(busy))
	c.commit.Add(int64(commit))
	c.busySquare.Store(math.Float64bits(math.Float64frombits(c.busySquare.Load()) + busy.Seconds()*busy.Seconds()))
}

// failed counts one transaction that was rolled back.
func (c *counters) failed(err error) {
	why := err.Error()
	c.failure.Store(&why)
	c.failures.Add(1)
}

// Stats returns the writer's counters.
func (s *Store) Stats() Stats {
	c := &s.counters
	why := ""
	if last := c.failure.Load(); last != nil {
		why = *last
	}
	return Stats{
		Failure: why,
		Batches: c.batches.Load(), Rows: c.rows.Load(), BatchMax: c.batchMax.Load(), Failures: c.failures.Load(),
		BusyTime: time.Duration(c.busy.Load()), CommitTime: time.Duration(c.commit.Load()),
		BusySquare: math.Float64frombits(c.busySquare.Load()),
	}
}
