package main

import (
	"fmt"
)

// portable reports whether the variable OMBAK_WIRE asks for the generator's portable wire. Without it, each system has the
// fastest wire that it can have.
func portable(wire string) (bool, error) {
	switch wire {
	case "", "epoll":
		return false, nil
	case "portable":
		return true, nil
	}
	return false, usageError{fmt.Errorf("OMBAK_WIRE is %q; set it to portable, or unset it", wire)}
}
