//go:build !linux

package main

import "time"

// onIdleThread calls a func. Only Linux has threads that get only CPU time that nothing else wants.
func onIdleThread(work func()) { work() }

// threadTime knows nothing: threads of other systems are not asked.
func threadTime() (used time.Duration, known bool) { return 0, false }
