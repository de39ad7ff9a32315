package simulation

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/setup"
)

// Series holds the replications of one model by their numbers.
type Series struct {
	Model        *setup.Model
	Replications []Replication
	reports      []report.Report
	conditions   [][]threshold.Condition // of each report, as it measured them
	ended        string                  // why a replication ended early; empty if none did
	played       int                     // number of replications that the reports average; 0 means the number of reports
	packed       *packed                 // the model as a text; nil until an order needs it
}

// Extend plays replications until there are count.
func (s *Series) Extend(ctx context.Context, settings Settings, count int) error {
	first := len(s.reports)
	if count <= first {
		return nil
	}
	s.grow(count)
	return play(ctx, s.jobs(first, count), settings)
}

// PlayFirstAgain plays replication 0 once more, to keep its series and histograms, which lean settings drop.
func (s *Series) PlayFirstAgain(ctx context.Context, settings Settings) error {
	settings.Lean = false
	return play(ctx, s.jobs(0, 1), settings)
}

// grow makes room for count replications.
func (s *Series) grow(count int) {
	s.reports = append(s.reports, make([]report.Report, count-len(s.reports))...)
	s.conditions = append(s.conditions, make([][]threshold.Condition, count-len(s.conditions))...)
	s.Replications = append(s.Replications, make([]Replication, count-len(s.Replications))...)
}

// Result averages the replications and judges the average.
func (s *Series) Result() (Result, error) {
	average, err := recorder.Average(s.reports)
	if err != nil {
		return Result{}, fmt.Errorf("plan %s: %w", s.Model.Scenario.Plan(), err)
	}
	average.Replications = cmp.Or(s.played, len(s.reports))
	prices := s.Model.Scenario.Prices()
	judged := threshold.Judge(average, threshold.Averaged(s.conditions), threshold.Validity{})
	if len(judged.Series.TS) > 0 { // lean studies keep no series, and show no single report
		judged.Published = s.Model.Published(judged)
	}
	return Result{
		Report:       threshold.Ended(judged, s.ended),
		Replications: s.Replications, Gates: s.Replications[0].Gates, Bottleneck: s.Replications[0].Bottleneck,
		Priced: prices.Known(), Currency: prices.Currency, Noun: s.Model.Scenario.Arrivals.Words(),
	}, nil
}

// independent returns the replications or, if they are antithetic, the mean of each pair. The two of a pair
// depend on each other on purpose; the pairs are independent.
//
// Source: J. M. Hammersley, K. W. Morton, "A new Monte Carlo technique: antithetic variates", Mathematical
// Proceedings of the Cambridge Philosophical Society 52 (1956); A. M. Law, "Simulation Modeling and
// Analysis", 5th ed., 2015, section 11.3.
func (s *Series) independent(settings Settings) (*Series, error) {
	if !settings.Antithetic {
		return s, nil
	}
	pairs := &Series{Model: s.Model, played: len(s.reports)}
	for i := 0; i+1 < len(s.reports); i += 2 {
		average, err := recorder.Average(s.reports[i : i+2])
		if err != nil {
			return nil, err
		}
		pairs.reports = append(pairs.reports, average)
		pairs.conditions = append(pairs.conditions, threshold.Averaged(s.conditions[i:i+2]))
		pairs.Replications = append(pairs.Replications, s.Replications[i].averaged(s.Replications[i+1]))
	}
	return pairs, nil
}

func (s *Series) jobs(first, count int) []*Job {
	var jobs []*Job
	for number := first; number < count; number++ {
		jobs = append(jobs, &Job{number: number, into: s})
	}
	return jobs
}

// put stores the results of a replication. Every replication has a place of its own; those that are stopped are all
// stopped at the same instant.
func (s *Series) put(number int, outcome played) {
	s.reports[number], s.conditions[number], s.Replications[number] = outcome.report, outcome.conditions, outcome.figures
	if number == 0 {
		s.ended = outcome.ended
	}
}
