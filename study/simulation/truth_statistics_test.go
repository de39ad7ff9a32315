//go:build statistics

package simulation

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// oneStation is a scenario in which people take one step at one station. Service times are in units of 10 ms.
func oneStation(arrivals, station string) string {
	return `
schema: ombak.scenario/v1
name: one-station
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 100s
arrivals: {step: go, ` + arrivals + `}
journey: [{name: go, timeout: 1h, route: [{station: server}]}]
stations:
  server: {` + station + `}
`
}

// passedAt is the mean response time of those who passed a step, in units of 10 ms.
func passedAt(step int) func(report.Report) float64 {
	return func(r report.Report) float64 { return r.Steps[step].ResponseTimePassedS.Mean / .01 }
}

// TestProcessorSharing is M/G/1-PS, whose mean is that of M/M/1 whatever the service times (L. Kleinrock, "Queueing
// Systems", vol. II, 1976, eq. 4.17).
func TestProcessorSharing(t *testing.T) {
	agree(t, oneStation("people: [{for: 2400s, rate: 50/s}]", "discipline: sharing, service: 'empirical(0s, 0s, 0s, 0s, 50ms)'"),
		known{"W with SCV 4", meanAt(0), 2})
	agree(t, oneStation("people: [{for: 4000s, rate: 80/s}]", "discipline: sharing, service: exponential(10ms)"),
		known{"W with SCV 1", meanAt(0), 5})
}

// TestPreemptivePriority is pre-emptive resume (N. K. Jaiswal, "Priority Queues", 1968).
func TestPreemptivePriority(t *testing.T) {
	agree(t, strings.Replace(twoClasses, "priority", "preemptive", 1),
		known{"everyone else", meanAt(0), 7.1428571}, known{"those past the scheduled step", meanAt(1), 1.4285714})
}

// TestStepPriority is Cobham's formula with the classes that the steps name: .5 and .3 per service time, the residual
// work .8, so that .8/(1 − .5) and .8/((1 − .5)(1 − .8)) are waited.
func TestStepPriority(t *testing.T) {
	text := strings.NewReplacer("name: first,", "name: first, priority: 2,", "name: second,", "name: second, priority: 7,").Replace(twoClasses)
	agree(t, text, known{"the step with the smaller number", meanAt(0), 1 + 1.6}, known{"the other", meanAt(1), 1 + 8})
}

// TestBalking is M/M/1 with discouraged arrivals, whose number is Poisson with mean ρ (F. A. Haight, "Queueing with
// Balking", Biometrika 44, 1957): 1 − e^−1.5 per service time are served, and by Little's law each is there for
// 1.5/(1 − e^−1.5).
func TestBalking(t *testing.T) {
	served := 1 - math.Exp(-1.5)
	agree(t, oneStation("people: [{for: 600s, rate: 150/s}]", "balk: 1, service: exponential(10ms)"),
		known{"rejected", func(r report.Report) float64 { return r.Funnel[0].Rejected / r.Funnel[0].Entered }, 1 - served/1.5},
		known{"W of those who join", passedAt(0), 1.5 / served})
}

// TestPauses is case 10 of the known answers: garbage collection of 100 ms at .2 per busy second.
func TestPauses(t *testing.T) {
	agree(t, oneStation("people: [{for: 5000s, rate: 80/s}]", "pauses: {rate: 0.2/s, time: 100ms}, service: exponential(10ms)"),
		known{"W", meanAt(0), 5.97826087})
}

// TestSetUp is the decomposition of M/G/1 with exceptional first service (P. D. Welch, "On a Generalized M/G/1 Queuing
// Process in Which the First Customer of Each Busy Period Receives Exceptional Service", Operations Research 12, 1964):
// to the wait of M/G/1 the set-up D adds (2E[D] + λE[D²])/(2(1 + λE[D])), which is E[D] if D is exponential.
func TestSetUp(t *testing.T) {
	agree(t, oneStation("people: [{for: 2000s, rate: 50/s}]", "setup: exponential(20ms), service: exponential(10ms)"), known{"W, exponential set-up", meanAt(0), 2 + 2})
	constant := (2*2 + .5*4) / (2 * (1 + .5*2))
	agree(t, oneStation("people: [{for: 2000s, rate: 50/s}]", "setup: 20ms, service: exponential(10ms)"), known{"W, constant set-up", meanAt(0), 2 + constant})
}

