package drill

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
)

// conducted is a part with what its conductor knows of it.
type conducted struct {
	Part
	name  string
	kind  string // of part
	agent string // the name of its machine in the fleet; empty on this machine
	share *share // of a generator; nil for other parts
}

// share is what a generator has told of its part of the people. The conductor's mutex guards it during the run.
type share struct {
	config     loadgen.Config
	people     recorder.People // told of so far
	settled    map[int]uint64  // people whose last attempt at a step has ended, by step
	latest     int64           // the last second that it told of
	seconds    recorder.AgentSeconds
	quiet      bool // the timeline says that nothing is heard of it
	strain     *report.Strain
	handshakes *report.Handshakes
	wire       recorder.Wire
	played     bool  // nothing is left to play but the requests after the run
	done       bool  // nothing is left to play at all
	lost       error // why it was lost; nil if it was not
}

// over reports whether nothing more is to come.
func (s *share) over() bool { return s.done || s.lost != nil }

// startGenerators starts every generator and waits until all are ready. The first sends the requests before the run, and
// the others get what they extracted.
func (c *conductor) startGenerators(ctx context.Context) error {
	carriers := c.environment.Generators
	if len(carriers) == 0 {
		carriers = []Carrier{c.environment.here()}
	}
	before, _ := c.run.Generator.Longest()
	var values map[string]string
	for k, carrier := range carriers {
		order := &GeneratorOrder{Config: c.run.Share(k, len(carriers)), Metrics: c.environment.Metrics, Together: len(carriers) > 1}
		if k > 0 && len(values) > 0 {
			order.Config.RunValues = values
		}
		generator, err := c.startAt(ctx, carrier, Order{Generator: order}, &share{config: order.Config})
		if err != nil {
			return err
		}
		if k > 0 {
			continue
		}
		ready, err := generator.Await(ctx, before+patience)
		if err != nil {
			return err
		}
		values = ready.Values
		if address := ready.Addresses["metrics"]; address != "" && c.environment.Metered != nil {
			c.environment.Metered(address)
		}
	}
	for _, generator := range c.generators()[1:] {
		if _, err := generator.Await(ctx, patience); err != nil {
			return err
		}
	}
	return nil
}

// generators returns the parts that are generators.
func (c *conductor) generators() (found []*conducted) {
	for _, p := range c.parts {
		if p.share != nil {
			found = append(found, p)
		}
	}
	return found
}

// told adds what a generator says of itself. The caller holds the lock.
func (s *share) told(message Message) {
	switch {
	case message.Strain != nil:
		s.strain = message.Strain
	case message.Handshakes != nil:
		s.handshakes = message.Handshakes
	case message.Wire != nil:
		s.wire = *message.Wire
	case message.Played:
		s.played = true
	case message.Done:
		s.played, s.done = true, true
	case message.Delta != nil:
		s.people.Add(*message.Delta)
		s.seconds.Add(*message.Delta)
		s.settle(message.Delta.Steps)
		s.latest = max(s.latest, message.Delta.Second)
	}
}

// settle adds the people whose last attempt at a step has ended.
func (s *share) settle(steps []recorder.StepDelta) {
	if s.settled == nil {
		s.settled = map[int]uint64{}
	}
	for _, step := range steps {
		for _, ended := range step.Ended {
			s.settled[step.Step] += ended.People
		}
	}
}

// begin tells every part when the run begins, all at once.
func (c *conductor) begin(notice time.Duration) error {
	c.began = time.Now().Add(notice)
	begin := Begin{At: c.began, Clock: c.run.People.Clock()}
	failed := make([]error, len(c.parts))
	var telling sync.WaitGroup
	for i, p := range c.parts {
		telling.Go(func() {
			begin := begin
			begin.In = time.Until(c.began)
			failed[i] = p.Begin(begin)
		})
	}
	telling.Wait()
	for i, err := range failed {
		if err == nil {
			continue
		}
		if _, abroad := c.parts[i].Part.(Abroad); abroad {
			return err
		}
		<-c.parts[i].Ended()
		return fmt.Errorf("%w: %w", ErrPartDied, c.parts[i].Cause())
	}
	return nil
}

