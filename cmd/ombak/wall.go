//go:build !siege

package main

import "time"

// injectedWall returns nil: the wall clock of a backend can be set only in a build for a siege.
func injectedWall() func() time.Time { return nil }
