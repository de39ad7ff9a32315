package scenarios

import (
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Plan is one way to run a scenario: protection, settings and changes over time.
type Plan struct {
	Name        string   `yaml:"name" json:"name"`
	Description string   `yaml:"description,omitempty" json:"description,omitempty"`
	Extends     []string `yaml:"extends,omitempty" json:"extends,omitempty"`   // plans applied before it, in this order
	Relieves    []string `yaml:"relieves,omitempty" json:"relieves,omitempty"` // steps that it helps, for the advice after a run
	Policies    []Policy `yaml:"policies,omitempty" json:"policies,omitempty"`
	Set         Patch    `yaml:"set,omitempty" json:"set,omitempty"`
	Schedule    []Change `yaml:"schedule,omitempty" json:"schedule,omitempty"` // changes while it runs
	Cost        Cost     `yaml:"cost,omitempty" json:"cost,omitempty"`
}

// Policy is one protection at one place. Which settings apply depends on the policy.
type Policy struct {
	Policy   string        `yaml:"policy" json:"policy"`                         // its name, such as bounded-fifo
	At       string        `yaml:"at" json:"at"`                                 // entry, step:NAME or call:DEPENDENCY
	Limit    int           `yaml:"limit,omitempty" json:"limit,omitempty"`       // requests served at once
	Queue    int           `yaml:"queue,omitempty" json:"queue,omitempty"`       // requests waiting
	Deadline time.Duration `yaml:"deadline,omitempty" json:"deadline,omitempty"` // longest wait, real time
}

// Patch changes parts of the scenario; each named part must exist, each key must be known.
type Patch struct {
	Stations     map[string]Raw `yaml:"stations,omitempty" json:"stations,omitempty"`
	Dependencies map[string]Raw `yaml:"dependencies,omitempty" json:"dependencies,omitempty"`
	Journey      map[string]Raw `yaml:"journey,omitempty" json:"journey,omitempty"` // by the name of the step
	Population   *Raw           `yaml:"population,omitempty" json:"population,omitempty"`
	Backend      *Raw           `yaml:"backend,omitempty" json:"backend,omitempty"`
}

// Change is a patch applied at one instant of the run.
type Change struct {
	At  time.Duration `yaml:"at" json:"at"` // scenario time
	Set Patch         `yaml:"set" json:"set"`
}

// Cost is the price of a plan, in a currency of the user's choice.
type Cost struct {
	Currency    string             `yaml:"currency,omitempty" json:"currency,omitempty"`
	ReplicaHour float64            `yaml:"replica_hour,omitempty" json:"replica_hour,omitempty"`
	Call        map[string]float64 `yaml:"call,omitempty" json:"call,omitempty"` // per call of a dependency
}

// bins turns segments into counts per second.
func bins(segments []Segment) workload.Bins {
	pieces := make([]workload.Segment, len(segments))
	for i, segment := range segments {
		pieces[i] = workload.Segment{For: segment.For}
		if segment.Rate != nil {
			pieces[i].From, pieces[i].To = *segment.Rate, *segment.Rate
		} else {
			pieces[i].From, pieces[i].To = rateOr0(segment.From), rateOr0(segment.To)
		}
	}
	return workload.NewBins(pieces, time.Second)
}

func rateOr0(rate *workload.Rate) workload.Rate {
	if rate == nil {
		return 0
	}
	return *rate
}

// Bins returns the exact counts of the people who walk the journey and of the visitors.
func (a Arrivals) Bins() (signups, visitors workload.Bins) {
	if a.Counts != "" {
		return a.csvSignups, a.csvVisitors
	}
	return bins(a.Signups), bins(a.Visitors)
}
