package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Request says what a run asks of a fleet.
type Request struct {
	Build      report.Build
	Generators int                                // 0 means every agent that is idle and has no other part
	Places     []Place                            // of parts other than generators
	Requests   float64                            // of the run in its busiest second; 0 if that is not known
	Here       string                             // address at which the conductor's own mocks serve; empty means loopback
	Balanced   bool                               // people go to something in front of the backends, and not to them
	Bound      time.Duration                      // most by which a clock's offset may be unknown; 0 means no limit
	Outline    func(generators int) drill.Outline // of the run
	Log        io.Writer                          // who is left out, and why; may be nil
}

// Run is a run on the agents of a fleet, as its conductor sees it.
type Run struct {
	Name     string // by which ombak fleet collect finds it
	Warnings []string
	conn     *nats.Conn
	request  Request
	outline  drill.Outline
	base     time.Time  // of the instants of sightings
	agents   []*watched // of generators, then of other parts
	berths   []berth    // likewise
	over     context.Context
	stop     context.CancelFunc
	working  sync.WaitGroup

	mu      sync.Mutex
	remotes map[string]*remote // by agent
}

// watched is an agent whose clock is watched.
type watched struct {
	Description
	mu    sync.Mutex
	looks sightings
}

// Notice is how long before its beginning a run is announced to a fleet.
const Notice = 2 * time.Second

// looksAtStart is how often a clock is looked at before a run.
const looksAtStart = 25

// mostLooks is how many looks at a clock are kept before those of a second are thinned out to one.
const mostLooks = 10_000

