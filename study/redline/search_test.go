package redline_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/redline"
)

// TestInvalidAndUndecidedDecideNothing: wherever the limit, the reach of the generator and the values that thresholds
// need lie, no rate is called held that did not hold, and none broken that was not.
func TestInvalidAndUndecidedDecideNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) float64 { return math.Exp(rapid.Float64Range(0, 8).Draw(t, name)) }
		limit, reach, enough := draw("limit"), draw("reach"), draw("enough")
		tried := map[float64]int{}
		b := redline.Bisection{From: draw("from"), Factor: 1.5, Precision: .05, Most: 80, Repeats: rapid.IntRange(0, 2).Draw(t, "repeats")}
		found, err := b.Search(func(rate float64) (redline.Outcome, error) {
			tried[rate]++
			switch {
			case rate > reach:
				return redline.Invalid, nil
			case rate > limit:
				return redline.Broke, nil
			case rate < enough:
				return redline.Undecided, nil
			}
			return redline.Held, nil
		})
		if err != nil || found.Held > min(limit, reach) || found.Held > 0 && found.Held < enough {
			t.Fatalf("%+v, %v", found, err)
		}
		if found.Broke > 0 && (found.Broke <= limit || found.Broke > reach) || found.Invalid > 0 && found.Invalid <= reach {
			t.Fatalf("%+v with the limit %v and the reach %v", found, limit, reach)
		}
		for rate, times := range tried {
			if decides := rate <= reach && (rate > limit || rate >= enough); decides && times != 1 || times > b.Repeats+1 {
				t.Fatalf("%v was tried %d times", rate, times)
			}
		}
	})
}

// made plays levels whose verdict follows from the rate.
func made(step string, verdicts map[float64]redline.Level, most int) (redline.Open, error) {
	return redline.RunOpen(step, redline.Bisection{From: 10, Factor: 2, Precision: 1.5, Most: most, Repeats: 1}, func(rate float64) (redline.Level, error) {
		level, known := verdicts[rate]
		if !known {
			return level, fmt.Errorf("%v was not expected", rate)
		}
		level.Rate = rate
		return level, nil
	})
}

// TestCrowdedLevelsAreRepeatedOnce: a level that broke while other programs took the CPU does not count before it broke
// again, and what the second time says decides.
func TestCrowdedLevelsAreRepeatedOnce(t *testing.T) {
	broke := func(others float64, cpus int) report.Report {
		return report.Report{Verdict: report.Fail, Machine: &report.Machine{CPUs: cpus, Usage: &report.Usage{CPUShare: .97, OthersCores: others}}}
	}
	held, invalid := report.Report{Verdict: report.Pass}, report.Report{Verdict: report.Invalid}
	loaded := report.Report{Verdict: report.Pass, Machine: broke(1.8, 2).Machine}
	for _, test := range []struct {
		why           string
		at20          []report.Report // one after the other; the level at 10/s holds
		repeats, most int
		want          redline.Limit
	}{
		{"it holds the second time", []report.Report{broke(1.8, 2), held}, 1, 3, redline.Limit{Held: 20}},
		{"it breaks again", []report.Report{broke(1.8, 2), broke(1.8, 2)}, 1, 9, redline.Limit{Held: 10, Broke: 20}},
		{"it breaks again though more repeats are allowed", []report.Report{broke(1.8, 2), broke(1.8, 2)}, 5, 9, redline.Limit{Held: 10, Broke: 20}},
		{"it is invalid the second time", []report.Report{broke(1.8, 2), invalid}, 1, 3, redline.Limit{Held: 10, Invalid: 20}},
		{"no more than a quarter of the cores", []report.Report{broke(1, 4)}, 1, 9, redline.Limit{Held: 10, Broke: 20}},
		{"no repeats are wanted", []report.Report{broke(1.8, 2)}, 0, 9, redline.Limit{Held: 10, Broke: 20}},
		{"no more levels are allowed", []report.Report{broke(1.8, 2)}, 1, 2, redline.Limit{Held: 10, Broke: 20}},
		{"a level that holds needs no second", []report.Report{loaded}, 1, 2, redline.Limit{Held: 20}},
		{"a machine that was not read", []report.Report{{Verdict: report.Fail}}, 1, 9, redline.Limit{Held: 10, Broke: 20}},
	} {
		left := test.at20
		open, err := redline.RunOpen("pay", redline.Bisection{From: 10, Factor: 2, Precision: 1.5, Most: test.most, Repeats: test.repeats}, func(rate float64) (redline.Level, error) {
			if rate == 10 {
				return redline.Level{Rate: rate, Report: held}, nil
			}
			if rate != 20 || len(left) == 0 {
				return redline.Level{}, fmt.Errorf("%v was not expected", rate)
			}
			next := left[0]
			left = left[1:]
			return redline.Level{Rate: rate, Report: next}, nil
		})
		if err != nil || len(left) > 0 || open.Limit != test.want {
			t.Errorf("%s: %+v, %v, %d levels left; want %+v", test.why, open.Limit, err, len(left), test.want)
		}
	}
}

