//go:build !linux

package mocks

// newPreciseAlarm returns an alarm, the loop to run for it, and a func that stops the loop.
func newPreciseAlarm(ring func()) (set alarm, run, stop func(), err error) {
	return &plainAlarm{ring: ring}, func() {}, func() {}, nil
}
