package journey_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/workload"
)

// TestCrowdsOfAllScales: nobody comes twice, the people of a smaller scale come at every greater one as what they are, and
// everybody belongs to the population.
func TestCrowdsOfAllScales(t *testing.T) {
	seed := workload.Seed{Value: 3}
	rapid.Check(t, func(t *rapid.T) {
		stream := func(name string, rate workload.Rate) workload.Arrivals {
			curve := workload.Curve{{For: 5 * time.Second, From: rate, To: rate}}
			return workload.Arrivals{Seed: seed, Purpose: workload.NewPurpose(name), Bins: workload.NewBins(curve, time.Second), Curve: curve, Mode: workload.Poisson}
		}
		crowd := journey.Crowd{Seed: seed, Signups: stream("signups", 30), Visitors: stream("visitors", workload.Rate(rapid.SampledFrom([]float64{0, 20}).Draw(t, "visitors")))}
		less := rapid.Float64Range(.1, 1.9).Draw(t, "less")
		greatest := less + rapid.Float64Range(.1, 1).Draw(t, "step")
		largest := crowd
		largest.Signups.Scale, largest.Visitors.Scale = greatest, greatest
		people := largest.Numbers()
		at := func(scale float64) map[uint64]journey.Caller {
			scaled := crowd
			scaled.Signups.Scale, scaled.Visitors.Scale = scale, scale
			scaled.People = people
			came := map[uint64]journey.Caller{}
			for caller := range scaled.Part(0, 1) {
				if _, twice := came[caller.Person]; twice || caller.Person >= scaled.People {
					t.Fatalf("person %d comes twice, or is beyond the population", caller.Person)
				}
				came[caller.Person] = caller
			}
			return came
		}
		more := at(greatest)
		for person, caller := range at(less) {
			if more[person] != caller {
				t.Fatalf("at the greater scale, person %d is %+v, not %+v", person, more[person], caller)
			}
		}
	})
}
