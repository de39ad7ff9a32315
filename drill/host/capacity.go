package host

import (
	"context"
	"runtime"
	"time"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/setup"
)

// MeasureCapacity returns how many requests a second a generator on this machine can send, or 0 if the system does not say what
// they cost. It plays two seconds against a target in this process, and spares a tenth of the cores.
func MeasureCapacity(ctx context.Context) (perSecond float64, err error) {
	perRequest, err := loadgen.MeasureRequest(ctx, ownCPU)
	if err != nil {
		return 0, err
	}
	return capacityOf(runtime.NumCPU(), perRequest), nil
}

// capacityOf returns how many requests a second cores can send that take so much CPU time each.
func capacityOf(cores int, perRequest time.Duration) float64 {
	const usable = 0.9
	if perRequest <= 0 {
		return 0
	}
	return usable * float64(cores) / perRequest.Seconds()
}

// PeakRequests estimates the requests of a run in its busiest second, as [Examine] does. It is 0 if who comes depends on the
// answers.
func PeakRequests(run *setup.Live) float64 {
	if run.Options.Closed > 0 {
		return 0
	}
	return float64(run.PeakPerSecond()) * requestsEach(run)
}

// requestsEach estimates the requests of a person: one for every second step of a straight line, or as many as the branches and
// loops of the journeys let expect.
func requestsEach(run *setup.Live) float64 {
	if run.Generator.Journey.IsLine() {
		return float64(len(run.Generator.Journey.Steps)) / 2
	}
	return run.RequestsPerPerson()
}