// stir makes the loop that plays the run look at the generators.
func (c *conductor) stir() {
	select {
	case c.stirred <- struct{}{}:
	default: // it will look anyway
	}
}

// concluded reports whether no generator has anything left to play. Once all others have played, the one that holds the
// requests after the run is told to send them.
func (c *conductor) concluded() (bool, error) {
	over, concluding, err := c.remaining()
	for _, generator := range concluding {
		if err := generator.Change(Change{Conclude: true}); err != nil {
			c.warnUnconcluded(err)
		}
	}
	return over, err
}

func (c *conductor) warnUnconcluded(cause error) {
	c.warn(fmt.Sprintf("the requests after the run may not have been sent: %v", cause))
}

// remaining reports whether no generator has anything left to play, and returns those that have only the requests after the
// run left, once. It tells them nothing: while they are told, they may tell the conductor something.
func (c *conductor) remaining() (over bool, concluding []*conducted, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	over = true
	played, lost := true, 0
	for _, generator := range c.generators() {
		s := generator.share
		over, played = over && s.over(), played && (s.played || s.over())
		if s.lost != nil {
			lost++
		}
	}
	if lost == len(c.generators()) {
		return true, nil, fmt.Errorf("%w: no generator is left: %w", ErrPartDied, c.generators()[0].share.lost)
	}
	if played && !over && c.concludeBy.IsZero() {
		c.concludeBy = time.Now().Add(c.last())
		for _, generator := range c.generators() {
			if !generator.share.over() {
				concluding = append(concluding, generator)
			}
		}
	}
	return over, concluding, nil
}

// died handles the end of a part during the run. It returns an error if the run cannot go on.
func (c *conductor) died(dead mortal) error {
	cause := dead.cause()
	if dead.part != nil && dead.part.share == nil && errors.Is(cause, ErrLost) {
		cause = fmt.Errorf("%s: %w", dead.name, cause)
	}
	if dead.part == nil || dead.part.share == nil || !errors.Is(cause, ErrLost) {
		c.note(funnel.NoteMark, dead.name+" died")
		return fmt.Errorf("%w: %w", ErrPartDied, cause)
	}
	c.lose(dead.part, cause)
	return nil
}

// lose goes on without a generator.
func (c *conductor) lose(p *conducted, cause error) {
	c.mu.Lock()
	fresh := !p.share.over()
	if fresh {
		p.share.lost = cause
	}
	c.mu.Unlock()
	if fresh {
		c.tell(fmt.Sprintf("%s was lost: %v", p.name, cause))
	}
	if fresh && len(p.share.config.After) > 0 {
		c.warnUnconcluded(cause)
	}
	c.stir()
}

// giveUp ends the generators that have not come to their end long after the planned end of the run, but for one that sends
// the requests after it. It returns an error if one of them is a process of this machine.
func (c *conductor) giveUp() error {
	why := fmt.Sprintf("the generator had not come to its end %v after the planned end of the run", grace)
	var late []*conducted
	for _, generator := range c.generators() {
		c.mu.Lock()
		concluding := generator.share.played && (c.concludeBy.IsZero() || time.Now().Before(c.concludeBy))
		spared := generator.share.over() || concluding
		c.mu.Unlock()
		if !spared {
			late = append(late, generator)
		}
	}
	endAll(late, 0)
	for _, generator := range late {
		if _, abroad := generator.Part.(Abroad); !abroad {
			return fmt.Errorf("%w: %s", ErrPartDied, why)
		}
		c.lose(generator, Lost(reasonOf(generator.Part.(Abroad), why)))
	}
	return nil
}

