package drill

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// clock warps scenario time as the options ask, beginning early enough for what people do before
// the instant that the arrivals schedule. The arrivals end at the given scenario time.
func (r *Run) clock(config loadgen.Config, end time.Duration) workload.Clock {
	lead := journey.New(config.Journey, nil).Lead()
	if r.Options.MaxRate == 0 {
		return workload.NewClock(r.Options.From, orOne(r.Options.Speed)).WithLead(lead)
	}
	signups, _ := r.Scenario.Arrivals.Bins()
	work, people := r.work(config, workload.Bins{Width: signups.Width, Counts: make([]int, (end+signups.Width-1)/signups.Width)})
	signups.Counts = append(slices.Clone(signups.Counts), make([]int, max(0, len(work.Counts)-len(signups.Counts)))...)
	caps := []workload.Cap{{Bins: signups, Rate: workload.Rate(float64(r.Options.MaxRate) / orOne(r.Options.Scale))}}
	if people > 0 {
		most := cmp.Or(r.Options.MaxWork, r.Options.MaxRate)
		caps = append(caps, workload.Cap{Bins: work, Rate: most * workload.Rate(float64(work.Total())/float64(people))})
	}
	return workload.FastForward(r.Options.From, caps...).WithLead(lead)
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
func (r *Run) work(config loadgen.Config, bins workload.Bins) (_ workload.Bins, signups int) {
	config.Journey.Clock = workload.NewClock(0, 1)
	config.Part, config.Parts = 0, 1+(config.Signups.Total()+config.Visitors.Total())/sampled
	walks := journey.New(config.Journey, nil)
	efforts := make([]int, len(r.Scenario.Journey))
	for i, step := range r.Scenario.Journey {
		efforts[i] = effort(step)
	}
	note := func(step int, at time.Duration) {
		if bin := int(max(0, at) / bins.Width); bin < len(bins.Counts) {
			bins.Counts[bin] += efforts[step]
		}
	}
	var leads []journey.Lead
	for caller := range config.Callers() {
		walk, next := walks.Begin(caller.Person, caller.At)
		if caller.Visitor {
			walk, next = walks.Look(caller.Person, 0, caller.At)
		} else {
			signups += config.Parts
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
