package scenarios

import (
	"math"

	"github.com/ombak-sim/ombak/workload"
)

// Modelled holds the keys of a station or a dependency that only a simulation plays.
type Modelled struct {
	Balk   float64               `yaml:"balk,omitempty" json:"balk,omitempty"`    // simulation: a request that finds n others here, waiting or in service, joins with the probability 1/(1 + balk·n), and is rejected otherwise; 0 (default) lets all join
	Pauses Pauses                `yaml:"pauses,omitempty" json:"pauses,omitzero"` // simulation: stops of all servers at once, such as for garbage collection
	SetUp  workload.Distribution `yaml:"setup,omitempty" json:"setup,omitempty"`  // simulation: time that a server needs first if it was idle when the request came; a request that had to wait for a server is served without; 0 means none
}

// Pauses are stops of all servers of a station, during which no work is done and requests in service stay where they
// are.
type Pauses struct {
	Rate workload.Rate         `yaml:"rate" json:"rate"` // pauses per second of one busy server; they come at random while servers work, and idle servers cause none
	Time workload.Distribution `yaml:"time" json:"time"` // how long each lasts
}

// OnlySimulated returns the key that keeps a mock from standing in for the part, or an empty text.
func (m Modelled) OnlySimulated() string {
	switch {
	case m.Balk > 0:
		return "balk"
	case m.Pauses != Pauses{}:
		return "pauses"
	case !m.SetUp.IsZero():
		return "setup"
	}
	return ""
}

// validateModelled reports keys that only a simulation plays and that are invalid or exclude each other.
func (s *Scenario) validateModelled(path string, service workload.Service, m Modelled, batched bool) {
	if !(m.Balk >= 0) || math.IsInf(m.Balk, 0) {
		s.source.faultAt(path+".balk", "use 0 (all join) or more, as in 0.5", "requests cannot balk by %v", m.Balk)
	}
	if (m.Pauses.Rate > 0) != (m.Pauses.Time.Mean() > 0) || math.IsInf(float64(m.Pauses.Rate), 0) {
		s.source.faultAt(path+".pauses", "give both, as in {rate: 0.2/s, time: 100ms}", "pauses need a rate and a time, both above 0")
	}
	given := ""
	for _, feature := range []struct {
		name string
		is   bool
	}{
		{"discipline: sharing", service.Discipline == workload.Sharing},
		{"discipline: preemptive", service.Discipline == workload.Preemptive},
		{"batch", batched},
		{"pauses", m.Pauses.Rate > 0},
	} {
		switch {
		case feature.is && given != "":
			s.source.faultAt(path, "keep one of them", "%s and %s exclude each other", given, feature.name)
		case feature.is:
			given = feature.name
		}
	}
	if shares := service.Discipline == workload.Sharing; !m.SetUp.IsZero() && (shares || batched) {
		s.source.faultAt(path+".setup", "remove it", "servers that share their work or serve batches have no setup")
	}
}
