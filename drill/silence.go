package drill

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// longSilence is how long nothing may be heard of a generator on another machine until the run says so. By then it hears
// nothing of its conductor either, and plays no more.
const longSilence = 10 * time.Second

// listen says once of every generator that nothing is heard of it any more, and once that it is heard again. It returns an
// error if nothing is heard of another part: by then that has stopped.
func (c *conductor) listen() error {
	for _, p := range c.parts {
		abroad, ok := p.Part.(Abroad)
		if !ok || p.share != nil {
			continue
		}
		if silent, _ := abroad.Heard(); silent >= longSilence {
			c.note(funnel.NoteMark, "nothing is heard of the "+p.name)
			return fmt.Errorf("%w: nothing was heard of the %s for %s", ErrPartDied, p.name, units.Duration(silent.Truncate(time.Second)))
		}
	}
	for _, generator := range c.generators() {
		abroad, ok := generator.Part.(Abroad)
		if !ok {
			continue
		}
		silent, _ := abroad.Heard()
		quiet := silent >= longSilence
		c.mu.Lock()
		changed := quiet != generator.share.quiet && !generator.share.over()
		if changed {
			generator.share.quiet = quiet
		}
		c.mu.Unlock()
		switch {
		case changed && quiet:
			c.tell(fmt.Sprintf("nothing was heard of the %s for %s; its people may be lost", generator.name, units.Duration(silent.Truncate(time.Second))))
		case changed:
			c.tell(fmt.Sprintf("the %s is heard again", generator.name))
		}
	}
	return nil
}

// tell puts a note on the timeline, and says it to whoever reads the log.
func (c *conductor) tell(text string) {
	c.note(funnel.NoteMark, text)
	if c.environment.Log != nil {
		fmt.Fprintln(c.environment.Log, text)
	}
}

// reasonOf says why a generator was lost: nothing was heard of it, or another reason.
func reasonOf(p Abroad, other string) string {
	if silent, _ := p.Heard(); silent >= longSilence {
		return fmt.Sprintf("nothing was heard of it for %s before the run ended", units.Duration(silent.Truncate(time.Second)))
	}
	return other
}

// agents returns the rows of the generators on other machines in the second that has ended.
func (c *conductor) agents() (rows []report.SecondAgent) {
	for _, generator := range c.generators() {
		abroad, ok := generator.Part.(Abroad)
		if !ok {
			continue
		}
		silent, within := abroad.Heard()
		c.mu.Lock()
		row := generator.share.seconds.Cut(generator.agent)
		if lost := generator.share.lost; lost != nil {
			row.Lost = lost.Error()
		}
		if !generator.share.done {
			row.SilentS = silent.Seconds()
		}
		c.mu.Unlock()
		rows = append(rows, withState(row, abroad, within))
	}
	return rows
}

// placedAgents returns the rows of the other parts on other machines.
func (c *conductor) placedAgents() (rows []report.SecondAgent) {
	for _, p := range c.parts {
		abroad, ok := p.Part.(Abroad)
		if !ok || p.share != nil {
			continue
		}
		silent, within := abroad.Heard()
		rows = append(rows, withState(report.SecondAgent{Agent: p.agent, Part: p.kind, SilentS: silent.Seconds()}, abroad, within))
	}
	return rows
}

// withState adds how well the clock of a part's machine is known, and what the part and its machine use.
func withState(row report.SecondAgent, abroad Abroad, within *time.Duration) report.SecondAgent {
	if within != nil {
		bound := within.Seconds()
		row.ClockBoundS = &bound
	}
	if using, ok := abroad.(Using); ok {
		if use, known := using.Use(); known {
			row.CPU, row.CPUShare = &use.Cores, use.Machine
		}
	}
	return row
}

// doubtsOf says which generators would make the run invalid if it ended now.
func doubtsOf(rows []report.SecondAgent, tolerated float64) (doubts []string) {
	const rounding = 1e-9
	for _, row := range rows {
		switch {
		case row.Lost != "":
			doubts = append(doubts, fmt.Sprintf("agent %s is lost: %s", row.Agent, row.Lost))
		case row.SilentS >= longSilence.Seconds():
			doubts = append(doubts, fmt.Sprintf("nothing was heard of agent %s for %s", row.Agent, units.Duration(time.Duration(row.SilentS)*time.Second)))
		}
	}
	if float64(len(doubts)) <= tolerated*float64(len(rows))+rounding {
		return nil
	}
	return doubts
}
