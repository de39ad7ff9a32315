package capacity_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

// groupCommit returns load steps of a writer whose batches grow with the load: 2 ms per request, 5 ms per
// batch, and 40 ms per second when idle.
func groupCommit(noise func(i int) float64) []capacity.LoadStep {
	var steps []capacity.LoadStep
	for i, rate := range []float64{5, 10, 20, 40, 80, 120, 160, 200} {
		batches := 50 * (1 - math.Exp(-rate/50))
		steps = append(steps, capacity.LoadStep{Busy: .04 + .002*rate + .005*batches + noise(i), Rates: []float64{rate, batches, 1}})
	}
	return steps
}

func TestDemandsPerRequestAndPerBatch(t *testing.T) {
	kinds := []string{"requests", "batches", "idling"}
	exact := must(capacity.FitDemands(kinds, groupCommit(func(int) float64 { return 0 })))(t)
	for i, want := range []float64{.002, .005, .04} {
		within(t, kinds[i], exact.Seconds[i], want, 1e-9)
	}
	within(t, "busy at 400/s with full batches", must(exact.Busy([]float64{400, 50, 1}))(t), 1.09, 1e-9)
	// A constant demand per request is biased: it attributes batches, whose number stops growing, to
	// requests.
	var biased []capacity.LoadStep
	for _, step := range groupCommit(func(int) float64 { return 0 }) {
		biased = append(biased, capacity.LoadStep{Busy: step.Busy, Rates: step.Rates[:1]})
	}
	if alone := must(capacity.FitDemands(kinds[:1], biased))(t); alone.Seconds[0] < .003 {
		t.Errorf("requests alone cost %v s; the bias that batches remove is missing", alone.Seconds[0])
	}
}

// TestDemandIntervalsCoverTheTruth: of 400 experiments with eight noisy load steps, about 95 % of the
// intervals contain the true demand. Eight steps hardly show how errors grow with load, so the bound is 88 %.
func TestDemandIntervalsCoverTheTruth(t *testing.T) {
	const runs = 400
	purpose := workload.NewPurpose("test/demand")
	kinds := []string{"requests", "batches", "idling"}
	for why, size := range map[string]func(busy float64) float64{
		"constant errors": func(float64) float64 { return .004 }, "relative errors": func(busy float64) float64 { return .02 * busy },
	} {
		held := make([]int, len(kinds))
		for run := range runs {
			stream := workload.Seed{Value: 1}.Stream(purpose, uint64(run), 0, 0)
			steps := groupCommit(func(int) float64 { return 0 })
			for i := range steps {
				steps[i].Busy += size(steps[i].Busy) * normal(&stream)
			}
			intervals := must(must(capacity.FitDemands(kinds, steps))(t).Intervals(400, workload.Seed{Value: uint64(run)}))(t)
			for j, truth := range []float64{.002, .005, .04} {
				if intervals[j][0] <= truth && truth <= intervals[j][1] {
					held[j]++
				}
			}
		}
		for j, kind := range kinds {
			if held[j] < runs*88/100 {
				t.Errorf("%s: %d of %d intervals of %s contain the true value", why, held[j], runs, kind)
			}
		}
	}
}

// TestDemandsMeetTheConditionsOfKuhnAndTucker: at the minimum no demand is negative, and no allowed change of
// a demand improves the fit.
func TestDemandsMeetTheConditionsOfKuhnAndTucker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "kinds")
		rows := n + rapid.IntRange(2, 10).Draw(t, "more steps")
		var steps []capacity.LoadStep
		for range rows {
			step := capacity.LoadStep{Busy: rapid.Float64Range(0, 10).Draw(t, "busy")}
			for range n {
				step.Rates = append(step.Rates, rapid.Float64Range(0, 100).Draw(t, "rate"))
			}
			steps = append(steps, step)
		}
		demands, err := capacity.FitDemands(make([]string, n), steps)
		if err != nil {
			return // kinds that rise in proportion give an error
		}
		for j := range n {
			var gradient, size float64
			for _, step := range steps {
				miss := -step.Busy
				for k := range n {
					miss += step.Rates[k] * demands.Seconds[k]
				}
				gradient += step.Rates[j] * miss
				size += step.Rates[j] * (step.Busy + math.Abs(miss))
			}
			if demands.Seconds[j] < 0 || gradient < -1e-6*size-1e-9 || demands.Seconds[j] > 0 && gradient > 1e-6*size+1e-9 {
				t.Fatalf("demand %d is %v with gradient %v", j+1, demands.Seconds[j], gradient)
			}
		}
	})
}

