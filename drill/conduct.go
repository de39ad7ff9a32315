package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/postgres"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/setup"
)

// ErrPartDied marks a run that ended because one of its parts died unexpectedly.
var ErrPartDied = errors.New("a part died")

// Stage is the stage of a run, for progress.
type Stage string

// The stages of a run.
const (
	Starting    Stage = "starting"
	LeadIn      Stage = funnel.LeadInPhase
	Arriving    Stage = funnel.ArrivalsPhase
	Draining    Stage = funnel.DrainPhase
	Reconciling Stage = "reconciling"
)

// Progress describes how far a run is. It is sent at each change of stage and about once a second.
type Progress struct {
	Stage   Stage
	At      time.Duration // real time since the run began
	Until   time.Duration // real time of its planned end
	People  uint64        // scheduled so far
	Dropped uint64        // people who could not begin
	Passed  uint64        // people who passed the step at which arrivals are scheduled
	Offered int           // people in the whole run
	Total   int           // those of them who will try that step
}

// Environment describes where and how a run is conducted.
type Environment struct {
	Command  []string                // starts a part: a program and its arguments
	Folder   string                  // everything that the run writes goes there; it must exist
	Database string                  // path of an SQLite file, a postgres:// URL, or OwnPostgres; empty means ombak.db in the folder
	Build    report.Build            // the build that conducts
	Metrics  string                  // address at which the generator serves Prometheus metrics; empty means none
	Metered  func(address string)    // called with the address at which the first generator serves them; may be nil
	Log      io.Writer               // standard error of the parts; may be nil
	Progress func(Progress)          // called on one goroutine; may be nil
	Room     *Room                   // watches and acts; nil if nobody does
	Beside   func() []report.Process // what else the run made this process do; may be nil

	Generators []Carrier     // where the generators are, which share the people; none means one process of this machine
	Mocks      Carrier       // where the mocks are; nil means a process of this machine
	Backends   []Carrier     // where the backends are; none means one process of this machine
	BackendURL string        // of what stands in front of the backends, which people are sent to; empty means the only backend
	Notice     time.Duration // how long before its beginning the run is announced to the parts; 0 means 250 ms
	Gate       ChangePolicy  // of the gate in front of a service that others started; nil if there is none
	Control    Control       // of mocks that others started; empty if there are none
	Tolerated  float64       // share of the generators that may be lost without making the run invalid
}

// ChangePolicy changes a policy where it stands. The error is a [Refusal] if the policy cannot change so.
type ChangePolicy func(ctx context.Context, change backend.PolicyChange) error

// storesAbroad reports whether another machine keeps the database.
func (e Environment) storesAbroad() bool { return len(e.Backends) > 0 && store.IsFile(e.Database) }

// conductor conducts one run. Its mutex mu guards its maps and slices, because the messages of each part
// arrive on a goroutine of their own.
type conductor struct {
	run         *setup.Live
	environment Environment
	parts       []*conducted
	began       time.Time

	mu           sync.Mutex
	recording    *recorder.Recording
	rows         *recorder.Seconds // of the feed
	readings     recorder.Readings
	marks        []funnel.Mark
	warnings     []string
	acknowledged []uint64
	people       uint64
	dropped      uint64
	passed       uint64
	starts       []int // steps at which arrivals are scheduled
	store        *report.Store
	gone         []report.Gone    // stretches in which the store took no writes
	watched      []report.Process // parts of the target that others started
	machine      *report.MachineSeries
	usage        []report.ProcessSeries // of parts and watched processes
	costs        []report.Process       // of processes that are not parts
	cluster      *postgres.Cluster      // nil unless the run has a PostgreSQL of its own
	stirred      chan struct{}          // a generator has told that it is done, or was lost
	concludeBy   time.Time              // when the requests after the run must have been sent; zero until they may be
	control      Control                // of the mocks, if they run
	relay        *relay                 // to mocks on another machine; nil if there are none
	stored       Stored                 // what the database of another machine holds
	sums         summing                // readings of several backends
	stage        *stage
}

// Conduct plays the run and returns its report. With an error it returns what is known so far. The error is
// ErrPartDied, the context's error after an interrupt, or the reason why the run could not begin; in that
// case the report's Schema is empty.
func Conduct(ctx context.Context, run *setup.Live, environment Environment) (report.Report, error) {
	hide := run.Mask()
	environment.Log = hide.Writer(environment.Log)
	environment.Room = environment.Room.masked(hide)
	result, err := conduct(ctx, run, environment)
	hide.Report(&result)
	return result, hide.Error(err)
}

