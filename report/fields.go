package report

// Field is one scalar and its name in the file.
type Field struct {
	Name string
	At   *float64
}

// Fields returns the scalars.
func (o *Offered) Fields() []Field {
	return []Field{
		{"scheduled", &o.Scheduled},
		{"sent", &o.Sent},
		{"completed", &o.Completed},
		{"dropped", &o.Dropped},
		{"peak_per_min", &o.PeakPerMin},
	}
}

// Fields returns the known scalars of the row.
func (r *FunnelRow) Fields() []Field {
	return []Field{
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

// Fields returns the known scalars of the row.
func (r *StepRow) Fields() []Field {
	fields := []Field{
		{"requests", &r.Requests}, {"throughput_per_s", &r.ThroughputPerS}, {"goodput_per_s", &r.GoodputPerS},
	}
	if r.Visits != nil {
		fields = append(fields, Field{"visits", r.Visits})
	}
	fields = append(fields, r.ResponseTimeS.fields("response_time_s.")...)
	fields = append(fields, r.ResponseTimePassedS.fields("response_time_passed_s.")...)
	return append(fields, r.ServiceTimeS.fields("service_time_s.")...)
}

// Fields returns the scalars.
func (t *Transition) Fields() []Field { return []Field{{"people", &t.People}} }

func (q *Quantiles) fields(prefix string) []Field {
	if q == nil {
		return nil
	}
	return []Field{
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

// Fields returns the known scalars of the row.
func (r *StationRow) Fields() []Field {
	fields := []Field{
		{"servers", &r.Servers},
		{"completions", &r.Completions},
		{"busy_s", &r.BusyS},
		{"queue_mean", &r.QueueMean},
		{"queue_max", &r.QueueMax},
	}
	if r.Batches != nil && r.FsyncS != nil {
		fields = append(fields, Field{"batches", r.Batches}, Field{"fsync_s", r.FsyncS})
	}
	if r.Wasted != nil {
		fields = append(fields, Field{"wasted", r.Wasted})
	}
	for _, known := range []Field{{"p_wait", r.PWait}, {"wait_s", r.WaitS}, {"service_s", r.ServiceS}} {
		if known.At != nil {
			fields = append(fields, known)
		}
	}
	return fields
}