func TestSentences(t *testing.T) {
	held := redline.Level{Report: report.Report{Verdict: report.Pass}}
	broke := redline.Level{Report: report.Report{
		Verdict: report.Fail, Thresholds: []report.Judgement{{Source: "pay.p99 < 1s", Verdict: report.Fail}},
		Machine: &report.Machine{CPUs: 2, Usage: &report.Usage{CPUShare: .97, Sentence: "CPU was short: 97 % of 2 cores."}},
	}}
	crowded := redline.Level{Report: report.Report{
		Verdict: report.Fail, Thresholds: []report.Judgement{{Source: "pay.p99 < 1s", Verdict: report.Fail, Reason: "it is 2.5 s"}},
		Machine: &report.Machine{CPUs: 2, Usage: &report.Usage{CPUShare: .97, ShortageOfResource: "CPU", OthersCores: 1.8, Sentence: "CPU was short: 97 % of 2 cores."}},
	}}
	invalid := redline.Level{Report: report.Report{Verdict: report.Invalid, Invalid: []string{"it sent late"}}}
	undecided := redline.Level{Report: report.Report{Verdict: report.Inconclusive, Thresholds: []report.Judgement{{Source: "pay.p99 < 1s", Verdict: report.Inconclusive, Reason: "90 values are too few"}}}}
	refused := redline.Level{Report: report.Report{
		Verdict: report.Pass, Funnel: []report.FunnelRow{{Step: "pay", Entered: 200, Passed: 5, Declined: 195}}, Steps: []report.StepRow{{Step: "pay", GoodputPerS: 1, ResponseTimePassedS: &report.Quantiles{Mean: 1}}},
	}}
	duplicates := redline.Level{Report: report.Report{
		Verdict: report.Fail, Funnel: []report.FunnelRow{{Step: "pay", Entered: 200, Passed: 5, Failed: 195}}, Steps: []report.StepRow{{Step: "pay", Reasons: map[string]float64{"409": 195}}},
	}}
	later := redline.Level{Report: report.Report{
		Verdict: report.Inconclusive, Funnel: []report.FunnelRow{{Step: "pay", Entered: 200, Passed: 200}, {Step: "register", Entered: 200, Passed: 5, Failed: 195}},
		Steps: []report.StepRow{{Step: "pay"}, {Step: "register", Reasons: map[string]float64{"422": 195}}},
	}}
	declining := redline.Level{Report: report.Report{
		Verdict: report.Pass, Funnel: []report.FunnelRow{{Step: "pay", Entered: 200, Passed: 200}, {Step: "check", Entered: 200, Passed: 5, Declined: 195}}, Steps: []report.StepRow{{Step: "pay"}, {Step: "check"}},
	}}
	overloaded := redline.Level{Report: report.Report{
		Verdict: report.Fail, Funnel: []report.FunnelRow{{Step: "pay", Entered: 200, Passed: 5, Failed: 195}}, Steps: []report.StepRow{{Step: "pay", Reasons: map[string]float64{"500": 195}}},
	}}
	for _, test := range []struct {
		why    string
		levels map[float64]redline.Level
		most   int
		begins string
		says   []string
		lacks  string
	}{
		{"a limit, and what the machine was short of", map[float64]redline.Level{10: held, 20: broke}, 9, "10 pays/s held, 20 did not (pay.p99 < 1s); busiest: the machine's CPU", []string{"At 20/s: CPU was short: 97 %"}, "shares its machine"},
		{"a limit on a machine that others use, and by how much the threshold broke", map[float64]redline.Level{10: held, 20: crowded}, 9, "10 pays/s held, 20 did not (pay.p99 < 1s: it is 2.5 s); busiest", []string{"So the limit may be that of a service that shares its machine; repeat the search on a quiet one"}, "knee"},
		{"an invalid level is repeated, and no limit", map[float64]redline.Level{10: held, 20: invalid}, 9, "10 pays/s held, and the limit is not known: at 20/s every run was invalid (invalid: it sent late)", nil, "did not"},
		{"an undecided level is repeated, and does not hold", map[float64]redline.Level{10: undecided, 20: held, 40: broke}, 9, "20 pays/s held, 40 did not", nil, "10/s counts"},
		{"nothing but undecided levels", map[float64]redline.Level{10: undecided, 20: undecided}, 4, "No level decided anything. 20/s counts neither as held nor as broken (undecided: pay.p99 < 1s: 90 values are too few); play levels for longer", nil, "pays/s held"},
		{"levels run out at an invalid one", map[float64]redline.Level{10: held, 20: invalid}, 2, "10 pays/s held, and the level at 20/s says nothing (invalid: it sent late) and was not repeated, because no more levels were allowed; raise --most.", nil, "nothing higher"},
		{"invalid from the first", map[float64]redline.Level{10: invalid, 5: invalid}, 4, "Nothing is known about the limit: at 5/s every run was invalid", nil, "held,"},
		{"people who are declined the second time", map[float64]redline.Level{10: held, 20: refused}, 9, "The level at 20/s says nothing about load: the service declined or refused 195 of 200 people at pay.", []string{"there is no knee", "Before it, 10/s held"}, "The knee is at"},
		{"people who are there already", map[float64]redline.Level{10: duplicates}, 9, "The level at 10/s says nothing about load: the service declined or refused 195 of 200", nil, "The knee"},
		{"people who are there already, at a later step", map[float64]redline.Level{10: later}, 9, "The level at 10/s says nothing about load: the service declined or refused 195 of 200 people at register.", nil, "The knee"},
		{"a later step that declines most people as it should", map[float64]redline.Level{10: declining, 20: broke}, 9, "10 pays/s held, 20 did not", nil, "says nothing"},
		{"errors under load are no refusals", map[float64]redline.Level{10: held, 20: overloaded}, 9, "10 pays/s held, 20 did not", nil, "says nothing"},
	} {
		open, err := made("pay", test.levels, test.most)
		sentence := open.Sentence()
		if err != nil || !strings.HasPrefix(sentence, test.begins) || strings.Contains(sentence, test.lacks) {
			t.Errorf("%s: %v, %s", test.why, err, sentence)
		}
		for _, want := range test.says {
			if !strings.Contains(sentence, want) {
				t.Errorf("%s: %q is not in %s", test.why, want, sentence)
			}
		}
		if refused := open.Report().Redline.RefusedPerS > 0; refused != strings.Contains(sentence, "says nothing about load") {
			t.Errorf("%s: the report is %+v", test.why, open.Report().Redline)
		}
	}
}

