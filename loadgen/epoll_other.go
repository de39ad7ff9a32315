//go:build !linux

package loadgen

import "time"

// newWire returns the wire that works everywhere.
func newWire(g *Generator, began time.Time, most int) (wire, error) {
	return newPool(g, began, most)
}
