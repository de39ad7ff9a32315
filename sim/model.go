package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// The kinds of event of the model.
const (
	callerKind      Kind = iota
	actKind              // subject: the session
	timeoutKind          // subject: the session
	callTimeoutKind      // subject: the request
	gateKind             // subject: the gate
	errandKind           // subject: the request
	readingKind
	changeKind // subject: the change
	againKind  // subject: the request
	scaleKind  // subject: the scaler
	bootKind   // subject: the scaler
	departKind // subject: the request
	lookKind   // subject: the session
	hearKind   // subject: the request
	resumeKind // subject: the request
	comerKind  // subject: the comer
	floorKind  // first of the floor's kinds
)

// model is the state of a running surge.
type model struct {
	config   Config
	engine   *Engine
	floor    *Floor
	journey  *journey.Journey
	people   population.Population
	observer funnel.Observer
	crowd    funnel.Crowd // nil if the observer does not count people
	moves    funnel.Moves // nil if the observer does not follow people, or the journey is a straight line
	tracks   journey.Tracks
	steps    []step
	gates    []*gate   // nil if calls are not protected
	outlets  []*outlet // by dependency; nil if no policy but a gate protects it
	scalers  []*scaler

	blocks    func() ([]journey.Caller, bool)
	callers   []journey.Caller // of the current block, in order of arrival
	leads     []journey.Lead
	circle    workload.Permutation // draws the people of a closed population
	followers uint64               // how many of them were drawn
	exhausted bool                 // somebody had no follower, because all had come

	calling  []int    // calls under way, by dependency
	stocks   [][]int  // what is left of each, by dependency
	nested   []*hop   // that visits refer to
	members  int      // of the batch
	shelves  []int    // what is left of the service's own stocks
	booked   []uint64 // per session: a bit for each of them that the person has booked
	readings []funnel.Reading
	changes  []Change
	warmth   uint32           // a sink for the reads of warm; its value has no meaning
	faults   []fault.Schedule // by dependency
	hands    []hand           // faults that interventions began
	shore                     // who comes, if interventions may change that
	tables
}

// step is a step of the journey, prepared for the run.
type step struct {
	name       string
	key        workload.Purpose
	awaits     bool
	class      uint8 // at stations with priorities
	posts      bool  // sends a message to the person, or awaits one
	way        int   // channel of the awaited message
	identifies bool  // calls Dukcapil
	asksOthers bool  // calls a registry of eligibilities
	polls      bool  // polls for the outcome
	evaluates  bool  // the motivation test, whose score is polled for
	books      int   // the service's stock of which it books one, counted from 1; 0 means none
	silent     bool  // a person who loses patience does not close the connection
	timeout    time.Duration
	delay      *Delay
	route      []*hop
	doors      []int                 // indexes in gates
	beside     workload.Distribution // time of an exchange outside its route
}

// hop is a Hop, prepared for the run.
type hop struct {
	Hop
	name    string // of the target
	station int
	work    sampler
	purpose workload.Purpose
	draws   string           // name of the purpose
	chance  workload.Streams // of the work
	cache   *StationCache    // nil if there is none
	luck    workload.Streams // of the cache
	inner   []*hop           // calls that the target makes itself
	number  int32            // by which visits refer to it; 0 if there are none
	delay   *Delay           // of the call's timeout

	identifies bool              // calls Dukcapil
	refuses    population.Traits // traits of the people whom the called registry declines
}

// Result is the result of a run, apart from what the observer received.
type Result struct {
	Duration time.Duration // simulated real time
	Events   uint64
	Readings []funnel.Reading
	Wasted   map[string]uint64 // per station: requests served for people who had left
	Changes  []Change          // of servers, in order of time, including those by scalers
	Came     *Came             // nil unless an intervention changed who comes
	Stopped  bool              // an intervention ended the run
	// Exhausted reports whether all people of the population came to a closed population before its end, so that fewer
	// went round from then on.
	Exhausted bool
}

// Run plays a run with a new [Player].
func Run(ctx context.Context, config Config, observer func(shard int) funnel.Observer) (Result, error) {
	return new(Player).Run(ctx, config, observer)
}

// begin schedules the initial events.
func (m *model) begin() {
	m.awaitCaller()
	for range m.config.Closed.People {
		m.follow()
	}
	if m.config.ReadEvery > 0 {
		m.engine.At(0, NewEvent(readingKind, 0))
	}
	for i, change := range m.config.Changes {
		m.engine.At(change.At, NewEvent(changeKind, int32(i)))
	}
	for i, scaler := range m.scalers {
		m.engine.At(scaler.Every, NewEvent(scaleKind, int32(i)))
	}
}

