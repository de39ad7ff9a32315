//go:build !linux

package mocks

// newPreciseAlarm returns an alarm and what must run until it is stopped.
func newPreciseAlarm(ring func()) (set alarm, run, stop func(), err error) {
	return &plainAlarm{ring: ring}, func() {}, func() {}, nil
}
