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
