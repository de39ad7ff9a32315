//go:build statistics

package sim

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// TestMissesAreAThinnedPoissonProcess checks that M/M/1 with a hit rate h is M/M/1 at (1-h)λ for those who miss: a Poisson
// process that is thinned independently is one again (Kingman, "Poisson Processes", 1993, section 5.1). λ=20, h=.75,
// μ=10 makes ρ=.5: W = 1/(μ-(1-h)λ) = .2 s for a miss, and 1 ms for a hit.
func TestMissesAreAThinnedPoissonProcess(t *testing.T) {
	const people, rate, hitRate = 200_000, 20.0, 0.75
	over := time.Duration(people / rate * float64(time.Second))
	config := browsing(people, over, "exponential(100ms)", resilience.HitConfig{Rate: hitRate, Time: time.Millisecond})
	config.Signups.Random = true
	var waits, utilizations, shares []float64
	for seed := uint64(1); seed <= replications; seed++ {
		m, seen := played(t, config.seeded(seed))
		var misses mean
		hits, all := 0.0, 0.0
		for _, sample := range seen.samples {
			if sample.Start < over/5 { // the warm-up
				continue
			}
			all++
			if took := sample.End - sample.Start; took == time.Millisecond {
				hits++
			} else {
				misses.add(took)
			}
		}
		waits, shares = append(waits, misses.value()), append(shares, hits/all)
		utilizations = append(utilizations, busyTime(m, "db").Seconds()/over.Seconds())
	}
	holds(t, "W of the misses", waits, 0.2, 0.01)
	holds(t, "utilization", utilizations, 0.5, 0.01)
	holds(t, "share of hits", shares, hitRate, 0.01)
}
