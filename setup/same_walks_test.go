package setup_test

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// answering is the time in which the service answers every request.
const answering = 10 * time.Millisecond

// trail records what people do.
type trail struct {
	*recorder.ShardObserver
	samples []funnel.Sample
}

func (t *trail) Observe(s funnel.Sample) {
	t.samples = append(t.samples, s)
	t.ShardObserver.Observe(s)
}

// TestSameWalksLiveAndSimulated plays random journeys with branches, loops and mixes: once in the simulator, and once as
// the load generator drives them, against a service that answers each request after the same time. Everybody must take
// the same steps at the same instants, and the books of both must balance.
func TestSameWalksLiveAndSimulated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := drawSurge(t)
		simulated, simReport := record(config, func(observe *trail) {
			if _, err := sim.Run(t.Context(), config, func(int) funnel.Observer { return observe }); err != nil {
				t.Fatal(err)
			}
		})
		live, liveReport := record(config, func(observe *trail) { drive(config, observe) })
		if len(simulated) == 0 {
			t.Fatal("nobody did anything")
		}
		if len(live) != len(simulated) {
			t.Fatalf("%d attempts live, %d simulated", len(live), len(simulated))
		}
		for i, want := range simulated {
			if live[i] != want {
				t.Fatalf("attempt %d is %+v live and %+v simulated", i, live[i], want)
			}
		}
		if a, b := fmt.Sprint(simReport.Transitions), fmt.Sprint(liveReport.Transitions); a != b {
			t.Fatalf("the transitions are %s live and %s simulated", b, a)
		}
		conserve(t, config, simReport)
	})
}

// record returns the attempts in the order of people and instants, and the report.
func record(config sim.Config, play func(*trail)) ([]funnel.Sample, report.Report) {
	steps := config.Journey.Funnel()
	recording := recorder.NewRecording(steps)
	recorded := recorder.NewRecorder(steps, 1, recording.Add)
	observe := &trail{ShardObserver: recorded.Observer(0)}
	play(observe)
	recorded.Close()
	slices.SortFunc(observe.samples, func(a, b funnel.Sample) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Intended, b.Intended), cmp.Compare(a.Step, b.Step))
	})
	return observe.samples, recorder.Assemble(recording, recorder.Facts{Engine: report.Simulated, Duration: config.Until})
}

// conserve checks the sums of a report.
func conserve(t *rapid.T, config sim.Config, r report.Report) {
	if faults := report.Check(r); len(faults) > 0 {
		t.Fatalf("the books do not balance: %v", faults)
	}
	began, ended, into := 0.0, 0.0, map[string]float64{}
	for _, way := range r.Transitions {
		into[way.To] += way.People
		if way.From == report.WalkStart {
			began += way.People
		}
		if way.To == report.WalkEnd {
			ended += way.People
		}
	}
	if r.Offered.Completed != r.Offered.Sent || began != r.Offered.Sent || ended != r.Offered.Completed {
		t.Fatalf("%v began and %v ended their walks, but %v were sent and %v completed", began, ended, r.Offered.Sent, r.Offered.Completed)
	}
	for i, step := range r.Steps {
		entered := r.Funnel[i].Entered
		if *step.Visits < into[step.Step] || into[step.Step] < entered || entered > r.Offered.Sent {
			t.Fatalf("%s: %v entered, %v came by different ways, %v visits", step.Step, entered, into[step.Step], *step.Visits)
		}
	}
}

// drawSurge draws a crowd with random journeys, whose service answers every request after the same time.
func drawSurge(t *rapid.T) sim.Config {
	walks := drawWalks(t)
	walks.Clock = walks.Clock.WithLead(journey.New(walks, nil, nil).Lead())
	second := workload.Bins{Width: time.Second, Counts: []int{rapid.IntRange(1, 9).Draw(t, "people"), 3}}
	config := sim.Config{
		Seed: walks.Seed, Journey: walks, People: 1000, Until: 100 * time.Hour, Opens: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC),
		Signups:  workload.Arrivals{Seed: walks.Seed, Purpose: workload.NewPurpose("a"), Bins: second, Mode: workload.Poisson, Scale: 1},
		Visitors: workload.Arrivals{Seed: walks.Seed, Purpose: workload.NewPurpose("b"), Bins: second, Mode: workload.Poisson, Scale: 1},
		Shares:   population.Shares{Pupils: 0.3, Minors: 0.5},
		Feeders:  map[string]journey.Feeder{"users": {Columns: []string{"plan"}, Rows: [][]string{{"gold"}, {"free"}, {"free"}}, Random: true}},
		Stations: []sim.StationConfig{{Name: "web", Service: workload.Service{Servers: 10_000, ServiceTime: workload.ConstantTime(answering)}}},
	}
	for range walks.Steps {
		config.Routes = append(config.Routes, sim.Route{{Kind: sim.AtStation}})
	}
	return config
}