// endAll ends parts at the same time. It returns those that did not stop by themselves.
func endAll(parts []*conducted, patience time.Duration) (killed []*conducted) {
	stopped := make([]bool, len(parts))
	var ending sync.WaitGroup
	for i, p := range parts {
		ending.Go(func() { stopped[i] = p.End(patience) })
	}
	ending.Wait()
	for i, p := range parts {
		if !stopped[i] {
			killed = append(killed, p)
		}
	}
	return killed
}

// cost returns the cost of all generators together, or nil if there are none.
func (c *conductor) generatorCost() *report.Process {
	var sum *report.Process
	for _, generator := range c.generators() {
		cost := generator.Cost()
		if sum == nil {
			cost.Name = generatorPart
			sum = &cost
			continue
		}
		*sum = recorder.SumOfProcesses(*sum, cost)
	}
	return sum
}

// together joins what the generators say of their work.
func (c *conductor) together() (strain *report.Strain, handshakes *report.Handshakes, wire recorder.Wire) {
	for _, generator := range c.generators() {
		strain = recorder.WorstStrain(strain, generator.share.strain)
		handshakes = recorder.SumOfHandshakes(handshakes, generator.share.handshakes)
		wire = wire.Plus(generator.share.wire)
	}
	return strain, handshakes, wire
}

// fleet returns a row for each generator on another machine. A run that ended before its time expects nobody after its end.
func (c *conductor) fleet(ended error, duration time.Duration) (rows []report.Agent) {
	generators := c.generators()
	for k, generator := range generators {
		abroad, ok := generator.Part.(Abroad)
		if !ok {
			continue
		}
		s, row := generator.share, abroad.Agent()
		row.Part = k + 1
		expected := s.people.Scheduled
		if c.run.Options.Closed == 0 && len(c.stage.turned) == 0 {
			expected = s.expected(ended != nil, duration)
		}
		row.Sent, row.Dropped = float64(s.people.Started), float64(s.people.Dropped)
		row.People = max(float64(expected), row.Sent+row.Dropped)
		if s.lost != nil {
			row.Lost, row.Why = row.People-row.Sent-row.Dropped, s.lost.Error()
			after := float64(max(0, s.latest+1))
			row.LostAfterS = &after
		}
		rows = append(rows, row)
	}
	return rows
}

// withoutLost returns who was offered, with those of lost generators who are not known to be through with the step at which
// they are scheduled. Thresholds that are shares of the people scheduled leave them out.
func (c *conductor) withoutLost(offered recorder.OfferedFacts) *recorder.OfferedFacts {
	steps := maps.Clone(offered.ByStep)
	for _, generator := range c.generators() {
		if generator.share.lost == nil {
			continue
		}
		generator.share.lose(steps, scheduledOf(c.run, generator.share.config), c.recording.Journey())
	}
	offered.ByStep = steps
	return &offered
}

// scheduledOf returns how many people of a generator are scheduled at a step.
func scheduledOf(run *setup.Live, config loadgen.Config) map[string]float64 {
	people := map[string]float64{}
	for step, scheduled := range run.OfferedTo(config).ByStep {
		people[step] = scheduled.Scheduled
	}
	return people
}

// isLost reports whether a row is that of a lost generator.
func isLost(row report.Agent) bool { return row.Why != "" }

// expected counts the people of a generator's part, or those who had come before the run ended early.
func (s *share) expected(early bool, duration time.Duration) (people uint64) {
	for caller := range s.config.Callers() {
		if !early || caller.At < duration {
			people++
		}
	}
	return people
}

// lossWarnings names what was lost.
func lossWarnings(rows []report.Agent, began time.Time) (warnings []string) {
	for _, row := range rows {
		if row.Why == "" {
			continue
		}
		after := began.Add(time.Duration(*row.LostAfterS * float64(time.Second))).UTC().Format("15:04:05")
		warnings = append(warnings, fmt.Sprintf("what became of %s people of agent %s after %s UTC is unknown, so every count and sum of this report is a lower bound (%s)",
			units.Count(row.Lost), row.Agent, after, row.Why))
	}
	return slices.Clip(warnings)
}
