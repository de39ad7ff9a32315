package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
)

// assemble makes the report from everything that the conductor knows. If the run ended early, the report
// leaves out the people who were still to come.
func (c *conductor) assemble(reconciliation *report.Reconciliation, ended error) report.Report {
	duration := max(0, time.Since(c.began))
	if c.store != nil {
		c.store.Gone = c.absences(duration)
	}
	offered := &c.run.Offered
	if c.run.Options.Closed > 0 {
		offered = nil // who comes depends on the answers
	}
	if offered != nil && len(c.stage.turned) > 0 {
		turned := c.run.OfferedTurned(c.stage.turned)
		turned.Scheduled = int(c.people) // what the generator says, in case that a change reached it late
		offered = &turned
	}
	fleet := c.fleet(ended, duration)
	if ended != nil || offered != nil && len(c.stage.turned) > 0 && slices.ContainsFunc(fleet, isLost) {
		offered = nil
	}
	if offered != nil {
		offered = c.withoutLost(*offered)
	}
	if errors.Is(ended, ErrBroken) { // the threshold gives the verdict
		c.warnings = append(c.warnings, "the run ended early: "+ended.Error())
	}
	s := c.run.Scenario
	clock := c.run.People.Clock()
	started := c.began.UTC()
	var others []report.Process
	for _, p := range c.parts {
		if p.share == nil {
			cost := p.Cost()
			cost.Name = cmp.Or(cost.Name, p.kind)
			others = withCost(others, cost)
		}
	}
	others = slices.Concat(others, c.watched, c.costs)
	if c.environment.Beside != nil {
		others = append(others, c.environment.Beside()...)
	}
	strain, handshakes, wire := c.together()
	c.warnings = append(c.warnings, lossWarnings(fleet, c.began)...)
	c.checkCalls()
	partial := errors.Is(ended, ErrPartDied) || slices.ContainsFunc(fleet, isLost)
	if errors.Is(ended, ErrPartDied) {
		c.warnings = append(c.warnings, fmt.Sprintf("a part died: what happened after second %d is unknown", c.recording.Seconds()))
	}
	facts := recorder.Facts{
		Labels: c.run.Labels(),
		Ombak:  c.environment.Build, Engine: report.Live,
		Scenario: report.Scenario{Name: s.Name, Seed: s.Seed, SHA256: s.SHA256(), Opens: s.Opens},
		Plan:     s.Plan(), Part: partOf(c.run.Options), RunID: c.run.Options.RunID, Partial: partial, Started: &started, Duration: duration, Speed: c.run.Options.Speed, Clock: clock.Scenario,
		Machine: host.Machine(), Store: c.store, Offered: offered,
		Readings: c.readings.All(), Marks: c.marks, Generator: c.generatorCost(), Strain: strain, Handshakes: handshakes, Wire: wire, Fleet: fleet, Placed: c.placed(), Protocol: c.run.Protocol(), Processes: others, MachineSeries: c.machine, ProcessSeries: c.usage, Played: c.played(), Reconciliation: reconciliation,
		Warnings: slices.Concat(c.run.WarningsOf(c.exhausted()), c.warnings, c.storeWarnings()),
	}
	validity := c.run.Validity
	validity.MaxLostGenerators = c.environment.Tolerated
	rules := threshold.Rules{Conditions: c.run.Conditions, Validity: validity, Ended: cutShort(ended, duration)}
	return rules.Judge(recorder.Assemble(c.recording, facts), c.recording, facts.Clock)
}

// withCost adds the cost of a part. Several backends are one row.
func withCost(costs []report.Process, cost report.Process) []report.Process {
	if i := slices.IndexFunc(costs, func(p report.Process) bool { return p.Name == cost.Name }); i >= 0 {
		costs[i] = recorder.SumOfProcesses(costs[i], cost)
		return costs
	}
	return append(costs, cost)
}

// partOf returns the part of a run that the options select, or nil if they select all of it.
func partOf(o setup.Options) *report.Part {
	if o.Parts == 0 {
		return nil
	}
	return &report.Part{
		K: o.Part + 1, N: o.Parts, Scale: o.Scale, FromS: o.From.Seconds(), ToS: o.To.Seconds(),
		MaxRate: float64(o.MaxRate), MaxWork: float64(o.MaxWork), Closed: o.Closed,
	}
}

// played returns the load that the run offered.
func (c *conductor) played() *report.Played {
	o, when := c.run.Options, c.run.People
	played := &report.Played{
		FromS: when.First.Seconds(), ForS: (when.Last - when.First).Seconds(), Scale: o.Scale, ScaleSystem: o.ScaleSystem,
		WindowFromS: o.From.Seconds(), WindowToS: o.To.Seconds(), ConstantPerS: float64(o.Rate), ConstantForS: o.For.Seconds(),
		MaxRatePerS: float64(o.MaxRate), MaxWorkPerS: float64(o.MaxWork), Closed: o.Closed, Mix: o.Mix,
	}
	if o.Rate == 0 {
		played.ConstantForS = 0
	}
	if o.MaxRate == 0 {
		played.Speed = o.Speed
	}
	people := float64(c.run.Offered.Scheduled)
	if o.Closed > 0 { // who comes depends on the answers
		people = float64(c.people)
	}
	if played.ForS > 0 {
		played.RatePerS = people / played.ForS
	}
	return played
}

// cutShort returns why a run ended early. It returns "" if the run did not, or if a threshold ended it,
// because that gives a verdict.
func cutShort(ended error, after time.Duration) string {
	switch {
	case ended == nil, errors.Is(ended, ErrBroken):
		return ""
	case errors.Is(ended, context.Canceled):
		return fmt.Sprintf("the run was interrupted after %s, before its time", units.Duration(after))
	}
	return fmt.Sprintf("the run ended after %s, before its time: %v", units.Duration(after), ended)
}

// exhausted reports whether all people of this part of the population have come to a closed one.
func (c *conductor) exhausted() bool {
	o := c.run.Options
	return o.Closed > 0 && uint64(c.people) >= c.run.People.Size/uint64(max(1, o.Parts))
}

func (c *conductor) storeWarnings() []string {
	if c.store != nil && (c.store.Filesystem == "tmpfs" || c.store.Filesystem == "ramfs") {
		return []string{fmt.Sprintf("the database is on %s, where an fsync costs nothing; name a folder on a disk with --out or --store", c.store.Filesystem)}
	}
	return nil
}

// checkCalls compares the backend's calls of each registry with what the registry counted.
func (c *conductor) checkCalls() {
	last := map[string]funnel.Reading{}
	for _, reading := range c.readings.All() {
		last[reading.Station] = reading
	}
	for _, name := range registry.Names() {
		called, gated := last["call:"+name]
		served, known := last[name]
		if gated && known && called.Completions != served.Arrivals {
			c.warnings = append(c.warnings, fmt.Sprintf("the backend made %d calls of %s, which counted %d", called.Completions, name, served.Arrivals))
		}
	}
}
