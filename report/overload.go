package report

import (
	"math"
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Overload describes the effects of overload on a run.
type Overload struct {
	RetryAmplification float64  `json:"retry_amplification"`    // attempts per first attempt, over all steps at which people wait for an answer
	RecoveryS          *float64 `json:"recovery_s,omitempty"`   // see [Recovery]; absent if the run never recovered
	Metastable         *bool    `json:"metastable,omitempty"`   // whether the overload outlasted its trigger; absent if unknown
	WastedShare        *float64 `json:"wasted_share,omitempty"` // of completions by stations, the share for people who had left; simulations only
}

// OverloadOf returns the effects of overload on the run of an assembled report, or nil if nobody arrived.
func OverloadOf(report Report) *Overload {
	kinds := make(map[string]funnel.StepKind, len(report.Steps))
	attempts, first := 0.0, 0.0
	for i, step := range report.Steps {
		kinds[step.Step] = step.Kind
		if step.Kind == funnel.Request {
			attempts += step.Requests
			first += visitsOf(report, i)
		}
	}
	if first == 0 {
		return nil
	}
	asks := func(name string) bool { return kinds[name] == funnel.Request }
	o := &Overload{RetryAmplification: attempts / first, Metastable: metastable(report, asks), WastedShare: wastedShare(report.Stations)}
	if seconds, recovered := Recovery(report.Series, asks); recovered {
		o.RecoveryS = &seconds
	}
	return o
}

// visitsOf returns how often people came to a step, further rounds included.
func visitsOf(report Report, i int) float64 {
	if visits := report.Steps[i].Visits; visits != nil {
		return *visits
	}
	return report.Funnel[i].Entered
}

func wastedShare(stations []StationRow) *float64 {
	done, wasted, known := 0.0, 0.0, false
	for _, station := range stations {
		done += station.Completions
		if station.Wasted != nil {
			wasted, known = wasted+*station.Wasted, true
		}
	}
	if !known || done == 0 {
		return nil
	}
	share := wasted / done
	return &share
}

// metastable reports whether overload outlasted its trigger. The trigger is the rush (more than half as many
// arrivals again as usual) and the faults. In the second half of the time after it, the service must be in
// trouble throughout, at no more arrivals than it carried before without trouble (Bronson et al., "Metastable
// Failures in Distributed Systems", HotOS 2021). It returns nil if the service carried no load before, or if
// fewer than four stretches follow.
func metastable(report Report, asks func(step string) bool) *bool {
	stretches := stretchesOf(report.Series, asks)
	from, to := trigger(report, stretches)
	if from >= to {
		return nil // nothing can have triggered it
	}
	borne := int64(0)
	for _, s := range stretches[:from] {
		if !s.troubled {
			borne = max(borne, s.came)
		}
	}
	var after []stretch
	for _, s := range stretches[to:] {
		if s.came > 0 && float64(s.came) <= 1.05*float64(borne) {
			after = append(after, s)
		}
	}
	if borne == 0 || len(after) < 4 {
		return nil
	}
	stays := true
	for _, s := range after[len(after)/2:] {
		stays = stays && s.troubled
	}
	return &stays
}

// trigger returns the range of stretches between the last normal one before the rush or the faults and the
// first that can be normal after them.
func trigger(report Report, stretches []stretch) (from, to int) {
	var came []int64
	for _, s := range stretches {
		if s.came > 0 {
			came = append(came, s.came)
		}
	}
	if len(came) == 0 {
		return 0, 0
	}
	slices.Sort(came)
	usual := came[len(came)/2]
	from, to = len(stretches), 0
	for i, s := range stretches {
		rush := float64(s.came) > 1.5*float64(usual)
		if rush || slices.ContainsFunc(report.Timeline, s.hasFault) {
			from, to = min(from, i), max(to, i+1)
		}
	}
	return from, to
}

// hasFault reports whether the event is a fault within the stretch.
func (s stretch) hasFault(event Event) bool {
	return event.Kind == funnel.FaultMark && event.AtS < s.to && event.AtS+math.Max(event.ForS, 1) > s.from
}
