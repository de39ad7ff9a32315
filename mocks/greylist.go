package mocks

import (
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// greylist defers pairs of sender and recipient that it has not seen before (RFC 6647).
type greylist struct {
	mu   sync.Mutex
	seen map[workload.Purpose]time.Duration // hash of the pair → when it first came
}

// passes reports whether the pair first came at least the delay ago.
func (g *greylist) passes(from, to string, delay, now time.Duration) bool {
	pair := workload.NewPurpose(strings.ToLower(from + "\x00" + to))
	g.mu.Lock()
	defer g.mu.Unlock()
	first, known := g.seen[pair]
	if !known {
		g.seen[pair] = now
	}
	return known && now-first >= delay
}
