package report

import (
	"math"
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Overload says what overload did to a run.
type Overload struct {
	RetryAmplification float64  `json:"retry_amplification"`    // attempts for each person's first, over all steps at which people wait for an answer
	RecoveryS          *float64 `json:"recovery_s,omitempty"`   // see [Recovery]; absent when it was in trouble for as long as people came
	Metastable         *bool    `json:"metastable,omitempty"`   // whether the trouble stayed when its trigger had gone; absent where the run cannot tell
	WastedShare        *float64 `json:"wasted_share,omitempty"` // of what stations worked off, for people who had left; simulations only
}

// OverloadOf returns what overload did to the run of an assembled report; nil when nobody came.
func OverloadOf(report Report) *Overload {
	kinds := make(map[string]funnel.StepKind, len(report.Steps))
	attempts, first := 0.0, 0.0
	for i, step := range report.Steps {
		kinds[step.Step] = step.Kind
		if step.Kind == funnel.Request {
			attempts += step.Requests
			first += report.Funnel[i].Entered
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

// metastable reports whether trouble stayed when its trigger had gone: in the second half of the time
// after the rush (more than half as many again as usual) and the last fault, the service is in trouble throughout,
// though no more people come than it bore without trouble before (Bronson et al., "Metastable
// Failures in Distributed Systems", HotOS 2021). Nil where nothing was borne before, or fewer than
// four stretches follow.
func metastable(report Report, asks func(step string) bool) *bool {
	stretches := stretchesOf(report.Series, asks)
	from, to := trigger(report, stretches)
	if from >= to {
		return nil // nothing could have triggered it
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

// trigger returns the stretches from the first before which all was as usual to the first after which
// it could be again: of the rush, where there is one, and of the faults.
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
