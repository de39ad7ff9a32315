package calibration

import (
	"fmt"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// oneThread is the share of its CPU time from which a process counts as working on one thread.
const oneThread = 0.85

// mostlyOneThread is the share from which it may do so: the rest may be a collector's or a compiler's.
const mostlyOneThread = 0.6

// serversOf returns how many cores a process can use: what the user says, or else one if one thread did nearly all of
// its work where it worked most, or else its limit. It says why if that is not all cores.
func serversOf(name string, reports []report.Report, how Calibrating) (servers int, why string) {
	if n := how.Servers[name]; n > 0 {
		return n, ""
	}
	servers = reports[0].Machine.CPUs
	var most report.Process
	cores := 0.
	for _, r := range reports {
		if process, _ := processOf(r, name); process.CPUS != nil && *process.CPUS/r.DurationS > cores {
			most, cores = process, *process.CPUS/r.DurationS
		}
	}
	if most.CPUs > 0 && most.CPUs < servers {
		servers = most.CPUs
		why = fmt.Sprintf("%s may use %d cores by its limits, so its station has %d servers; give --servers %s=N if that is wrong", name, servers, servers, name)
	}
	if most.BusiestThread > oneThread && servers > 1 {
		return 1, fmt.Sprintf("one thread did %s of the work of %s, so its station has one server; give --servers %s=N if it can use more cores", units.Percent(most.BusiestThread), name, name)
	}
	if most.BusiestThread > mostlyOneThread && servers > 1 && why == "" {
		why = fmt.Sprintf("one thread did %s of the work of %s, and its station has %d servers; give --servers %s=1 if it answers requests on one thread", units.Percent(most.BusiestThread), name, servers, name)
	}
	return max(1, servers), why
}