// TestLengths: a level is as long as thresholds and slow answers need, within what is allowed.
func TestLengths(t *testing.T) {
	lengths := redline.Lengths{Least: 20 * time.Second, Most: 5 * time.Minute, Needs: []redline.Need{{Source: "pay.p95 < 1s", People: 200}}}
	slow := redline.Level{Rate: 4, Report: report.Report{Verdict: report.Pass, Steps: []report.StepRow{{Step: "pay", ResponseTimePassedS: &report.Quantiles{P95: 5}}}}}
	for _, test := range []struct {
		why  string
		rate float64
		want time.Duration
		says string
	}{
		{"values enough in the least time", 100, 20 * time.Second, ""},
		{"200 people, and a fifth more", 4, time.Minute, `"pay.p95 < 1s" needs 200 people`},
		{"more than is allowed", .5, 5 * time.Minute, "no longer than 5 min"},
	} {
		if length, why := lengths.At(test.rate); length != test.want || !strings.Contains(why, test.says) || test.says == "" && why != "" {
			t.Errorf("%s: %v%s, want %v", test.why, length, why, test.want)
		}
	}
	lengths.Learn(slow, "pay")
	if length, why := lengths.At(100); length != 100*time.Second || !strings.Contains(why, "answers take up to 5") {
		t.Errorf("answers of 5 s: %v%s, want 100 s", length, why)
	}
	slow.Report.Verdict = report.Inconclusive
	lengths.Learn(slow, "pay")
	if length, _ := lengths.At(4); length != 200*time.Second {
		t.Errorf("an undecided level is played again for %v, want twice as long", length)
	}
	fixed := redline.Lengths{Least: 20 * time.Second, Most: time.Minute, Fixed: true, Needs: lengths.Needs}
	if length, why := fixed.At(4); length != 20*time.Second || why != "" {
		t.Errorf("a length that the user gives: %v%s", length, why)
	}
	for _, want := range []time.Duration{40 * time.Second, time.Minute} {
		fixed.Learn(slow, "pay")
		if length, _ := fixed.At(4); length != want {
			t.Errorf("an undecided level is played again for %v, want %v", length, want)
		}
	}
	for repeats, want := range []time.Duration{20 * time.Second, 40 * time.Second, time.Minute} {
		if longest := fixed.Longest(repeats); longest != want || lengths.Longest(repeats) != lengths.Most {
			t.Errorf("after %d repeats a level lasts at most %v, want %v", repeats, longest, want)
		}
	}
	slow.Report.Verdict, slow.Report.Steps[0].ResponseTimePassedS.P95 = report.Fail, 1000
	lengths.Learn(slow, "pay")
	if length, _ := lengths.At(100); length != 100*time.Second {
		t.Errorf("an overloaded level makes the next %v", length)
	}
}
