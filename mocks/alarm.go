package mocks

import (
	"sync"
	"time"
)

// alarm rings once, after a real time. A later set replaces an earlier one.
type alarm interface {
	set(after time.Duration)
}

// plainAlarm uses Go's timers, which fire up to a millisecond late in an idle process.
type plainAlarm struct {
	mu    sync.Mutex
	timer *time.Timer
	ring  func()
}

var _ alarm = (*plainAlarm)(nil)

func (a *plainAlarm) set(after time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer == nil {
		a.timer = time.AfterFunc(after, a.ring)
		return
	}
	a.timer.Reset(after)
}
