package threshold

import (
	"fmt"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Validity holds the limits beyond which a load generator's shortfall makes its run invalid. For the limits
// on strain, 0 means a warning if the run is likely to be distorted.
type Validity struct {
	MaxScheduleLagP99 time.Duration // 0 means no limit
	MaxDroppedShare   float64       // of the people scheduled; 0 means no limit
	MaxUnsentShare    float64       // of the attempts, because files, ports or room in flight ran out; 0 means no limit
	MaxDialShare      float64       // of the attempts, because no connection was established; 0 means no limit
	MaxCPUShare       float64       // of the machine, used by the generator
	MaxStealShare     float64       // of the machine, taken by its host
	MaxGCPause        time.Duration // longest pause of the generator
	MaxPacingError    float64       // see Strain
	MaxLostGenerators float64       // of the generators of a fleet; 0 means none may be lost
}

// likely holds the strain from which a run without its own limit gets a warning.
var likely = Validity{MaxCPUShare: 0.9, MaxStealShare: 0.1, MaxGCPause: 50 * time.Millisecond, MaxPacingError: 0.1}

// check returns the reasons why the load was not offered as scheduled.
func (v Validity) check(r report.Report) (faults []string) {
	generator := r.Generator
	if limit := v.MaxScheduleLagP99.Seconds(); limit > 0 && generator != nil && generator.ScheduleLagS != nil {
		if p99 := generator.ScheduleLagS.P99; p99 > limit {
			faults = append(faults, fmt.Sprintf(
				"the generator sent late: its schedule lag has a p99 of %s, above %s; offer less load or give it more cores",
				units.Time(p99), units.Time(limit)))
		}
	}
	if offered := r.Offered; v.MaxDroppedShare > 0 && offered.Dropped > v.MaxDroppedShare*offered.Scheduled {
		faults = append(faults, fmt.Sprintf(
			"the generator dropped %s of %s people, more than %s; offer less load or raise connections.most",
			units.Count(offered.Dropped), units.Count(offered.Scheduled), units.Percent(v.MaxDroppedShare)))
	}
	faults = slices.Concat(faults, v.checkReasons(r), v.checkFleet(r.Fleet))
	if generator == nil || generator.Strain == nil {
		return faults
	}
	return append(faults, v.strained(*generator.Strain)...)
}

// checkFleet returns what was lost of a fleet, and the clocks that are not known well enough: an instant may be wrong by half of
// what a generator may be late.
func (v Validity) checkFleet(fleet []report.Agent) (faults []string) {
	const rounding = 1e-9
	lost := 0
	for _, agent := range fleet {
		if agent.Why != "" {
			lost++
		}
	}
	for _, agent := range fleet {
		if agent.Why != "" && float64(lost) > v.MaxLostGenerators*float64(len(fleet))+rounding {
			faults = append(faults, fmt.Sprintf("%s people of agent %s are lost: %s; give --tolerate K/N to judge what the others measured", units.Count(agent.Lost), agent.Agent, agent.Why))
		}
		if limit := v.MaxScheduleLagP99.Seconds() / 2; limit > 0 && agent.ClockBoundS != nil && *agent.ClockBoundS > limit {
			faults = append(faults, fmt.Sprintf("the clock of agent %s is known only within %s, but validity.lag_p99 needs %s; use a network with shorter round trips, or raise validity.lag_p99",
				agent.Agent, units.Time(*agent.ClockBoundS), units.Time(limit)))
		}
	}
	return faults
}

// checkReasons counts the attempts that failed before they reached a service.
func (v Validity) checkReasons(r report.Report) (faults []string) {
	var attempts, local, dial float64
	for _, step := range r.Steps {
		attempts += step.Requests
		local += step.Reasons["local"]
		dial += step.Reasons["dial"]
	}
	attempts += local // not counted as requests, because they were never sent
	if v.MaxUnsentShare > 0 && local > v.MaxUnsentShare*attempts {
		faults = append(faults, fmt.Sprintf(
			"the generator could not send %s of %s attempts: its files, local ports or requests in flight ran out; raise ulimit -n, net.ipv4.ip_local_port_range or connections.most, or offer less load",
			units.Count(local), units.Count(attempts)))
	}
	if v.MaxDialShare > 0 && dial > v.MaxDialShare*attempts {
		faults = append(faults, fmt.Sprintf(
			"%s of %s attempts got no connection, more than %s, so that they never reached the service; look at the network, at net.core.somaxconn and at the service's backlog",
			units.Count(dial), units.Count(attempts), units.Percent(v.MaxDialShare)))
	}
	return faults
}

// strained returns the limits that the strain exceeds, and what to do about each.
func (v Validity) strained(strain report.Strain) (faults []string) {
	over := func(value, limit float64, format string, words ...any) {
		if limit > 0 && value > limit {
			faults = append(faults, fmt.Sprintf(format, words...))
		}
	}
	over(strain.CPUShare, v.MaxCPUShare, "the generator took %s of the machine's CPU, above %s; give it more cores, or share the load with --part",
		units.Percent(strain.CPUShare), units.Percent(v.MaxCPUShare))
	if strain.StealShare != nil {
		over(*strain.StealShare, v.MaxStealShare, "the machine's host took %s of its CPU away (steal), above %s; use a machine that is not shared",
			units.Percent(*strain.StealShare), units.Percent(v.MaxStealShare))
	}
	over(strain.GCPauseMaxS, v.MaxGCPause.Seconds(), "a garbage collection stopped the generator for %s, above %s; give it more cores or offer less load",
		units.Time(strain.GCPauseMaxS), units.Time(v.MaxGCPause.Seconds()))
	over(strain.PacingError, v.MaxPacingError, "%s of the requests were sent in another second than intended, above %s; close what else keeps the machine busy, or offer less load",
		units.Percent(strain.PacingError), units.Percent(v.MaxPacingError))
	return faults
}

// warnings returns warnings of strain that is likely to distort a run, where the scenario sets no limit.
func (v Validity) warnings(r report.Report) []string {
	if r.Generator == nil || r.Generator.Strain == nil {
		return nil
	}
	unset := likely
	for _, limit := range []struct{ own, likely *float64 }{
		{&v.MaxCPUShare, &unset.MaxCPUShare}, {&v.MaxStealShare, &unset.MaxStealShare}, {&v.MaxPacingError, &unset.MaxPacingError},
	} {
		if *limit.own > 0 {
			*limit.likely = 0
		}
	}
	if v.MaxGCPause > 0 {
		unset.MaxGCPause = 0
	}
	warnings := unset.strained(*r.Generator.Strain)
	if shed := r.Generator.Strain.Shed; shed > 0 {
		warnings = append(warnings, fmt.Sprintf("%s people were shed because the limit of people under way "+
			"was reached; raise connections.people to admit them", units.Count(shed)))
	}
	return warnings
}
