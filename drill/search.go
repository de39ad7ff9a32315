package drill

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/units"
)

// How a search goes about: quick trials take two replications, and a dozen plans at most are tried in full.
const (
	quickReplications = 2
	finalists         = 12
)

// PlanSearch looks for the cheapest plan that meets the thresholds, among those that differ from one plan
// by the settings that the scenario's search section names.
type PlanSearch struct {
	scenario   *scenarios.Scenario
	options    Options
	start      *Run
	vary       []scenarios.Vary
	axes       []capacity.Axis
	confidence float64
	count      int                    // of replications in a full trial
	offered    *recorder.OfferedFacts // the same under all plans
}

// NewPlanSearch maps the section and the plan that is varied: that of the options, or else the section's.
// So many replications make sure of a plan.
func NewPlanSearch(scenario *scenarios.Scenario, options Options, replications int) (*PlanSearch, error) {
	section := scenario.Search
	if section == nil {
		return nil, refuse("scenario %s does not say what may vary; add search: {vary: [{set: stations.NAME.servers, min: 1, max: 20}]}", scenario.Name)
	}
	if replications <= quickReplications {
		return nil, refuse("a search needs %d replications at least to be sure of anything, not %d", quickReplications+1, replications)
	}
	if err := CheckReplications(replications); err != nil {
		return nil, err
	}
	if options.Plan == "" {
		options.Plan = section.Plan
	}
	s := &PlanSearch{scenario: scenario, options: options, vary: section.Vary, confidence: float64(section.Confidence), count: replications}
	for _, vary := range section.Vary {
		s.axes = append(s.axes, capacity.Axis{Choices: vary.Choices(), Monotone: vary.Rises()})
	}
	var err error
	if s.start, err = newSimulation(scenario, options, &s.offered); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(s.start.Conditions, threshold.Condition.Must) {
		return nil, refuse("scenario %s has no threshold that must hold, so its cheapest plan is nothing at all; add one, or give --threshold", scenario.Name)
	}
	for _, last := range []bool{false, true} { // another plan than the section's may lack what is varied
		candidate := make([]int, len(s.axes))
		for i, axis := range s.axes {
			if last {
				candidate[i] = axis.Choices - 1
			}
		}
		if _, err := s.run(candidate); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Start is the run of the plan that is varied.
func (s *PlanSearch) Start() *Run { return s.start }

// Candidates is how many plans there are to choose from.
func (s *PlanSearch) Candidates() int {
	all := 1
	for _, axis := range s.axes {
		all *= axis.Choices
	}
	return all
}

// Runs is how many simulations it takes at most, of the plan that is varied and of the one found too.
func (s *PlanSearch) Runs() int {
	quick, full := capacity.SearchBounds(s.axes, finalists)
	return s.count + quick*quickReplications + full*(s.count-quickReplications) + 1
}

// run maps a candidate.
func (s *PlanSearch) run(candidate []int) (*Run, error) {
	run, err := newSimulation(s.scenario.With(s.settings(candidate)...), s.options, &s.offered)
	if err != nil {
		return nil, err
	}
	run.lean = true
	return run, nil
}

func (s *PlanSearch) settings(candidate []int) []scenarios.Setting {
	var settings []scenarios.Setting
	for i, choice := range candidate {
		settings = append(settings, s.vary[i].Choice(choice))
	}
	return settings
}

// Play simulates the plan that is varied, and then candidates until the cheapest is found. It returns
// the simulation of the former and, where one is found, of the latter, with the same people. The time
// of the first run, and what all others will take at most, are told once.
func (s *PlanSearch) Play(ctx context.Context, how Simulating, expected func(first, rest time.Duration)) (Searched, []Simulation, error) {
	p := &prober{PlanSearch: s, ctx: ctx, how: Study{How: how, Expected: expected}.timed(s.Runs())}
	var base series
	if err := base.extend(ctx, s.start, p.how, s.count); err != nil {
		return Searched{}, nil, err
	}
	found, err := capacity.Search(s.axes, finalists, p.try)
	if err != nil {
		return Searched{}, nil, err
	}
	average, err := recorder.Average(base.reports)
	if err != nil {
		return Searched{}, nil, err
	}
	simulations := []Simulation{s.start.simulation(average, base)}
	if found.Candidate != nil {
		cheapest, err := p.again(p.tried[slices.IndexFunc(p.tried, func(t *trial) bool { return slices.Equal(t.choices, found.Candidate) })])
		if err != nil {
			return Searched{}, nil, err
		}
		simulations = append(simulations, cheapest)
	}
	return p.sumUp(found), simulations, nil
}

// trial is a candidate and what was seen of it.
type trial struct {
	choices []int
	run     *Run
	series  series
	outcome Candidate
}

// prober tries candidates and keeps what came out, in the order in which they were first tried.
type prober struct {
	*PlanSearch
	ctx   context.Context
	how   Simulating
	tried []*trial
	full  int // trials in full so far
}

// try plays a candidate's first replications, or all of them.
func (p *prober) try(candidate []int, full bool) (capacity.Trial, error) {
	count := quickReplications
	if full {
		count = p.count
	}
	t, err := p.trialOf(candidate)
	if err != nil {
		return capacity.Trial{}, err
	}
	if err := t.series.extend(p.ctx, t.run, p.how, count); err != nil {
		return capacity.Trial{}, err
	}
	cost := estimate(t.series.replays, func(r Replay) float64 { return r.Cost })
	t.outcome = Candidate{Settings: p.settings(candidate), Replications: len(t.series.replays), Cost: cost}
	bottleneck := bottleneckText(Simulation{Gates: t.series.replays[0].Gates, Bottleneck: t.series.replays[0].Bottleneck})
	if !full {
		holds := t.mayHold()
		t.outcome.Verdict = Fails
		if holds {
			t.outcome.Verdict = MayHold
		} else {
			t.outcome.Why = t.broken() + also(bottleneck)
		}
		return capacity.Trial{Cost: cost.Mean, Holds: holds}, nil
	}
	p.full++
	t.outcome.Verdict, t.outcome.Why, err = t.surely(share(1-p.confidence, p.full), p.confidence)
	if t.outcome.Verdict == Fails {
		t.outcome.Why += also(bottleneck)
	}
	return capacity.Trial{Cost: cost.Mean, Holds: t.outcome.Verdict == Holds}, err
}

// share divides the chance of a wrong answer: half for the first plan that is tried in full, half of
// what is left for each further one, so that all together stay below it.
func share(chance float64, number int) float64 { return math.Ldexp(chance, -number) }

func (p *prober) trialOf(candidate []int) (*trial, error) {
	for _, t := range p.tried {
		if slices.Equal(t.choices, candidate) {
			return t, nil
		}
	}
	run, err := p.run(candidate)
	if err != nil {
		return nil, err
	}
	t := &trial{choices: slices.Clone(candidate), run: run}
	p.tried = append(p.tried, t)
	return t, nil
}

// again plays replication 0 of a plan once more, to keep the series that trials drop.
func (p *prober) again(t *trial) (Simulation, error) {
	t.run.lean = false
	first := series{}
	if err := first.extend(p.ctx, t.run, p.how, 1); err != nil {
		return Simulation{}, err
	}
	t.series.reports[0], t.series.replays[0] = first.reports[0], first.replays[0]
	average, err := recorder.Average(t.series.reports)
	if err != nil {
		return Simulation{}, err
	}
	simulation := t.run.simulation(average, t.series)
	simulation.Report.Plan = FoundPlan
	return simulation, nil
}

// sumUp tells what became of every plan that was tried.
func (p *prober) sumUp(found capacity.Found) Searched {
	result := Searched{
		Plan: p.start.Scenario.Plan(), Confidence: p.confidence, Vary: p.vary, All: p.PlanSearch.Candidates(), Quick: found.Quick, Full: found.Full, Unfinished: found.Exhausted,
	}
	if found.Candidate != nil {
		result.Found = p.settings(found.Candidate)
	}
	for _, t := range p.tried {
		if t.outcome.Verdict == MayHold {
			t.outcome.Why = "it was not tried in full"
			if dearer := t.outcome.Cost.Mean - found.Cost; found.Candidate != nil && dearer >= 0 {
				t.outcome.Why = fmt.Sprintf("it costs %s more than the plan found", units.Amount(dearer))
			}
		}
		result.Candidates = append(result.Candidates, t.outcome)
	}
	return result
}

func also(bottleneck string) string { return prefix("; ", bottleneck) }
