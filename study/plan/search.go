package plan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// The bounds of a search: quick trials take two replications, and at most a dozen plans are tried in full.
const (
	quickReplications = 2
	finalists         = 12
)

// Search looks for the cheapest plan that meets the thresholds. The candidates differ from one plan by the
// settings in the scenario's search section.
type Search struct {
	scenario   *scenarios.Scenario
	options    setup.Options
	start      *setup.Model // of the plan that is varied
	vary       []scenarios.Vary
	axes       []capacity.Axis
	confidence float64
	count      int // replications of a full trial
}

// NewSearch maps the section and the plan to vary: the plan of the options, or else that of the section.
// Replications is the number that a full trial plays.
func NewSearch(scenario *scenarios.Scenario, options setup.Options, replications int) (*Search, error) {
	section := scenario.Search
	if section == nil {
		return nil, setup.Refuse("scenario %s does not say what may vary; add search: {vary: [{set: stations.NAME.servers, min: 1, max: 20}]}", scenario.Name)
	}
	if replications <= quickReplications {
		return nil, setup.Refuse("a search needs at least %d replications to be sure of anything, not %d", quickReplications+1, replications)
	}
	if err := simulation.CheckReplications(replications); err != nil {
		return nil, err
	}
	if options.Plan == "" {
		options.Plan = section.Plan
	}
	s := &Search{scenario: scenario, options: options, vary: section.Vary, confidence: float64(section.Confidence), count: replications}
	for _, vary := range section.Vary {
		s.axes = append(s.axes, capacity.Axis{Choices: vary.Choices(), Monotone: vary.Rises()})
	}
	var err error
	if s.start, err = setup.NewModel(scenario, options); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(s.start.Conditions, threshold.Condition.Must) {
		return nil, setup.Refuse("scenario %s has no threshold that must hold, so any plan would do; add one, or give --threshold", scenario.Name)
	}
	for _, last := range []bool{false, true} { // the varied settings may be missing from a plan other than the section's
		candidate := make([]int, len(s.axes))
		for i, axis := range s.axes {
			if last {
				candidate[i] = axis.Choices - 1
			}
		}
		if _, err := s.model(candidate); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Start returns the model of the plan that is varied.
func (s *Search) Start() *setup.Model { return s.start }

// Candidates returns the number of plans to choose from.
func (s *Search) Candidates() int {
	all := 1
	for _, axis := range s.axes {
		all *= axis.Choices
	}
	return all
}

// Runs returns the most simulations that the search takes, including those of the plan that is varied and of
// the plan found.
func (s *Search) Runs() int {
	quick, full := capacity.SearchBounds(s.axes, finalists)
	return s.count + quick*quickReplications + full*(s.count-quickReplications) + 1
}

// model maps a candidate. All candidates have the same people.
func (s *Search) model(candidate []int) (*setup.Model, error) {
	return setup.NewModelOffered(s.scenario.With(s.candidate(candidate)...), s.options, s.start.Offered)
}

func (s *Search) candidate(candidate []int) []scenarios.Setting {
	var settings []scenarios.Setting
	for i, choice := range candidate {
		settings = append(settings, s.vary[i].Choice(choice))
	}
	return settings
}

// Play simulates the plan that is varied, and then candidates until it has found the cheapest. It returns the
// simulation of the varied plan and, if a plan was found, the simulation of that plan with the same people.
// It calls expected once, with the time of the first run and the most time that all others will take.
func (s *Search) Play(ctx context.Context, settings simulation.Settings, expected func(first, rest time.Duration)) (Searched, []simulation.Result, error) {
	p := &prober{Search: s, ctx: ctx, settings: settings.Timed(s.Runs(), expected)}
	start := simulation.Series{Model: s.start}
	if err := start.Extend(ctx, p.settings, s.count); err != nil {
		return Searched{}, nil, err
	}
	found, err := capacity.Search(s.axes, finalists, p.try)
	if err != nil {
		return Searched{}, nil, err
	}
	varied, err := start.Result()
	if err != nil {
		return Searched{}, nil, err
	}
	results := []simulation.Result{varied}
	if found.Candidate != nil {
		cheapest, err := p.again(p.tried[slices.IndexFunc(p.tried, func(t *trial) bool { return slices.Equal(t.choices, found.Candidate) })])
		if err != nil {
			return Searched{}, nil, err
		}
		results = append(results, cheapest)
	}
	return p.sumUp(found), results, nil
}

// trial is a candidate and its results.
type trial struct {
	choices []int
	series  simulation.Series
	outcome Candidate
}

// prober tries candidates and keeps the results in the order of the first trials.
type prober struct {
	*Search
	ctx      context.Context
	settings simulation.Settings
	tried    []*trial
	full     int // full trials so far
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
	if err := t.series.Extend(p.ctx, p.lean(), count); err != nil {
		return capacity.Trial{}, err
	}
	cost := estimate(t.series.Replications, func(r simulation.Replication) float64 { return r.Cost })
	t.outcome = Candidate{Settings: p.candidate(candidate), Replications: len(t.series.Replications), Cost: cost}
	bottleneck := bottleneckText(simulation.Result{Gates: t.series.Replications[0].Gates, Bottleneck: t.series.Replications[0].Bottleneck})
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
	t.outcome.Verdict, t.outcome.Why, err = t.judge(share(1-p.confidence, p.full), p.confidence)
	if t.outcome.Verdict == Fails {
		t.outcome.Why += also(bottleneck)
	}
	return capacity.Trial{Cost: cost.Mean, Holds: t.outcome.Verdict == Holds}, err
}

// share returns the chance of a wrong answer allowed for the full trial of a number: half for the first, and
// half of the rest for each further one. All together stay below chance.
func share(chance float64, number int) float64 { return math.Ldexp(chance, -number) }

func (p *prober) trialOf(candidate []int) (*trial, error) {
	for _, t := range p.tried {
		if slices.Equal(t.choices, candidate) {
			return t, nil
		}
	}
	model, err := p.model(candidate)
	if err != nil {
		return nil, err
	}
	t := &trial{choices: slices.Clone(candidate), series: simulation.Series{Model: model}}
	p.tried = append(p.tried, t)
	return t, nil
}

// lean returns settings without the series and histograms of trials.
func (p *prober) lean() simulation.Settings {
	settings := p.settings
	settings.Lean = true
	return settings
}

// again plays replication 0 of a plan once more, because trials drop its series.
func (p *prober) again(t *trial) (simulation.Result, error) {
	if err := t.series.PlayFirstAgain(p.ctx, p.settings); err != nil {
		return simulation.Result{}, err
	}
	result, err := t.series.Result()
	result.Report.Plan = FoundPlan
	return result, err
}

// sumUp returns the result of every plan that was tried.
func (p *prober) sumUp(found capacity.Found) Searched {
	result := Searched{
		Plan: p.start.Scenario.Plan(), Confidence: p.confidence, Vary: p.vary, All: p.Search.Candidates(), Quick: found.Quick, Full: found.Full, Unfinished: found.Exhausted,
	}
	if found.Candidate != nil {
		result.Found = p.candidate(found.Candidate)
	}
	for _, t := range p.tried {
		if t.outcome.Verdict == MayHold {
			t.outcome.Why = "it was not tried in full"
			if surplus := t.outcome.Cost.Mean - found.Cost; found.Candidate != nil && surplus >= 0 {
				t.outcome.Why = fmt.Sprintf("it costs %s more than the plan found", units.Amount(surplus))
			}
		}
		result.Candidates = append(result.Candidates, t.outcome)
	}
	return result
}

func also(bottleneck string) string { return prefix("; ", bottleneck) }
