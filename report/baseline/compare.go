package baseline

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// minPairs is the fewest pairs that Compare gives a verdict on.
const minPairs = 6

// falseAlarms is the highest probability that a build compared with itself fails.
const falseAlarms = 0.05

// Comparing holds the settings of a comparison. The zero value is the default.
type Comparing struct {
	Margin float64  // worsening that still passes, as a share; 0 means 0.1
	Step   string   // empty means the step at which arrivals are scheduled
	Gates  []string // names of the figures that decide; empty means DefaultGates
}

// DefaultGates returns the figures that decide by default. They are few because each further gate widens
// every interval.
func DefaultGates() []string {
	return []string{"response_time_passed.p95", "goodput_per_s", "cpu_s.backend"}
}

// Comparison is the result of comparing repeated runs of two builds. The unit is the run, because requests
// within one run are not independent.
type Comparison struct {
	Verdict  report.Verdict `json:"verdict"`
	Step     string         `json:"step"`
	Pairs    int            `json:"pairs"`
	Margin   float64        `json:"margin"` // share
	Alpha    float64        `json:"alpha"`  // highest error probability of each end of each interval
	Figures  []Changed      `json:"figures"`
	Warnings []string       `json:"warnings,omitempty"`
}

// Changed describes how one figure changed from the base to the candidate. Ratios are candidate over base.
// The interval is exact: it uses signed ranks of the logarithms of the ratios, pair by pair.
type Changed struct {
	Figure     string         `json:"figure"`
	Gate       bool           `json:"gate"`        // whether the figure decides the verdict
	HigherGood bool           `json:"higher_good"` // true for goodput, false for times
	Base       float64        `json:"base"`        // geometric mean
	Candidate  float64        `json:"candidate"`   // geometric mean
	Ratio      float64        `json:"ratio"`       // Hodges–Lehmann estimate
	Interval   *[2]float64    `json:"interval,omitempty"`
	Detectable *float64       `json:"detectable,omitempty"` // smallest worsening found in 4 of 5 such comparisons, as a share
	Verdict    report.Verdict `json:"verdict"`
	Reason     string         `json:"reason,omitempty"`
}

// Compare compares base[i] with candidate[i], pair by pair. A figure passes if its interval lies below the
// margin. It fails if its interval lies above no change and is not wholly within the margin. Otherwise it is
// inconclusive. All gates together raise a false alarm in at most one comparison of twenty (Bonferroni).
func Compare(base, candidate []report.Report, how Comparing) (Comparison, error) {
	if how.Margin == 0 {
		how.Margin = 0.1
	}
	if len(base) == 0 || len(base) != len(candidate) {
		return Comparison{}, fmt.Errorf("cannot pair %d base runs with %d candidate runs; give the same "+
			"number of each", len(base), len(candidate))
	}
	base, candidate, warnings := validPairs(base, candidate)
	c := Comparison{Verdict: report.Inconclusive, Pairs: len(base), Margin: how.Margin, Warnings: warnings}
	if len(base) == 0 {
		return c, nil
	}
	if how.Step == "" {
		how.Step = report.MainStep(base[0])
	}
	gates := how.Gates
	if len(gates) == 0 {
		gates = knownGates(base, candidate, how.Step)
	}
	c.Step, c.Alpha = how.Step, falseAlarms/float64(max(1, len(gates)))
	c.Warnings = append(c.Warnings, differences(base, candidate)...)
	for _, figure := range comparedFigures(base[0]) {
		changed := change(base, candidate, how, figure, c.Alpha)
		changed.Gate = slices.Contains(gates, figure.name)
		c.Figures = append(c.Figures, changed)
	}
	for _, gate := range gates {
		if !slices.ContainsFunc(c.Figures, func(f Changed) bool { return f.Figure == gate }) {
			return Comparison{}, fmt.Errorf("gate %q is not a known figure; %s", gate, units.Hint(gate, figureNames(base[0])))
		}
	}
	c.Verdict = c.judge()
	return c, nil
}

// judge returns fail if a gate failed, pass if all gates passed, and inconclusive otherwise.
func (c Comparison) judge() report.Verdict {
	verdict, gates := report.Pass, 0
	for _, figure := range c.Figures {
		if !figure.Gate {
			continue
		}
		gates++
		if figure.Verdict == report.Fail {
			return report.Fail
		}
		if figure.Verdict != report.Pass {
			verdict = report.Inconclusive
		}
	}
	if gates == 0 {
		return report.Inconclusive
	}
	return verdict
}

// validPairs drops the pairs in which a run is invalid, with a warning for each.
func validPairs(base, candidate []report.Report) (b, c []report.Report, warnings []string) {
	for i := range base {
		if base[i].Verdict == report.Invalid || candidate[i].Verdict == report.Invalid {
			warnings = append(warnings, fmt.Sprintf("pair %d is ignored: one of its runs is invalid", i+1))
			continue
		}
		b, c = append(b, base[i]), append(c, candidate[i])
	}
	return b, c, warnings
}

