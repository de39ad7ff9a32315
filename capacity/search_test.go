package capacity_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/capacity"
)

// problem is a synthetic search problem. A candidate holds if the sum of what its choices yield reaches the
// need, which depends on the choices of the axes that are not monotone.
type problem struct {
	axes   []capacity.Axis
	yields [][]float64 // by axis and choice; ascending on a monotone axis
	costs  [][]float64 // by axis and choice
	need   float64
}

func (p problem) trial(candidate []int) capacity.Trial {
	var trial capacity.Trial
	yield := 0.0
	for i, choice := range candidate {
		yield += p.yields[i][choice]
		trial.Cost += p.costs[i][choice]
	}
	trial.Holds = yield >= p.need
	return trial
}

// cheapest tries all candidates.
func (p problem) cheapest() (cost float64, any bool) {
	cost = math.Inf(1)
	candidate := make([]int, len(p.axes))
	for {
		if trial := p.trial(candidate); trial.Holds {
			cost, any = min(cost, trial.Cost), true
		}
		i := 0
		for ; i < len(candidate); i++ {
			if candidate[i]++; candidate[i] < p.axes[i].Choices {
				break
			}
			candidate[i] = 0
		}
		if i == len(candidate) {
			return cost, any
		}
	}
}

func drawProblem(t *rapid.T) problem {
	p := problem{need: rapid.Float64Range(0, 20).Draw(t, "need")}
	for i := range rapid.IntRange(1, 4).Draw(t, "axes") {
		axis := capacity.Axis{Choices: rapid.IntRange(1, 9).Draw(t, "choices"), Monotone: rapid.Bool().Draw(t, "monotone") || i == 0}
		yields, costs := make([]float64, axis.Choices), make([]float64, axis.Choices)
		for k := range axis.Choices {
			yields[k], costs[k] = rapid.Float64Range(0, 3).Draw(t, "yield"), rapid.Float64Range(0, 5).Draw(t, "cost")
			if axis.Monotone && k > 0 {
				yields[k] += yields[k-1]
				costs[k] += costs[k-1]
			}
		}
		p.axes, p.yields, p.costs = append(p.axes, axis), append(p.yields, yields), append(p.costs, costs)
	}
	return p
}

// The result costs as much as the cheapest of all candidates, within the announced number of trials. If no
// candidate holds, there is no result.
func TestSearchFindsTheCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t)
		quick, full := 0, 0
		found, err := capacity.Search(p.axes, 5, func(candidate []int, fully bool) (capacity.Trial, error) {
			if fully {
				full++
			} else {
				quick++
			}
			return p.trial(candidate), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		cost, any := p.cheapest()
		if (found.Candidate != nil) != any || any && found.Cost != cost {
			t.Fatalf("found %+v, the cheapest costs %v (%v)", found, cost, any)
		}
		mostQuick, mostFull := capacity.SearchBounds(p.axes, 5)
		if quick != found.Quick || full != found.Full || quick > mostQuick || full > mostFull {
			t.Fatalf("%d quick and %d full trials, of %d and %d at most: %+v", quick, full, mostQuick, mostFull, found)
		}
	})
}

// Quick trials that are too optimistic by one choice only cost full trials. The result still holds in full.
func TestSearchOfHopefulPilots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		choices := rapid.IntRange(2, 40).Draw(t, "choices")
		least := rapid.IntRange(1, choices).Draw(t, "least")
		hope := rapid.IntRange(0, 2).Draw(t, "hope")
		found, err := capacity.Search([]capacity.Axis{{Choices: choices, Monotone: true}}, 3, func(candidate []int, fully bool) (capacity.Trial, error) {
			from := least
			if !fully {
				from -= hope
			}
			return capacity.Trial{Cost: float64(candidate[0]), Holds: candidate[0] >= from}, nil
		})
		switch {
		case err != nil:
			t.Fatal(err)
		case least < choices && (found.Candidate == nil || found.Candidate[0] != least):
			t.Fatalf("found %+v, the least is %d", found, least)
		case least == choices && (found.Candidate != nil || found.Exhausted):
			t.Fatalf("none of %d holds: %+v", choices, found)
		}
	})
}

// The number of full trials is bounded, and the result states that candidates were left.
func TestSearchGivesUp(t *testing.T) {
	found, err := capacity.Search([]capacity.Axis{{Choices: 100, Monotone: true}}, 3, func(_ []int, fully bool) (capacity.Trial, error) {
		return capacity.Trial{Holds: !fully}, nil
	})
	if err != nil || found.Candidate != nil || !found.Exhausted || found.Full != 3 {
		t.Error(found, err)
	}
	broken := errors.New("broken")
	for _, at := range []bool{false, true} {
		_, err := capacity.Search([]capacity.Axis{{Choices: 4, Monotone: true}}, 3, func(_ []int, fully bool) (capacity.Trial, error) {
			if fully == at {
				return capacity.Trial{}, broken
			}
			return capacity.Trial{Holds: true}, nil
		})
		if !errors.Is(err, broken) {
			t.Error(at, err)
		}
	}
	for _, axes := range [][]capacity.Axis{nil, {{}}} {
		if _, err := capacity.Search(axes, 3, nil); err == nil {
			t.Error(axes)
		}
	}
}

// Student's t with 3 degrees of freedom exceeds 2.353363 with 5 % (any table).
func TestLowerBound(t *testing.T) {
	bound, err := capacity.LowerBound([]float64{9, 11, 9, 11}, 0.95)
	want := 10 - 2.353363*math.Sqrt(4.0/3)/2
	if err != nil || math.Abs(bound-want) > 1e-5 {
		t.Error(bound, want, err)
	}
	if bound, err := capacity.LowerBound([]float64{7, 7}, 0.99); bound != 7 || err != nil {
		t.Error(bound, err)
	}
	if bound, err := capacity.LowerBound([]float64{7}, 0.99); !math.IsInf(bound, -1) || err != nil {
		t.Error(bound, err)
	}
	for _, confidence := range []float64{0, 1, math.NaN()} {
		if _, err := capacity.LowerBound([]float64{7, 7}, confidence); err == nil {
			t.Error(confidence)
		}
	}
}

// The search finds the servers for an Erlang loss of 1 % at 20 erlangs: 30, as in any table of Erlang B.
func ExampleSearch() {
	found, err := capacity.Search([]capacity.Axis{{Choices: 100, Monotone: true}}, 1, func(candidate []int, _ bool) (capacity.Trial, error) {
		servers := candidate[0] + 1
		blocked, err := capacity.ErlangB(servers, 20)
		return capacity.Trial{Cost: float64(servers), Holds: blocked <= 0.01}, err
	})
	fmt.Println(found.Candidate[0]+1, found.Quick, err)
	// Output: 30 7 <nil>
}