// Open picks agents for a run and measures their clocks. From then on it watches the clocks until Close.
func Open(ctx context.Context, login Login, request Request) (*Run, error) {
	login.Name = "conductor"
	conn, err := login.connect(ctx)
	if err != nil {
		return nil, err
	}
	if request.Log == nil {
		request.Log = io.Discard
	}
	r := &Run{Name: randomName(), conn: conn, request: request, base: time.Now(), remotes: map[string]*remote{}}
	r.over, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := r.open(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Run) open(ctx context.Context) error {
	found, err := ask(ctx, r.conn, 500*time.Millisecond)
	if err != nil {
		return err
	}
	generators, err := r.assign(found)
	if err != nil {
		return err
	}
	r.outline = r.request.Outline(generators)
	r.warnOfShares(generators)
	for _, b := range r.berths[generators:] {
		r.outline.Placed = append(r.outline.Placed, b.role)
	}
	if _, err := r.conn.Subscribe(subject(r.Name, "*", rowsWhat), r.takeRows); err != nil {
		return err
	}
	failed := make([]error, len(r.agents))
	var looking sync.WaitGroup
	for i, agent := range r.agents {
		looking.Go(func() {
			r.look(ctx, agent, looksAtStart)
			failed[i] = r.check(agent)
		})
	}
	looking.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	for _, agent := range r.agents {
		r.working.Go(func() { r.keepLooking(agent) })
	}
	return nil
}

// warnOfShares warns of generators that cannot send their share of the busiest second.
func (r *Run) warnOfShares(generators int) {
	share := r.request.Requests / float64(generators)
	for _, b := range r.berths[:generators] {
		if sends := b.agent.Sends; sends > 0 && share > sends {
			r.Warnings = append(r.Warnings, fmt.Sprintf("agent %s can send about %s requests/s, but its share of the busiest second is about %s; use more machines, or the run may be invalid",
				b.agent.Agent, units.Rate(sends), units.Rate(share)))
		}
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(r.request.Log, "warning: %s\n", warning)
	}
}

// assign chooses the agents of a run, and returns how many are generators.
func (r *Run) assign(found []Description) (generators int, err error) {
	for i := 1; i < len(found); i++ {
		if found[i-1].Agent == found[i].Agent {
			return 0, refuse("two agents of the fleet are called %s; give each its own --name", found[i].Agent)
		}
	}
	placed, rest, err := r.place(found)
	if err != nil {
		return 0, err
	}
	picked, err := r.pick(rest)
	if err != nil {
		return 0, err
	}
	for _, agent := range picked {
		r.berths = append(r.berths, berth{r, agent, len(r.berths), GeneratorRole})
	}
	for _, place := range placed {
		place.part = len(r.berths)
		r.berths = append(r.berths, place)
	}
	for _, b := range r.berths {
		r.agents = append(r.agents, b.agent)
	}
	if err := r.mayReachHere(); err != nil {
		return 0, err
	}
	return len(picked), r.mayReach()
}

// pick chooses the generators of a run.
func (r *Run) pick(found []Description) (picked []*watched, err error) {
	var left []string
	for _, d := range found {
		switch {
		case !sameBuild(d.Build, r.request.Build):
			left = append(left, fmt.Sprintf("agent %s is %s, and this is %s; install the same ombak on both", d.Agent, describe(d.Build), describe(r.request.Build)))
		case d.Playing != "":
			left = append(left, fmt.Sprintf("agent %s plays a part of run %s", d.Agent, d.Playing))
		case !slices.Contains(d.Roles, GeneratorRole):
			left = append(left, fmt.Sprintf("agent %s is no generator", d.Agent))
		case r.request.Generators == 0 || len(picked) < r.request.Generators:
			picked = append(picked, &watched{Description: d})
		}
	}
	if len(picked) == 0 || len(picked) < r.request.Generators {
		why := "start ombak fleet join on more machines"
		if len(left) > 0 {
			why = strings.Join(left, "; ")
		}
		return nil, fmt.Errorf("the fleet has %d agents for %d generators: %s", len(picked), max(1, r.request.Generators), why)
	}
	for _, reason := range left {
		fmt.Fprintf(r.request.Log, "left out: %s\n", reason)
	}
	return picked, nil
}

// Carriers returns the places of the run's generators.
func (r *Run) Carriers() []drill.Carrier { return r.Placed(GeneratorRole) }

// Placed returns the places of the run's parts of a role.
func (r *Run) Placed(role string) (carriers []drill.Carrier) {
	for _, b := range r.berths {
		if b.role == role {
			carriers = append(carriers, b)
		}
	}
	return carriers
}

// On returns the names of the agents of a role.
func (r *Run) On(role string) (names []string) {
	for _, b := range r.berths {
		if b.role == role {
			names = append(names, b.agent.Agent)
		}
	}
	return names
}

// Agents returns the names of the agents, in the order of their parts.
func (r *Run) Agents() (names []string) {
	for _, agent := range r.agents {
		names = append(names, agent.Agent)
	}
	return names
}

// look looks at a clock some times, one after the other. It reports whether any look succeeded.
func (r *Run) look(ctx context.Context, agent *watched, times int) {
	const patience = time.Second
	for range times {
		trial, stop := context.WithTimeout(ctx, patience)
		sent := time.Since(r.base)
		m, err := r.conn.RequestWithContext(trial, clockSubject(agent.Agent), []byte(r.Name))
		came := time.Since(r.base)
		stop()
		if err != nil {
			return
		}
		shown, err := strconv.ParseInt(string(m.Data), 10, 64)
		if err != nil {
			return
		}
		middle := sent + (came-sent)/2
		agent.mu.Lock()
		agent.looks = append(agent.looks, sighting{at: middle, offset: time.Unix(0, shown).Sub(r.base.Round(0).Add(middle)), trip: came - sent})
		agent.mu.Unlock()
	}
}

// keepLooking looks at a clock every second, which also tells the agent that the conductor lives.
func (r *Run) keepLooking(agent *watched) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-r.over.Done():
			return
		case <-ticker.C:
			r.look(r.over, agent, 3)
			agent.mu.Lock()
			if len(agent.looks) > mostLooks {
				agent.looks = agent.looks.thin()
			}
			agent.mu.Unlock()
		}
	}
}

// read returns what is known of an agent's clock at an instant.
func (r *Run) read(agent *watched, at time.Time) reading {
	agent.mu.Lock()
	defer agent.mu.Unlock()
	return agent.looks.read(at.Sub(r.base))
}

