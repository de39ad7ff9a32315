package drill

import (
	"slices"
	"time"

	"github.com/ombak-sim/ombak/funnel"
	"github.com/ombak-sim/ombak/journey"
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
	if people > 0 { // as much work as goes with the most sign-ups
		caps = append(caps, workload.Cap{Bins: work, Rate: r.Options.MaxRate * workload.Rate(float64(work.Total())/float64(people))})
	}
	return workload.FastForward(r.Options.From, caps...).WithLead(lead)
}

// sampled is how many people are asked when they work.
const sampled = 50_000

// effort is how much work a request makes: as much for each station on its way, and twice as much for each
// dependency, which is another request.
func effort(route []scenarios.Hop) int {
	work := 0
	for _, hop := range route {
		work++
		if hop.Station == "" {
			work++
		}
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
	note := func(step int, at time.Duration) {
		if bin := int(max(0, at) / bins.Width); bin < len(bins.Counts) {
			bins.Counts[bin] += effort(r.Scenario.Journey[step].Route)
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
