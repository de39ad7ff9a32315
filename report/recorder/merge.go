package recorder

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Merge adds the reports of generators that each played a part of one live run. Counts, histograms and their
// quantiles equal those that one generator would have recorded. Merge returns an error unless the reports are
// the parts of one run, each once. The result has no verdict yet: package threshold adds one.
//
// Note: the quantiles of a single second need that second's histogram, which a report does not hold. They are
// kept if only one part had answers, and absent otherwise.
func Merge(parts []report.Report) (report.Report, error) {
	if len(parts) == 0 {
		return report.Report{}, errors.New("there is no part to merge; name at least two reports")
	}
	for i := range parts {
		if err := samePart(&parts[0], &parts[i]); err != nil {
			return report.Report{}, fmt.Errorf("part %d: %w", i+1, err)
		}
	}
	known, err := complete(parts)
	if err != nil {
		return report.Report{}, err
	}
	merged := parts[0]
	merged.Part = nil
	merged.Verdict, merged.Invalid, merged.Thresholds = "", nil, nil
	merged.Warnings, merged.Processes = mergedWarnings(parts), nil
	merged.Overload = nil // no part knows it for the whole run
	if merged.Machine != nil {
		machine := *merged.Machine
		machine.Usage, merged.Machine = nil, &machine // of the first part alone
	}
	commands := []string{}
	for _, part := range parts {
		merged.DurationS = max(merged.DurationS, part.DurationS)
		merged.Processes = append(merged.Processes, part.Processes...)
		commands = append(commands, part.Command)
		if part.Started != nil && merged.Started != nil && part.Started.Before(*merged.Started) {
			merged.Started = part.Started
		}
	}
	merged.Command = strings.Trim(strings.Join(commands, "; "), "; ")
	if !known {
		merged.Warnings = append(merged.Warnings, "the reports do not name their parts of the run, so a "+
			"missing part goes unnoticed")
	}
	if merged.Histograms, err = mergedHistograms(parts); err != nil {
		return report.Report{}, err
	}
	merged.Series = mergedSeries(parts)
	merged.Offered = mergedOffered(parts, merged.Series)
	merged.Funnel, merged.Transitions = mergedFunnel(parts, merged.Series), sumTransitions(parts)
	if merged.Steps, err = mergedSteps(parts, merged); err != nil {
		return report.Report{}, err
	}
	if merged.Generator, err = mergedGenerator(parts, merged.Histograms.ScheduleLag); err != nil {
		return report.Report{}, err
	}
	return merged, nil
}

// samePart returns an error if a report is not another part of the first report's run.
func samePart(first, part *report.Report) error {
	switch {
	case part.Engine != report.Live:
		return errors.New("it is simulated; merge only parts of a live run")
	case part.Reconciliation != nil:
		return errors.New("it is a whole drill, which has no parts; merge reports of ombak load --part K/N")
	case part.Scenario.Name != first.Scenario.Name || part.Scenario.SHA256 != first.Scenario.SHA256 || part.Scenario.Seed != first.Scenario.Seed:
		return errors.New("its scenario or seed differs from the first; merge parts of one run")
	case part.Plan != first.Plan || part.Speed != first.Speed:
		return errors.New("its plan or speed differs from the first; merge parts of one run")
	}
	if sameRows(&report.Report{Funnel: first.Funnel, Steps: first.Steps}, &report.Report{Funnel: part.Funnel, Steps: part.Steps}) != nil {
		return errors.New("its steps differ from the first; merge parts of one run")
	}
	return nil
}

func mergedWarnings(parts []report.Report) (warnings []string) {
	for i, part := range parts {
		for _, warning := range part.Warnings {
			if !slices.Contains(warnings, warning) {
				warnings = append(warnings, warning)
			}
		}
		if first := parts[0].Started; first != nil && part.Started != nil && part.Started.Sub(*first).Abs() > time.Second {
			warnings = append(warnings, fmt.Sprintf("part %d started %s apart from the first; each part "+
				"counts the seconds of the series from its own start",
				i+1, part.Started.Sub(*first).Abs().Round(time.Millisecond)))
		}
	}
	return warnings
}

