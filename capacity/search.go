package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Axis is one setting of the candidates of a search, by the number of its choices.
type Axis struct {
	Choices  int
	Monotone bool // a higher choice costs no less, and holds whatever a lower one holds
}

// Trial is the result of a candidate.
type Trial struct {
	Cost  float64 // in any unit; at least 0
	Holds bool    // every condition holds
}

// Found is the result of a search.
type Found struct {
	Candidate []int // the choice on each axis; nil if none was found
	Cost      float64
	Quick     int  // quick trials made
	Full      int  // full trials made
	Exhausted bool // the full trials ran out while candidates that might hold were left
}

// SearchBounds returns the most quick and full trials that a search can make.
func SearchBounds(axes []Axis, finalists int) (quick, full int) {
	last, rows := split(axes)
	quick = rows
	if last >= 0 {
		quick *= bits.Len(uint(axes[last].Choices))
	}
	rising := 0
	all := 1
	for _, axis := range axes {
		all *= axis.Choices
		if axis.Monotone {
			rising++
		}
	}
	return min(all, quick+finalists*rising), min(all, finalists)
}

// Search finds the cheapest candidate that holds.
//
//  1. Quick trials, which may err, look for the least candidates that hold: by bisection along the monotone axis with
//     the most choices, for each choice on the other axes. A candidate is not tried if a smaller one that holds, or a
//     larger one that does not, already decides it.
//  2. Those candidates are tried in full, the cheapest first, until one holds. A candidate that does not hold is
//     replaced by its neighbours with more on one monotone axis.
//
// If quick trials do not err, the result is the cheapest of all candidates that hold.
//
// Source: bisection on a monotone predicate; pilot runs followed by full ones on the candidates left,
// as in two-stage ranking and selection: B. L. Nelson et al., "Simple procedures for selecting the
// best simulated system when the number of alternatives is large", Operations Research 49 (2001).
//
// Where:
//   - axes are the settings
//   - finalists is the most full trials
//   - try runs a candidate, quickly or in full
func Search(axes []Axis, finalists int, try func(candidate []int, full bool) (Trial, error)) (Found, error) {
	for i, axis := range axes {
		if axis.Choices < 1 {
			return Found{}, fmt.Errorf("axis %d has no choices; give each axis at least one", i)
		}
	}
	if len(axes) == 0 || finalists < 1 {
		return Found{}, errors.New("nothing can be searched; give at least one axis and one finalist")
	}
	s := &searcher{axes: axes, try: try, known: map[string]Trial{}}
	if err := s.scan(); err != nil {
		return Found{}, err
	}
	return s.finals(finalists)
}

// searcher holds the trials made so far.
type searcher struct {
	axes  []Axis
	try   func([]int, bool) (Trial, error)
	known map[string]Trial // quick trials, by the text of the candidate
	least [][]int          // candidates that hold, with no smaller one known to hold
	fails [][]int
	found Found
}

// split returns the monotone axis with the most choices, or -1, and how many combinations of the
// others there are.
func split(axes []Axis) (last, rows int) {
	last, rows = -1, 1
	for i, axis := range axes {
		if axis.Monotone && (last < 0 || axis.Choices > axes[last].Choices) {
			last = i
		}
	}
	for i, axis := range axes {
		if i != last {
			rows *= axis.Choices
		}
	}
	return last, rows
}

// scan searches the rows along the monotone axis, one after another.
func (s *searcher) scan() error {
	last, rows := split(s.axes)
	for row := range rows {
		candidate := make([]int, len(s.axes))
		for i, axis := range s.axes {
			if i != last {
				candidate[i], row = row%axis.Choices, row/axis.Choices
			}
		}
		if err := s.bisect(candidate, last); err != nil {
			return err
		}
	}
	return nil
}

// bisect finds the least choice on an axis at which the candidate holds.
func (s *searcher) bisect(candidate []int, axis int) error {
	low, high := 0, 1 // the least that holds lies in low to high, high meaning none
	if axis >= 0 {
		high = s.axes[axis].Choices
	}
	for low < high {
		middle := (low + high) / 2
		if axis >= 0 {
			candidate[axis] = middle
		}
		holds, err := s.holds(slices.Clone(candidate))
		if err != nil {
			return err
		}
		if holds {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return nil
}

// holds reports whether a candidate holds, from known trials or by a quick trial.
func (s *searcher) holds(candidate []int) (bool, error) {
	if slices.ContainsFunc(s.least, func(other []int) bool { return s.below(other, candidate) }) {
		return true, nil
	}
	if slices.ContainsFunc(s.fails, func(other []int) bool { return s.below(candidate, other) }) {
		return false, nil
	}
	trial, err := s.quick(candidate)
	if err != nil || !trial.Holds {
		s.fails = append(s.fails, candidate)
		return false, err
	}
	s.least = slices.DeleteFunc(s.least, func(other []int) bool { return s.below(candidate, other) })
	s.least = append(s.least, candidate)
	return true, nil
}

// below reports whether a is at most b on every monotone axis and equal on the others.
func (s *searcher) below(a, b []int) bool {
	for i, axis := range s.axes {
		if a[i] > b[i] || a[i] != b[i] && !axis.Monotone {
			return false
		}
	}
	return true
}

func (s *searcher) quick(candidate []int) (Trial, error) {
	key := fmt.Sprint(candidate)
	trial, known := s.known[key]
	if known {
		return trial, nil
	}
	trial, err := s.try(candidate, false)
	s.known[key] = trial
	s.found.Quick++
	return trial, err
}

// finals tries the least candidates in full, the cheapest first.
func (s *searcher) finals(most int) (Found, error) {
	left := slices.Clone(s.least)
	seen := map[string]bool{}
	for _, candidate := range left {
		seen[fmt.Sprint(candidate)] = true
	}
	for s.found.Full < most && len(left) > 0 {
		slices.SortStableFunc(left, func(a, b []int) int {
			return cmp.Or(cmp.Compare(s.known[fmt.Sprint(a)].Cost, s.known[fmt.Sprint(b)].Cost), slices.Compare(a, b))
		})
		candidate := left[0]
		left = left[1:]
		trial, err := s.try(candidate, true)
		s.found.Full++
		if err != nil {
			return s.found, err
		}
		if trial.Holds {
			s.found.Candidate, s.found.Cost = candidate, trial.Cost
			return s.found, nil
		}
		for i, axis := range s.axes {
			next := slices.Clone(candidate)
			next[i]++
			if !axis.Monotone || next[i] >= axis.Choices || seen[fmt.Sprint(next)] {
				continue
			}
			seen[fmt.Sprint(next)] = true
			if _, err := s.quick(next); err != nil {
				return s.found, err
			}
			left = append(left, next)
		}
	}
	s.found.Exhausted = len(left) > 0
	return s.found, nil
}

// LowerBound returns the one-sided lower confidence bound of the expectation of the values, by Student's t. It is -Inf
// for a single value, and the value itself for equal values.
//
// Source: A. M. Law, "Simulation Modeling and Analysis", 5th ed., 2015, section 9.4.1, one-sided.
//
// Where:
//   - values are of independent replications
//   - confidence is in (0, 1)
func LowerBound(values []float64, confidence float64) (float64, error) {
	if !(confidence > 0 && confidence < 1) {
		return 0, fmt.Errorf("the confidence is %v; give a share above 0 and below 1", confidence)
	}
	if len(values) < 2 {
		return math.Inf(-1), nil
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	if deviation == 0 {
		return mean, nil
	}
	n := float64(len(values))
	return mean - distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(confidence)*deviation/math.Sqrt(n), nil
}
