package sim

import (
	"fmt"

	"github.com/ombak-sim/ombak/workload"
)

// Balancing is how a load balancer chooses a replica.
type Balancing string

// The balancing methods.
const (
	RandomReplica    Balancing = "random"
	RoundRobin       Balancing = "round-robin"
	LeastConnections Balancing = "least-connections" // fewest requests; the first listed wins a tie
	TwoChoices       Balancing = "two-choices"       // the less loaded of two random replicas (Mitzenmacher, 2001)
)

// Balancer spreads requests over equivalent stations.
type Balancer struct {
	floor    *Floor
	how      Balancing
	replicas []int
	next     int
	stream   workload.Stream
}

// NewBalancer returns a balancer over at least one station of the floor.
func NewBalancer(floor *Floor, name string, how Balancing, replicas []int) (*Balancer, error) {
	switch how {
	case RandomReplica, RoundRobin, LeastConnections, TwoChoices:
	default:
		return nil, fmt.Errorf("balancer %s: unknown method %q; use random, round-robin, least-connections or two-choices", name, how)
	}
	if len(replicas) == 0 {
		return nil, fmt.Errorf("balancer %s: no replicas; name at least one", name)
	}
	return &Balancer{floor: floor, how: how, replicas: replicas, stream: floor.stream(name, "balance")}, nil
}

// Pick returns the station for the next request.
func (b *Balancer) Pick() int {
	switch b.how {
	case RoundRobin:
		b.next = (b.next + 1) % len(b.replicas)
		return b.replicas[b.next]
	case LeastConnections:
		least := b.replicas[0]
		for _, replica := range b.replicas[1:] {
			least = b.emptier(least, replica)
		}
		return least
	case TwoChoices:
		first := b.draw()
		return b.emptier(first, b.draw())
	}
	return b.draw()
}

func (b *Balancer) draw() int { return b.replicas[b.stream.IntN(len(b.replicas))] }

func (b *Balancer) emptier(a, c int) int {
	if b.floor.Station(c).InUse() < b.floor.Station(a).InUse() {
		return c
	}
	return a
}
