package report

import (
	"fmt"

	"github.com/ombak-sim/ombak/units"
)

// Bottleneck is the part of a run with the highest utilization. The zero value is none.
type Bottleneck struct {
	Name        string
	Utilization float64 // share of the time it had that it was in use, 0 to 1
}

// Or returns the busier one of b and of a part that was in use for busy of the seconds that it had.
func (b Bottleneck) Or(name string, busy, had float64) Bottleneck {
	if had <= 0 {
		return b
	}
	if utilization := min(1, busy/had); utilization > b.Utilization {
		return Bottleneck{name, utilization}
	}
	return b
}

// String writes it as in web, 84 % busy over the whole run; none is the empty text.
func (b Bottleneck) String() string {
	if b.Name == "" {
		return ""
	}
	return fmt.Sprintf("%s, %s busy over the whole run", b.Name, units.Percent(b.Utilization))
}

// Bottleneck returns the station that was busiest, or the machine's CPU if it was busier.
func (r Report) Bottleneck() (most Bottleneck) {
	for _, station := range r.Stations {
		most = most.Or(station.Name, station.BusyS, station.Servers*r.DurationS)
	}
	if r.Machine == nil {
		return most
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
	return most.Or("the machine's CPU", used, float64(r.Machine.CPUs)*r.DurationS)
}
