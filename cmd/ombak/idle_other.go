//go:build !linux

package main

// onIdleThread calls a func. Only Linux has threads that get only CPU time that nothing else wants.
func onIdleThread(work func()) { work() }
