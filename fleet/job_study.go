package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// StudyRequest says what a study asks of a fleet.
type StudyRequest struct {
	Build   report.Build
	Silence time.Duration // an agent that is silent for so long is lost, and its jobs go to others; 0 means Silence
	Lonely  time.Duration // the study ends when it has no agent for so long; 0 means a minute
	Most    int           // agents at a time; 0 means all
	Losses  *float64      // share of the agents that may be lost before the study ends; nil means all, because others play their jobs
	Log     io.Writer     // who comes, goes or is left out; may be nil
}

// Study is a study whose replications agents of a fleet play. It is a simulation.Runner.
type Study struct {
	Name    string
	conn    *nats.Conn
	request StudyRequest
	over    context.Context
	stop    context.CancelFunc
	working sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond         // something below has changed
	helpers map[string]*helper // by the agents' names
	told    map[string]bool    // what was said of agents that are left out
	seen    time.Time          // when there was an agent
	round   *round             // nil between rounds
	settled int                // results so far
	lost    int                // agents, each as often as it was lost
}

var _ simulation.Runner = (*Study)(nil)

// helper is an agent that plays jobs.
type helper struct {
	Description
	gone bool      // it was silent for too long
	busy time.Time // since when it plays something else; zero if it does not

	sending sync.Mutex     // one model at a time
	sent    map[string]int // how often each model was sent
}

// repeatEach is the number of results of which one is played again elsewhere and compared, beginning with the first.
const repeatEach = 50

// seekEach is how often a study looks for agents.
const seekEach = 2 * time.Second

// patientTrials is how often a study looks for its first agent before it says that there is none.
const patientTrials = 5