func conduct(ctx context.Context, run *setup.Live, environment Environment) (report.Report, error) {
	if err := prepare(ctx, run, &environment); err != nil {
		return report.Report{}, err
	}
	claim, err := claimStore(ctx, run, environment.Database)
	if err != nil {
		return report.Report{}, err
	}
	began := false
	defer func() {
		if began {
			claim.Release()
		} else {
			claim.Discard()
		}
	}()
	c := &conductor{run: run, environment: environment, recording: recorder.NewRecording(run.Generator.Journey.Funnel()), rows: recorder.NewSeconds(run.Generator.Journey.Funnel(), run.People.Clock().Scenario), starts: run.ArrivalSteps(), stirred: make(chan struct{}, 1), control: environment.Control}
	if environment.Room != nil && environment.Room.Timed {
		c.rows.KeepTimes()
	}
	defer removeControl(environment.Folder)
	defer c.stopCluster()
	defer c.stopAll()
	c.progress(Starting)
	if err := c.startCluster(ctx); err != nil {
		return report.Report{}, err
	}
	if err := c.startParts(ctx); err != nil {
		return report.Report{}, err
	}
	watched, err := host.Watch(ctx, c.ids(), run.Options.Watch)
	if err != nil {
		return report.Report{}, err
	}
	if err := environment.Room.await(ctx); err != nil {
		watched.Stop()
		return report.Report{}, err
	}
	c.stage = newStage(c, watched)
	began = true
	ended := c.play(ctx)
	c.stage.close()
	c.watched = watched.Stop()
	c.machine, c.usage = watched.Series(c.began)
	c.stopAll()
	c.stage.conclude()
	reconciliation, err := c.reconcile(context.WithoutCancel(ctx))
	if err != nil {
		c.warn(fmt.Sprintf("the store could not be read for reconciliation: %v", err))
		c.unread(err)
	}
	c.stopCluster()
	return c.assemble(reconciliation, ended), ended
}

// prepare refuses a run that cannot work, before anything is started.
func prepare(ctx context.Context, run *setup.Live, environment *Environment) error {
	if environment.Database == "" && len(environment.Backends) == 0 {
		environment.Database = filepath.Join(environment.Folder, "ombak.db")
	}
	if err := run.CheckShares(len(environment.Generators)); err != nil {
		return err
	}
	if run.Service == nil && len(environment.Generators) > 0 {
		return nil // whether the targets can be reached from elsewhere, and with enough files, is seen there
	}
	if len(environment.Backends) > 0 {
		return environment.checkBackends()
	}
	if err := host.NeedFiles(run.MostConnections()); err != nil {
		return err
	}
	if run.Service == nil {
		return CheckReachable(run.Generator.Targets, run.Generator.Connections)
	}
	if environment.Database == OwnPostgres {
		return nil
	}
	if !store.IsFile(environment.Database) {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(environment.Database)); err != nil || !info.IsDir() {
		return setup.Refuse("the folder of the database %s does not exist; make it, or name another with --store sqlite:PATH", environment.Database)
	}
	people := int(run.Offered.ByStep[run.Scenario.Arrivals.Step].Scheduled)
	return host.NeedSpace(filepath.Dir(environment.Database), people, run.Generator.PhotoBytes)
}

// claimStore keeps other runs from the database that the run will use.
func claimStore(ctx context.Context, run *setup.Live, database string) (*store.Claim, error) {
	if run.Service == nil || database == OwnPostgres || database == "" {
		return nil, nil // a database on another machine is in a fresh folder
	}
	claim, err := store.NewClaim(ctx, database)
	switch {
	case errors.Is(err, store.ErrUsed):
		return nil, setup.Refuse("the database %s exists already; a drill needs a fresh one: name another with --store, or remove it", store.Name(database))
	case errors.Is(err, store.ErrClaimed):
		return nil, setup.Refuse("another drill is using the database %s; wait for its end, or name another with --store", store.Name(database))
	}
	return claim, err
}

