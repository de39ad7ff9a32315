//go:build !linux

package mocks

import "time"

// pause sleeps.
func pause(wait time.Duration) { time.Sleep(wait) }
