//go:build !unix

package main

import "os"

// notifyProgress delivers nothing: no signal asks for progress here.
func notifyProgress(chan<- os.Signal) {}

// lockFolder does nothing: a folder has no locks here.
func lockFolder(string) error { return nil }
