//go:build !unix

package host

import (
	"math"
	"time"
)

// Filesystem returns "": this system does not say.
func Filesystem(string) string { return "" }

// freeBytes returns more than any run needs: this system does not say.
func freeBytes(string) (uint64, error) { return math.MaxUint64, nil }

// mostFiles knows no limit on this system.
func mostFiles() (limit uint64, known bool, err error) { return 0, false, nil }

// ownCPU returns 0: this system does not say.
func ownCPU() time.Duration { return 0 }
