package report

import "fmt"

// Rate is the share of people who entered and were rejected, failed or timed out.
const Rate = "rate"

// Count returns a count of a step, or of the whole run if step is empty, by its name in a threshold.
func Count(report Report, step, word string) (float64, error) {
	if step == "" {
		return people(report, word)
	}
	if word == "scheduled" {
		scheduling, ok := report.Offered.ByStep[step]
		if !ok {
			return 0, fmt.Errorf("never measured: nobody is scheduled at %s; take the share of entered", step)
		}
		return scheduling.Scheduled - scheduling.Lost, nil
	}
	visits := -1.0
	for i := range report.Funnel {
		if row := &report.Funnel[i]; row.Step == step {
			if word == Rate && row.Entered > 0 {
				return (row.Rejected + row.Failed + row.TimedOut) / row.Entered, nil
			}
			if value, ok := row.count(word); ok {
				return value, nil
			}
			visits = row.Entered // on a straight line, people come once
		}
	}
	for i := range report.Steps {
		if row := &report.Steps[i]; row.Step == step {
			if value, ok := row.count(word); ok {
				return value, nil
			}
		}
	}
	if word == "visits" && visits >= 0 {
		return visits, nil
	}
	return 0, fmt.Errorf("never measured: the report has no %s.%s", step, word)
}

func people(report Report, word string) (float64, error) {
	switch word {
	case "scheduled":
		return report.Offered.Scheduled - report.Offered.Lost, nil
	case "sent":
		return report.Offered.Sent, nil
	case "completed":
		return report.Offered.Completed, nil
	case "dropped":
		return report.Offered.Dropped, nil
	}
	stored := report.Reconciliation
	if stored == nil {
		return 0, fmt.Errorf("never measured: the store was not read, so %s is unknown", word)
	}
	return map[string]float64{
		"acknowledged": float64(stored.Acknowledged), "persisted": float64(stored.Persisted), "lost": float64(stored.Lost),
		"unacknowledged": float64(stored.Unacknowledged), "duplicates": float64(stored.Duplicates),
	}[word], nil
}

func (r *FunnelRow) count(word string) (float64, bool) {
	value, ok := map[string]float64{
		"entered": r.Entered, "passed": r.Passed, "peak_passed_per_min": r.PeakPassedPerMin, "declined": r.Declined,
		"abandoned": r.Abandoned, "rejected": r.Rejected, "failed": r.Failed, "timed_out": r.TimedOut,
		"unfinished": r.Unfinished, "retries": r.Retries,
	}[word]
	return value, ok
}

func (r *StepRow) count(word string) (float64, bool) {
	if word == "visits" {
		if r.Visits == nil {
			return 0, false
		}
		return *r.Visits, true
	}
	value, ok := map[string]float64{
		"requests": r.Requests, "throughput_per_s": r.ThroughputPerS, "goodput_per_s": r.GoodputPerS,
	}[word]
	return value, ok
}
