package capacity

import (
	"cmp"
	"errors"
	"fmt"
)

// ClosedNetwork is a closed network: a fixed number of people who think, send a request through every center, and think
// again.
type ClosedNetwork struct {
	Population int     // people
	Think      float64 // mean seconds between an answer and the next request
	Centers    []Center
}

// Center is a service center. Requests are served first come first served with exponential times, or share the server
// evenly with any times.
type Center struct {
	Name    string
	Demand  float64 // seconds of service that one request needs here: visits × mean service time
	Servers int     // 0 means 1
	Delay   bool    // nobody ever waits here; Servers is ignored
}

// ClosedSolution is the steady state of a [ClosedNetwork].
type ClosedSolution struct {
	Throughput   float64 // requests per second
	ResponseTime float64 // seconds from sending a request to its answer
	Centers      []CenterSolution
}

// CenterSolution is the steady state of one [Center].
type CenterSolution struct {
	Name         string
	Queue        float64 // requests here, those in service included
	ResponseTime float64 // seconds that one request spends here in all its visits
	Utilization  float64 // busy share of all servers; for a delay center the mean number busy
}

func (s ClosedSolution) figures() []float64 {
	figures := []float64{s.Throughput, s.ResponseTime}
	for _, center := range s.Centers {
		figures = append(figures, center.Queue, center.ResponseTime, center.Utilization)
	}
	return figures
}

func (c Center) servers() int { return cmp.Or(c.Servers, 1) }

// simple reports whether the mean number at the center determines how long an arrival waits.
func (c Center) simple() bool { return c.Delay || c.servers() == 1 || c.Demand == 0 }

func (n ClosedNetwork) check() error {
	err := cmp.Or(count("people", n.Population), notNegative("think time", n.Think))
	if err == nil && len(n.Centers) == 0 {
		err = errors.New("there is no center; give the demand of at least one")
	}
	total := n.Think
	for _, center := range n.Centers {
		if fault := cmp.Or(notNegative("demand", center.Demand), count("servers", center.servers())); err == nil && fault != nil {
			err = fmt.Errorf("center %q: %w", center.Name, fault)
		}
		total += center.Demand
	}
	return cmp.Or(err, positive("sum of think time and demands", total))
}

func (n ClosedNetwork) simple() bool {
	for _, center := range n.Centers {
		if !center.simple() {
			return false
		}
	}
	return true
}

// solution computes all figures from the throughput and the mean numbers.
func (n ClosedNetwork) solution(throughput float64, queues []float64) (ClosedSolution, error) {
	solved := ClosedSolution{Throughput: throughput}
	for i, center := range n.Centers {
		busy := throughput * center.Demand
		if !center.Delay {
			busy = min(1, busy/float64(center.servers()))
		}
		residence := queues[i] / throughput
		solved.ResponseTime += residence
		solved.Centers = append(solved.Centers, CenterSolution{Name: center.Name, Queue: queues[i], ResponseTime: residence, Utilization: busy})
	}
	return finite(solved, nil)
}
