package drill

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
)

// Outline is what it takes to make a report from the messages of a run's generators when their conductor is gone. It holds
// no values of variables, so it may be kept in files.
type Outline struct {
	Build      report.Build               `json:"build"`
	Scenario   report.Scenario            `json:"scenario"`
	Plan       string                     `json:"plan,omitempty"`
	RunID      string                     `json:"run_id,omitempty"`
	Speed      float64                    `json:"speed"`
	Clock      workload.Clock             `json:"clock"`
	Journey    funnel.Journey             `json:"journey"`
	Labels     map[string]recorder.Labels `json:"labels,omitempty"`
	Protocol   string                     `json:"protocol,omitempty"`
	Offered    *recorder.OfferedFacts     `json:"offered,omitempty"` // nil if who comes depends on the answers
	Thresholds []funnel.Threshold         `json:"thresholds,omitempty"`
	Step       string                     `json:"step"` // at which arrivals are scheduled
	Validity   threshold.Validity         `json:"validity"`
	Generators int                        `json:"generators"`
	Placed     []string                   `json:"placed,omitempty"`  // the kinds of other parts on other machines; their numbers follow the generators'
	ByStep     []map[string]float64       `json:"by_step,omitempty"` // people of each generator who are scheduled at a step, likewise
	People     []uint64                   `json:"people"`            // of each generator; empty if who comes depends on the answers
}

// OutlineOf returns the outline of a run with a number of generators.
func OutlineOf(run *setup.Live, generators int, build report.Build) Outline {
	s := run.Scenario
	o := Outline{
		Build: build, Scenario: report.Scenario{Name: s.Name, Seed: s.Seed, SHA256: s.SHA256(), Opens: s.Opens}, Plan: s.Plan(), RunID: run.Options.RunID,
		Speed: run.Options.Speed, Clock: run.People.Clock(), Journey: run.Generator.Journey.Funnel(), Labels: run.Labels(), Protocol: run.Protocol(),
		Thresholds: s.Thresholds, Step: s.Arrivals.Step, Validity: run.Validity, Generators: generators,
	}
	if run.Options.Closed > 0 {
		return o
	}
	o.Offered = &run.Offered
	for k := range generators {
		s := share{config: run.Share(k, generators)}
		o.People = append(o.People, s.expected(false, 0))
		o.ByStep = append(o.ByStep, scheduledOf(run, s.config))
	}
	return o
}

// Gathering makes a report from what the generators of a run have told, in any order of generators.
type Gathering struct {
	outline   Outline
	recording *recorder.Recording
	shares    map[int]*share
	warnings  []string
	longest   time.Duration

	acknowledged []uint64
	readings     recorder.Readings
	sums         summing
	marks        []funnel.Mark
	stored       Stored
}

// NewGathering returns a gathering of a run of which nothing is known.
func NewGathering(outline Outline) *Gathering {
	return &Gathering{outline: outline, recording: recorder.NewRecording(outline.Journey), shares: map[int]*share{}}
}

// Add adds a message of a part. Parts count from 0, the generators first.
func (g *Gathering) Add(part int, message Message) error {
	if message.Warning != "" {
		g.warnings = append(g.warnings, message.Warning)
	}
	if part >= g.outline.Generators {
		g.addPlaced(part, message)
		return nil
	}
	s := g.share(part)
	if delta := message.Delta; delta != nil {
		if err := delta.Validate(len(g.outline.Journey)); err != nil {
			return err
		}
		g.recording.Add(*delta)
		g.acknowledged = append(g.acknowledged, delta.Acknowledged...)
		g.longest = max(g.longest, time.Duration(delta.Second+1)*time.Second)
	}
	if message.Mark != nil {
		g.marks = withMark(g.marks, *message.Mark)
	}
	s.told(message)
	return nil
}

// addPlaced adds a message of a backend or of mocks.
func (g *Gathering) addPlaced(part int, message Message) {
	switch {
	case message.Reading != nil:
		g.readings.Add(g.sums.of(part, *message.Reading))
	case message.Mark != nil:
		g.marks = withMark(g.marks, *message.Mark)
	case message.Stored != nil:
		g.stored.add(*message.Stored)
	}
}

// placedRows returns the rows of the parts other than generators, and their costs.
func (g *Gathering) placedRows(rows map[int]report.Agent) (placed []report.Placed, costs []report.Process) {
	for i, kind := range g.outline.Placed {
		row, known := rows[g.outline.Generators+i]
		if !known {
			row.Agent = "unknown"
		}
		placed = append(placed, placedRow(kind, row))
		if row.CPUS != nil {
			costs = withCost(costs, report.Process{Name: kind, CPUS: row.CPUS, MaxRSSBytes: row.MaxRSSBytes})
		}
	}
	return placed, costs
}

