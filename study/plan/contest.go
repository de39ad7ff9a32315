package plan

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/study/simulation"
)

// Rule says when plans are told apart by the number of people who finish.
type Rule struct {
	Looks        []int   `json:"looks"`        // numbers of replications after which plans are compared, ascending
	Indifference float64 `json:"indifference"` // a difference below this share of the people who finish does not matter
	Error        float64 `json:"error"`        // the most chance that the answer is wrong, for all plans and looks together
}

// DecidingRule returns the rule by which plans are compared unless a number of replications is given.
func DecidingRule() Rule {
	return Rule{Looks: []int{2, 3, 4, 6, 8}, Indifference: 0.005, Error: 0.05}
}

// Most returns the most replications of a plan.
func (r Rule) Most() int { return r.Looks[len(r.Looks)-1] }

// enoughForEquals is the least number of replications from which two plans are called equal. Fewer that agree may agree by
// chance, or miss what happens in one of some replications only.
const enoughForEquals = 4

// The parts of the error that plans may go out by, and that plans may be called equal by.
const (
	outPart   = 0.9
	equalPart = 0.1
)

// firstShare is the share of the part for plans that go out that the first look may take.
const firstShare = 2.0 / 3

// parts returns the parts of the error that a look, counted from 0, may take. Of the part for plans that go out, the first
// look may take two thirds, because the interval of two replications needs it most, each further one half of the rest, and
// the last all of it. The looks at which plans may be called equal share the part for those evenly.
func (r Rule) parts(look int) (out, equal float64) {
	last, asked := len(r.Looks)-1, 0
	for _, count := range r.Looks {
		if count >= enoughForEquals {
			asked++
		}
	}
	if r.Looks[look] >= enoughForEquals {
		equal = equalPart / float64(asked)
	}
	switch {
	case last == 0:
		out = outPart
	case look == 0:
		out = outPart * firstShare
	default:
		out = outPart * math.Ldexp(1-firstShare, -min(look, last-1))
	}
	return out, equal
}

// reach returns how many standard errors the interval of a look reaches for a part of the error: infinitely many for none.
func (c *Contest) reach(look int, part float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: float64(c.Looks[look] - 1)}.Quantile(1 - c.Error*part/float64(max(1, len(c.out)-1)))
}

// Contest compares plans look by look. A plan is out as soon as another in the contest is better for certain. The contest
// ends when every two plans that are left are known to differ by less than the indifference, or with the last look.
//
// The interval of every pair and look is paired and by Student's t. Its chance of missing the truth, to the side that
// matters, is a part of the rule's error: the error is divided among the looks, and among the plans other than the best. Whichever plan is the
// best, only its pairs can make the answer wrong, and there is one for each other plan (Bonferroni). So with at least the
// rule's confidence the best plan is never out, and a settled contest leaves no plan that falls short of it by the
// indifference.
//
// Source: A. M. Law, "Simulation Modeling and Analysis", 5th ed., 2015, sections 9.7 and 10.2 (Bonferroni, common random
// numbers); the parts of the error: K. K. G. Lan, D. L. DeMets, "Discrete sequential boundaries for clinical trials",
// Biometrika 70 (1983); indifference: S.-H. Kim, B. L. Nelson, "A fully sequential procedure for indifference-zone
// selection in simulation", ACM TOMACS 11 (2001).
type Contest struct {
	Rule
	Settled bool // every two plans that are left are equal

	looked int    // looks so far
	out    []bool // by plan
}

// NewContest returns a contest of a number of plans.
func NewContest(rule Rule, plans int) *Contest {
	return &Contest{Rule: rule, out: make([]bool, plans)}
}

// Look takes the next look at the people who finish, by plan and replication, and reports which plans need more
// replications: none once the contest is settled.
func (c *Contest) Look(finished [][]float64) []bool {
	count := c.Looks[c.looked]
	margin := c.Indifference * c.mostPeople(finished, count)
	forOut, forEqual := c.parts(c.looked)
	wide, narrow := c.reach(c.looked, forOut), c.reach(c.looked, forEqual)
	c.looked++
	out := make([]bool, len(c.out))
	c.pairs(func(i, k int) {
		low, high := bounds(finished[i][:count], finished[k][:count], wide, rounding)
		out[i], out[k] = out[i] || low > 0, out[k] || high < 0
	})
	for i := range out {
		c.out[i] = c.out[i] || out[i]
	}
	c.Settled = true
	c.pairs(func(i, k int) {
		low, high := bounds(finished[i][:count], finished[k][:count], narrow, 0)
		c.Settled = c.Settled && forEqual > 0 && max(-low, high) <= margin
	})
	on := make([]bool, len(c.out))
	for i := range on {
		on[i] = !c.out[i] && !c.Settled
	}
	return on
}

// pairs calls do with every two plans that are not out.
func (c *Contest) pairs(do func(i, k int)) {
	was := slices.Clone(c.out)
	for k := range was {
		for i := range k {
			if !was[i] && !was[k] {
				do(i, k)
			}
		}
	}
}

// mostPeople returns the mean of the plan under which the most people finish.
func (c *Contest) mostPeople(finished [][]float64, count int) (most float64) {
	for i, values := range finished {
		if !c.out[i] {
			most = max(most, stat.Mean(values[:count], nil))
		}
	}
	return most
}

// rounding is the standard deviation of what people who finish lack of a whole number, 1/√12. Two differences of few people
// are often the same by chance, so no plan goes out because they do not vary.
var rounding = 1 / math.Sqrt(12)

// bounds returns the interval of the mean of other − base, wide standard errors to each side, as if the differences varied by
// a standard deviation of at least least.
func bounds(base, other []float64, wide, least float64) (low, high float64) {
	differences := make([]float64, len(base))
	for i := range base {
		differences[i] = other[i] - base[i]
	}
	mean, deviation := stat.MeanStdDev(differences, nil)
	half := wide * max(deviation, least) / math.Sqrt(float64(len(differences)))
	return mean - half, mean + half
}

// finishedOf returns the people who finish, by plan and replication.
func finishedOf(played [][]simulation.Replication) (all [][]float64) {
	for _, replications := range played {
		var values []float64
		for _, replication := range replications {
			values = append(values, replication.Finished)
		}
		all = append(all, values)
	}
	return all
}