// CheckReachable returns an error if a target cannot be connected to, before anybody is sent there.
func CheckReachable(targets map[string]string, connections loadgen.Connections) error {
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		target, err := loadgen.LocationOf(targets[name])
		if err != nil {
			return setup.Refused(err)
		}
		network, address, proxy, err := connections.PlaceOf(targets[name])
		if err != nil {
			return setup.Refused(err)
		}
		const patience = 5 * time.Second
		conn, err := net.DialTimeout(network, address, patience)
		if proxy != nil && err != nil {
			return fmt.Errorf("the proxy %s of target %s cannot be reached (%w); start it, or add the target's host to NO_PROXY", proxy.Redacted(), name, err)
		}
		if network == "unix" && err != nil {
			return fmt.Errorf("target %s at the socket %s cannot be reached (%w); start it, or give another with --target %s=URL", name, address, err, name)
		}
		if err != nil {
			return fmt.Errorf("target %s at %s cannot be reached (%w); start it, or give another with --target %s=URL", name, target.Redacted(), err, name)
		}
		_ = conn.Close() // nothing was sent
	}
	return nil
}

// receive handles one message of one part.
func (c *conductor) receive(from *conducted, message Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if from.share != nil {
		if delta := message.Delta; delta != nil {
			if err := delta.Validate(len(c.run.Generator.Journey.Steps)); err != nil {
				c.warnings = append(c.warnings, fmt.Sprintf("a second of the generator was left out: %v", err))
				return
			}
		}
		from.share.told(message)
	}
	switch {
	case message.Reading != nil:
		reading := c.sums.of(from, *message.Reading)
		c.readings.Add(reading)
		c.rows.Read(reading)
	case message.Stored != nil:
		c.stored.add(*message.Stored)
	case message.Mark != nil:
		c.addMark(*message.Mark)
	case message.Warning != "":
		c.warnings = append(c.warnings, message.Warning)
	case message.Gone != nil:
		c.addGone(*message.Gone)
	case message.Done, message.Played:
		c.stir()
	case message.Delta != nil && from.share != nil:
		c.addDelta(*message.Delta)
	}
}

// addDelta adds one second of one shard, which must be valid. The caller holds the lock.
func (c *conductor) addDelta(delta recorder.Delta) {
	c.people += delta.Scheduled
	c.dropped += delta.Dropped
	for _, step := range delta.Steps {
		if !slices.Contains(c.starts, step.Step) {
			continue
		}
		for _, outcome := range step.Ended {
			if outcome.Outcome == funnel.Completed {
				c.passed += outcome.People
			}
		}
	}
	c.acknowledged = append(c.acknowledged, delta.Acknowledged...)
	c.recording.Add(delta)
	c.rows.Add(delta)
}

// play lets the run begin and waits for its end. It returns why the run ended early, or nil.
func (c *conductor) play(ctx context.Context) error {
	const notice = 250 * time.Millisecond // enough to reach every part
	if err := c.begin(cmp.Or(c.environment.Notice, notice)); err != nil {
		return err
	}
	c.mark(0, c.run.People.First, funnel.LeadInPhase)
	c.mark(c.run.People.First, c.run.People.Last-c.run.People.First, funnel.ArrivalsPhase)
	c.mark(c.run.People.Last, c.run.People.Until-c.run.People.Last, funnel.DrainPhase)
	died := c.watch()
	defer died.stop()
	c.stage.begin()
	steps := newWallSteps(time.Now())
	overdue := time.NewTimer(time.Until(c.began) + c.longest())
	defer overdue.Stop()
	ticker, beat := time.NewTicker(time.Second), newBeat(c.began)
	defer ticker.Stop()
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case dead := <-died.parts:
			if err := c.died(dead); err != nil {
				return err
			}
		case <-c.stirred:
			if over, err := c.concluded(); over {
				return err
			}
		case <-overdue.C:
			if err := c.giveUp(); err != nil {
				return err
			}
			overdue.Reset(c.last())
		case order := <-c.stage.orders.Given():
			if err := c.stage.do(ctx, order); err != nil {
				return err
			}
		case <-c.stage.scheduled():
			if err := c.stage.doScheduled(ctx); err != nil {
				return err
			}
		case now := <-beat.C:
			beat.rest(now)
			c.stage.cut(false)
		case now := <-ticker.C:
			if by := steps.look(now); by != 0 {
				c.note(funnel.NoteMark, "the machine's clock was set "+setBy(by))
			}
			c.progress(c.phase())
			if err := c.listen(); err != nil {
				return err
			}
			if err := c.broken(); err != nil {
				return err
			}
		}
	}
}

