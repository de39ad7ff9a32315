package report

import (
	"cmp"
	"slices"
)

// Join returns the row of two rows that follow each other: counts are added, averages weighted by length, and what stands at
// the end is that of the later row. Of quantiles, the greater is taken, because those of both together are not known.
func (s Second) Join(next Second) Second {
	joined := next
	joined.ForS = s.ForS + next.ForS
	joined.Scheduled += s.Scheduled
	joined.Started += s.Started
	joined.Dropped += s.Dropped
	joined.Finished += s.Finished
	joined.Lag = s.Lag.worse(next.Lag)
	joined.Steps = joinSteps(s.Steps, next.Steps)
	joined.Stations = joinNamed(s.Stations, next.Stations, func(x SecondStation) string { return x.Name }, func(a, b SecondStation) SecondStation {
		b.Busy = weighted(a.Busy, s.ForS, b.Busy, next.ForS)
		b.Completions += a.Completions
		b.Rejections += a.Rejections
		return b
	})
	joined.Processes = joinNamed(s.Processes, next.Processes, func(x SecondProcess) string { return x.Name }, func(a, b SecondProcess) SecondProcess {
		b.CPU = weighted(a.CPU, s.ForS, b.CPU, next.ForS)
		return b
	})
	joined.Agents = joinNamed(s.Agents, next.Agents, func(x SecondAgent) string { return x.Part + "/" + x.Agent }, func(a, b SecondAgent) SecondAgent {
		return a.join(s.ForS, b, next.ForS)
	})
	if joined.Thresholds == nil {
		joined.Thresholds = s.Thresholds
	}
	switch {
	case next.Machine == nil:
		joined.Machine = s.Machine
	case s.Machine != nil:
		machine := *next.Machine
		machine.CPUShare = weighted(s.Machine.CPUShare, s.ForS, machine.CPUShare, next.ForS)
		joined.Machine = &machine
	}
	joined.Marks = slices.Concat(s.Marks, next.Marks)
	joined.Times = nil
	return joined
}

// weighted returns the mean of two averages over lengths of time.
func weighted(a, forA, b, forB float64) float64 {
	if forA+forB <= 0 {
		return b
	}
	return (a*forA + b*forB) / (forA + forB)
}

// worse returns the greater of each quantile.
func (l *SecondLag) worse(than *SecondLag) *SecondLag {
	if l == nil || than == nil {
		return cmp.Or(l, than)
	}
	return &SecondLag{P50: max(l.P50, than.P50), P99: max(l.P99, than.P99), Max: max(l.Max, than.Max)}
}

func (a SecondAgent) join(forA float64, next SecondAgent, forNext float64) SecondAgent {
	joined := next
	joined.Scheduled += a.Scheduled
	joined.Started += a.Started
	joined.Dropped += a.Dropped
	joined.Finished += a.Finished
	joined.Lag = a.Lag.worse(next.Lag)
	joined.CPU = averaged(a.CPU, forA, next.CPU, forNext)
	joined.CPUShare = averaged(a.CPUShare, forA, next.CPUShare, forNext)
	joined.ClockBoundS = cmp.Or(next.ClockBoundS, a.ClockBoundS)
	return joined
}

// averaged is weighted for figures that may be unknown.
func averaged(a *float64, forA float64, b *float64, forB float64) *float64 {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	mean := weighted(*a, forA, *b, forB)
	return &mean
}

func joinSteps(before, after []SecondStep) []SecondStep {
	joined := joinNamed(before, after, func(x SecondStep) string { return x.Step }, func(a, b SecondStep) SecondStep {
		b.Entered += a.Entered
		b.Passed += a.Passed
		b.Declined += a.Declined
		b.Rejected += a.Rejected
		b.Failed += a.Failed
		b.TimedOut += a.TimedOut
		b.Left += a.Left
		b.Requests += a.Requests
		b.Served, b.Refused = a.Served.worse(b.Served), a.Refused.worse(b.Refused)
		b.P50, b.P95, b.P99 = greater(a.P50, b.P50), greater(a.P95, b.P95), greater(a.P99, b.P99)
		return b
	})
	for i := range joined {
		if !slices.ContainsFunc(after, func(x SecondStep) bool { return x.Step == joined[i].Step }) {
			joined[i].Waiting = 0 // a step that is left out has nobody
		}
	}
	return joined
}

func greater(a, b *float64) *float64 {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	most := max(*a, *b)
	return &most
}

// joinNamed joins those of one name, in the order in which they stand in the earlier list. Those of one list alone stay.
func joinNamed[T any](before, after []T, name func(T) string, join func(a, b T) T) []T {
	joined := slices.Clone(before)
	for _, b := range after {
		at := slices.IndexFunc(before, func(a T) bool { return name(a) == name(b) })
		if at < 0 {
			joined = append(joined, b)
			continue
		}
		joined[at] = join(before[at], b)
	}
	return joined
}