// OpenStudy finds the agents of a study. Those that come later help too.
func OpenStudy(ctx context.Context, login Login, request StudyRequest) (*Study, error) {
	login.Name = "study"
	conn, err := login.connect(ctx)
	if err != nil {
		return nil, err
	}
	if request.Silence == 0 {
		request.Silence = Silence
	}
	if request.Lonely == 0 {
		request.Lonely = time.Minute
	}
	if request.Log == nil {
		request.Log = io.Discard
	}
	s := &Study{Name: randomName(), conn: conn, request: request, helpers: map[string]*helper{}, told: map[string]bool{}, seen: time.Now()}
	s.changed = sync.NewCond(&s.mu)
	s.over, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	left, err := s.seek(ctx)
	for trial := 1; trial < patientTrials && err == nil && s.Cores() == 0; trial++ { // a busy machine answers late
		left, err = s.seek(ctx)
	}
	if err == nil && s.Cores() == 0 {
		why := "start ombak fleet join on some machines"
		if len(left) > 0 {
			why = strings.Join(left, "; ")
		}
		err = fmt.Errorf("the fleet has no agent for the study: %s", why)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	s.working.Go(s.keepSeeking)
	return s, nil
}

// Close lets the agents forget the study, and ends the connection.
func (s *Study) Close() {
	s.stop()
	s.mu.Lock()
	s.changed.Broadcast()
	var names []string
	for name := range s.helpers {
		names = append(names, name)
	}
	s.mu.Unlock()
	s.working.Wait()
	for _, name := range names {
		_ = s.conn.Publish(subject(s.Name, name, leaveWhat), nil) // otherwise it forgets by itself
	}
	_ = s.conn.FlushTimeout(time.Second) // likewise
	s.conn.Close()
}

// Cores returns how many jobs the agents can play at once.
func (s *Study) Cores() (cores int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.helpers {
		if !h.gone {
			cores += h.CPUs
		}
	}
	return cores
}

// Agents returns the names of the agents.
func (s *Study) Agents() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, h := range s.helpers {
		if !h.gone {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// seek takes in the agents that it does not know, and returns why it leaves others out.
func (s *Study) seek(ctx context.Context) (left []string, err error) {
	found, err := ask(ctx, s.conn, 500*time.Millisecond)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range found {
		switch {
		case !sameBuild(d.Build, s.request.Build):
			left = append(left, fmt.Sprintf("agent %s is %s, and this is %s; install the same ombak on both", d.Agent, describe(d.Build), describe(s.request.Build)))
		case d.Arch != arch:
			left = append(left, fmt.Sprintf("agent %s is of %s, and this machine of %s, and their results differ in the last bits", d.Agent, d.Arch, arch))
		case !slices.Contains(d.Roles, StudyRole):
			left = append(left, fmt.Sprintf("agent %s plays no jobs of studies", d.Agent))
		case s.helpers[d.Agent] != nil && !s.helpers[d.Agent].gone:
		case s.request.Most > 0 && len(s.alive()) >= s.request.Most:
			left = append(left, fmt.Sprintf("agent %s, because %d agents play", d.Agent, s.request.Most))
		default:
			s.takeIn(d)
		}
	}
	return left, nil
}

// takeIn lets an agent play, a job for each of its cores. The caller holds the lock.
func (s *Study) takeIn(d Description) {
	h := &helper{Description: d, sent: map[string]int{}}
	h.CPUs = min(max(1, h.CPUs), 1024)
	s.helpers[d.Agent], s.seen = h, time.Now()
	for range h.CPUs {
		s.working.Go(func() { s.employ(h) })
	}
	s.changed.Broadcast()
}

// keepSeeking looks for agents that come late, and ends a round that has had no agent for long.
func (s *Study) keepSeeking() {
	ticker := time.NewTicker(seekEach)
	defer ticker.Stop()
	for {
		select {
		case <-s.over.Done():
			return
		case <-ticker.C:
		}
		left, err := s.seek(s.over)
		if err != nil {
			continue // the connection comes back, or the study ends
		}
		s.mu.Lock()
		for _, reason := range left {
			if !s.told[reason] {
				s.told[reason] = true
				fmt.Fprintf(s.request.Log, "left out: %s\n", reason)
			}
		}
		if slices.ContainsFunc(s.alive(), func(*helper) bool { return true }) {
			s.seen = time.Now()
		} else if s.round != nil && time.Since(s.seen) > s.request.Lonely {
			s.round.fail(fmt.Errorf("the fleet has had no agent for the study for %s; start ombak fleet join, and play it again", units.Duration(s.request.Lonely)))
			s.changed.Broadcast()
		}
		s.mu.Unlock()
	}
}

// alive returns the agents that are not lost. The caller holds the lock.
func (s *Study) alive() (all []*helper) {
	for _, h := range s.helpers {
		if !h.gone {
			all = append(all, h)
		}
	}
	return all
}

// employ lets one core of an agent play jobs until the agent is lost or the study ends.
func (s *Study) employ(h *helper) {
	had := ""
	for {
		r, t := s.next(h)
		if t == nil {
			return
		}
		result, err := s.play(r.ctx, h, t, &had)
		switch {
		case err == nil:
			s.settle(r, t, h, result)
		case errors.Is(err, errBusy):
			s.noteBusy(h)
			s.giveBack(r, t)
			select {
			case <-s.over.Done():
			case <-time.After(jobWait / 2): // it plays something else
			}
		case errors.Is(err, errSilent):
			s.lose(h, err)
			s.giveBack(r, t)
			return
		case r.ctx.Err() != nil:
			s.giveBack(r, t)
		default:
			s.mu.Lock()
			r.fail(err)
			s.changed.Broadcast()
			s.mu.Unlock()
			s.giveBack(r, t)
		}
	}
}

// next waits for a job that an agent may play. It returns nil when the agent is lost or the study ends.
func (s *Study) next(h *helper) (*round, *jobTask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !h.gone && s.over.Err() == nil {
		if r := s.round; r != nil && r.ctx.Err() == nil {
			for i, t := range r.waiting {
				if t.notBy != h.Agent {
					r.waiting = slices.Delete(r.waiting, i, i+1)
					r.playing++
					return r, t
				}
			}
		}
		s.changed.Wait()
	}
	return nil, nil
}

// giveBack lets another agent play a job.
func (s *Study) giveBack(r *round, t *jobTask) {
	r.progress(-t.passed)
	t.passed = 0
	s.mu.Lock()
	defer s.mu.Unlock()
	r.playing--
	r.waiting = slices.Insert(r.waiting, 0, t)
	s.changed.Broadcast()
}

// noteBusy notes that an agent plays something else.
func (s *Study) noteBusy(h *helper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.busy.IsZero() {
		h.busy = time.Now()
	}
}

// lose notes that an agent is silent.
func (s *Study) lose(h *helper, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !h.gone {
		h.gone = true
		s.lost++
		s.tolerate(h, why)
	}
	s.changed.Broadcast()
}

// tolerate goes on without an agent, unless too many were lost. The caller holds the lock.
func (s *Study) tolerate(h *helper, why error) {
	const rounding = 1e-9
	if most := s.request.Losses; most != nil && s.round != nil && float64(s.lost) > *most*float64(len(s.helpers))+rounding {
		s.round.fail(fmt.Errorf("agent %s is lost (%w), and %d of %d agents are more than --tolerate allows", h.Agent, why, s.lost, len(s.helpers)))
		return
	}
	fmt.Fprintf(s.request.Log, "agent %s is lost (%v); its jobs go to others\n", h.Agent, why)
}