// differences warns of runs that differ in more than the build.
func differences(base, candidate []report.Report) (warnings []string) {
	type kind struct {
		engine                 report.Engine
		scenario, sha256, plan string
		speed                  float64
	}
	kinds, machines := map[kind]bool{}, map[report.Machine]bool{}
	for _, r := range slices.Concat(base, candidate) {
		kinds[kind{r.Engine, r.Scenario.Name, r.Scenario.SHA256, r.Plan, r.Speed}] = true
		if r.Machine != nil {
			machine := *r.Machine
			machine.Usage = nil // of the run
			machines[machine] = true
		}
	}
	if len(kinds) > 1 {
		warnings = append(warnings, "the runs differ in engine, scenario, plan or speed, so the comparison "+
			"covers more than the build")
	}
	if len(machines) > 1 {
		warnings = append(warnings, "the runs come from different machines")
	}
	return warnings
}

// change compares one figure over all pairs.
func change(base, candidate []report.Report, how Comparing, figure comparedFigure, alpha float64) Changed {
	changed := Changed{Figure: figure.name, HigherGood: figure.higherGood, Verdict: report.Inconclusive}
	if figure.higherGood && len(base) >= pairsNeeded(alpha) && fallsToNothing(base, candidate, how.Step, figure) {
		changed.Verdict = report.Fail
		changed.Reason = fmt.Sprintf("it is 0 in the candidate and above 0 in the base in all %d pairs", len(base))
		return changed
	}
	ratios, b, c, err := logRatios(base, candidate, how.Step, figure)
	if err != nil {
		changed.Reason = err.Error()
		return changed
	}
	changed.Base, changed.Candidate = math.Exp(stat.Mean(b, nil)), math.Exp(stat.Mean(c, nil))
	averages := walshAverages(ratios)
	changed.Ratio = math.Exp(hodgesLehmann(averages))
	changed.Detectable = detectable(ratios, alpha)
	low, high, ok := signedRankInterval(averages, len(ratios), alpha)
	if needed := pairsNeeded(alpha); !ok || len(ratios) < needed {
		changed.Reason = fmt.Sprintf("%d pairs are too few; %d are needed", len(ratios), needed)
		return changed
	}
	changed.Interval = &[2]float64{math.Exp(low), math.Exp(high)}
	if figure.higherGood {
		low, high = -high, -low
	}
	switch margin := math.Log1p(how.Margin); {
	case high < margin:
		changed.Verdict = report.Pass
	case low > 0:
		changed.Verdict = report.Fail
		changed.Reason = "it is worse, and the worsening may exceed the margin"
	default:
		changed.Reason = "the runs vary too much to decide; use more pairs or a quieter machine"
	}
	return changed
}

// fallsToNothing reports whether a figure is above 0 in every run of the base and 0 in every run of the
// candidate. Such pairs have no ratio. By the sign test, n of them occur by chance with probability 2⁻ⁿ.
// Hollander, Wolfe and Chicken, sec. 3.4.
func fallsToNothing(base, candidate []report.Report, step string, figure comparedFigure) bool {
	for i := range base {
		from, known := figure.value(&base[i], step)
		to, knownToo := figure.value(&candidate[i], step)
		if !known || !knownToo || !(from > 0) || to != 0 {
			return false
		}
	}
	return true
}

var errNoFigure = errors.New("not measured in every run")

// logRatios returns the logarithm of candidate over base for each pair, and the logarithms of both.
func logRatios(base, candidate []report.Report, step string, figure comparedFigure) (ratios, b, c []float64, err error) {
	for i := range base {
		from, known := figure.value(&base[i], step)
		to, knownToo := figure.value(&candidate[i], step)
		if !known || !knownToo {
			return nil, nil, nil, errNoFigure
		}
		if !(from > 0) || !(to > 0) || math.IsInf(from/to, 0) {
			return nil, nil, nil, fmt.Errorf("it is %s and %s in pair %d, which have no ratio", units.Number(from), units.Number(to), i+1)
		}
		b, c = append(b, math.Log(from)), append(c, math.Log(to))
		ratios = append(ratios, math.Log(to)-math.Log(from))
	}
	return ratios, b, c, nil
}

// detectable returns the smallest worsening that a comparison of as many pairs finds in four of five cases.
// It is approximate: Student's t at both probabilities, widened for ranks by their efficiency 3/π on normal
// differences (Lehmann, "Nonparametrics" (1975), sec. 4.3). It returns nil if the ratios have no spread.
//
// Where: s standard deviation of the n log ratios; (t(1−α) + t(0.8))·s/√(n·3/π).
func detectable(ratios []float64, alpha float64) *float64 {
	n := float64(len(ratios))
	if n < 2 {
		return nil
	}
	t := distuv.StudentsT{Sigma: 1, Nu: n - 1}
	effect := (t.Quantile(1-alpha) + t.Quantile(0.8)) * stat.StdDev(ratios, nil) / math.Sqrt(n*3/math.Pi)
	share := math.Expm1(effect)
	return &share
}

// knownGates returns the default gates that every run measured.
func knownGates(base, candidate []report.Report, step string) (gates []string) {
	defaultGates := DefaultGates()
	for _, process := range base[0].Processes {
		if process.Watched {
			defaultGates = append(defaultGates, "cpu_s."+process.Name)
		}
	}
	for _, figure := range comparedFigures(base[0]) {
		if !slices.Contains(defaultGates, figure.name) {
			continue
		}
		if _, _, _, err := logRatios(base, candidate, step, figure); !errors.Is(err, errNoFigure) {
			gates = append(gates, figure.name)
		}
	}
	return gates
}
