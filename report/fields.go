package report

// field is one scalar and its name in the file.
type field struct {
	name string
	at   *float64
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