// drawWalks draws journeys with branches, loops, optional steps, steps done once, and typing errors.
func drawWalks(t *rapid.T) journey.Config {
	n := rapid.IntRange(2, 6).Draw(t, "steps")
	config := journey.Config{Seed: workload.Seed{Value: rapid.Uint64().Draw(t, "seed")}, Clock: workload.NewClock(0, 1)}
	think, err := workload.ParseDistribution("uniform(100ms, 5s)")
	if err != nil {
		t.Fatal(err)
	}
	places := make([]int, n)
	for i := range n {
		places[i] = i
		config.Steps = append(config.Steps, journey.Step{Name: fmt.Sprintf("s%d", i), Kind: funnel.Request, Think: think, Continue: 1})
	}
	config.Journeys = []journey.Path{{Share: 0.5, Steps: places}, {Share: 0.5, Steps: rapid.Permutation(places).Draw(t, "order")}}
	share := func(label string) *float64 { s := rapid.Float64Range(0, 1).Draw(t, label); return &s }
	place := func(label string) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	half, third := 0.5, 0.3
	for i := range config.Steps {
		step := &config.Steps[i]
		step.Typo = journey.Typo{Share: 0.2, Fix: think}
		step.Repeat = journey.Repeat{Share: 0.1, After: think}
		switch rapid.IntRange(0, 5).Draw(t, "fork") {
		case 0:
			step.Optional = share("optional")
		case 1:
			step.Once = true
		case 2:
			step.Loop = &journey.Loop{BackTo: place("back"), Least: 1, Most: rapid.IntRange(1, 4).Draw(t, "most"), Every: &think}
		case 3:
			step.Loop = &journey.Loop{BackTo: place("back"), While: "feeder.users.plan == 'gold' || person.pupil && visits.s0 < 4", Most: 3}
		case 4:
			step.Next = []journey.Branch{
				{To: place("to"), Share: &third}, {To: place("to"), When: "person.age >= 18 && round < 2", Share: &half}, {To: journey.End, Share: &third},
			}
		}
	}
	config.Arrival = place("arrival")
	return config
}

// due is the next event of a walk: an action, or the answer to a request.
type due struct {
	at     time.Duration
	number int
	slot   int32
	answer bool
}

type agenda []due

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, k int) bool {
	return cmp.Or(cmp.Compare(a[i].at, a[k].at), cmp.Compare(a[i].number, a[k].number)) < 0
}
func (a agenda) Swap(i, k int) { a[i], a[k] = a[k], a[i] }
func (a *agenda) Push(d any)   { *a = append(*a, d.(due)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// player drives walks as a shard of the load generator does, on a virtual clock.
type player struct {
	journey *journey.Journey
	tracks  journey.Tracks
	walks   []journey.Walk
	actions []journey.Action
	lead    []bool
	fresh   []bool
	agenda  agenda
	observe *trail
	made    int
}

// drive plays all people of a surge.
func drive(config sim.Config, observe *trail) {
	people := population.New(config.Seed, config.Opens, config.Shares)
	j := journey.New(config.Journey, func(uint64, int) bool { return false }, journey.NewFact(config.Seed, config.People, config.Feeders, people.Fact))
	p := &player{journey: j, tracks: j.NewTracks(), observe: observe}
	for caller := range config.Crowd().Part(0, 1) {
		slot := int32(len(p.walks))
		if caller.Visitor {
			walk, action := j.Look(caller.Person, j.First(caller.Person), caller.At, p.tracks.Of(slot))
			p.open(walk, action, false)
			continue
		}
		for _, lead := range j.Leads(caller.Person, caller.At, nil) {
			walk, action := j.Look(caller.Person, lead.Step, lead.At, p.tracks.Of(int32(len(p.walks))))
			p.open(walk, action, true)
		}
		walk, action := j.Begin(caller.Person, caller.At, p.tracks.Of(int32(len(p.walks))))
		p.open(walk, action, false)
	}
	for len(p.agenda) > 0 {
		next := heap.Pop(&p.agenda).(due)
		if next.answer {
			p.take(next)
		} else {
			p.act(next)
		}
	}
}

func (p *player) open(walk journey.Walk, action journey.Action, lead bool) {
	slot := int32(len(p.walks))
	p.walks, p.actions, p.lead, p.fresh = append(p.walks, walk), append(p.actions, action), append(p.lead, lead), append(p.fresh, true)
	p.plan(slot, action, 0)
}

func (p *player) plan(slot int32, action journey.Action, at time.Duration) {
	if action.Done {
		if !p.lead[slot] {
			p.observe.Finished(at)
		}
		return
	}
	p.actions[slot] = action
	p.push(due{at: action.At, slot: slot})
}

func (p *player) push(d due) {
	p.made++
	d.number = p.made
	heap.Push(&p.agenda, d)
}

func (p *player) act(d due) {
	walk := &p.walks[d.slot]
	if p.actions[d.slot].Enters {
		if walk.Round == 0 {
			p.observe.Enter(int(walk.Step), walk.Intended)
		} else {
			p.observe.Again(int(walk.Step), walk.Intended)
		}
		track := p.tracks.Of(d.slot)
		p.observe.Move(track.From(), int(walk.Step), track.IsFirst())
	}
	if p.fresh[d.slot] && !p.lead[d.slot] {
		p.observe.Scheduled(walk.Scheduled())
		p.observe.Started()
	}
	p.fresh[d.slot] = false
	p.push(due{at: d.at + answering, slot: d.slot, answer: true})
}

func (p *player) take(d due) {
	walk := p.walks[d.slot]
	answer := journey.Answer{Outcome: funnel.Completed}
	reason := funnel.Reason(200)
	if p.actions[d.slot].Mistyped {
		answer.Outcome, reason = funnel.Declined, 422
	}
	result, next := p.journey.Next(&p.walks[d.slot], p.tracks.Of(d.slot), answer, d.at)
	p.observe.Observe(funnel.Sample{
		Session: walk.Person, Step: int(walk.Step), Attempt: int(walk.Attempt), Round: uint16(walk.Round),
		Intended: walk.Intended, Start: walk.Intended, End: d.at, Outcome: result.Outcome, Reason: reason, Final: result.Final,
	})
	if result.Through && !p.lead[d.slot] {
		p.observe.Move(int(p.walks[d.slot].Step), funnel.Nowhere, true)
	}
	p.plan(d.slot, next, d.at)
}
