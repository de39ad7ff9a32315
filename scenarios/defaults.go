package scenarios

import (
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// populationSize is the number of inhabitants from which people are drawn if a scenario does not say
// otherwise.
const populationSize = 270_000_000

func (s *Scenario) applyDefaults() {
	setDefault(&s.Population.Size, populationSize)
	setDefault(&s.Population.PhotoBytes, 20_000)
	setDefault(&s.Arrivals.Mode, workload.Poisson)
	setDefault(&s.Arrivals.Totals, s.Arrivals.usualTotals())
	setDefault(&s.Connections.Per, "all")
	setDefault(&s.Validity.LagP99, 100*time.Millisecond)
	setDefault(&s.Backend.Durability, "group-fsync")
	if s.Search != nil {
		setDefault(&s.Search.Confidence, atConfidence)
	}
	for i := range s.Thresholds {
		setDefault(&s.Thresholds[i].Severity, funnel.Fail)
	}
	for i := range s.Journey {
		s.Journey[i].applyDefaults()
	}
	for _, steps := range [][]Once{s.Before, s.After} {
		for i := range steps {
			steps[i].applyDefaults()
		}
	}
	for i := range s.Plans {
		for k, policy := range s.Plans[i].Policies {
			if descriptor, known := resilience.Named(policy.Policy); known {
				s.Plans[i].Policies[k].Policy = descriptor.Name
			}
			s.Plans[i].Policies[k].Settings = policy.Named().WithDefaults().Settings
		}
	}
}

func (s *Step) applyDefaults() {
	setDefault(&s.Kind, funnel.Request)
	setDefault(&s.Timeout, 10*time.Second)
	setDefault(&s.Retry.Jitter, "full")
	setDefault(&s.Leave, "close")
	if s.Kind != funnel.Request && s.Every.IsZero() {
		s.Every = workload.ConstantTime(time.Second)
	}
	if s.Request != nil {
		setDefault(&s.Request.Method, "GET")
	}
	s.Expect.applyDefaults(s.Request)
}

func (o *Once) applyDefaults() {
	setDefault(&o.Kind, funnel.Request)
	setDefault(&o.Timeout, 10*time.Second)
	setDefault(&o.Pause, time.Second)
	setDefault(&o.Every, time.Second)
	if o.Request != nil {
		setDefault(&o.Request.Method, "GET")
	}
	o.Expect.applyDefaults(o.Request)
}

func (e *Expect) applyDefaults(request *Request) {
	completed, rejected := defaultStatuses(request)
	if len(e.Completed) == 0 {
		e.Completed = slices.DeleteFunc(completed, func(status Status) bool { return e.names(status) || slices.Contains(e.Rejected, status) })
	}
	if len(e.Rejected) == 0 {
		e.Rejected = slices.DeleteFunc(rejected, e.names)
	}
}

// names reports whether a status is listed as completed, declined or pending.
func (e Expect) names(status Status) bool {
	return slices.Contains(e.Completed, status) || slices.Contains(e.Declined, status) || slices.Contains(e.Pending, status)
}

// GoesOn returns the share of those who passed the step who go on to the next one.
func (s Step) GoesOn() float64 {
	if s.Continue == nil {
		return 1
	}
	return float64(*s.Continue)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
