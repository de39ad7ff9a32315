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

// clock warps scenario time as the options ask. It starts early enough for the steps that come before the
// instant of arrival. The arrivals end at the given scenario time.
func (p *Planned) clock(people People, end time.Duration) workload.Clock {
	lead := journey.New(people.Journey, nil, nil).Lead()
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

// sampled is about how many people work looks at.
const sampled = 50_000

// effort returns how much work a request of a step causes, in units of one station's work. The weights are
// those of the reference backend's CPU time:
//
//   - 1 for each station on the route, 3 for a call, 2 for an asynchronous call;
//   - 1 to identify who sends a value that only they received;
//   - 20 to keep uploaded files;
//   - twice the sum for a polled step, which is asked again.
func effort(step scenarios.Step) int {
	work := 0
	for _, hop := range step.Route {
		switch {
		case hop.Station != "":
			work++
		case hop.Call != "":
			work += 3
		case hop.Async != "":
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

// work fills the bins with the work that the journeys cause in each if every request passes at once. It
// samples the people, and returns how many of all people sign up.
//
// Note: fast-forwarding shrinks think times but not waits, so steps that people take hours after their arrival
// may fall into one second. A cap on arrivals alone would miss that.
func (p *Planned) work(people People, bins workload.Bins) (_ workload.Bins, signups int) {
	people.Journey.Clock = workload.NewClock(0, 1)
	efforts := make([]int, len(p.Scenario.Journey))
	for i, step := range p.Scenario.Journey {
		efforts[i] = effort(step)
	}
	signups = p.eachVisit(people, func(step int, at time.Duration) {
		if bin := int(max(0, at) / bins.Width); bin < len(bins.Counts) {
			bins.Counts[bin] += efforts[step]
		}
	})
	return bins, signups
}

// eachVisit calls note for each attempt of sampled people if every request passes at once. It returns how many of all
// people sign up.
func (p *Planned) eachVisit(people People, note func(step int, at time.Duration)) (signups int) {
	parts := 1 + (people.Signups.Total()+people.Visitors.Total())/sampled
	walks := journey.New(people.Journey, nil, p.fact(people))
	tracks := walks.NewTracks()
	var leads []journey.Lead
	for caller := range people.crowd().Part(0, parts) {
		track := tracks.Of(0) // of one person after the other
		walk, next := walks.Begin(caller.Person, caller.At, track)
		if caller.Visitor {
			walk, next = walks.Look(caller.Person, walks.First(caller.Person), caller.At, track)
		} else {
			signups += parts
			leads = walks.Leads(caller.Person, caller.At, leads[:0])
			for _, lead := range leads {
				note(lead.Step, lead.At)
			}
		}
		for !next.Done {
			note(int(walk.Step), next.At)
			_, next = walks.Next(&walk, track, journey.Answer{Outcome: funnel.Completed}, next.At)
		}
	}
	return signups
}

// RequestsPerPerson returns how many requests somebody who arrives makes on average if every request passes at once:
// with the rounds of loops, and without the steps that people skip or do not come to. Visitors count too.
func (p *Planned) RequestsPerPerson() float64 {
	requests, people := 0, p.People.Signups.Total()+p.People.Visitors.Total()
	p.eachVisit(p.People, func(int, time.Duration) { requests++ })
	return float64(requests) * float64(1+people/sampled) / float64(max(1, people))
}