func (g *Gathering) share(generator int) *share {
	if g.shares[generator] == nil {
		g.shares[generator] = &share{}
	}
	return g.shares[generator]
}

// Report returns the report. The rows say where each generator was; the counts of people are filled in. It is invalid for the
// reason given.
func (g *Gathering) Report(began time.Time, rows map[int]report.Agent, why string) (report.Report, error) {
	conditions, err := threshold.ParseAll(g.outline.Thresholds)
	if err != nil {
		return report.Report{}, err
	}
	for i := range conditions {
		conditions[i] = conditions[i].About(g.outline.Step)
	}
	o, started := g.outline, began.UTC()
	facts := recorder.Facts{
		Ombak: o.Build, Engine: report.Live, Scenario: o.Scenario, Plan: o.Plan, RunID: o.RunID, Partial: true, Started: &started, Duration: g.longest,
		Speed: o.Speed, Clock: o.Clock.Scenario, Offered: o.Offered, Protocol: o.Protocol, Labels: o.Labels, Warnings: g.warnings,
		Readings: g.readings.All(), Marks: g.marks,
	}
	facts.Offered = g.withoutLost()
	facts.Placed, facts.Processes = g.placedRows(rows)
	if g.stored.Whole {
		reconciliation := g.stored.against(g.acknowledged)
		facts.Reconciliation = &reconciliation
	} else if slices.Contains(o.Placed, backendPart) {
		facts.Warnings = append(facts.Warnings, g.unreconciled())
	}
	var cost *report.Process
	for k := range o.Generators {
		s, row := g.share(k), rows[k]
		row.Part, row.Agent = k+1, cmp.Or(row.Agent, "unknown")
		row.Sent, row.Dropped = float64(s.people.Started), float64(s.people.Dropped)
		row.People = row.Sent + row.Dropped
		if k < len(o.People) {
			row.People = max(row.People, float64(o.People[k]))
		}
		if row.Lost = row.People - row.Sent - row.Dropped; s.done {
			row.Why = ""
		} else {
			after := float64(max(0, s.latest+1))
			row.LostAfterS, row.Why = &after, cmp.Or(row.Why, "no agent holds its rows")
		}
		facts.Fleet = append(facts.Fleet, row)
		facts.Strain = recorder.WorstStrain(facts.Strain, s.strain)
		facts.Handshakes = recorder.SumOfHandshakes(facts.Handshakes, s.handshakes)
		facts.Wire = facts.Wire.Plus(s.wire)
		if row.CPUS != nil {
			sum := recorder.SumOfProcesses(report.Process{CPUS: row.CPUS, MaxRSSBytes: row.MaxRSSBytes}, costOr(cost))
			cost = &sum
		}
	}
	facts.Generator = cost
	facts.Warnings = slices.Concat(facts.Warnings, lossWarnings(facts.Fleet, began))
	rules := threshold.Rules{Conditions: conditions, Validity: o.Validity, Ended: why}
	return rules.Judge(recorder.Assemble(g.recording, facts), g.recording, facts.Clock), nil
}

// unreconciled says whose books are unknown because no agent has told what the store holds.
func (g *Gathering) unreconciled() string {
	why := cmp.Or(g.stored.Failed, errUntold.Error())
	return fmt.Sprintf("nobody could reconcile the store (%s): whether it holds the %s people who were told yes is unknown", why, units.Count(float64(len(distinct(g.acknowledged)))))
}

// withoutLost returns who was offered, with the lost, as the conductor of a run does.
func (g *Gathering) withoutLost() *recorder.OfferedFacts {
	if g.outline.Offered == nil {
		return nil
	}
	offered := *g.outline.Offered
	offered.ByStep = maps.Clone(offered.ByStep)
	for k := range min(g.outline.Generators, len(g.outline.ByStep)) {
		if s := g.share(k); !s.done {
			s.lose(offered.ByStep, g.outline.ByStep[k], g.outline.Journey)
		}
	}
	return &offered
}

// lose adds the people of a lost generator who are not known to be through with a step at which they were scheduled.
func (s *share) lose(offered map[string]report.Scheduling, scheduled map[string]float64, journey funnel.Journey) {
	for step, people := range scheduled {
		sum := offered[step]
		sum.Lost += max(0, people-float64(s.settled[journey.Index(step)]))
		offered[step] = sum
	}
}

func costOr(cost *report.Process) report.Process {
	if cost == nil {
		return report.Process{}
	}
	return *cost
}
