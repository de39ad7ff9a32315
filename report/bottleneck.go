package report

import (
	"fmt"

	"github.com/ombak-sim/ombak/units"
)

// Bottleneck is the part of a run with the highest utilization. The zero value means that there is none.
type Bottleneck struct {
	Name        string
	Utilization float64 // share of the available time in use, from 0 to 1
}

// Or returns the busier one of b and the named part, which was in use for busy out of had seconds.
func (b Bottleneck) Or(name string, busy, had float64) Bottleneck {
	if had <= 0 {
		return b
	}
	if utilization := min(1, busy/had); utilization > b.Utilization {
		return Bottleneck{name, utilization}
	}
	return b
}

// String writes b as in "web, 84 % busy over the whole run", or "" if there is none.
func (b Bottleneck) String() string {
	if b.Name == "" {
		return ""
	}
	return fmt.Sprintf("%s, %s busy over the whole run", b.Name, units.Percent(b.Utilization))
}

// MachineCPU is the name of the machine's CPU where it is a bottleneck.
const MachineCPU = "the machine's CPU"

// Bottleneck returns the busiest station, or the machine's CPU if it was busier.
func (r Report) Bottleneck() (most Bottleneck) {
	for _, station := range r.Stations {
		most = most.Or(station.Name, station.BusyS, station.Servers*r.DurationS)
	}
	if r.Machine == nil {
		return most
	}
	if usage := r.Machine.Usage; usage != nil {
		return most.Or(MachineCPU, usage.CPUShare, 1)
	}
	used := 0.0
	processes := r.Processes
	if r.Generator != nil {
		processes = append([]Process{{CPUS: r.Generator.CPUS}}, processes...)
	}
	for _, process := range processes {
		if process.CPUS != nil {
			used += *process.CPUS
		}
	}
	return most.Or(MachineCPU, used, float64(r.Machine.CPUs)*r.DurationS)
}
