package redline

import (
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// Bottleneck names the station that was busiest, with its share of busy servers, or the part that
// took most of the machine's CPU; the empty text where nothing is known.
func Bottleneck(r report.Report) string {
	best, share := "", 0.0
	for _, station := range r.Stations {
		if station.Servers == 0 || station.BusyS == 0 || r.DurationS == 0 {
			continue
		}
		if busy := station.BusyS / (station.Servers * r.DurationS); busy > share {
			best, share = station.Name, busy
		}
	}
	total := 0.0
	for _, part := range slices.Concat(r.Processes, generatorCost(r)) {
		if part.CPUS != nil {
			total += *part.CPUS
		}
	}
	if r.Machine != nil && r.DurationS > 0 {
		if cpu := total / (float64(r.Machine.CPUs) * r.DurationS); cpu > share {
			best, share = "the machine's CPU", cpu
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("%s, %.0f%% busy over the whole run", best, 100*share)
}

func generatorCost(r report.Report) []report.Process {
	if r.Generator == nil {
		return nil
	}
	return []report.Process{{Name: "generator", CPUS: r.Generator.CPUS}}
}
