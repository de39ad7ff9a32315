package mocks

import (
	"sync"
	"time"
)

// Entry is one request that a mock has answered, or has not.
type Entry struct {
	Number   uint64  `json:"number"` // from 1 on
	At       float64 `json:"at_s"`   // real time since the start of the run
	Method   string  `json:"method"`
	Path     string  `json:"path"` // for mail: the recipients' number
	Status   int     `json:"status"`
	Duration float64 `json:"duration_s"`
	Fault    string  `json:"fault,omitempty"` // what befell it
}

// journalEntries is how many requests of each mock are remembered.
const journalEntries = 200

// journal remembers the latest requests of a mock.
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

// latest returns up to n requests, the newest first, and how many there were in all.
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