// mergedOffered adds people. If every part states the figures of the whole run, they are used, because they
// hold the true peaks.
func mergedOffered(parts []report.Report, series report.Series) report.Offered {
	var total report.Offered
	whole := true
	for _, part := range parts {
		total.Scheduled += part.Offered.Scheduled
		total.Sent += part.Offered.Sent
		total.Completed += part.Offered.Completed
		total.Dropped += part.Offered.Dropped
		whole = whole && part.Offered.Scheduled == parts[0].Offered.Scheduled
	}
	if first := parts[0].Offered; whole && len(parts) > 1 && first.Scheduled == total.Sent+total.Dropped {
		total.Scheduled, total.PeakPerMin, total.ByStep = first.Scheduled, first.PeakPerMin, first.ByStep
		return total
	}
	total.PeakPerMin = peakOf(series.Scheduled, series.Width())
	for _, part := range parts {
		if series.Width() > 1 { // which hides some
			total.PeakPerMin = max(total.PeakPerMin, part.Offered.PeakPerMin)
		}
		for step, scheduling := range part.Offered.ByStep {
			if total.ByStep == nil {
				total.ByStep = map[string]report.Scheduling{}
			}
			sum := total.ByStep[step]
			total.ByStep[step] = report.Scheduling{Scheduled: sum.Scheduled + scheduling.Scheduled, PeakPerMin: sum.PeakPerMin + scheduling.PeakPerMin}
		}
	}
	return total
}

// peakOf returns the largest sum over any 60 consecutive seconds of a column, as far as rows of this width show it.
func peakOf(column []int64, width int64) float64 {
	if width > 60 {
		return 0
	}
	var inside, most int64
	rows := int(60 / width)
	for i, count := range column {
		inside += count
		if i >= rows {
			inside -= column[i-rows]
		}
		most = max(most, inside)
	}
	return float64(most)
}

func mergedFunnel(parts []report.Report, series report.Series) []report.FunnelRow {
	rows := slices.Clone(parts[0].Funnel)
	for i := range rows {
		peak := rows[i].PeakPassedPerMin
		for _, part := range parts[1:] {
			peak = max(peak, part.Funnel[i].PeakPassedPerMin) // wide rows hide some
			from := part.Funnel[i].Fields()
			for k, field := range rows[i].Fields() {
				*field.At += *from[k].At
			}
		}
		for _, step := range series.Steps {
			if step.Step == rows[i].Step {
				rows[i].PeakPassedPerMin = max(peak, peakOf(step.Passed, series.Width()))
			}
		}
	}
	return rows
}

func mergedSteps(parts []report.Report, merged report.Report) ([]report.StepRow, error) {
	rows := make([]report.StepRow, len(parts[0].Steps))
	for i := range rows {
		row := &rows[i]
		first := parts[0].Steps[i]
		row.Step, row.Kind, row.Group, row.Tags = first.Step, first.Kind, first.Group, first.Tags
		for _, part := range parts {
			row.Requests += part.Steps[i].Requests
			row.Visits = sumOf(row.Visits, part.Steps[i].Visits)
			row.Reasons = addCounts(row.Reasons, part.Steps[i].Reasons)
			row.Slowest = mergedSlow(row.Slowest, part.Steps[i].Slowest)
		}
		if merged.DurationS > 0 {
			row.ThroughputPerS = row.Requests / merged.DurationS
			row.GoodputPerS, _ = report.Count(merged, row.Step, "passed")
			row.GoodputPerS /= merged.DurationS
		}
		response, err := merged.Histograms.DecodeResponseTime(row.Step, report.SentOutcomes()...)
		passed, errPassed := merged.Histograms.DecodeResponseTime(row.Step, report.PassedOutcomes()...)
		service, errService := merged.Histograms.DecodeServiceTime(row.Step, report.SentOutcomes()...)
		if err := errors.Join(err, errPassed, errService); err != nil {
			return nil, err
		}
		row.ResponseTimeS, row.ResponseTimePassedS, row.ServiceTimeS = report.QuantilesOf(response), report.QuantilesOf(passed), report.QuantilesOf(service)
	}
	return rows, nil
}

func mergedGenerator(parts []report.Report, packed string) (*report.Generator, error) {
	var total report.Generator
	for _, part := range parts {
		if part.Generator == nil {
			continue
		}
		total.CPUS = sumOf(total.CPUS, part.Generator.CPUS)
		total.MaxRSSBytes = mostOf(total.MaxRSSBytes, part.Generator.MaxRSSBytes)
		total.Protocol = cmp.Or(total.Protocol, part.Generator.Protocol)
		total.Wire = cmp.Or(total.Wire, part.Generator.Wire)
		total.Connections = plusConnections(total.Connections, part.Generator.Connections)
		total.WebSockets = plusSockets(total.WebSockets, part.Generator.WebSockets)
		total.Handshakes = SumOfHandshakes(total.Handshakes, part.Generator.Handshakes)
		total.Strain = WorstStrain(total.Strain, part.Generator.Strain)
	}
	if packed != "" {
		lag, err := report.DecodeHistogram(packed)
		if err != nil {
			return nil, err
		}
		total.ScheduleLagS = lagOf(lag)
	}
	if total == (report.Generator{}) {
		return nil, nil
	}
	return &total, nil
}

