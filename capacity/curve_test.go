package capacity_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

// plainWorld has one share and one exponential time, which every family but the lognormal contains.
func plainWorld(people int) world {
	return world{
		steps: 2, people: people, rows: 20, arrivals: capacity.ArrivalsStop,
		comes:  func(r *rand.Rand) float64 { return r.Float64() },
		shares: []func(float64) float64{func(float64) float64 { return 0.6 }},
		delays: []func(*rand.Rand) float64{func(r *rand.Rand) float64 { return 0.2 * r.ExpFloat64() }},
	}
}

func fitted(t *testing.T, counts capacity.Counts, seed uint64) capacity.CurveFit {
	t.Helper()
	return must(capacity.FitCurve(counts, workload.Seed{Value: seed}))(t)
}

// TestFitCurveFindsTheTruth: of 40,000 people, 60 % ever go on, half of them within 0.2·ln 2 days. By the last row far
// fewer have gone on, so a fit to the last row alone would be wrong.
func TestFitCurveFindsTheTruth(t *testing.T) {
	counts, truth := plainWorld(40_000).tally(rand.New(rand.NewPCG(1, 2)))
	last := counts.Passed[len(counts.Passed)-1]
	if last[1]/last[0] > 0.55 {
		t.Fatalf("the snapshot, %v, is not censored", last)
	}
	fit := fitted(t, counts, 1)
	step := fit.Steps[0]
	within(t, "share who ever go on", step.Share, 0.6, 0.03)
	within(t, "median", step.Median, 0.2*math.Ln2*day, 0.15)
	if !(step.ShareCI[0] < 0.6 && 0.6 < step.ShareCI[1]) || step.ShareCI[1]-step.ShareCI[0] > 0.1 {
		t.Errorf("the interval of the share is %v", step.ShareCI)
	}
	var weights float64
	for _, weight := range step.Weights {
		weights += weight
	}
	within(t, "weights of all families", weights, 1, 1e-9)
	if step.Weights["lognormal"] > 0.05 {
		t.Errorf("the weights are %v of times that are not lognormal", step.Weights)
	}
	ahead := must(fit.Forecast(capacity.ArrivalsStop, 2*day, 8*day))(t)
	for i, forecast := range ahead {
		within(t, "people who will have passed", forecast.Steps[1].Mean, truth[2*i][1], 0.02)
		if arrived := forecast.Steps[0]; arrived.Mean != last[0] || arrived.Interval != (capacity.Interval{last[0], last[0]}) || arrived.Assumed != 0 {
			t.Errorf("nobody else comes, but the forecast is %+v", arrived)
		}
	}
}

// TestForecastWidensAndDividesItsVariance: farther ahead the intervals are wider, and where arrivals are assumed they
// are what is assumed of the first step.
func TestForecastWidensAndDividesItsVariance(t *testing.T) {
	w := plainWorld(3000)
	w.comes = func(r *rand.Rand) float64 { return 0.5 * r.ExpFloat64() }
	counts, _ := w.tally(rand.New(rand.NewPCG(3, 4)))
	fit := fitted(t, counts, 1)
	for _, arrivals := range []capacity.Arrivals{capacity.ArrivalsFade, capacity.ArrivalsHold} {
		ahead := must(fit.Forecast(arrivals, 8*day, 1.2*day, 2*day))(t)
		if len(ahead) != 3 || ahead[0].At != 1.2*day || ahead[2].At != 8*day {
			t.Fatalf("%d forecasts from %v", len(ahead), ahead[0].At)
		}
		for k := range ahead[0].Steps {
			width := 0.0
			for _, forecast := range ahead {
				step := forecast.Steps[k]
				if wide := step.Interval[1] - step.Interval[0]; !(wide > width) {
					t.Errorf("%s, step %d at %v: %v people wide, %v before", arrivals, k, forecast.At, wide, width)
				} else {
					width = wide
				}
				if step.Assumed < 0 || step.Assumed > 1 || math.Abs(step.Family+step.Arrivals-step.Assumed) > 1e-9 {
					t.Errorf("%s, step %d at %v: assumed %+v", arrivals, k, forecast.At, step)
				}
			}
		}
		if first := ahead[2].Steps[0]; first.Arrivals < 0.99 {
			t.Errorf("%s: only %v of the variance of who comes is assumption", arrivals, first.Arrivals)
		}
	}
}

// TestForecastOfCurveIsDrawnFromItsSeed: the same seed gives the same forecast, another one another.
func TestForecastOfCurveIsDrawnFromItsSeed(t *testing.T) {
	counts, _ := plainWorld(500).tally(rand.New(rand.NewPCG(5, 6)))
	var forecasts [3][]capacity.Ahead
	for i, seed := range []uint64{1, 1, 2} {
		fit := fitted(t, counts, seed)
		forecasts[i] = must(fit.Forecast(capacity.ArrivalsStop, 2*day))(t)
	}
	if !reflect.DeepEqual(forecasts[0], forecasts[1]) {
		t.Error("the same seed gives another forecast")
	}
	if reflect.DeepEqual(forecasts[0], forecasts[2]) {
		t.Error("another seed gives the same forecast")
	}
	within(t, "forecast of another seed", forecasts[2][0].Steps[1].Mean, forecasts[0][0].Steps[1].Mean, 0.05)
}

