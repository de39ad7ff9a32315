//go:build !unix

package main

// lockFolder does nothing: a folder has no locks here.
func lockFolder(string) error { return nil }
