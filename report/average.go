package report

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Average joins the reports of a simulation's replications: the scalars become means with 95 %
// confidence intervals (Student's t) beside them; everything else is that of the first. The caller
// judges the result: see [Judge].
func Average(replications []Report) (Report, error) {
	if len(replications) == 0 {
		return Report{}, errors.New("there is no replication to average; run one at least")
	}
	result := replications[0]
	result.Funnel, result.Steps = slices.Clone(result.Funnel), slices.Clone(result.Steps)
	result.Stations = slices.Clone(result.Stations)
	for i := range replications[1:] {
		if err := sameRows(&result, &replications[i+1]); err != nil {
			return Report{}, fmt.Errorf("replication %d: %w", i+1, err)
		}
	}
	result.Replications = len(replications)
	result.Offered.CI95 = means(result.Offered.fields(), replications, func(r *Report) []field { return r.Offered.fields() })
	for i := range result.Funnel {
		row := &result.Funnel[i]
		row.CI95 = means(row.fields(), replications, func(r *Report) []field { return r.Funnel[i].fields() })
	}
	for i := range result.Steps {
		row := &result.Steps[i]
		row.detach(replications, i)
		row.CI95 = means(row.fields(), replications, func(r *Report) []field { return r.Steps[i].fields() })
	}
	for i := range result.Stations {
		row := &result.Stations[i]
		row.detach()
		row.CI95 = means(row.fields(), replications, func(r *Report) []field { return r.Stations[i].fields() })
	}
	return result, nil
}

// sameRows says whether two reports have the same steps and stations.
func sameRows(a, b *Report) error {
	same := slices.EqualFunc(a.Funnel, b.Funnel, func(a, b FunnelRow) bool { return a.Step == b.Step }) &&
		slices.EqualFunc(a.Steps, b.Steps, func(a, b StepRow) bool { return a.Step == b.Step }) &&
		slices.EqualFunc(a.Stations, b.Stations, func(a, b StationRow) bool { return a.Name == b.Name })
	if !same {
		return errors.New("its steps or stations differ from the first; average replications of one scenario and plan")
	}
	return nil
}

// field is one scalar and its name in the file.
type field struct {
	name string
	at   *float64
}

// means sets every field to its mean over the replications that know it and returns the intervals
// of those that two at least know.
func means(into []field, replications []Report, fields func(*Report) []field) Intervals {
	values := map[string][]float64{}
	for i := range replications {
		for _, field := range fields(&replications[i]) {
			values[field.name] = append(values[field.name], *field.at)
		}
	}
	var intervals Intervals
	for _, field := range into {
		known := values[field.name]
		if len(known) == 0 {
			continue
		}
		mean, deviation := stat.MeanStdDev(known, nil)
		*field.at = mean
		if n := float64(len(known)); n > 1 {
			half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
			if intervals == nil {
				intervals = Intervals{}
			}
			intervals[field.name] = [2]float64{mean - half, mean + half}
		}
	}
	return intervals
}

func (o *Offered) fields() []field {
	return []field{
		{"scheduled", &o.Scheduled},
		{"sent", &o.Sent},
		{"completed", &o.Completed},
		{"dropped", &o.Dropped},
		{"peak_per_min", &o.PeakPerMin},
	}
}

func (r *FunnelRow) fields() []field {
	return []field{
		{"entered", &r.Entered},
		{"passed", &r.Passed},
		{"peak_passed_per_min", &r.PeakPassedPerMin},
		{"declined", &r.Declined},
		{"abandoned", &r.Abandoned},
		{"rejected", &r.Rejected},
		{"failed", &r.Failed},
		{"timed_out", &r.TimedOut},
		{"unfinished", &r.Unfinished},
		{"retries", &r.Retries},
	}
}

func (r *StepRow) fields() []field {
	fields := []field{
		{"requests", &r.Requests}, {"throughput_per_s", &r.ThroughputPerS}, {"goodput_per_s", &r.GoodputPerS},
	}
	fields = append(fields, r.ResponseTimeS.fields("response_time_s.")...)
	fields = append(fields, r.ResponseTimePassedS.fields("response_time_passed_s.")...)
	return append(fields, r.ServiceTimeS.fields("service_time_s.")...)
}

func (q *Quantiles) fields(prefix string) []field {
	if q == nil {
		return nil
	}
	return []field{
		{prefix + "count", &q.Count},
		{prefix + "mean", &q.Mean},
		{prefix + "p50", &q.P50},
		{prefix + "p90", &q.P90},
		{prefix + "p95", &q.P95},
		{prefix + "p99", &q.P99},
		{prefix + "p999", &q.P999},
		{prefix + "max", &q.Max},
	}
}

func (r *StationRow) fields() []field {
	fields := []field{
		{"servers", &r.Servers},
		{"completions", &r.Completions},
		{"busy_s", &r.BusyS},
		{"queue_mean", &r.QueueMean},
		{"queue_max", &r.QueueMax},
	}
	if r.Batches != nil && r.FsyncS != nil {
		fields = append(fields, field{"batches", r.Batches}, field{"fsync_s", r.FsyncS})
	}
	if r.Wasted != nil {
		fields = append(fields, field{"wasted", r.Wasted})
	}
	return fields
}

// detach gives the row quantiles of its own wherever any replication measured them.
func (r *StepRow) detach(replications []Report, i int) {
	for _, times := range []func(*StepRow) **Quantiles{
		func(r *StepRow) **Quantiles { return &r.ResponseTimeS },
		func(r *StepRow) **Quantiles { return &r.ResponseTimePassedS },
		func(r *StepRow) **Quantiles { return &r.ServiceTimeS },
	} {
		*times(r) = nil
		for k := range replications {
			if *times(&replications[k].Steps[i]) != nil {
				*times(r) = &Quantiles{}
			}
		}
	}
}

// detach gives the row optional figures of its own.
func (r *StationRow) detach() {
	if r.Batches != nil && r.FsyncS != nil {
		batches, fsync := *r.Batches, *r.FsyncS
		r.Batches, r.FsyncS = &batches, &fsync
	}
	if r.Wasted != nil {
		wasted := *r.Wasted
		r.Wasted = &wasted
	}
}
