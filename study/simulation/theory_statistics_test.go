//go:build statistics

package simulation

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// known is a figure of a report whose value theory knows.
type known struct {
	what   string
	of     func(report.Report) float64
	theory float64
}

// agree plays 20 replications of a scenario and holds figures against theory: each estimate lies within four standard
// errors, and the half-width of its interval is at most 3 %.
func agree(t *testing.T, text string, figures ...known) {
	t.Helper()
	const replications = 20
	model, err := setup.NewModel(parseScenario(t, text), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	series := Series{Model: model}
	if err := series.Extend(t.Context(), Settings{Brief: true, Lean: true}, replications); err != nil {
		t.Fatal(err)
	}
	for _, figure := range figures {
		var values []float64
		for _, r := range series.reports {
			values = append(values, figure.of(r))
		}
		mean, deviation := stat.MeanStdDev(values, nil)
		standardError := deviation / math.Sqrt(replications)
		if math.Abs(mean-figure.theory) > 4*standardError || 2.093*standardError > .03*figure.theory {
			t.Errorf("%s is %.6g ± %.2g, want %.6g", figure.what, mean, standardError, figure.theory)
		}
		t.Logf("%s is %.6g ± %.2g, theory %.6g", figure.what, mean, standardError, figure.theory)
	}
}

// meanAt is the mean response time of a step in units of 10 ms.
func meanAt(step int) func(report.Report) float64 {
	return func(r report.Report) float64 { return r.Steps[step].ResponseTimeS.Mean / .01 }
}

// twoClasses brings 50 people a second to a server of 10 ms, and 30 of them again, much later and independently.
const twoClasses = `
schema: ombak.scenario/v1
name: two-classes
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 200s
arrivals: {step: first, totals: random, signups: [{for: 2000s, rate: 50/s}]}
journey:
  - {name: first, timeout: 1h, continue: 60%, route: [{station: server}]}
  - {name: second, think: exponential(10s), timeout: 1h, route: [{station: server}]}
stations:
  server: {discipline: priority, service: exponential(10ms)}
`

// TestPriority is Cobham's formula, without interruption (A. Cobham, "Priority Assignment in Waiting Line Problems",
// Operations Research 2(1), 1954): at .3 and .5 per service time people wait 1.142857 and 5.714286 of them.
func TestPriority(t *testing.T) {
	agree(t, twoClasses, known{"everyone else", meanAt(0), 1 + 5.7142857}, known{"those past the scheduled step", meanAt(1), 1 + 1.1428571})
	agree(t, strings.Replace(twoClasses, "priority", "fifo", 1), known{"without priority", meanAt(1), 5})
}

// impatient brings 48 people per service time to 50 servers; their patience is twice a service time.
const impatient = `
schema: ombak.scenario/v1
name: impatient
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 1s
arrivals: {step: go, totals: random, signups: [{for: 40s, rate: 4800/s}]}
journey:
  - {name: go, timeout: 1h, patience: exponential(20ms), route: [{station: servers}]}
stations:
  servers: {servers: 50, service: exponential(10ms)}
`

// TestClosingLeavesTheQueue is Erlang-A (C. Palm, 1957; S. Zeltyn, A. Mandelbaum, "Call centers with impatient customers",
// Queueing Systems 51, 2005): 3.0912 % leave before they are served. Of those served, patience ends first for a third:
// .5/(.5 + 1), and their work is wasted.
func TestClosingLeavesTheQueue(t *testing.T) {
	const unserved = .0309122492
	work := func(r report.Report) (completions, wasted float64) {
		return r.Stations[0].Completions, *r.Stations[0].Wasted
	}
	agree(t, impatient,
		known{"left unserved", func(r report.Report) float64 {
			completions, _ := work(r)
			return 1 - completions/r.Funnel[0].Entered
		}, unserved},
		known{"abandoned", func(r report.Report) float64 { return r.Funnel[0].Abandoned / r.Funnel[0].Entered }, unserved + (1-unserved)/3},
		known{"wasted", func(r report.Report) float64 {
			completions, wasted := work(r)
			return wasted / completions
		}, 1. / 3},
	)
	model, err := setup.NewModel(parseScenario(t, strings.Replace(impatient, "timeout: 1h", "timeout: 1h, leave: silent", 1)), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if completions, _ := work(simulated(t, model, Settings{}).Report); completions < 48*4000*.95 {
		t.Errorf("%v are served, want all of about 192,000 where nobody says a word", completions)
	}
}

// TestClosingLeavesAGate: as before, where people wait at a gate for its 50 places instead.
func TestClosingLeavesAGate(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays 20 long replications")
	}
	text := strings.Replace(impatient, "servers: 50", "servers: 1000", 1) +
		"plans: [{name: gate, policies: [{policy: bounded-fifo, at: entry, limit: 50, queue: 100000}]}]\n"
	agree(t, text, known{"left unserved", func(r report.Report) float64 {
		for _, station := range r.Stations {
			if station.Name == "servers" {
				return 1 - station.Completions/r.Funnel[0].Entered
			}
		}
		return math.NaN()
	}, .0309122492})
}
