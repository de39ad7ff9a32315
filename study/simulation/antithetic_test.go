package simulation

import (
	"errors"
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// queue is an M/M/1 queue.
const queue = `
schema: ombak.scenario/v1
name: queue
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, totals: exact, signups: [{for: 100s, rate: 1/s}]}
journey:
  - name: go
    timeout: 24h
    route: [{station: desk}]
stations:
  desk: {servers: 1, service: exponential(1s)}
`

// waits plays M/M/1 at a utilization for a number of people, whose instants are a Poisson process given their
// number. It returns the mean wait of each independent value.
func waits(t *testing.T, utilization float64, people, replications int, settings Settings) []float64 {
	t.Helper()
	run, err := setup.NewModel(parseScenario(t, queue), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	last := time.Duration(float64(people) / utilization * float64(time.Second))
	run.Config.Signups.Curve, run.Config.Signups.Bins = nil, workload.Bins{Width: last, Counts: []int{people}} // one bin
	run.Config.Until = 10 * last                                                                               // until all are served
	var values []float64
	for number := range replications {
		result, err := sim.Run(t.Context(), settings.replication(run.Config, number), func(int) funnel.Observer { return nobody{} })
		if err != nil {
			t.Fatal(err)
		}
		desk := result.Readings[len(result.Readings)-1]
		if desk.Completions != uint64(people) {
			t.Fatalf("%d of %d people were served", desk.Completions, people)
		}
		if wait := desk.QueueTime.Seconds() / float64(people); number%settings.apiece() == 0 {
			values = append(values, wait)
		} else {
			values[len(values)-1] = (values[len(values)-1] + wait) / 2
		}
	}
	return values
}

// TestAntitheticPairsVaryLess: if a queue grows, the mean of a pair varies less than that of two independent
// replications, and has the same expectation.
func TestAntitheticPairsVaryLess(t *testing.T) {
	const people, replications = 100, 500
	plain := waits(t, 1.2, people, replications, Settings{})
	pairs := waits(t, 1.2, people, replications, Settings{Antithetic: true})
	independent := stat.Variance(plain, nil) / 2
	if ratio := stat.Variance(pairs, nil) / independent; !(ratio < 0.75) {
		t.Errorf("the variance is %.2f of that of independent pairs, want below 0.75", ratio)
	} else {
		t.Logf("the variance is %.2f of that of independent pairs", ratio)
	}
	difference := stat.Mean(pairs, nil) - stat.Mean(plain, nil)
	if off := math.Abs(difference) / math.Sqrt(2*independent/replications+stat.Variance(pairs, nil)/float64(len(pairs))); off > 4 {
		t.Errorf("the mean differs by %.3f, %.1f standard errors", difference, off)
	}
}

// TestPlansSeeTheSamePeopleInBothTwins: common random numbers stay: with the same seed and number, another
// plan has the same people, and the twin has others.
func TestPlansSeeTheSamePeopleInBothTwins(t *testing.T) {
	settings := Settings{Replications: 2, Antithetic: true}
	play := func(plan string) Result { return simulateNamed(t, "smoke", setup.Options{Plan: plan}, settings) }
	a, b := play("calm"), play("brownout")
	if a.Report.Replications != 2 || len(a.Replications) != 1 || a.Report.Offered.Scheduled != b.Report.Offered.Scheduled {
		t.Errorf("%d replications, %d values", a.Report.Replications, len(a.Replications))
	}
	if a.Replications[0].SignUps != b.Replications[0].SignUps { // the plans do not differ before sign-up
		t.Errorf("%v and %v sign-ups", a.Replications[0].SignUps, b.Replications[0].SignUps)
	}
	run, err := setup.NewModel(parseScenario(t, queue), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Simulate(t.Context(), run, Settings{Replications: 3, Antithetic: true}); !errors.Is(err, setup.ErrRefused) {
		t.Errorf("an odd number: %v", err)
	}
	seed := workload.Seed{Value: 7, Replication: 3}
	twin := seed
	twin.Mirrored = true
	for person := range uint64(1000) {
		if u, v := seed.Uniform(1, person), twin.Uniform(1, person); u+v != 1-0x1p-53 {
			t.Fatalf("person %d: %v and %v", person, u, v)
		}
	}
}
