package baseline

import (
	"fmt"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report"
)

// GateCheck counts the false alarms raised by comparing runs of one build with each other.
type GateCheck struct {
	Verdict      report.Verdict `json:"verdict"` // fail if there are more false alarms than allowed
	Runs         int            `json:"runs"`
	Comparisons  int            `json:"comparisons"`
	Pairs        int            `json:"pairs"` // in each comparison
	Alarms       int            `json:"alarms"`
	Allowed      int            `json:"allowed"` // 0.99 quantile of the number of false alarms that chance raises
	Inconclusive int            `json:"inconclusive"`
	Rate         float64        `json:"rate"`
	CI95         [2]float64     `json:"ci95"` // interval of the false-alarm rate, as if the comparisons shared no run
}

// CheckGate compares runs of one build with each other. It takes stretches of 2·pairs successive runs, evenly
// spread and at most comparisons of them, and deals each out as base, candidate, candidate, base, and so on
// (ABBA). It needs at least one stretch. Stretches share runs, so false alarms cluster: repeat a trial that
// exceeds Allowed before you doubt the gate.
func CheckGate(runs []report.Report, pairs, comparisons int, how Comparing) (GateCheck, error) {
	if pairs < minPairs {
		return GateCheck{}, fmt.Errorf("%d pairs are too few to compare; give %d or more", pairs, minPairs)
	}
	stretches := len(runs) - 2*pairs + 1
	if stretches < 1 {
		return GateCheck{}, fmt.Errorf("%d runs are too few for a comparison of %d pairs; give at least %d runs", len(runs), pairs, 2*pairs)
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

// allowedAlarms returns the 0.99 quantile of the number of false alarms in n comparisons, each with the
// probability that Compare accepts.
func allowedAlarms(n int) int {
	alarms := distuv.Binomial{N: float64(n), P: falseAlarms}
	allowed := 0
	for alarms.CDF(float64(allowed)) < 0.99 {
		allowed++
	}
	return allowed
}

// Deal deals runs out in the order base, candidate, candidate, base (ABBA), so that drift over time affects
// both alike.
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

// clopperPearson returns the exact 95 % interval of a share. Clopper and Pearson (1934).
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