// check returns an error unless an agent's clock is known well enough.
func (r *Run) check(agent *watched) error {
	now := r.read(agent, time.Now())
	switch limit := r.request.Bound; {
	case now.bound > time.Hour:
		return fmt.Errorf("agent %s does not tell its clock; it may be stopped or its machine too busy", agent.Agent)
	case now.contradictory:
		return fmt.Errorf("somebody set the clock of agent %s or of this machine just now; wait until the clocks are at rest", agent.Agent)
	case limit > 0 && now.bound > limit:
		return fmt.Errorf("the clock of agent %s is known only within %s, but half of validity.lag_p99 is %s; use a network with shorter round trips, or raise validity.lag_p99",
			agent.Agent, units.Duration(now.bound), units.Duration(limit))
	}
	return nil
}

// takeRows takes a chunk that an agent sent, and says which rows have come.
func (r *Run) takeRows(m *nats.Msg) {
	parts := strings.Split(m.Subject, ".")
	r.mu.Lock()
	from := r.remotes[parts[3]]
	r.mu.Unlock()
	if from == nil {
		return
	}
	if next, answer := from.take(m.Data); answer {
		reply(m, ack{from.incarnation, next})
	}
}

// Received counts the messages that the conductor has received, and their bytes.
func (r *Run) Received() (messages, bytes uint64) {
	stats := r.conn.Stats()
	return stats.InMsgs, stats.InBytes
}

// Release lets the agents forget the run, whose report is written. If a generator was lost, all keep their rows, and it
// returns false.
func (r *Run) Release(ctx context.Context) bool {
	r.mu.Lock()
	remotes := make([]*remote, 0, len(r.remotes))
	for _, from := range r.remotes {
		remotes = append(remotes, from)
	}
	r.mu.Unlock()
	for _, from := range remotes {
		if !from.complete() {
			return false
		}
	}
	release(ctx, r.conn, r.Name, r.Agents())
	return true
}

// Abandon lets the agents forget a run of which there is nothing to report, because it never began.
func (r *Run) Abandon(ctx context.Context) { release(ctx, r.conn, r.Name, r.Agents()) }

// release lets agents forget a run.
func release(ctx context.Context, conn *nats.Conn, run string, agents []string) {
	const patience = 3 * time.Second
	var asking sync.WaitGroup
	for _, agent := range agents {
		asking.Go(func() {
			_, _ = request[answer](ctx, conn, subject(run, agent, releaseWhat), nil, patience) // otherwise it keeps the rows
		})
	}
	asking.Wait()
}

// Close ends the connection to the fleet.
func (r *Run) Close() {
	r.stop()
	r.working.Wait()
	r.conn.Close()
}

// List returns the agents of a fleet, with the offset of each one's clock.
func List(ctx context.Context, login Login) ([]Listed, error) {
	login.Name = "list"
	conn, err := login.connect(ctx)
	if err != nil {
		return nil, err
	}
	r := &Run{conn: conn, base: time.Now()}
	r.over, r.stop = context.WithCancel(ctx)
	defer r.Close()
	found, err := ask(ctx, conn, 500*time.Millisecond)
	if err != nil {
		return nil, err
	}
	listed := make([]Listed, len(found))
	var looking sync.WaitGroup
	for i, d := range found {
		looking.Go(func() {
			agent := &watched{Description: d}
			r.look(ctx, agent, looksAtStart)
			listed[i] = Listed{Description: d}
			if now := r.read(agent, time.Now()); len(agent.looks) > 0 && !now.contradictory {
				listed[i].ClockOffsetS, listed[i].ClockBoundS = pointer(now.offset.Seconds()), pointer(now.bound.Seconds())
			}
		})
	}
	looking.Wait()
	return listed, nil
}

// Listed is an agent and what is known of its clock.
type Listed struct {
	Description
	ClockOffsetS *float64 `json:"clock_offset_s,omitempty"`
	ClockBoundS  *float64 `json:"clock_bound_s,omitempty"`
}

func pointer[T any](value T) *T { return &value }

// rowOf reads a row of an envelope.
func rowOf(e Envelope) (row, error) {
	var one row
	if err := json.Unmarshal(e.Message, &one); err != nil {
		return one, fmt.Errorf("row %d cannot be read: %w", e.Seq, err)
	}
	return one, nil
}
