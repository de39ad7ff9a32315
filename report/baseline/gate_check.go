package baseline

import (
	"fmt"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report"
)

// GateCheck says how often runs of one build, compared with each other, raise a false alarm.
type GateCheck struct {
	Verdict      report.Verdict `json:"verdict"` // fail where the alarms are more than allowed
	Runs         int            `json:"runs"`
	Comparisons  int            `json:"comparisons"`
	Pairs        int            `json:"pairs"` // of each comparison
	Alarms       int            `json:"alarms"`
	Allowed      int            `json:"allowed"` // most alarms that chance alone would raise in 99 of 100 such trials
	Inconclusive int            `json:"inconclusive"`
	Rate         float64        `json:"rate"`
	CI95         [2]float64     `json:"ci95"` // of the rate, as if the comparisons shared no run
}

// CheckGate compares runs of one build with each other: every stretch of 2·pairs successive runs,
// dealt out as base, candidate, candidate, base, and so on (ABBA), at most comparisons stretches
// evenly spread. It needs one stretch at least. Stretches share runs, so that their alarms come in
// clusters: a trial that breaks Allowed is worth a second one before the gate is doubted.
func CheckGate(runs []report.Report, pairs, comparisons int, how Comparing) (GateCheck, error) {
	if pairs < minPairs {
		return GateCheck{}, fmt.Errorf("%d pairs are too few to compare; give %d or more", pairs, minPairs)
	}
	stretches := len(runs) - 2*pairs + 1
	if stretches < 1 {
		return GateCheck{}, fmt.Errorf("%d runs make no comparison of %d pairs; give %d runs at least", len(runs), pairs, 2*pairs)
	}
	c := GateCheck{Runs: len(runs), Pairs: pairs, Comparisons: min(stretches, max(1, comparisons))}
	for i := range c.Comparisons {
		start := 0
		if c.Comparisons > 1 {
			start = i * (stretches - 1) / (c.Comparisons - 1)
		}
		base, candidate := Deal(runs[start : start+2*pairs])
		compared, err := Compare(base, candidate, how)
		if err != nil {
			return GateCheck{}, err
		}
		switch compared.Verdict {
		case report.Fail:
			c.Alarms++
		case report.Inconclusive:
			c.Inconclusive++
		}
	}
	c.Verdict, c.Allowed = report.Pass, allowedAlarms(c.Comparisons)
	if c.Alarms > c.Allowed {
		c.Verdict = report.Fail
	}
	c.Rate, c.CI95 = float64(c.Alarms)/float64(c.Comparisons), clopperPearson(c.Alarms, c.Comparisons)
	return c, nil
}

// allowedAlarms is the 0.99 quantile of how many of n comparisons raise an alarm, each with the
// probability that Compare allows itself.
func allowedAlarms(n int) int {
	alarms := distuv.Binomial{N: float64(n), P: falseAlarms}
	allowed := 0
	for alarms.CDF(float64(allowed)) < 0.99 {
		allowed++
	}
	return allowed
}

// Deal deals runs out in the order base, candidate, candidate, base (ABBA), so that what drifts
// with time falls on both alike.
func Deal[T any](runs []T) (base, candidate []T) {
	for i := 0; i+1 < len(runs); i += 2 {
		first, second := runs[i], runs[i+1]
		if i%4 == 2 {
			first, second = second, first
		}
		base, candidate = append(base, first), append(candidate, second)
	}
	return base, candidate
}

// clopperPearson is the exact 95 % interval of a share. Clopper and Pearson (1934).
func clopperPearson(hits, trials int) (interval [2]float64) {
	k, n := float64(hits), float64(trials)
	interval[1] = 1
	if hits > 0 {
		interval[0] = distuv.Beta{Alpha: k, Beta: n - k + 1}.Quantile(0.025)
	}
	if hits < trials {
		interval[1] = distuv.Beta{Alpha: k + 1, Beta: n - k}.Quantile(0.975)
	}
	return interval
}
