package capacity

import "fmt"

// holding holds the averages of a chain in front of a number of servers.
type holding struct {
	empty    float64 // p(0)
	straight float64 // probability of a server free
	waiting  float64 // probability of all servers busy and a place free
	full     float64 // probability of no place free; 0 for an unbounded chain
	busy     float64 // mean number of servers busy
	queued   float64 // mean number waiting
}

func (c chain) hold(servers int) (holding, error) {
	var h holding
	sum, err := c.walk(func(n int, weight float64) {
		switch {
		case n == c.last:
			h.full += weight
		case n < servers:
			h.straight += weight
		default:
			h.waiting += weight
		}
		if n == 0 {
			h.empty = weight
		}
		h.busy += weight * float64(min(n, servers))
		h.queued += weight * float64(max(0, n-servers))
	})
	for _, figure := range []*float64{&h.empty, &h.straight, &h.waiting, &h.full, &h.busy, &h.queued} {
		*figure /= sum
	}
	return h, err
}

// ratio returns part / whole, and 0 if whole is 0.
func ratio(part, whole float64) float64 {
	if part == 0 {
		return 0
	}
	return part / whole
}

func enough(capacity, servers int) error {
	if capacity >= servers {
		return nil
	}
	return fmt.Errorf("the capacity is %d with %d servers; it counts everyone in the system, so give at least %d", capacity, servers, servers)
}
