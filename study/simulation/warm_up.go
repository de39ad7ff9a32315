package simulation

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/sim"
)

// warmUp observes a run to find when it has settled. It keeps every response time of every step that asks the service.
type warmUp struct {
	steps funnel.Journey
	times [][]float64       // by step: response times in s, in the order of their ends
	ends  [][]time.Duration // by step: when they ended
}

func newWarmUp(steps funnel.Journey) *warmUp {
	return &warmUp{steps: steps, times: make([][]float64, len(steps)), ends: make([][]time.Duration, len(steps))}
}

// Enter implements funnel.Observer.
func (*warmUp) Enter(int, time.Duration) {}

// Observe implements funnel.Observer.
func (w *warmUp) Observe(s funnel.Sample) {
	if w.steps[s.Step].Kind == funnel.Request {
		w.times[s.Step] = append(w.times[s.Step], s.ResponseTime().Seconds())
		w.ends[s.Step] = append(w.ends[s.Step], s.End)
	}
}

// leastObservations is the number of response times from which a step is asked whether the run has settled.
const leastObservations = 100

// settling is when a run has settled, or why it has not.
type settling struct {
	cut time.Duration
	why string // why it has not settled; empty if it has
}

// settles returns the latest warm-up of response times and of the number of requests at all stations, by MSER-5, until
// the last arrival.
func (w *warmUp) settles(readings []funnel.Reading, last time.Duration) (found settling) {
	judged := 0
	for i, step := range w.steps {
		n := len(w.times[i])
		if end, _ := slices.BinarySearch(w.ends[i], last); end < n {
			n = end
		}
		if n < leastObservations {
			continue
		}
		judged++
		cut, settled := sim.Warmup(w.times[i][:n])
		if !settled {
			return settling{why: fmt.Sprintf("response times at %s still change in its second half", step.Name)}
		}
		if cut > 0 {
			found.cut = max(found.cut, w.ends[i][cut])
		}
	}
	present, at := presence(readings, last)
	cut, settled := sim.Warmup(present)
	switch {
	case judged == 0:
		return settling{why: fmt.Sprintf("no step has %d answers", leastObservations)}
	case !settled:
		return settling{why: "the number of requests at the stations still changes in its second half"}
	case cut > 0:
		found.cut = max(found.cut, at[cut])
	}
	return found
}

// presence returns the number of requests at all stations at each reading up to an instant, and its times.
func presence(readings []funnel.Reading, last time.Duration) (present []float64, at []time.Duration) {
	latest := time.Duration(math.MinInt64)
	for _, reading := range readings {
		if reading.At > last {
			break
		}
		if reading.At > latest {
			latest = reading.At
			present, at = append(present, 0), append(at, reading.At)
		}
		present[len(present)-1] += float64(reading.Queued + reading.Busy)
	}
	return present, at
}