// SumOfProcesses returns the CPU time of two processes together and the larger memory, under the name of the first.
func SumOfProcesses(p, other report.Process) report.Process {
	p.CPUS, p.MaxRSSBytes = sumOf(p.CPUS, other.CPUS), mostOf(p.MaxRSSBytes, other.MaxRSSBytes)
	return p
}

// mostOf returns the larger of two numbers that may be unknown.
func mostOf(a, b *uint64) *uint64 {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	most := max(*a, *b)
	return &most
}

// sumOf adds two counts that may be unknown.
func sumOf(a, b *float64) *float64 {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	sum := *a + *b
	return &sum
}

// SumOfHandshakes returns the handshakes of two generators together. Either may be nil.
func SumOfHandshakes(h, other *report.Handshakes) *report.Handshakes {
	if h == nil || other == nil {
		return cmp.Or(h, other)
	}
	return &report.Handshakes{
		Full: h.Full + other.Full, FullMeanS: meanOf(h.Full, h.FullMeanS, other.Full, other.FullMeanS),
		Resumed: h.Resumed + other.Resumed, ResumedMeanS: meanOf(h.Resumed, h.ResumedMeanS, other.Resumed, other.ResumedMeanS),
	}
}

// meanOf returns the mean of two counts with their means.
func meanOf(n float64, mean *float64, others float64, othersMean *float64) *float64 {
	if mean == nil || othersMean == nil {
		return cmp.Or(mean, othersMean)
	}
	together := (n**mean + others**othersMean) / (n + others)
	return &together
}

// WorstStrain returns the larger value of each strain of two generators, and the sum of people shed. Either may be nil.
func WorstStrain(s *report.Strain, other *report.Strain) *report.Strain {
	if s == nil || other == nil {
		return cmp.Or(s, other)
	}
	worst := report.Strain{
		CPUShare: max(s.CPUShare, other.CPUShare), GCPauseMaxS: max(s.GCPauseMaxS, other.GCPauseMaxS),
		PacingError: max(s.PacingError, other.PacingError), Shed: s.Shed + other.Shed, StealShare: cmp.Or(s.StealShare, other.StealShare),
	}
	if s.StealShare != nil && other.StealShare != nil {
		steal := max(*s.StealShare, *other.StealShare)
		worst.StealShare = &steal
	}
	return &worst
}

func lagOf(lag *hdrhistogram.Histogram) *report.LagQuantiles {
	at := lag.ValueAtPercentilesSlice([]float64{50, 99})
	return &report.LagQuantiles{Count: float64(lag.TotalCount()), P50: seconds(at[0]), P99: seconds(at[1]), Max: seconds(lag.Max())}
}

// mergedHistograms adds the histograms of all parts.
func mergedHistograms(parts []report.Report) (report.Histograms, error) {
	total := report.Histograms{Unit: "us", ResponseTime: map[string]map[string]string{}, ServiceTime: map[string]map[string]string{}}
	var lags []string
	for _, part := range parts {
		lags = append(lags, part.Histograms.ScheduleLag)
	}
	var err error
	if total.ScheduleLag, err = addPacked(lags); err != nil {
		return total, err
	}
	for _, step := range parts[0].Funnel {
		for outcome := range funnel.Outcome(funnel.OutcomeCount) {
			var response, service []string
			for _, part := range parts {
				response = append(response, part.Histograms.ResponseTime[step.Step][outcome.String()])
				service = append(service, part.Histograms.ServiceTime[step.Step][outcome.String()])
			}
			if err := errors.Join(keepPacked(total.ResponseTime, step.Step, outcome, response), keepPacked(total.ServiceTime, step.Step, outcome, service)); err != nil {
				return total, fmt.Errorf("step %s, outcome %v: %w", step.Step, outcome, err)
			}
		}
	}
	return total, nil
}

func keepPacked(into map[string]map[string]string, step string, outcome funnel.Outcome, texts []string) error {
	sum, err := addPacked(texts)
	if err != nil || sum == "" {
		return err
	}
	if into[step] == nil {
		into[step] = map[string]string{}
	}
	into[step][outcome.String()] = sum
	return nil
}

// addPacked adds histograms as a report stores them. An empty text is an empty histogram.
func addPacked(texts []string) (string, error) {
	var total *hdrhistogram.Histogram
	for _, text := range texts {
		if text == "" {
			continue
		}
		histogram, err := report.DecodeHistogram(text)
		if err != nil {
			return "", err
		}
		total = report.MergeHistograms(total, histogram)
	}
	return report.EncodeHistogram(total), nil
}