func newModel(config Config, observer funnel.Observer, engine *Engine, tables tables) *model {
	m := &model{config: config, engine: engine, tables: tables, people: population.New(config.Seed, config.Opens, config.Shares).In(config.Locale), observer: observer}
	m.config.Caches = slices.Clone(config.Caches) // interventions change them
	m.crowd, _ = observer.(funnel.Crowd)
	m.journey = journey.New(config.Journey, m.traitTypo, journey.NewFact(config.Seed, config.People, config.Feeders, m.people.Fact))
	m.tracks = m.journey.NewTracks()
	if !config.Journey.IsLine() {
		m.moves, _ = observer.(funnel.Moves)
	}
	m.floor = NewFloor(m.engine, floorKind, config.Seed, m)
	m.floor.Days(config.Journey.Clock, config.Opens)
	for _, station := range config.Stations {
		m.floor.Add(station)
	}
	for _, call := range config.Calls {
		m.floor.Add(call.station())
		protected, err := protectionOf(call.Policies)
		if err != nil {
			panic(err) // Validate has checked it
		}
		m.gates = append(m.gates, newGate("call:"+call.Name, protected.gate))
		m.outlets = append(m.outlets, newOutlet(protected))
	}
	m.calling, m.stocks, m.faults = make([]int, len(config.Calls)), make([][]int, len(config.Calls)), make([]fault.Schedule, len(config.Calls))
	for i, call := range config.Calls {
		m.faults[i] = call.Faults
		for _, stock := range call.Stocks {
			m.stocks[i] = append(m.stocks[i], stock.Count)
		}
	}
	m.shelves = slices.Clone(config.Stocks)
	if config.Closed.People > 0 {
		crowd := config.Crowd()
		m.circle = crowd.Permutation()
	}
	m.shore = newShore(&config)
	for _, door := range config.Doors {
		name := "entry"
		if door.Step >= 0 {
			name = "step:" + config.Journey.Steps[door.Step].Name
		}
		m.gates = append(m.gates, newDoor(name, len(m.gates), door))
	}
	for i := range config.Scalers {
		m.scalers = append(m.scalers, newScaler(config.Scalers[i], m.floor))
	}
	for i := range config.Journey.Steps {
		m.steps = append(m.steps, m.newStep(i))
	}
	return m
}

func (m *model) newStep(i int) step {
	config := m.config.Journey.Steps[i]
	var beside workload.Distribution
	if m.config.Delays != nil {
		beside = m.config.Delays[i]
	}
	s := step{beside: beside, name: config.Name, key: workload.NewPurpose(config.Name), awaits: config.Kind == funnel.Await, timeout: config.Timeout}
	s.polls = config.Kind == funnel.Poll
	s.evaluates = s.polls && config.Name == funnel.Test
	s.silent = m.config.Silent != nil && m.config.Silent[i]
	s.class = m.classOf(i)
	if m.config.Books != nil {
		s.books = m.config.Books[i]
	}
	if config.Timeout > 0 {
		s.delay = m.engine.ownDelay(config.Timeout) // see watch
	}
	if s.awaits {
		for _, described := range m.config.Routes[i] {
			if described.Kind == Async && m.config.Calls[described.To].Role == SMS {
				s.way = bySMS
			}
		}
		s.posts = true
		return s // what it waits for is outside the service and puts no load on it
	}
	for k, door := range m.config.Doors {
		if door.Step < 0 || door.Step == i {
			s.doors = append(s.doors, len(m.config.Calls)+k)
		}
	}
	for _, described := range m.config.Routes[i] {
		h := m.newHop(described)
		h.drawApart(s.route, m.config.Seed)
		m.nestCalls(h)
		s.posts = s.posts || h.Kind == Async
		if h.Kind == Call {
			s.identifies = s.identifies || h.identifies
			s.asksOthers = s.asksOthers || h.refuses != 0
		}
		s.route = append(s.route, h)
	}
	return s
}

