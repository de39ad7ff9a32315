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

// FoundPlan is the name of the plan found, beside the one that was varied.
const FoundPlan = "cheapest"

// What a search can say of a plan.
const (
	Holds   = "holds"    // the thresholds are met with the confidence
	Fails   = "fails"    // they are not
	Unsure  = "unsure"   // they are met on average, but not with the confidence
	MayHold = "may hold" // two replications do not speak against it
)

// Searched is what a search came to, in plans.json.
type Searched struct {
	Plan       string              `json:"plan"` // that was varied
	Confidence float64             `json:"confidence"`
	Vary       []scenarios.Vary    `json:"vary"`
	All        int                 `json:"all"`                  // candidates that there are
	Quick      int                 `json:"quick"`                // tried with two replications
	Full       int                 `json:"full"`                 // tried with all replications
	Found      []scenarios.Setting `json:"found,omitempty"`      // of the cheapest plan that holds; absent where none was found
	Unfinished bool                `json:"unfinished,omitempty"` // some that may hold were never tried in full
	Candidates []Candidate         `json:"candidates"`           // those that were tried, in that order
}

// Candidate is a plan that was tried.
type Candidate struct {
	Settings     []scenarios.Setting `json:"settings"`
	Replications int                 `json:"replications"`
	Cost         Estimate            `json:"cost"`
	Verdict      string              `json:"verdict"`
	Why          string              `json:"why,omitempty"` // it is not the plan found
}

// Verdict is that of the whole search: pass where a plan was found, and inconclusive where one that was
// never tried in full may hold.
func (s Searched) Verdict() report.Verdict {
	switch {
	case s.Found != nil:
		return report.Pass
	case s.Unfinished:
		return report.Inconclusive
	}
	return report.Fail
}

// Name spells settings, as in stations.web.servers 8, stations.web.queue 20.
func (c Candidate) Name() string { return spellSettings(c.Settings) }

func spellSettings(settings []scenarios.Setting) string {
	var parts []string
	for _, setting := range settings {
		parts = append(parts, setting.Path+" "+string(setting.Value))
	}
	return strings.Join(parts, ", ")
}

// Sentence says in words what was found.
func (s Searched) Sentence(currency string) string {
	if s.Found == nil && s.Unfinished {
		return fmt.Sprintf("no plan was found: %d that might hold were tried in full and none surely does, and others are left; narrow what varies, or play more replications", s.Full)
	}
	if s.Found == nil {
		return "no plan meets the thresholds; let more vary, or ask for less"
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

// mayHold says whether all conditions hold in one replication at least.
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

// broken names the first condition that a replication breaks, and what is measured instead.
func (t *trial) broken() string {
	for i, condition := range t.must() {
		values, unknown := t.margins(i)
		if unknown != "" {
			return fmt.Sprintf("%s: %s", condition.Source, unknown)
		}
		for _, replay := range t.series.Replications {
			if !replay.Margins[i].Holds() {
				return fmt.Sprintf("%s: it is %s in the mean", condition.Source, condition.Value(mean(values)))
			}
		}
	}
	return ""
}

// must are the conditions that must hold.
func (t *trial) must() []threshold.Condition {
	var all []threshold.Condition
	for _, condition := range t.series.Model.Conditions {
		if condition.Must() {
			all = append(all, condition)
		}
	}
	return all
}

// margins are those of one condition over the replications, or why one is not known.
func (t *trial) margins(condition int) (values []float64, unknown string) {
	for _, replay := range t.series.Replications {
		if m := replay.Margins[condition]; m.Unknown != "" {
			return nil, m.Unknown
		}
		values = append(values, replay.Margins[condition].By)
	}
	return values, ""
}

// surely judges all conditions together: each by the one-sided bound of its expected margin, the chance
// of a wrong answer divided among them (Bonferroni). The replications have the same people under all
// candidates.
func (t *trial) surely(chance, confidence float64) (verdict, why string, err error) {
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
			return Fails, fmt.Sprintf("%s: it is %s in the mean", condition.Source, condition.Value(middle.By)), nil
		}
		if !(threshold.Margin{By: least, Strict: strict}).Holds() {
			return Unsure, fmt.Sprintf("%s: it is %s in the mean, but chance may hide %s from a confidence of %.4g %%",
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

// CompareSearched sums up a search: the plan that was varied, and the one found beside it.
func CompareSearched(searched Searched, simulations []simulation.Result) Comparison {
	c := ComparePlans(simulations)
	c.Search, c.Best = &searched, ""
	c.Why = []string{searched.Sentence(c.Currency)}
	if searched.Found != nil {
		c.Best = FoundPlan
	}
	return c
}
