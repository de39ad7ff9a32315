package recorder

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report"
)

// Average joins the reports of a simulation's replications. Scalars become means with 95 % confidence
// intervals (Student's t); everything else comes from the first replication. The result has no verdict yet:
// package threshold adds one.
func Average(replications []report.Report) (report.Report, error) {
	if len(replications) == 0 {
		return report.Report{}, errors.New("there is no replication to average; run at least one")
	}
	result := replications[0]
	result.Funnel, result.Steps = slices.Clone(result.Funnel), slices.Clone(result.Steps)
	result.Stations = slices.Clone(result.Stations)
	for i := range replications[1:] {
		if err := sameRows(&result, &replications[i+1]); err != nil {
			return report.Report{}, fmt.Errorf("replication %d: %w", i+1, err)
		}
	}
	result.Replications = len(replications)
	result.Offered.CI95 = means(result.Offered.Fields(), replications, func(r *report.Report) []report.Field { return r.Offered.Fields() })
	for i := range result.Funnel {
		row := &result.Funnel[i]
		row.CI95 = means(row.Fields(), replications, func(r *report.Report) []report.Field { return r.Funnel[i].Fields() })
	}
	for i := range result.Steps {
		row := &result.Steps[i]
		detachTimes(row, replications, i)
		row.Reasons = meanReasons(replications, i)
		row.CI95 = means(row.Fields(), replications, func(r *report.Report) []report.Field { return r.Steps[i].Fields() })
	}
	result.Transitions = sumTransitions(replications)
	if len(result.Offered.ByStep) > 0 {
		result.Offered.ByStep = meanScheduling(replications)
	}
	for i := range result.Transitions {
		t := &result.Transitions[i]
		t.CI95 = means(t.Fields(), replications, func(r *report.Report) []report.Field { return peopleBetween(r, t) })
	}
	for i := range result.Stations {
		row := &result.Stations[i]
		detach(row)
		row.CI95 = means(row.Fields(), replications, func(r *report.Report) []report.Field { return r.Stations[i].Fields() })
	}
	return result, nil
}

// sameRows returns an error unless two reports have the same steps and stations.
func sameRows(a, b *report.Report) error {
	same := slices.EqualFunc(a.Funnel, b.Funnel, func(a, b report.FunnelRow) bool { return a.Step == b.Step }) &&
		slices.EqualFunc(a.Steps, b.Steps, func(a, b report.StepRow) bool { return a.Step == b.Step }) &&
		slices.EqualFunc(a.Stations, b.Stations, func(a, b report.StationRow) bool { return a.Name == b.Name })
	if !same {
		return errors.New("its steps or stations differ from the first; average replications of one scenario " +
			"and plan")
	}
	return nil
}

// means sets every field to its mean over the replications that know it, and returns intervals for fields
// that at least two replications know.
func means(into []report.Field, replications []report.Report, fields func(*report.Report) []report.Field) report.Intervals {
	values := map[string][]float64{}
	for i := range replications {
		for _, field := range fields(&replications[i]) {
			values[field.Name] = append(values[field.Name], *field.At)
		}
	}
	var intervals report.Intervals
	for _, field := range into {
		known := values[field.Name]
		if len(known) == 0 {
			continue
		}
		mean, deviation := stat.MeanStdDev(known, nil)
		*field.At = mean
		if n := float64(len(known)); n > 1 {
			half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
			if intervals == nil {
				intervals = report.Intervals{}
			}
			intervals[field.Name] = [2]float64{mean - half, mean + half}
		}
	}
	return intervals
}

// meanReasons returns how many attempts at a step did not complete for each reason, on average.
func meanReasons(replications []report.Report, step int) map[string]float64 {
	var means map[string]float64
	for _, r := range replications {
		for reason, count := range r.Steps[step].Reasons {
			if means == nil {
				means = map[string]float64{}
			}
			means[reason] += count
		}
	}
	for reason := range means {
		means[reason] /= float64(len(replications))
	}
	return means
}

// meanScheduling returns the people scheduled at each step on average. Replications draw other numbers of people, and divide
// them differently among journeys.
func meanScheduling(replications []report.Report) map[string]report.Scheduling {
	means, n := map[string]report.Scheduling{}, float64(len(replications))
	for _, r := range replications {
		for step, scheduled := range r.Offered.ByStep {
			sum := means[step]
			means[step] = report.Scheduling{Scheduled: sum.Scheduled + scheduled.Scheduled, PeakPerMin: sum.PeakPerMin + scheduled.PeakPerMin}
		}
	}
	for step, sum := range means {
		means[step] = report.Scheduling{Scheduled: sum.Scheduled / n, PeakPerMin: sum.PeakPerMin / n}
	}
	return means
}

// peopleBetween returns the people of a replication who took the way of a transition, which may be none.
func peopleBetween(r *report.Report, t *report.Transition) []report.Field {
	for i := range r.Transitions {
		if found := &r.Transitions[i]; found.From == t.From && found.To == t.To {
			return found.Fields()
		}
	}
	return (&report.Transition{}).Fields()
}

// detachTimes gives the row its own copy of the quantiles that any replication measured.
func detachTimes(r *report.StepRow, replications []report.Report, i int) {
	if r.Visits != nil {
		visits := *r.Visits
		r.Visits = &visits
	}
	for _, times := range []func(*report.StepRow) **report.Quantiles{
		func(r *report.StepRow) **report.Quantiles { return &r.ResponseTimeS },
		func(r *report.StepRow) **report.Quantiles { return &r.ResponseTimePassedS },
		func(r *report.StepRow) **report.Quantiles { return &r.ServiceTimeS },
	} {
		*times(r) = nil
		for k := range replications {
			if *times(&replications[k].Steps[i]) != nil {
				*times(r) = &report.Quantiles{}
			}
		}
	}
}

// detach gives the row its own copy of the optional figures.
func detach(r *report.StationRow) {
	if r.Batches != nil && r.FsyncS != nil {
		batches, fsync := *r.Batches, *r.FsyncS
		r.Batches, r.FsyncS = &batches, &fsync
	}
	for _, figure := range []**float64{&r.Wasted, &r.PWait, &r.WaitS, &r.ServiceS} {
		if *figure != nil {
			own := **figure
			*figure = &own
		}
	}
}
