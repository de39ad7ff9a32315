package mocks

import (
	"sync"
	"time"
)

// Entry is one request to a mock, answered or not.
type Entry struct {
	Number   uint64  `json:"number"` // from 1
	At       float64 `json:"at_s"`   // real time since the start of the run
	Method   string  `json:"method"`
	Path     string  `json:"path"` // for mail: the number of recipients
	Status   int     `json:"status"`
	Duration float64 `json:"duration_s"`
	Fault    string  `json:"fault,omitempty"` // the faults that struck it

	StockLeft *int64 `json:"stock_left,omitempty"` // of the route that answered; nil if it has no stock
}

// journalEntries is the number of requests kept for each mock.
const journalEntries = 200

// journal keeps the latest requests of a mock.
type journal struct {
	mu      sync.Mutex
	entries [journalEntries]Entry
	count   uint64
}

func (j *journal) note(entry Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entry.Number = j.count + 1
	j.entries[j.count%journalEntries] = entry
	j.count++
}

// clear forgets all requests.
func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.count = [journalEntries]Entry{}, 0
}

// latest returns up to n requests, the newest first, and the number of all requests.
func (j *journal) latest(n int) ([]Entry, uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	found := []Entry{}
	for i := range min(uint64(max(n, 0)), j.count, journalEntries) {
		found = append(found, j.entries[(j.count-1-i)%journalEntries])
	}
	return found, j.count
}

// seconds rounds to microseconds.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }
