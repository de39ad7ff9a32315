package recorder

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Assemble joins a recording with the facts of its run. The same input gives the same report. The report has
// no verdict yet: package threshold adds one.
func Assemble(recording *Recording, facts Facts) report.Report {
	facts = facts.withDefaults()
	r := report.Report{
		Schema: report.Schema, Engine: facts.Engine, Ombak: facts.Ombak, Scenario: facts.Scenario, Plan: facts.Plan, Part: facts.Part, RunID: facts.RunID,
		Started: facts.Started, DurationS: facts.Duration.Seconds(), Speed: facts.Speed, Replications: 1,
		Machine: facts.Machine, Store: facts.Store, Offered: offered(recording, facts.Offered),
		Funnel: funnelRows(recording, facts.Partial), Steps: stepRows(recording, facts), Transitions: recording.transitions(),
		Stations: stationRows(facts.Readings, facts.Duration, facts.Engine), Generator: generator(recording, facts), Fleet: facts.Fleet, Placed: facts.Placed,
		Played: facts.Played, Processes: facts.Processes, Reconciliation: facts.Reconciliation, Timeline: timeline(facts.Marks),
		Series: series(recording, facts), Histograms: encodeHistograms(recording, facts.SeriesNote),
		Warnings: slices.Concat(facts.Warnings, unsent(recording)),
	}
	for _, agent := range facts.Fleet {
		r.Offered.Lost += agent.Lost
	}
	if facts.Offered == nil && r.Offered.Lost > 0 { // rows that never came may have counted others as scheduled
		r.Offered.Scheduled = r.Offered.Sent + r.Offered.Dropped + r.Offered.Lost
	}
	r.Overload = report.OverloadOf(r)
	if from, to := r.Arrivals(); r.Machine != nil {
		machine := *r.Machine
		machine.Usage = report.UsageOf(r.Series, r.Machine, from, to)
		r.Machine = &machine
	}
	return r
}

// SoFar returns the report of a live run in progress, with enough figures to judge its thresholds.
func SoFar(recording *Recording, at time.Duration) report.Report {
	facts := Facts{Duration: at}.withDefaults()
	return report.Report{
		Offered: offered(recording, nil), Funnel: funnelRows(recording, true), Steps: stepRows(recording, facts), Transitions: recording.transitions(),
		Series: series(recording, facts), Generator: generator(recording, facts),
	}
}

func (f Facts) withDefaults() Facts {
	f.Engine = cmp.Or(f.Engine, report.Live)
	f.Speed = cmp.Or(f.Speed, 1)
	if f.Clock == nil {
		f.Clock = func(realTime time.Duration) time.Duration { return realTime }
	}
	return f
}

func offered(recording *Recording, facts *OfferedFacts) report.Offered {
	offered := report.Offered{
		Scheduled: float64(recording.scheduled), Sent: float64(recording.started),
		Completed: float64(recording.finished), Dropped: float64(recording.dropped),
	}
	if facts != nil {
		offered.Scheduled, offered.PeakPerMin = float64(facts.Scheduled), float64(facts.PeakPerMin)
		offered.ByStep = facts.ByStep
		return offered
	}
	offered.PeakPerMin = float64(recording.peaksSoFar()[0])
	return offered
}

// funnelRows returns the row of each step. In a partial recording an answer may be known whose question is not: the person
// has entered all the same.
func funnelRows(recording *Recording, partial bool) []report.FunnelRow {
	rows, peaks := make([]report.FunnelRow, 0, len(recording.journey)), recording.peaksSoFar()
	for i, step := range recording.journey {
		total := &recording.steps[i]
		row := report.FunnelRow{
			Step: step.Name, Entered: float64(total.entered), Retries: float64(total.retries),
			Passed: float64(total.people[funnel.Completed]), Declined: float64(total.people[funnel.Declined]),
			Rejected: float64(total.people[funnel.Rejected]), Failed: float64(total.people[funnel.Failed]),
			TimedOut: float64(total.people[funnel.TimedOut]), Abandoned: float64(total.people[funnel.Abandoned]),
			PeakPassedPerMin: float64(peaks[1+i]),
		}
		if partial {
			row.Entered = max(row.Entered, row.Settled())
		}
		row.Unfinished = row.Entered - row.Settled()
		rows = append(rows, row)
	}
	return rows
}

func stepRows(recording *Recording, facts Facts) []report.StepRow {
	duration := facts.Duration
	rows := make([]report.StepRow, 0, len(recording.journey))
	for i, step := range recording.journey {
		total := &recording.steps[i]
		row := report.StepRow{
			Step:                step.Name,
			Kind:                step.Kind,
			Group:               facts.Labels[step.Name].Group,
			Tags:                facts.Labels[step.Name].Tags,
			Visits:              recording.visits(i),
			Requests:            float64(total.sent()),
			Reasons:             maps.Clone(total.reasons),
			ResponseTimeS:       report.QuantilesOf(sum(total.response, report.SentOutcomes())),
			ResponseTimePassedS: report.QuantilesOf(sum(total.response, report.PassedOutcomes())),
			ServiceTimeS:        report.QuantilesOf(sum(total.service, report.SentOutcomes())),
		}
		if recording.slow != nil {
			row.Slowest = recording.slow[i].examples(step.Name, facts.RunID)
		}
		if duration > 0 {
			row.ThroughputPerS = row.Requests / duration.Seconds()
			row.GoodputPerS = float64(total.people[funnel.Completed]) / duration.Seconds()
		}
		rows = append(rows, row)
	}
	return rows
}

// sent counts the attempts that left the generator.
func (t *stepTotal) sent() (sent uint64) {
	for _, outcome := range report.SentOutcomes() {
		sent += t.attempts[outcome]
	}
	return sent
}

func generator(recording *Recording, facts Facts) *report.Generator {
	if facts.Engine == report.Simulated {
		return nil
	}
	generator := &report.Generator{}
	if lag := recording.lag; lag != nil {
		at := lag.ValueAtPercentilesSlice([]float64{50, 99})
		generator.ScheduleLagS = &report.LagQuantiles{
			Count: float64(lag.TotalCount()), P50: seconds(at[0]), P99: seconds(at[1]), Max: seconds(lag.Max()),
		}
	}
	if facts.Generator != nil {
		generator.CPUS, generator.MaxRSSBytes = facts.Generator.CPUS, facts.Generator.MaxRSSBytes
	}
	generator.Strain, generator.Protocol, generator.Handshakes = facts.Strain, facts.Protocol, facts.Handshakes
	generator.Wire, generator.Connections, generator.WebSockets = facts.Wire.Name, facts.Wire.Connections, facts.Wire.WebSockets
	if *generator == (report.Generator{}) {
		return nil
	}
	return generator
}

func timeline(marks []funnel.Mark) []report.Event {
	events := make([]report.Event, 0, len(marks))
	for _, mark := range marks {
		events = append(events, report.EventOf(mark))
	}
	slices.SortStableFunc(events, func(a, b report.Event) int {
		return cmp.Or(cmp.Compare(a.AtS, b.AtS), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text))
	})
	return events
}

// unsent warns of attempts that the generator could not send.
func unsent(recording *Recording) (warnings []string) {
	for i, step := range recording.journey {
		if n := recording.steps[i].attempts[funnel.Dropped]; n > 0 {
			warnings = append(warnings, fmt.Sprintf(
				"the generator could not send %s attempts at %s; their people count as unfinished", units.Count(float64(n)), step.Name))
		}
	}
	return warnings
}