// grace is how long after its planned end a run may go on.
const grace = 10 * time.Second

// longest returns the time from the beginning of the run to the instant by which every part must have come to its end. One
// of several generators then has only the requests after the run left.
func (c *conductor) longest() time.Duration {
	_, after := c.run.Generator.Longest()
	if len(c.generators()) > 1 {
		after = 0
	}
	return c.run.People.Until + after + grace
}

// last returns how long the requests after the run may take, once all generators have played or were given up.
func (c *conductor) last() time.Duration {
	const more = 3 * time.Second
	_, after := c.run.Generator.Longest()
	return after + more
}

// deaths reports the parts that end by themselves. The run's own PostgreSQL is one too.
type deaths struct {
	parts chan mortal
	over  chan struct{}
	wait  sync.WaitGroup
}

// mortal is a part that may end by itself.
type mortal struct {
	name  string
	part  *conducted // nil for PostgreSQL
	cause func() error
}

func (c *conductor) watch() *deaths {
	d := &deaths{parts: make(chan mortal, len(c.parts)+1), over: make(chan struct{})}
	for _, p := range c.parts {
		d.watch(p.Ended(), mortal{p.name, p, p.Cause})
	}
	if c.cluster != nil {
		d.watch(c.cluster.Ended(), mortal{clusterPart, nil, c.cluster.Cause})
	}
	return d
}

func (d *deaths) watch(ended <-chan struct{}, dead mortal) {
	d.wait.Go(func() {
		select {
		case <-ended:
			d.parts <- dead
		case <-d.over:
		}
	})
}

func (d *deaths) stop() {
	close(d.over)
	d.wait.Wait()
}

func (c *conductor) phase() Stage {
	switch at := time.Since(c.began); {
	case at < c.run.People.First:
		return LeadIn
	case at < c.run.People.Last:
		return Arriving
	}
	return Draining
}

// stopAll stops the generators first, all at once, then the backend, then the mocks that the backend calls.
func (c *conductor) stopAll() {
	const (
		patience = 15 * time.Second
		abroad   = 2 * time.Minute // the agent of a store reads it too; one that is not heard of is not waited for
	)
	c.relay.close()
	var generators, others []*conducted
	for _, p := range slices.Backward(c.parts) {
		select {
		case <-p.Ended():
			continue
		default:
		}
		if p.share != nil {
			generators = append(generators, p)
		} else {
			others = append(others, p)
		}
	}
	killed := endAll(generators, patience)
	for _, p := range others {
		longest := patience
		if _, ok := p.Part.(Abroad); ok {
			longest = abroad
		}
		killed = append(killed, endAll([]*conducted{p}, longest)...)
	}
	for _, p := range killed {
		if _, abroad := p.Part.(Abroad); abroad {
			c.warn(p.name + " did not answer at the end of the run")
		} else {
			c.warn(fmt.Sprintf("%s did not stop within %v and was killed", p.name, patience))
		}
	}
}

func (c *conductor) mark(at, length time.Duration, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addMark(funnel.Mark{At: at, For: length, Kind: funnel.PhaseMark, Text: text})
}

func (c *conductor) note(kind funnel.MarkKind, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addMark(funnel.Mark{At: time.Since(c.began), Kind: kind, Text: text})
}

// addMark puts a mark on the timeline and into the feed. The caller holds the lock.
func (c *conductor) addMark(mark funnel.Mark) {
	c.marks = withMark(c.marks, mark)
	c.rows.Mark(mark)
}

func (c *conductor) warn(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warnings = append(c.warnings, text)
}

func (c *conductor) progress(stage Stage) {
	if c.environment.Progress == nil {
		return
	}
	c.mu.Lock()
	progress := Progress{
		Stage: stage, Until: c.run.People.Until, People: c.people, Dropped: c.dropped, Passed: c.passed, Offered: c.run.Offered.Scheduled,
		Total: int(c.run.Offered.ByStep[c.run.Scenario.Arrivals.Step].Scheduled),
	}
	c.mu.Unlock()
	if !c.began.IsZero() {
		progress.At = time.Since(c.began)
	}
	c.environment.Progress(progress)
}
