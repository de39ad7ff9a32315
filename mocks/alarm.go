package mocks

import (
	"sync"
	"time"
)

// alarm rings once, after a real time; a later set takes the place of an earlier one.
type alarm interface {
	set(after time.Duration)
}

// plainAlarm is an alarm of Go's own timers, which an idle process hears up to a millisecond late.
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
