package loadgen

import (
	"cmp"
	"context"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// shard owns every n-th person. All its fields belong to the goroutine of run.
type shard struct {
	generator *Generator
	index     int
	observer  funnel.Observer
	crowd     funnel.Crowd // nil if the observer does not count people
	moves     funnel.Moves // nil if the observer does not follow people, or the journey is a straight line
	tracks    journey.Tracks
	got       gotten
	schedule  *schedule
	shore     shore
	sessions  slab
	timers    timers
	leads     []journey.Lead
	wire      wire
	answers   []completion
	pace      pace
	people    int // active
	closed    int // people kept active in a closed loop; 0 means an open model

	permutation workload.Permutation // draws the people of a closed loop
	nextOrdinal uint64
	cap         int // most people active; 0 means no limit
	shed        int // people who could not begin, because cap were active
	under       int // requests in flight
	most        int // most requests in flight
	began       time.Time
	handshakes  Handshakes
	counted     Wire
}

func newShard(g *Generator, index int) *shard {
	s := &shard{
		generator: g,
		index:     index,
		observer:  g.observer(index),
		schedule:  newSchedule(g.config, g.config.Part+g.parts()*index, g.parts()*g.shards()),
		shore:     newShore(g),
		tracks:    g.journey.NewTracks(),
		got:       gotten{names: g.got},
		most:      shareOf(g.inFlight(), index, g.shards()),
		cap:       shareOf(g.config.MostPeople, index, g.shards()),
	}
	if g.config.Closed.People > 0 {
		s.closed = shareOf(g.config.Closed.People, index, g.shards())
		s.permutation = journey.Crowd{Seed: g.config.Seed, People: g.config.People}.Permutation()
		s.nextOrdinal = uint64(g.config.Part + g.parts()*index)
	}
	s.crowd, _ = s.observer.(funnel.Crowd)
	if !g.config.Journey.IsLine() {
		s.moves, _ = s.observer.(funnel.Moves)
	}
	return s
}

// shareOf divides a whole among n shards as evenly as whole numbers allow.
func shareOf(whole, index, n int) int { return whole*(index+1)/n - whole*index/n }

// grain is the least time between two checks of what is due while no answer arrives. Requests that are due within it
// are sent together, at most this late.
const grain = 200 * time.Microsecond

// run plays the shard's people until the run is over, the context ends, or nobody is left.
func (s *shard) run(ctx context.Context, began time.Time) error {
	defer s.schedule.stop()
	var err error
	if s.wire, err = newWire(s.generator, began, s.most); err != nil {
		return err
	}
	defer func() {
		s.counted = s.wire.counted()
		s.wire.close()
		s.handshakes = s.wire.handshakes()
	}()
	s.began = began
	if own := s.generator.config.Connections; !own.PerPerson && own.Cold < 1 {
		s.wire.warm(shareOf(s.generator.config.Warm, s.index, s.generator.shards()))
	}
	defer s.leave()
	defer s.generator.under[s.index].Store(0)
	for ctx.Err() == nil && s.now() < s.generator.config.Until {
		if s.closed > 0 {
			s.refill()
		} else {
			s.expectPeople()
		}
		s.act(s.generator.config.Until)
		s.generator.under[s.index].Store(int64(s.under))
		next, any := s.nextInstant()
		if !any && s.under == 0 {
			break
		}
		next = max(next, s.now()+grain)
		s.answers = s.wire.wait(ctx, min(next, s.generator.config.Until), s.answers[:0])
		for _, answer := range s.answers {
			s.take(answer)
		}
	}
	if ctx.Err() == nil {
		s.catchUp(ctx)
	}
	return nil
}

// catchUp sends what was due before the end of the run and had no turn, because the wait before it went on to the end, or the
// machine stood still.
func (s *shard) catchUp(ctx context.Context) {
	if s.closed == 0 {
		s.expectPeople()
	}
	s.act(s.generator.config.Until)
	for _, answer := range s.wire.wait(ctx, s.now(), s.answers[:0]) {
		s.take(answer)
	}
}

// leave reports every attempt that was still unfinished when the run ended to the observer.
func (s *shard) leave() {
	now := s.now()
	for slot := range s.sessions.used {
		session := s.sessions.at(slot)
		start := session.start
		if start == 0 {
			start = session.sent
		}
		if start == 0 {
			continue
		}
		walk := &session.walk
		s.observer.Observe(funnel.Sample{
			Session: walk.Person, Step: int(walk.Step), Attempt: int(walk.Attempt), Round: uint16(walk.Round),
			Intended: walk.Intended, Start: start, End: max(now, start), Outcome: funnel.Unfinished,
		})
	}
}

func (s *shard) now() time.Duration { return time.Since(s.began) }

func (s *shard) nextInstant() (time.Duration, bool) {
	next, any := s.timers.first()
	if s.schedule.more {
		if opens := s.schedule.pending.Opens; !any || opens < next {
			next, any = opens, true
		}
	}
	if first, waits := s.shore.timers.first(); waits && (!any || first < next) {
		return first, true
	}
	if !any && s.closed > 0 && s.now() < s.generator.config.Closed.Until {
		return s.now(), true
	}
	if !any {
		return s.generator.config.Until, false
	}
	return next, true
}

// refill starts a new person for each who has finished, in a closed loop. People think, and begin with the first step.
// There are no visitors. Whose turn comes too late is followed by nobody.
func (s *shard) refill() {
	now, config := s.now(), &s.generator.config
	for s.people < s.closed && s.nextOrdinal < config.People {
		if now < 0 {
			return // the run has not begun
		}
		person := s.permutation.At(s.nextOrdinal)
		s.nextOrdinal += uint64(s.generator.parts() * s.generator.shards())
		at, begins := config.Closed.Begins(config.Seed, config.Journey.Clock, person, now)
		if !begins {
			s.closed--
			continue
		}
		s.people++
		slot := s.sessions.take()
		walk, action := s.generator.journey.Begin(person, at, s.tracks.Of(slot))
		s.open(slot, walk, action, false)
	}
}

// expectPeople creates the sessions of all people who may begin by now.
func (s *shard) expectPeople() {
	const ahead = 20 * time.Millisecond // people are made a little before they are needed
	for {
		now := s.now() + ahead
		caller, ok := s.schedule.due(now)
		switch {
		case !ok:
			s.land(now)
			return
		case s.shore.acted:
			s.shore.announce(s.generator.journey.Comes(caller))
		default:
			s.arrive(caller)
		}
	}
}

// arrive creates the sessions of a person.
func (s *shard) arrive(caller Caller) {
	if s.generator.config.MostPeople > 0 && s.people >= s.cap {
		s.shed++
		if s.crowd != nil {
			s.crowd.Scheduled(caller.At)
			s.crowd.DroppedPerson()
		}
		return
	}
	s.people++
	j := s.generator.journey
	if caller.Visitor {
		slot := s.sessions.take()
		walk, action := j.Look(caller.Person, j.First(caller.Person), caller.At, s.tracks.Of(slot))
		s.open(slot, walk, action, false)
		return
	}
	s.leads = j.Leads(caller.Person, caller.At, s.leads[:0])
	for _, lead := range s.leads {
		slot := s.sessions.take()
		walk, action := j.Look(caller.Person, lead.Step, lead.At, s.tracks.Of(slot))
		s.open(slot, walk, action, true)
	}
	slot := s.sessions.take()
	walk, action := j.Begin(caller.Person, caller.At, s.tracks.Of(slot))
	s.open(slot, walk, action, false)
}

func (s *shard) open(slot int32, walk journey.Walk, action journey.Action, lead bool) {
	*s.sessions.at(slot) = session{walk: walk, lead: lead, fresh: true}
	s.plan(slot, action, s.now())
}

// plan schedules the action, or closes the session, which then ended at the given instant.
func (s *shard) plan(slot int32, action journey.Action, at time.Duration) {
	session := s.sessions.at(slot)
	if action.Done {
		if !session.lead {
			s.people--
			s.wire.forget(session.walk.Person)
		}
		if !session.lead && !session.lost && s.crowd != nil {
			s.crowd.Finished(at)
		}
		s.sessions.drop(slot)
		return
	}
	session.action = action
	s.timers.push(action.At, slot)
}

// act starts everything that is due by now, and by an instant.
func (s *shard) act(by time.Duration) {
	for {
		at, any := s.timers.first()
		if !any || at > min(s.now(), by) {
			return
		}
		slot := s.timers.pop()
		session := s.sessions.at(slot)
		if session.action.Enters {
			s.visits(slot, session)
		}
		s.send(slot, session)
	}
}

// visits tells the observer that a person begins a visit to a step.
func (s *shard) visits(slot int32, session *session) {
	if session.walk.Round == 0 {
		s.observer.Enter(int(session.walk.Step), session.walk.Intended)
	}
	if s.moves == nil {
		return
	}
	if session.walk.Round > 0 {
		s.moves.Again(int(session.walk.Step), session.walk.Intended)
	}
	track := s.tracks.Of(slot)
	s.moves.Move(track.From(), int(session.walk.Step), track.IsFirst())
}

func (s *shard) send(slot int32, session *session) {
	full := s.under >= s.most
	if session.fresh && !session.lead && s.crowd != nil {
		s.crowd.Scheduled(session.walk.Scheduled()) // not earlier: people who never begin because the run is cut short are not counted
		if full {
			s.crowd.DroppedPerson()
			session.lost = true
		} else {
			s.crowd.Started()
		}
	}
	session.fresh = false
	if full {
		now := s.now()
		s.take(completion{slot: slot, start: now, end: now, answer: journey.Answer{Outcome: funnel.Dropped}, reason: funnel.ReasonLocal})
		return
	}
	work := s.job(slot, session)
	if request := &s.generator.requests[work.request]; request.linked {
		var found bool
		if work.hop, found = s.generator.link(request, work.got); !found {
			now := s.now()
			s.take(completion{slot: slot, start: now, end: now, answer: journey.Answer{Outcome: funnel.Failed}, reason: funnel.ReasonLink})
			return
		}
	}
	s.under++
	session.sent = max(1, s.now())
	if !session.waits {
		s.pace.add(session.walk.Intended, session.sent)
	}
	s.wire.send(work)
}

// job returns what is sent next.
func (s *shard) job(slot int32, session *session) job {
	work := job{
		slot: slot, request: s.request(session), person: session.walk.Person,
		mistyped: session.action.Mistyped, timeout: session.action.Timeout,
		leaves: session.action.Leaves, attempt: session.walk.Attempt, round: session.walk.Round,
	}
	if session.bag != nil {
		work.got, work.jar = session.bag.got, session.bag.jar
	}
	return work
}

// follow sends a request on to where its answer redirects it, within what is left of its timeout.
func (s *shard) follow(answer completion, session *session) {
	work := s.job(answer.slot, session)
	work.hop = answer.hop
	if work.timeout > 0 {
		work.timeout = max(1, work.timeout-(s.now()-session.sent))
	}
	s.under++
	s.wire.send(work)
}

// request returns the index of the request that is sent next.
func (s *shard) request(session *session) int {
	step := int(session.walk.Step)
	if looks := s.generator.requests[step].looks; looks > 0 && session.waits {
		return looks
	}
	return step
}

// take advances a walk by one answer.
func (s *shard) take(answer completion) {
	if answer.sent {
		s.under--
	}
	session := s.sessions.at(answer.slot)
	s.pack(session, answer)
	if answer.hop != nil {
		if session.start == 0 {
			session.start = answer.start
		}
		s.follow(answer, session)
		return
	}
	session.sent = 0
	if answer.answer.Outcome == funnel.TimedOut && session.action.Leaves {
		answer.answer.Outcome = funnel.Abandoned
	}
	if session.start == 0 {
		session.start = answer.start
	}
	if answer.answer.Pending && session.taken == 0 && s.generator.requests[session.walk.Step].looks > 0 {
		session.taken = answer.end
	}
	walk := session.walk
	result, next := s.generator.journey.Next(&session.walk, s.trackOf(answer.slot, session), answer.answer, answer.end)
	session.waits = !result.Ended
	if result.Ended {
		s.observer.Observe(funnel.Sample{
			Session: walk.Person, Step: int(walk.Step), Attempt: int(walk.Attempt), Round: uint16(walk.Round),
			Intended: walk.Intended, Start: session.start, End: cmp.Or(session.taken, answer.end),
			Outcome: result.Outcome, Reason: answer.reason, Final: result.Final,
		})
		session.start, session.taken = 0, 0
		if result.Through && !session.lead && s.moves != nil {
			s.moves.Move(int(walk.Step), funnel.Nowhere, true)
		}
	}
	s.plan(answer.slot, next, answer.end)
}

// trackOf returns the track of a walk, with the values that the person has extracted. On a straight line, it is nil.
func (s *shard) trackOf(slot int32, session *session) *journey.Track {
	track := s.tracks.Of(slot)
	if track == nil {
		return nil
	}
	s.got.values = nil
	if session.bag != nil {
		s.got.values = session.bag.got
	}
	track.Got = &s.got
	return track
}

// gotten are extracted values by name.
type gotten struct {
	names  map[string]int
	values []string
}

// Value implements journey.Values.
func (g *gotten) Value(name string) string {
	if place, known := g.names[name]; known && place < len(g.values) {
		return g.values[place]
	}
	return ""
}

// pack puts the extracted values of an answer into the person's bag.
func (s *shard) pack(session *session, answer completion) {
	for i, value := range answer.got {
		if value == "" {
			continue
		}
		if session.carry().got == nil {
			session.bag.got = make([]string, len(s.generator.got))
		}
		session.bag.got[i] = value
	}
	if answer.jar != nil {
		session.carry().jar = answer.jar
	}
}
