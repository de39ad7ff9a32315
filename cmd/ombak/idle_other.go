//go:build !linux

package main

// idly calls a func. Only Linux has threads that get only CPU time that nothing else wants.
func idly(work func()) { work() }
