package setup

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// clock warps scenario time as the options ask, beginning early enough for what people do before
// the instant that the arrivals schedule. The arrivals end at the given scenario time.
func (p *Planned) clock(people People, end time.Duration) workload.Clock {
	lead := journey.New(people.Journey, nil).Lead()
	if p.Options.MaxRate == 0 {
		return workload.NewClock(p.Options.From, p.Options.Speed).WithLead(lead)
	}
	signups, _ := p.Scenario.Arrivals.Bins()
	work, walkers := p.work(people, workload.Bins{Width: signups.Width, Counts: make([]int, (end+signups.Width-1)/signups.Width)})
	signups.Counts = append(slices.Clone(signups.Counts), make([]int, max(0, len(work.Counts)-len(signups.Counts)))...)
	caps := []workload.Cap{{Bins: signups, Rate: workload.Rate(float64(p.Options.MaxRate) / p.Options.Scale)}}
	if walkers > 0 {
		most := cmp.Or(p.Options.MaxWork, p.Options.MaxRate)
		caps = append(caps, workload.Cap{Bins: work, Rate: most * workload.Rate(float64(work.Total())/float64(walkers))})
	}
	return workload.FastForward(p.Options.From, caps...).WithLead(lead)
}

// sampled is how many people are asked when they work.
const sampled = 50_000

// effort is how much work a request of a step makes, in shares of what a station on its way does, as the CPU time of
// the bundled backend has it: twice as much for what is left for a dependency, three times for a call that is waited
// for, once to know who sends what only they have got, twenty times to keep files; and a poll is looked at again.
func effort(step scenarios.Step) int {
	work := 0
	for _, hop := range step.Route {
		switch {
		case hop.Station != "":
			work++
		case hop.Call != "":
			work += 3
		default:
			work += 2
		}
	}
	if request := step.Request; request != nil {
		if slices.ContainsFunc(slices.Collect(maps.Values(request.Headers)), func(value string) bool { return strings.Contains(value, "${got.") }) {
			work++
		}
		if len(request.Multipart) > 0 {
			work += 20
		}
	}
	if step.Kind == funnel.Poll {
		work *= 2
	}
	return max(1, work)
}

// work fills the bins with what the service has to do in each, as the journeys alone say: everyone is
// answered at once, with a yes. It asks some of the people, and returns how many sign up in all.
//
// Note: fast-forwarded, think times shrink and waits do not, so that what people do long after they came may
// crowd into a second. A cap on those who come does not see it.
func (p *Planned) work(people People, bins workload.Bins) (_ workload.Bins, signups int) {
	people.Journey.Clock = workload.NewClock(0, 1)
	parts := 1 + (people.Signups.Total()+people.Visitors.Total())/sampled
	walks := journey.New(people.Journey, nil)
	efforts := make([]int, len(p.Scenario.Journey))
	for i, step := range p.Scenario.Journey {
		efforts[i] = effort(step)
	}
	note := func(step int, at time.Duration) {
		if bin := int(max(0, at) / bins.Width); bin < len(bins.Counts) {
			bins.Counts[bin] += efforts[step]
		}
	}
	var leads []journey.Lead
	for caller := range people.crowd().Part(0, parts) {
		walk, next := walks.Begin(caller.Person, caller.At)
		if caller.Visitor {
			walk, next = walks.Look(caller.Person, 0, caller.At)
		} else {
			signups += parts
			leads = walks.Leads(caller.Person, caller.At, leads[:0])
			for _, lead := range leads {
				note(lead.Step, lead.At)
			}
		}
		for !next.Done {
			note(int(walk.Step), next.At)
			_, next = walks.Next(&walk, journey.Answer{Outcome: funnel.Completed}, next.At)
		}
	}
	return bins, signups
}