// TestForecastOfExtremeCurves: whatever the counts, a forecast never falls below them, never lets more people pass a
// step than the one before, and is finite.
func TestForecastOfExtremeCurves(t *testing.T) {
	for _, test := range []struct {
		why    string
		times  []float64
		passed [][2]float64
		warns  string
	}{
		{"nobody has gone on", []float64{1, 2, 3, 4, 5}, [][2]float64{{9, 0}, {20, 0}, {30, 0}, {40, 0}, {50, 0}}, "nobody has passed b yet"},
		{"everybody goes on at once", []float64{1, 2, 3, 4, 5}, [][2]float64{{9, 9}, {20, 20}, {30, 30}, {40, 40}, {50, 50}}, ""},
		{"a million millions", []float64{1, 2, 3, 4, 5}, [][2]float64{{1e11, 1e10}, {4e11, 1e11}, {8e11, 3e11}, {9e11, 5e11}, {1e12, 6e11}}, ""},
		{"one person", []float64{1, 2, 3, 4, 5}, [][2]float64{{1, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 1}}, ""},
		{"all within the first of rows a million times as long", []float64{1, 1e6, 2e6, 3e6, 4e6}, [][2]float64{{1000, 400}, {1000, 400}, {1000, 400}, {1000, 400}, {1000, 400}}, ""},
		{"all in the last row", []float64{1, 2, 3, 4, 5}, [][2]float64{{0, 0}, {0, 0}, {0, 0}, {0, 0}, {1e6, 5e5}}, ""},
		{"outages", []float64{1, 2, 3, 4, 5, 6}, [][2]float64{{1e5, 5e4}, {1e5, 5e4}, {2e5, 5e4}, {2e5, 1.9e5}, {2.1e5, 1.9e5}, {2.1e5, 1.9e5}}, ""},
	} {
		counts := capacity.Counts{Steps: []string{"a", "b"}, Times: []float64{0}, Passed: [][]float64{{0, 0}}}
		for i, row := range test.passed {
			counts.Times, counts.Passed = append(counts.Times, test.times[i]), append(counts.Passed, row[:])
		}
		fit := fitted(t, counts, 1)
		if !strings.Contains(strings.Join(fit.Warnings, "\n"), test.warns) {
			t.Errorf("%s: warnings %q", test.why, fit.Warnings)
		}
		last := test.times[len(test.times)-1]
		before := counts.Passed[len(counts.Passed)-1]
		for _, arrivals := range []capacity.Arrivals{capacity.ArrivalsFade, capacity.ArrivalsStop, capacity.ArrivalsHold} {
			for _, forecast := range must(fit.Forecast(arrivals, 1.01*last, 3*last, 1000*last))(t) {
				ahead := math.Inf(1)
				for k, step := range forecast.Steps {
					low, high := step.Interval[0], step.Interval[1]
					if !(low >= before[k] && high >= low && high <= ahead && !math.IsInf(high, 0)) || math.IsNaN(step.Mean+step.Assumed) {
						t.Errorf("%s, %s, step %d: %+v after %v, with %v at the step before", test.why, arrivals, k, step, before[k], ahead)
					}
					ahead = high
				}
			}
		}
		var model bytes.Buffer
		if err := fit.WriteModel(&model); err != nil || strings.Contains(model.String(), "NaN") || strings.Contains(model.String(), "Inf") {
			t.Errorf("%s: model %s, error %v", test.why, model.String(), err)
		}
	}
}

// The model is YAML whatever the steps are called.
func TestModelOfSteps(t *testing.T) {
	counts, _ := plainWorld(500).tally(rand.New(rand.NewPCG(5, 6)))
	counts.Steps = slices.Clone(counts.Steps)
	counts.Steps[0], counts.Steps[1] = "sign-up", `say "yes": now`
	var model bytes.Buffer
	fit := fitted(t, counts, 1)
	if err := fit.WriteModel(&model); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\n  sign-up: {continue:", "\n  \"say \\\"yes\\\": now\": {think:"} {
		if !strings.Contains(model.String(), line) {
			t.Errorf("the model lacks %q:\n%s", line, model.String())
		}
	}
}

func TestForecastOfCurveRefuses(t *testing.T) {
	counts, _ := plainWorld(500).tally(rand.New(rand.NewPCG(5, 6)))
	fit := fitted(t, counts, 1)
	for _, test := range []struct {
		why      string
		arrivals capacity.Arrivals
		at       []float64
		hint     string
	}{
		{"arrivals that are not known", "grow", []float64{2 * day}, "use fade, stop or hold"},
		{"no instant", capacity.ArrivalsStop, nil, "give 1 to 20"},
		{"an instant that was seen", capacity.ArrivalsStop, []float64{2 * day, day}, "not after the last row"},
		{"no number", capacity.ArrivalsStop, []float64{math.NaN()}, "not after the last row"},
		{"too far away", capacity.ArrivalsStop, []float64{2 * day, 1e11}, "an instant to forecast, 1e+11 s, is not"},
		{"for ever", capacity.ArrivalsStop, []float64{math.Inf(1)}, "not after the last row"},
	} {
		if _, err := fit.Forecast(test.arrivals, test.at...); err == nil || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: error %v, want one with %q", test.why, err, test.hint)
		}
	}
	if _, err := capacity.FitCurve(capacity.Counts{}, workload.Seed{}); err == nil {
		t.Error("no counts are fitted")
	}
}

func ExampleFitCurve() {
	counts, err := capacity.ReadCounts(strings.NewReader(`time,sign-up,verify
10m,400,90
20m,700,280
30m,900,480
40m,960,640
50m,985,720
1h,1000,760
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fit, err := capacity.FitCurve(counts, workload.Seed{Value: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	step := fit.Steps[0]
	fmt.Printf("of %s, %.0f %% ever go on, more than the %.0f %% who have\n", step.From, 10*math.Round(10*step.Share), 76.0)
	// Output: of sign-up, 80 % ever go on, more than the 76 % who have
}
