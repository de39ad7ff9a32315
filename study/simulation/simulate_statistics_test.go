//go:build statistics

package simulation

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/setup"
)

// TestSurgeReproducesThePublishedCounts: within 1 %, under both plans; as-published also as it is played
// live, fast-forwarded, where more people are on their way when the run ends.
func TestSurgeReproducesThePublishedCounts(t *testing.T) {
	for _, options := range []setup.Options{{Plan: "as-was"}, {Plan: "as-published"}, {Plan: "as-published", MaxRate: 240_000. / 60, MaxWork: 152_000. / 60}} {
		r := simulateNamed(t, "prakerja-2020", options, Settings{}).Report
		for _, row := range r.Funnel {
			if want, published := surgeCounts[row.Step]; published && math.Abs(row.Passed/want-1) > 0.01 {
				t.Errorf("%s, at most %v: %.0f passed %s, published are %.0f (%+.2f %%)", options.Plan, options.MaxRate, row.Passed, row.Step, want, 100*(row.Passed/want-1))
			}
		}
	}
}

// TestTheRegistryBoundsTheSurge: under as-was more capacity lets more people through, and the
// registry works almost without a break; a constant share would do neither.
func TestTheRegistryBoundsTheSurge(t *testing.T) {
	passed := map[float64]float64{}
	for _, factor := range []float64{0.1, 0.2} {
		r := simulateNamed(t, "prakerja-2020", setup.Options{Plan: "as-was", Scale: 0.1, ScaleSystem: factor}, Settings{}).Report
		for _, row := range r.Funnel {
			if row.Step == "identity" {
				passed[factor] = row.Passed
			}
		}
		for _, station := range r.Stations {
			if utilization := station.BusyS / station.Servers / r.DurationS; station.Name == "dukcapil" && factor == 0.1 && utilization < 0.95 {
				t.Errorf("the registry is busy %.1f %% of the time only", 100*utilization)
			}
		}
	}
	if gain := passed[0.2] / passed[0.1]; gain < 1.2 {
		t.Errorf("twice the registry lets only %.2f times as many through", gain)
	}
}

// TestPlansSeeTheSamePeople: what happens before a plan's changes matter is the same under both.
func TestPlansSeeTheSamePeople(t *testing.T) {
	under := func(plan string) Result {
		run := simulationOf(t, "prakerja-2020", setup.Options{Scale: 0.01, ScaleSystem: 0.1, Plan: plan})
		run.Config.Until += time.Minute // so that nobody waits for an answer at the end
		return simulated(t, run, Settings{Replications: 2})
	}
	was, published := under("as-was"), under("as-published")
	for i, step := range []string{"landing", "sign-up", "mail", "email-verify"} {
		if a, b := was.Report.Funnel[i], published.Report.Funnel[i]; a.Entered != b.Entered || a.Passed != b.Passed {
			t.Errorf("%s: %v of %v under one plan, %v of %v under the other", step, a.Passed, a.Entered, b.Passed, b.Entered)
		}
	}
}

// TestMetastability: after a rush of one minute the service stays down though the load is what it
// bore before, and each cure brings it back.
func TestMetastability(t *testing.T) {
	for _, test := range []struct {
		plan     string
		recovers bool
	}{{"as-is", false}, {"short-queue", true}, {"gate", true}, {"lifo", true}, {"codel", true}, {"budget", true}, {"no-retries", true}, {"more-servers", true}} {
		r := simulateNamed(t, "metastable", setup.Options{Plan: test.plan}, Settings{}).Report
		before, after := passedPerSecond(r, 60, 180), passedPerSecond(r, 780, 900)
		t.Logf("%s: goodput %.1f/s before the rush, %.1f/s nine minutes after it", test.plan, before, after)
		if says := r.Overload.Metastable; says == nil || *says == test.recovers {
			t.Errorf("%s: the report's word on metastability is %v", test.plan, r.Overload)
		}
		if before < 65 {
			t.Errorf("%s: goodput before the rush is %.1f/s, want about 70/s", test.plan, before)
		}
		if recovered := after > 0.9*before; recovered != test.recovers || !test.recovers && after > 0.2*before {
			t.Errorf("%s: goodput is %.1f/s before and %.1f/s after the rush", test.plan, before, after)
		}
	}
}

// TestMaxRateEvensOutTheWork: when 21 hours are played in minutes, the people of the spike come to
// their later steps within seconds of one another, beside those who sign up then; no ten seconds ask for much
// more than all.
func TestMaxRateEvensOutTheWork(t *testing.T) {
	const scale, span = 0.05, 10
	r := simulateNamed(t, "prakerja-2020", setup.Options{Plan: "as-published", Scale: scale, MaxRate: 150_000. / 60 * scale}, Settings{}).Report
	looks := []string{"mail", "sms"} // cheap ones
	asked := make([]float64, len(r.Series.TS))
	for _, step := range r.Series.Steps {
		if slices.Contains(looks, step.Step) {
			continue
		}
		for second, requests := range step.Requests {
			asked[second] += float64(requests)
		}
	}
	var all, most, sum float64
	for second, requests := range asked {
		all, sum = all+requests, sum+requests
		if second >= span {
			sum -= asked[second-span]
		}
		most = max(most, sum)
	}
	if mean := all / float64(len(asked)) * span; most > 1.8*mean { // 2.7 where nothing but sign-ups is capped
		t.Errorf("the busiest %d s ask for %.0f, %.2f times the mean", span, most, most/mean)
	}
}
