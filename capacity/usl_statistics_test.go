//go:build statistics

package capacity_test

import (
	"slices"
	"testing"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

// TestIntervalsCoverTheTruth: of 200 measured curves about 95 % of the intervals hold the truth. At 95 %
// fewer than 90 % has odds under 1 in 500, and so have more than 99.5 %.
func TestIntervalsCoverTheTruth(t *testing.T) {
	const runs = 200
	noise := workload.NewPurpose("test/noise")
	few, many := []float64{1, 2, 4, 8, 16, 24, 32, 48}, []float64{1, 2, 4, 8, 16, 32, 48}
	for _, test := range []struct {
		why    string
		levels []float64
		each   int
		kappa  float64
		grows  bool // whether errors are 2 % of each throughput, or else of the mean of all
	}{
		{"7 levels × 3, relative errors", many, 3, .001, true},
		{"8 levels, relative errors", few, 1, .001, true},
		{"8 levels, constant errors", few, 1, .001, false},
		{"7 levels × 3, relative errors, κ at its bound", many, 3, 0, true},
	} {
		inside := map[string]int{}
		for run := range runs {
			points := curve(.05, test.kappa, 100, slices.Repeat(test.levels, test.each)...)
			stream := workload.Seed{Value: 1}.Stream(noise, uint64(run), 0, 0)
			var mean float64
			for _, point := range points {
				mean += point.Throughput / float64(len(points))
			}
			for i := range points {
				size := .02 * mean
				if test.grows {
					size = .02 * points[i].Throughput
				}
				points[i].Throughput += size * normal(&stream)
			}
			fit := must(capacity.FitUSL(points))(t)
			intervals := must(fit.Intervals(100, workload.Seed{Value: uint64(run)}))(t)
			for name, held := range map[string]bool{
				"σ": intervals.Sigma[0] <= .05 && .05 <= intervals.Sigma[1],
				"κ": intervals.Kappa[0] <= test.kappa && test.kappa <= intervals.Kappa[1],
				"λ": intervals.Lambda[0] <= 100 && 100 <= intervals.Lambda[1],
			} {
				if held {
					inside[name]++
				}
			}
		}
		for _, name := range []string{"σ", "κ", "λ"} {
			if held := inside[name]; held < runs*90/100 || held > runs*995/1000 {
				t.Errorf("%s: %d of %d intervals of %s hold the truth", test.why, held, runs, name)
			}
		}
	}
}
