package sim

import (
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Client receives the results of requests.
type Client interface {
	// Served is called when the service of a request ends. The job's number is then free, unless the station holds
	// the server until [Floor.Release].
	Served(owner int32, job Job)
	// Refused is called when a waiting request misses its deadline.
	Refused(owner int32, why Refusal)
}

// The kinds of event that a floor adds to the client's own.
const (
	servedKind Kind = iota // subject: the job
	missedKind             // subject: the job
	tickKind               // subject: the station
	floorKinds
)

// Floor holds the stations of a model and the requests in them.
type Floor struct {
	engine   *Engine
	kinds    Kind // the first of the floor's kinds
	client   Client
	clock    workload.Clock
	opens    time.Time
	seed     workload.Seed
	stations []*Station
	jobs     jobs
}

// NewFloor returns a floor without stations. Its events use three kinds, starting with the given one. The client
// passes them to [Floor.Handle].
func NewFloor(engine *Engine, kinds Kind, seed workload.Seed, client Client) *Floor {
	return &Floor{engine: engine, kinds: kinds, seed: seed, client: client}
}

// Days sets the clock by which daily quotas renew. Scenario time zero is opens.
func (f *Floor) Days(clock workload.Clock, opens time.Time) { f.clock, f.opens = clock, opens }

// Add builds a station and returns its number. The config must be valid.
func (f *Floor) Add(config StationConfig) int {
	s := &Station{
		StationConfig: config, floor: f, number: int16(len(f.stations)), limit: -1, servers: config.ServerCount(), serving: newLine(),
		rate: workload.NewRateWindow(config.RateLimit), quota: workload.NewQuota(config.Quota, f.opens),
		chance: f.stream(config.Name, "balk"), left: 1,
	}
	for class := range s.queues {
		s.queues[class] = newLine()
	}
	if config.Queue != nil {
		s.limit = *config.Queue
	}
	if config.Deadline > 0 {
		s.deadline = f.engine.Delay(config.Deadline)
	}
	switch {
	case config.Sharing:
		s.sharing = &sharing{}
	case config.Batch.Rows > 0:
		s.batch = &batching{}
	case config.Pauses.Rate > 0:
		s.pauses = newPauses(config.Pauses, f.stream(config.Name, "pause"))
	}
	if !config.SetUp.IsZero() {
		s.setUp, s.cold = newSampler(config.SetUp), f.stream(config.Name, "setup")
	}
	s.plain = s.isPlain()
	f.stations = append(f.stations, s)
	return int(s.number)
}

func (f *Floor) stream(station, purpose string) workload.Stream {
	return f.seed.Stream(workload.NewPurpose("sim."+purpose+"."+station), 0, 0, 0)
}

// Station returns a station by its number.
func (f *Floor) Station(number int) *Station { return f.stations[number] }

// Enter brings a request with its work to a station. owner is the client's own number for the request, passed to
// the methods of [Client]. class is its priority and is below [Classes]. A request that is not Taken has no job,
// and the client is not called.
func (f *Floor) Enter(station int, owner int32, class uint8, work time.Duration) (Job, Refusal) {
	s := f.stations[station]
	s.stats.arrivals++
	if why := s.refusal(); why != Taken {
		s.stats.rejections++
		return noJob, why
	}
	s.rate.Take(f.engine.now)
	s.quota.Take()
	begins := false
	if s.Together.Within > 0 && owner > nobody {
		work, begins = s.joins(work)
	}
	place := f.jobs.take()
	entered := &f.jobs.table[place]
	*entered = job{} // set field by field: a literal would be built elsewhere and copied
	entered.work, entered.owner, entered.station, entered.class, entered.next, entered.prev = work, owner, s.number, class, noJob, noJob
	s.admit(place)
	if s.Chores.Length > 0 && owner > nobody {
		s.chore(work)
	}
	if s.Beside > 0 && owner > nobody {
		s.others()
	}
	if begins {
		s.shareWork()
	}
	return place, Taken
}

// pass serves a request without an event and reports whether it did. It does so if a server is free and nothing
// else happens before the service ends: the clock advances to the end of the service. Nothing else may be left to
// do at the current instant.
func (f *Floor) pass(station int, work time.Duration) bool {
	s := f.stations[station]
	if !s.plain || s.busy >= s.servers {
		return false
	}
	began := f.engine.now
	if !f.engine.skip(began + work) {
		return false
	}
	s.accrueTo(began)
	s.busy++
	s.accrue()
	s.busy--
	s.stats.arrivals++
	s.stats.completions++
	s.stats.begun++
	s.stats.serviceTime += work
	return true
}

// chore counts the work of a request, and starts a chore when one is due.
func (s *Station) chore(work time.Duration) {
	if s.worked += work; s.worked < s.Chores.Every {
		return
	}
	s.worked -= s.Chores.Every
	_, _ = s.floor.Enter(int(s.number), nobody, 0, s.Chores.Length) // a rejection has no effect
}

// others counts what other programs take for a request, and lets them have a server when it is a piece.
func (s *Station) others() {
	if s.due += s.Beside; s.due < leastPiece {
		return
	}
	piece := s.due
	s.due = 0
	if _, why := s.floor.Enter(int(s.number), nobody, 0, piece); why == Taken {
		s.stats.others += piece
	}
}

// leastPiece is the least time for which other programs take a server: schedulers do not turn to them for less, and short
// requests need fewer events.
const leastPiece = time.Millisecond

// Withdraw removes a waiting job from the queue, and reports whether it did.
func (f *Floor) Withdraw(place Job) bool {
	job := &f.jobs.table[place]
	if job.state != jobWaiting {
		return false
	}
	s := f.stations[job.station]
	s.unqueue(place)
	s.stats.left++
	f.jobs.give(place)
	if s.batch != nil {
		s.gather()
	}
	return true
}

// Leave marks a job whose client no longer waits. Its server continues to work on it.
func (f *Floor) Leave(place Job) {
	if job := &f.jobs.table[place]; job.state != jobHolding {
		job.gone = true
		return
	}
	f.Release(place)
}

// Release frees the server that a served job holds.
func (f *Floor) Release(place Job) { f.stations[f.jobs.table[place].station].vacate(place) }

// Handle handles an event of the floor's kinds.
func (f *Floor) Handle(event Event) {
	switch subject := event.Subject(); event.Kind() - f.kinds {
	case servedKind:
		f.stations[f.jobs.table[subject].station].served(Job(subject))
	case missedKind:
		f.missed(Job(subject))
	case tickKind:
		f.stations[subject].tick()
	}
}

func (s *Station) tick() {
	switch {
	case s.sharing != nil:
		s.shared()
	case s.batch != nil:
		s.ripe()
	case s.pauses != nil:
		s.pause()
	}
}

// missed rejects a job that waited until its deadline.
func (f *Floor) missed(place Job) {
	job := f.jobs.table[place]
	s := f.stations[job.station]
	s.unqueue(place)
	s.stats.rejections++
	f.jobs.give(place)
	switch {
	case job.owner < nobody:
		f.tell(job.owner, place)
	case !job.gone:
		f.client.Refused(job.owner, DeadlineMissed)
	}
}
