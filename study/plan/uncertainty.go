package plan

import (
	"context"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// World is one combination of the values of the uncertain inputs.
type World struct {
	levels []int // of each input: 0 low, 1 mid, 2 high
	models []*setup.Model
}

// Uncertain holds every plan in every combination of the low, middle and high values of a scenario's
// uncertain inputs. Replication k has the same people under every plan of one combination.
type Uncertain struct {
	inputs []scenarios.Uncertain
	worlds []World
}

// Uncertainty is the result, in plans.json.
type Uncertainty struct {
	Inputs      []scenarios.Uncertain `json:"inputs"`
	Worlds      int                   `json:"combinations"`
	Runs        int                   `json:"runs"`
	Plans       []PlanRegret          `json:"plans"`
	LeastRegret string                `json:"least_regret"`   // the plan with the smallest maximum regret
	Tied        []string              `json:"tied,omitempty"` // other plans with the same maximum regret
}

// PlanRegret is the result of one plan in all combinations.
type PlanRegret struct {
	Plan     string      `json:"plan"`
	Finished [3]float64  `json:"finished"`       // people who finish: fewest, at all middle values, most
	Cost     *[3]float64 `json:"cost,omitempty"` // the same; absent if nothing has a price
	Regret   Estimate    `json:"regret"`         // the most people by which the plan falls short of the best plan of a combination, paired
	At       []string    `json:"at"`             // the values of the inputs in that combination
	Sways    []Sway      `json:"sways"`          // one input varies, the others have their middle values
}

// Sway is how many people finish at the low and the high value of one input.
type Sway struct {
	Input string  `json:"input"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// NewUncertain maps a scenario to its runs in all combinations.
func NewUncertain(scenario *scenarios.Scenario, options setup.Options, plans []string) (*Uncertain, error) {
	if len(scenario.Uncertain) == 0 {
		return nil, setup.Refuse("scenario %s names no uncertain input; add uncertain: [{name: peak, set: %s, low: 0.8, mid: 1, high: 1.5}]", scenario.Name, scenarios.ArrivalsScale)
	}
	u := &Uncertain{inputs: scenario.Uncertain}
	count := 1
	for range u.inputs {
		count *= 3
	}
	for number := range count {
		world := World{}
		changed := scenario
		for _, input := range u.inputs {
			level := number % 3
			number /= 3
			world.levels = append(world.levels, level)
			changed = changed.With(scenarios.Setting{Path: input.Set, Value: input.Levels()[level]})
		}
		var err error
		var left []setup.LeftOut
		if world.models, left, err = setup.NewModels(changed, options, plans); err != nil {
			return nil, err
		}
		if len(left) > 0 {
			return nil, setup.Refuse("plan %s cannot be simulated: %s; name others with --plan", left[0].Plan, left[0].Reason)
		}
		u.worlds = append(u.worlds, world)
	}
	return u, nil
}

// Runs returns the number of simulations for a number of replications.
func (u *Uncertain) Runs(replications int) int {
	return len(u.worlds) * len(u.worlds[0].models) * max(1, replications)
}

// First returns the first model that is played.
func (u *Uncertain) First() *setup.Model { return u.worlds[0].models[0] }

// Combinations returns the number of combinations.
func (u *Uncertain) Combinations() int { return len(u.worlds) }

// Play simulates all combinations. If several plans tie for least regret, the plan named best is preferred,
// then the cheapest.
func (u *Uncertain) Play(ctx context.Context, settings simulation.Settings, best string, expected func(first, rest time.Duration)) (Uncertainty, error) {
	settings.Lean = true
	study := simulation.Study{Settings: settings, Expected: expected}
	for _, world := range u.worlds {
		study.Models = append(study.Models, world.models...)
	}
	simulations, err := study.Play(ctx)
	if err != nil {
		return Uncertainty{}, err
	}
	result := u.regrets(simulations, len(u.worlds[0].models), u.Runs(settings.Replications))
	result.decide(best)
	return result, nil
}

// decide names the plan of the least regret.
func (u *Uncertainty) decide(best string) {
	least := 0
	for i, plan := range u.Plans {
		if plan.before(u.Plans[least], best) {
			least = i
		}
	}
	u.LeastRegret = u.Plans[least].Plan
	for i, plan := range u.Plans {
		if i != least && plan.Regret.Mean == u.Plans[least].Regret.Mean {
			u.Tied = append(u.Tied, plan.Plan)
		}
	}
}

// before reports whether a plan has less regret than another or, if they tie, whether it is the best plan or
// cheaper.
func (p PlanRegret) before(other PlanRegret, best string) bool {
	switch {
	case p.Regret.Mean != other.Regret.Mean:
		return p.Regret.Mean < other.Regret.Mean
	case p.Plan == best || other.Plan == best:
		return p.Plan == best
	}
	return p.Cost != nil && other.Cost != nil && p.Cost[1] < other.Cost[1]
}

// Tie names the plans that tie with the plan of least regret, or returns "" if there are none.
func (u Uncertainty) Tie() string {
	if len(u.Tied) == 0 {
		return ""
	}
	return "in a tie with " + strings.Join(u.Tied, ", ")
}

// regrets summarizes simulations, which are ordered by world and then by plan.
func (u *Uncertain) regrets(simulations []simulation.Result, plans, runs int) Uncertainty {
	result := Uncertainty{Inputs: u.inputs, Worlds: len(u.worlds), Runs: runs}
	for plan := range plans {
		at := func(world int) simulation.Result { return simulations[world*plans+plan] }
		middle := len(u.worlds) / 2 // all digits 1
		regret := PlanRegret{Plan: at(0).Report.Plan, Finished: spread(len(u.worlds), middle, func(w int) float64 { return meanOf(at(w), finished) })}
		if at(0).Priced {
			cost := spread(len(u.worlds), middle, func(w int) float64 { return meanOf(at(w), func(r simulation.Replication) float64 { return r.Cost }) })
			regret.Cost = &cost
		}
		for w, world := range u.worlds {
			best := w * plans
			for k := best; k < (w+1)*plans; k++ {
				if meanOf(simulations[k], finished) > meanOf(simulations[best], finished) {
					best = k
				}
			}
			if short := Paired(at(w).Replications, simulations[best].Replications, finished); w == 0 || short.Mean > regret.Regret.Mean {
				regret.Regret, regret.At = short, u.values(world)
			}
		}
		step := 1
		for _, input := range u.inputs {
			regret.Sways = append(regret.Sways, Sway{input.Name, meanOf(at(middle-step), finished), meanOf(at(middle+step), finished)})
			step *= 3
		}
		result.Plans = append(result.Plans, regret)
	}
	return result
}

func (u *Uncertain) values(world World) (values []string) {
	for i, input := range u.inputs {
		values = append(values, input.Name+" "+string(input.Levels()[world.levels[i]]))
	}
	return values
}

func meanOf(s simulation.Result, figure func(simulation.Replication) float64) float64 {
	return estimate(s.Replications, figure).Mean
}

// spread returns the smallest value, the one in the middle, and the greatest.
func spread(count, middle int, value func(int) float64) [3]float64 {
	s := [3]float64{value(0), value(middle), value(0)}
	for i := range count {
		s[0], s[2] = min(s[0], value(i)), max(s[2], value(i))
	}
	return s
}

// withPlaces adds a column to a table of the plans: the inputs at which each plan has the most regret.
func (u Uncertainty) withPlaces(rows [][]string) [][]string {
	rows[0] = append(rows[0], "most regret at")
	for i, plan := range u.Plans {
		place := strings.Join(plan.At, ", ")
		if plan.Regret.Mean == 0 {
			place = "none"
		}
		rows[i+1] = append(rows[i+1], place)
	}
	return rows
}

// Rows returns a table of the plans.
func (u Uncertainty) Rows(currency string) [][]string {
	rows := [][]string{{"plan", "finished: fewest", "middle", "most", "greatest regret", "cost " + currency}}
	for _, plan := range u.Plans {
		row := []string{plan.Plan, units.Amount(plan.Finished[0]), units.Amount(plan.Finished[1]), units.Amount(plan.Finished[2]), units.Amount(plan.Regret.Mean) + interval(plan.Regret), "-"}
		if plan.Cost != nil {
			row[5] = units.Amount(plan.Cost[0]) + " to " + units.Amount(plan.Cost[2])
		}
		rows = append(rows, row)
	}
	return rows
}