func (m *model) newHop(described Hop) *hop {
	if described.Kind == Wait {
		return &hop{Hop: described, work: newSampler(described.Work)}
	}
	h := &hop{Hop: described, station: described.To}
	if described.Kind != AtStation {
		role := m.config.Calls[described.To].Role
		h.identifies, h.refuses = role == Dukcapil, eligibilities()[role]
		h.station += len(m.config.Stations)
		if timeout := m.config.Calls[described.To].Timeout; timeout > 0 {
			h.delay = m.engine.Delay(timeout)
		}
	} else {
		h.cache = m.cacheAt(described.To)
	}
	config := m.floor.stations[h.station].StationConfig
	work := described.Work
	if work.IsZero() {
		work = config.ServiceTime
	}
	h.name, h.work = config.Name, newSampler(work)
	return h
}

// drawApart gives a hop its own random streams, keyed by the name of its target and the number of earlier stops at
// it.
func (h *hop) drawApart(before []*hop, seed workload.Seed) {
	name, occurrence := "sim/work/"+h.name, 1
	for _, other := range before {
		if other.name == h.name {
			occurrence++
		}
	}
	if occurrence > 1 {
		name = fmt.Sprintf("%s\x00%d", name, occurrence)
	}
	h.drawAs(name, seed)
}

// drawAs gives a hop the random streams of a name.
func (h *hop) drawAs(name string, seed workload.Seed) {
	h.draws, h.purpose = name, workload.NewPurpose(name)
	h.chance = seed.Streams(h.purpose)
	if h.cache != nil {
		h.luck = seed.Streams(workload.NewPurpose("sim/hit\x00" + name))
	}
}

// breath is the number of events between two checks of the context.
const breath = 1 << 16

// play plays everything before an instant.
func (m *model) play(ctx context.Context, until time.Duration) error {
	for count := 1; ; count++ {
		if count%breath == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		event, any := m.engine.NextBefore(until)
		if !any {
			return nil
		}
		if come := m.engine.come(); len(come) > 0 {
			m.warm(come)
		}
		m.handle(event)
	}
}

// warm reads the sessions that will act within about a second. The reads do not depend on each other, so the
// processor fetches many at a time.
func (m *model) warm(come []entry) {
	for _, e := range come {
		if event := e.event(); event.Kind() == actKind {
			m.warmth += m.sessions[event.Subject()].generation
		}
	}
	for _, e := range come {
		if event := e.event(); event.Kind() == actKind && m.steps[m.sessions[event.Subject()].walk.Step].posts {
			m.warmth += uint32(m.asides[event.Subject()].parcels[0].sent)
		}
	}
}

func (m *model) handle(event Event) {
	switch subject := event.Subject(); event.Kind() {
	case actKind:
		m.act(subject)
	case callerKind:
		m.expect()
	case timeoutKind:
		m.timedOut(subject)
	case callTimeoutKind:
		m.callTimedOut(subject)
	case gateKind:
		m.expire(int(subject))
	case errandKind:
		m.hand(subject)
	case againKind:
		m.try(subject)
	case scaleKind:
		m.scale(subject)
	case bootKind:
		m.booted(m.scalers[subject])
	case departKind:
		m.knock(subject, never)
	case lookKind:
		m.look(subject, &m.sessions[subject])
	case hearKind:
		m.tell(subject, m.requests[subject].answer)
	case resumeKind:
		m.resume(subject)
	case changeKind:
		m.change(m.config.Changes[subject])
	case comerKind:
		m.come(subject)
	case readingKind:
		m.read()
		m.engine.After(m.config.ReadEvery, event)
	default:
		m.floor.Handle(event)
	}
}

// change sets the number of servers of a station or dependency.
func (m *model) change(change Change) {
	station := change.To
	if change.Kind != AtStation {
		station += len(m.config.Stations)
	}
	m.floor.stations[station].resize(change.Servers)
	m.changes = append(m.changes, change)
}

// read takes a reading of every station and gate.
func (m *model) read() {
	for _, station := range m.floor.stations {
		m.readings = append(m.readings, station.Reading())
	}
	for _, gate := range m.gates {
		if gate != nil {
			m.readings = append(m.readings, gate.reading(m.engine.now))
		}
	}
}

func (m *model) result() Result {
	result := Result{Duration: m.engine.now, Events: m.engine.events, Readings: m.readings, Wasted: map[string]uint64{}, Changes: m.changes, Exhausted: m.exhausted}
	if len(m.turns) > 0 {
		result.Came = &m.came
	}
	for _, station := range m.floor.stations {
		result.Wasted[station.Name], _ = station.Wasted()
	}
	return result
}
