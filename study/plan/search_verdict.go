package plan

import (
	"fmt"
	"strings"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// FoundPlan is the name of the plan found, next to the plan that was varied.
const FoundPlan = "cheapest"

// The verdicts of a search on a plan.
const (
	Holds   = "holds"    // the thresholds are met with the confidence
	Fails   = "fails"    // the thresholds are not met
	Unsure  = "unsure"   // they are met on average, but not with the confidence
	MayHold = "may hold" // the thresholds are met in at least one of two replications
)

// Searched is the result of a search, in plans.json.
type Searched struct {
	Plan       string              `json:"plan"` // the plan that was varied
	Confidence float64             `json:"confidence"`
	Vary       []scenarios.Vary    `json:"vary"`
	All        int                 `json:"all"`                  // number of candidates
	Quick      int                 `json:"quick"`                // tried with two replications
	Full       int                 `json:"full"`                 // tried with all replications
	Found      []scenarios.Setting `json:"found,omitempty"`      // settings of the cheapest plan that holds; absent if none was found
	Unfinished bool                `json:"unfinished,omitempty"` // some plans that may hold were never tried in full
	Candidates []Candidate         `json:"candidates"`           // the candidates that were tried, in that order
}

// Candidate is a plan that was tried.
type Candidate struct {
	Settings     []scenarios.Setting `json:"settings"`
	Replications int                 `json:"replications"`
	Cost         Estimate            `json:"cost"`
	Verdict      string              `json:"verdict"`
	Why          string              `json:"why,omitempty"` // why it is not the plan found
}

// Verdict returns the verdict of the whole search: pass if a plan was found, and inconclusive if a plan that
// may hold was never tried in full.
func (s Searched) Verdict() report.Verdict {
	switch {
	case s.Found != nil:
		return report.Pass
	case s.Unfinished:
		return report.Inconclusive
	}
	return report.Fail
}

// Name returns the settings as text, as in stations.web.servers 8, stations.web.queue 20.
func (c Candidate) Name() string { return settingsText(c.Settings) }

func settingsText(settings []scenarios.Setting) string {
	var parts []string
	for _, setting := range settings {
		parts = append(parts, setting.Path+" "+string(setting.Value))
	}
	return strings.Join(parts, ", ")
}

// Sentence states the result of the search.
func (s Searched) Sentence(currency string) string {
	if s.Found == nil && s.Unfinished {
		return fmt.Sprintf("no plan was found: %d candidates were tried in full, and none meets the thresholds with the confidence asked for; others were not tried; vary fewer settings, or play more replications", s.Full)
	}
	if s.Found == nil {
		return "no plan meets the thresholds; vary more settings, or relax the thresholds"
	}
	for _, candidate := range s.Candidates {
		if candidate.Verdict == Holds {
			return fmt.Sprintf("the cheapest plan that meets the thresholds, with a confidence of %.4g %%: %s, at %s", 100*s.Confidence, candidate.Name(), strings.TrimSpace(units.Amount(candidate.Cost.Mean)+" "+currency))
		}
	}
	return ""
}

// Rows returns a table of the candidates.
func (s Searched) Rows(currency string) [][]string {
	rows := [][]string{{strings.TrimSpace("cost " + currency), "runs", "verdict", "settings", "why not"}}
	for _, c := range s.Candidates {
		rows = append(rows, []string{units.Amount(c.Cost.Mean) + interval(c.Cost), fmt.Sprint(c.Replications), c.Verdict, c.Name(), c.Why})
	}
	return rows
}

// mayHold reports whether all conditions hold in at least one replication.
func (t *trial) mayHold() bool {
	for _, replay := range t.series.Replications {
		held := true
		for _, m := range replay.Margins {
			held = held && m.Holds()
		}
		if held {
			return true
		}
	}
	return false
}

// broken returns the first condition that a replication breaks, and the measured mean.
func (t *trial) broken() string {
	for i, condition := range t.must() {
		values, unknown := t.margins(i)
		if unknown != "" {
			return fmt.Sprintf("%s: %s", condition.Source, unknown)
		}
		for _, replay := range t.series.Replications {
			if !replay.Margins[i].Holds() {
				return fmt.Sprintf("%s: the mean is %s", condition.Source, condition.Value(mean(values)))
			}
		}
	}
	return ""
}

// must returns the conditions that must hold.
func (t *trial) must() []threshold.Condition {
	var all []threshold.Condition
	for _, condition := range t.series.Model.Conditions {
		if condition.Must() {
			all = append(all, condition)
		}
	}
	return all
}

// margins returns the margins of one condition over the replications, or why one is not known.
func (t *trial) margins(condition int) (values []float64, unknown string) {
	for _, replay := range t.series.Replications {
		if m := replay.Margins[condition]; m.Unknown != "" {
			return nil, m.Unknown
		}
		values = append(values, replay.Margins[condition].By)
	}
	return values, ""
}

// judge judges all conditions together. It takes the one-sided bound of the expected margin of each, and
// divides the chance of a wrong answer among them (Bonferroni). The replications have the same people under
// all candidates.
func (t *trial) judge(chance, confidence float64) (verdict, why string, err error) {
	all := t.must()
	for i, condition := range all {
		values, unknown := t.margins(i)
		if unknown != "" {
			return Fails, fmt.Sprintf("%s: %s", condition.Source, unknown), nil
		}
		least, err := capacity.LowerBound(values, 1-chance/float64(len(all)))
		if err != nil {
			return "", "", err
		}
		strict := t.series.Replications[0].Margins[i].Strict
		if middle := (threshold.Margin{By: mean(values), Strict: strict}); !middle.Holds() {
			return Fails, fmt.Sprintf("%s: the mean is %s", condition.Source, condition.Value(middle.By)), nil
		}
		if !(threshold.Margin{By: least, Strict: strict}).Holds() {
			return Unsure, fmt.Sprintf("%s: the mean is %s, but only %s is sure with a confidence of %.4g %%",
				condition.Source, condition.Value(mean(values)), condition.Value(least), 100*confidence), nil
		}
	}
	return Holds, "", nil
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, value := range values {
		sum += value / float64(len(values))
	}
	return sum
}

// CompareSearched summarizes a search: the plan that was varied, and the plan found.
func CompareSearched(searched Searched, simulations []simulation.Result) Comparison {
	c := ComparePlans(simulations)
	c.Search, c.Best = &searched, ""
	c.Why = []string{searched.Sentence(c.Currency)}
	if searched.Found != nil {
		c.Best = FoundPlan
	}
	return c
}
