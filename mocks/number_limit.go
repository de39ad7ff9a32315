package mocks

import (
	"math"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// numberLimit limits the messages to each number in any window. The window is a minute with as many messages as
// the rate allows in it, or the time in which the rate allows one message.
type numberLimit struct {
	most   int // 0 means no limit
	window time.Duration

	mu    sync.Mutex
	taken map[uint64][]time.Duration
	sweep int // size at which old numbers are dropped
}

func newNumberLimit(rate workload.Rate) *numberLimit {
	l := &numberLimit{taken: make(map[uint64][]time.Duration), sweep: 1 << 16}
	if rate <= 0 {
		return l
	}
	perMinute := rate.PerSecond() * 60
	l.most, l.window = max(1, int(math.Round(perMinute))), time.Minute
	if perMinute < 1 {
		l.window = time.Duration(float64(time.Minute) / perMinute)
	}
	return l
}

// take reports whether another message to a number is allowed, and counts it.
func (l *numberLimit) take(number uint64, now time.Duration) bool {
	if l.most == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	recent := l.recent(l.taken[number], now)
	if len(recent) >= l.most {
		return false
	}
	l.taken[number] = append(recent, now)
	if len(l.taken) > l.sweep {
		l.forget(now)
	}
	return true
}

func (l *numberLimit) recent(taken []time.Duration, now time.Duration) []time.Duration {
	for len(taken) > 0 && taken[0]+l.window <= now {
		taken = taken[1:]
	}
	return taken
}

// forget drops numbers without recent messages.
func (l *numberLimit) forget(now time.Duration) {
	for number, taken := range l.taken {
		if len(l.recent(taken, now)) == 0 {
			delete(l.taken, number)
		}
	}
	l.sweep = max(l.sweep, 2*len(l.taken))
}