func TestDemandsThatCannotBeKnown(t *testing.T) {
	for _, test := range []struct {
		why   string
		kinds []string
		steps []capacity.LoadStep
		hint  string
	}{
		{"no step", []string{"requests"}, nil, "at least one for each kind"},
		{"kinds that rise in proportion", []string{"requests", "batches"}, []capacity.LoadStep{{1, []float64{10, 5}}, {2, []float64{20, 10}}, {3, []float64{30, 15}}}, "vary their mix"},
		{"a kind that never occurs", []string{"requests", "batches"}, []capacity.LoadStep{{1, []float64{10, 0}}, {2, []float64{20, 0}}}, "vary their mix"},
		{"a negative load", []string{"requests"}, []capacity.LoadStep{{1, []float64{-1}}}, "rate is -1"},
		{"one rate too few", []string{"requests", "batches"}, []capacity.LoadStep{{1, []float64{1}}, {1, []float64{1}}}, "one for each"},
	} {
		_, err := capacity.FitDemands(test.kinds, test.steps)
		if err == nil || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: error %v, want one with %q", test.why, err, test.hint)
		}
	}
	// Less work at higher load: the unbounded fit would be negative.
	falling := must(capacity.FitDemands([]string{"requests", "uploads"}, []capacity.LoadStep{
		{1, []float64{10, 1}}, {2, []float64{20, 1}}, {2.9, []float64{30, 4}}, {3.7, []float64{40, 9}},
	}))(t)
	if falling.Seconds[1] != 0 || !strings.Contains(strings.Join(falling.Warnings, "\n"), "the demand of uploads is 0, its lower bound") {
		t.Errorf("demands %v, warnings %q", falling.Seconds, falling.Warnings)
	}
}

func TestShapeIsFoundOnHeldOutTimes(t *testing.T) {
	purpose := workload.NewPurpose("test/shape")
	for _, test := range []struct {
		why, from string
		want      workload.Kind
	}{
		{"a long tail", "lognormal(median=20ms, p95=120ms)", workload.Lognormal},
		{"a short tail", "gamma(mean=20ms, scv=1.2)", workload.Gamma},
		{"two kinds of request, cheap and expensive", "empirical(5ms, 5ms, 5ms, 80ms)", workload.Empirical},
	} {
		source := must(workload.ParseDistribution(test.from))(t)
		stream := workload.Seed{Value: 1}.Stream(purpose, 0, 0, 0)
		seconds := make([]float64, 4000)
		var mean float64
		for i := range seconds {
			seconds[i] = source.Draw(&stream).Seconds()
			mean += seconds[i] / float64(len(seconds))
		}
		got := must(capacity.ChooseShape(seconds, workload.Seed{Value: 2}))(t)
		if got.Distribution.Kind() != test.want {
			t.Errorf("%s: %v from %s, losses %v", test.why, got.Distribution, test.from, got.Losses)
		}
		within(t, test.why+": mean", got.Distribution.Mean(), mean, .03)
	}
}

func TestShapeOfTimesOutOfRange(t *testing.T) {
	for why, times := range map[string][2]float64{"picoseconds": {1e-12, 2e-12}, "equal picoseconds": {1e-12, 1e-12}, "centuries": {1e10, 2e10}, "equal centuries": {1e10, 1e10}} {
		seconds := make([]float64, 60)
		for i := range seconds {
			seconds[i] = times[i%2]
		}
		_, err := capacity.ChooseShape(seconds, workload.Seed{})
		if err == nil || !strings.Contains(err.Error(), "between 1e-07 s and 1e+09 s") {
			t.Errorf("%s: %v", why, err)
		}
	}
	wide := make([]float64, 60)
	for i := range wide {
		wide[i] = math.Pow(1e16, float64(i)/59) * 1e-7
	}
	if shape := must(capacity.ChooseShape(wide, workload.Seed{}))(t); shape.Distribution.Quantile(.5) <= 0 {
		t.Errorf("times over the whole range give %v", shape.Distribution)
	}
}

func TestShapeOfLittle(t *testing.T) {
	constant := make([]float64, 60)
	for i := range constant {
		constant[i] = .01
	}
	got := must(capacity.ChooseShape(constant, workload.Seed{}))(t)
	if got.Distribution.Kind() != workload.Constant || got.Distribution.Quantile(.5) != 10*time.Millisecond {
		t.Errorf("equal times give %v", got.Distribution)
	}
	if _, err := capacity.ChooseShape(constant[:10], workload.Seed{}); err == nil || !strings.Contains(err.Error(), "at least 50") {
		t.Errorf("ten times: %v", err)
	}
	constant[7] = -1
	if _, err := capacity.ChooseShape(constant, workload.Seed{}); err == nil || !strings.Contains(err.Error(), "service time 8") {
		t.Errorf("a negative time: %v", err)
	}
}
