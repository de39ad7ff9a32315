//go:build statistics

package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// TestCheapestStaffIsThatOfTheFormula: two queues in a row, each M/M/c (Burke 1956), so that Erlang C tells
// which of all pairs of numbers is the cheapest.
func TestCheapestStaffIsThatOfTheFormula(t *testing.T) {
	scenario, err := scenarios.Load("staffing")
	if err != nil {
		t.Fatal(err)
	}
	least, want := 1e9, ""
	for clerks := 9; clerks <= 20; clerks++ { // 8 and 2 are not stable
		for checkers := 3; checkers <= 8; checkers++ {
			first, err1 := capacity.MMc(4, 0.5, clerks)
			second, err2 := capacity.MMc(4, 2, checkers)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			if cost := float64(clerks + 3*checkers); first.W+second.W < 3 && cost < least {
				least, want = cost, fmt.Sprintf("stations.clerks.servers %d, stations.checkers.servers %d", clerks, checkers)
			}
		}
	}
	searched, simulations, _ := search(t, scenario, setup.Options{}, 10)
	if got := settingsText(searched.Found); got != want {
		t.Errorf("found %s, the formula says %s: %+v", got, want, searched)
	}
	compared := CompareSearched(searched, simulations)
	if compared.Best != FoundPlan || len(compared.Plans) != 2 || compared.Plans[1].Verdict != report.Pass || compared.Plans[1].Cost.Mean < compared.Plans[0].Cost.Mean {
		t.Errorf("%+v", compared)
	}
	for _, candidate := range searched.Candidates {
		if candidate.Verdict != Holds && candidate.Why == "" {
			t.Errorf("nothing says why not %s", candidate.Name())
		}
	}
}

// TestPoliciesAreVaried: without a queue, the least number that the gate must let in at once is that at
// which Erlang B turns away no more than the threshold allows.
func TestPoliciesAreVaried(t *testing.T) {
	want := 5
	for {
		blocked, err := capacity.ErlangB(want, 8)
		if err != nil {
			t.Fatal(err)
		}
		if blocked <= 0.013 { // between those of 14 and 15
			break
		}
		want++
	}
	searched, _, _ := search(t, parseScenario(t, strings.NewReplacer("[0, 100]", "[0]", "99%", "98.7%", "10m", "30m").Replace(desk)), setup.Options{}, 10)
	if got := settingsText(searched.Found); got != fmt.Sprintf("policies.entry.bounded-fifo.limit %d, policies.entry.bounded-fifo.queue 0", want) {
		t.Errorf("found %s, want %d: %+v", got, want, searched)
	}
}
