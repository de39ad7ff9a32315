//go:build !linux

package loadgen

import "time"

// newWire returns the portable wire.
func newWire(g *Generator, began time.Time, most int) (wire, error) {
	return newPortable(g, began, most)
}