// TestWaitsOfStations is M/M/4, case 4 of the known answers, in the report's own figures.
func TestWaitsOfStations(t *testing.T) {
	row := func(figure func(report.StationRow) *float64) func(report.Report) float64 {
		return func(r report.Report) float64 { return *figure(r.Stations[0]) }
	}
	agree(t, oneStation("people: [{for: 2500s, rate: 90/s}]", "servers: 4, service: exponential(20ms)"),
		known{"p_wait", row(func(s report.StationRow) *float64 { return s.PWait }), .1285336468},
		known{"wait_s", row(func(s report.StationRow) *float64 { return s.WaitS }), .1051638928 / 90},
		known{"service_s", row(func(s report.StationRow) *float64 { return s.ServiceS }), .02})
}

// TestRenewalArrivals is GI/M/1 at .8 (L. Kleinrock, "Queueing Systems", vol. I, 1975, sec. 6.4): W = 1/(μ(1 − σ)), where σ
// is the root of σ = A*(μ(1 − σ)) below 1, and A* the Laplace transform of the gaps.
func TestRenewalArrivals(t *testing.T) {
	gamma := func(scv float64) func(float64) float64 {
		return func(s float64) float64 { return math.Pow(1+s*scv/.8, -1/scv) }
	}
	for _, test := range []struct {
		gaps      string
		transform func(float64) float64
		length    int
	}{
		{"1s", func(s float64) float64 { return math.Exp(-s / .8) }, 2000},
		{"'gamma(mean=1s, scv=0.5)'", gamma(.5), 2500},
		{"'empirical(0s, 10ms, 50ms)'", func(s float64) float64 { return (1 + math.Exp(-s*.5/.8) + math.Exp(-s*2.5/.8)) / 3 }, 4000},
	} {
		root := .5
		for range 10_000 {
			root = test.transform(1 - root)
		}
		agree(t, oneStation(fmt.Sprintf("renewal: %s, people: [{for: %ds, rate: 80/s}]", test.gaps, test.length), "service: exponential(10ms)"),
			known{"W with gaps " + test.gaps, meanAt(0), 1 / (1 - root)})
	}
}

// TestClosedPopulation is case 19 of the known answers, from chapter 6 of E. D. Lazowska et al., "Quantitative System
// Performance", 1984.
func TestClosedPopulation(t *testing.T) {
	agree(t, `
schema: ombak.scenario/v1
name: lazowska
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, closed: {people: 3, think: exponential(15s), for: 60000s}}
journey: [{name: go, timeout: 1h, route: [{station: cpu}, {station: disk1}, {station: disk2}]}]
stations:
  cpu: {service: exponential(605ms)}
  disk1: {service: exponential(2100ms)}
  disk2: {service: exponential(1350ms)}
`, known{"X", func(r report.Report) float64 { return r.Steps[0].ThroughputPerS }, .1515164923},
		known{"R", func(r report.Report) float64 { return r.Steps[0].ResponseTimeS.Mean }, 4.7998247816})
}

// TestScaleAboveOne: twice the people of an M/M/1 at .4 wait as at .8.
func TestScaleAboveOne(t *testing.T) {
	const replications = 20
	model, err := setup.NewModel(parseScenario(t, oneStation("people: [{for: 4000s, rate: 40/s}]", "service: exponential(10ms)")), setup.Options{Scale: 2})
	if err != nil {
		t.Fatal(err)
	}
	series := Series{Model: model}
	if err := series.Extend(t.Context(), Settings{Brief: true, Lean: true}, replications); err != nil {
		t.Fatal(err)
	}
	var waits []float64
	for _, r := range series.reports {
		waits = append(waits, meanAt(0)(r))
	}
	mean, deviation := stat.MeanStdDev(waits, nil)
	if standardError := deviation / math.Sqrt(replications); math.Abs(mean-5) > 4*standardError || standardError > .05 {
		t.Errorf("W is %.4g ± %.2g, want 5", mean, standardError)
	}
}

// TestSteadyCovers: of 60 intervals of 95 % by batch means, at least 50 hold the mean of an M/M/1 at .7. If they held it
// with a probability of .93, fewer would do so once in 700 times.
func TestSteadyCovers(t *testing.T) {
	const runs, least, truth = 60, 50, .01 / .3
	text, covered := oneStation("people: [{for: 2000s, rate: 70/s}]", "service: exponential(10ms)"), 0
	for seed := range uint64(runs) {
		model, err := setup.NewModel(parseScenario(t, text), setup.Options{Seed: &seed})
		if err != nil {
			t.Fatal(err)
		}
		played, err := Steady(t.Context(), model, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if !played.Report.Steady.Settled {
			t.Logf("seed %d: %s", seed, played.Report.Steady.Sentence)
			continue
		}
		if interval := played.Report.Steps[0].CI95["response_time_s.mean"]; interval[0] <= truth && truth <= interval[1] {
			covered++
		}
	}
	if covered < least {
		t.Errorf("%d of %d intervals hold the truth, want %d", covered, runs, least)
	}
}
