package resilience

import (
	"fmt"
	"time"
)

// FIFOConfig describes a [BoundedFIFO].
type FIFOConfig struct {
	Concurrency int           `yaml:"concurrency" json:"concurrency"`               // most requests in service at once
	Queue       int           `yaml:"queue,omitempty" json:"queue,omitempty"`       // most requests waiting; 0 makes it a static limit
	Deadline    time.Duration `yaml:"deadline,omitempty" json:"deadline,omitempty"` // longest wait in the queue; 0 means none
}

// Validate returns the first mistake in the description.
func (c FIFOConfig) Validate() error {
	switch {
	case c.Concurrency < 1:
		return fmt.Errorf("concurrency is %d; it must be 1 or more", c.Concurrency)
	case c.Queue < 0:
		return fmt.Errorf("queue is %d; it must be 0 (meaning no queue) or more", c.Queue)
	case c.Deadline < 0:
		return fmt.Errorf("deadline is %v; it must be 0 (meaning none) or more", c.Deadline)
	}
	return nil
}

// BoundedFIFO is a [Gate] that admits at most Concurrency requests at once. At most Queue more wait in the
// order of their arrival, each for less than Deadline. The rest is rejected at once. With a Queue of 0 it is
// the policy static-limit. In front of one dependency, whose failure can then use up no more than its own
// share of the service, it is the policy bulkhead (Nygard, "Release It!" (2007), sec. 5.3).
//
// It is a queue with finite storage and several servers: Kleinrock, "Queueing Systems", vol. I (1975), sec.
// 3.6, with Concurrency servers and Concurrency + Queue places. The deadline is the constant patience of
// Barrer, "Queuing with Impatient Customers and Ordered Service", Operations Research 5 (1957). Why a queue
// needs both bounds: Beyer et al., "Site Reliability Engineering" (2016), ch. 22, "Queue Management".
type BoundedFIFO = Gate

// NewBoundedFIFO returns an empty BoundedFIFO.
func NewBoundedFIFO(config FIFOConfig) (*BoundedFIFO, error) {
	return NewGate(GateConfig{FIFOConfig: config})
}

// Gate describes a gate with only these bounds.
func (c FIFOConfig) Gate() GateConfig { return GateConfig{FIFOConfig: c} }

func staticLimit() Descriptor {
	return Descriptor{
		Name: "static-limit", Does: "serves a limited number of requests at once and rejects the others.", Source: "Kleinrock 1975",
		Places: anywhere(), Live: anywhere(), Needs: words("limit"), Scales: words("limit"), Config: fifoConfig,
		Changes: changing("limit", "Nobody waits at it: those in service go on, and newcomers are turned away until fewer are served than the new limit.", ""),
	}
}

func boundedFIFO() Descriptor {
	return Descriptor{
		Name: "bounded-fifo", Does: "serves a limited number of requests at once, lets some wait in order, and rejects the others.", Source: "Kleinrock 1975; Barrer 1957",
		Places: anywhere(), Live: anywhere(), Needs: words("limit"), Takes: words("queue deadline"), Scales: words("limit queue"), Config: fifoConfig,
		Changes: changing("limit queue deadline", gateWaits, ""),
	}
}

func bulkhead() Descriptor {
	return Descriptor{
		Name: "bulkhead", Does: "limits how much of the service one dependency can occupy.", Source: "Nygard 2007",
		Places: only(AtCall), Live: only(AtCall), Needs: words("limit"), Takes: words("queue deadline"), Scales: words("limit queue"), Config: fifoConfig,
		Changes: changing("limit queue deadline", gateWaits, ""),
	}
}

func fifoConfig(s Settings) Config { return s.fifo() }

func (s Settings) fifo() FIFOConfig {
	return FIFOConfig{Concurrency: s.Limit, Queue: s.Queue, Deadline: s.Deadline}
}

var _ Gated = FIFOConfig{}
