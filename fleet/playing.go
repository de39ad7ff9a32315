package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/drill/host"
)

// playing is a part that an agent plays.
type playing struct {
	agent *agent
	task  task
	order drill.Order // as the agent has vetted it
	part  drill.Part
	held  *held
	hide  atomic.Pointer[strings.Replacer] // of the values of variables
	done  chan struct{}                    // closed when the part has ended and its last row is kept

	mu      sync.Mutex
	last    time.Time // when the conductor was heard last
	known   *drill.Ready
	started *start
	planned time.Time // of the agent's own clock
	changes int       // made
	whole   bool      // everything was played
	steps   drill.WallSteps
	cause   string // why it was stopped; empty if nobody stopped it
	ending  sync.Once
	asking  asking // of the control API
}

// maskedLog hides values in what a part says on standard error.
type maskedLog struct {
	hide *atomic.Pointer[strings.Replacer]
	out  io.Writer
}

func (l maskedLog) Write(text []byte) (int, error) {
	_, err := io.WriteString(l.out, l.hide.Load().Replace(string(text)))
	return len(text), err
}

// heard notes a sign of life of the conductor.
func (p *playing) heard() {
	p.mu.Lock()
	p.last = time.Now()
	p.mu.Unlock()
}

// silent returns how long nothing was heard.
func (p *playing) silent() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.last)
}

// receive keeps a message of the part.
func (p *playing) receive(message drill.Message) {
	if message.Begun != nil {
		p.keep(row{Begun: p.late(*message.Begun)})
		return
	}
	if message.Done {
		p.mu.Lock()
		p.whole = true
		p.mu.Unlock()
	}
	if message.Warning != "" {
		message.Warning = p.hide.Load().Replace(message.Warning)
	}
	p.keep(row{Message: &message})
}

// late says how much later than it was told the part began, by the agent's own clock.
func (p *playing) late(told drill.Begun) *begun {
	p.mu.Lock()
	planned := p.planned
	p.mu.Unlock()
	at := p.agent.Clock.Now().Add(told.At.Sub(time.Now().Round(0)))
	return &begun{Late: at.Sub(planned) + told.Late, At: p.conductorsBeginning()}
}

func (p *playing) conductorsBeginning() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started == nil {
		return time.Time{}
	}
	return p.started.Began
}

// keep appends a row. Without a place for its rows a part stops.
func (p *playing) keep(r row) {
	text, err := json.Marshal(r)
	if err == nil {
		err = p.held.append(text)
	}
	if err != nil {
		p.stop(fmt.Sprintf("its rows could not be kept: %v", err))
	}
}

// watch sends the rows, stops the part when its conductor is silent for too long, and keeps its last row.
func (p *playing) watch() {
	sending, stop := context.WithCancel(p.agent.over)
	var sender sync.WaitGroup
	sender.Go(func() { p.held.send(sending, p.agent.conn, func() { p.heard() }) })
	looking, blind := context.WithCancel(p.agent.over)
	sender.Go(func() { p.look(looking) })
	p.untilEnded()
	blind()
	cause, cost := p.part.Cause(), p.part.Cost()
	if file, key := p.order.Auditable(); file != "" {
		drill.Audit(p.agent.over, file, key, func(stored drill.Stored) { p.keep(row{Message: &drill.Message{Stored: &stored}}) })
	}
	p.mu.Lock()
	why := p.cause
	p.mu.Unlock()
	if why == "" {
		why = p.hide.Load().Replace(cause.Error())
	}
	text, err := json.Marshal(row{Ended: &ended{Cause: why, Cost: cost}})
	if err == nil {
		err = p.held.finish(text)
	}
	if err != nil {
		p.agent.log("the last row could not be kept: %v", err)
	}
	p.agent.log("run %s: %s", p.task.Run, p.outcome(why))
	p.agent.mu.Lock()
	p.agent.playing = nil
	p.agent.mu.Unlock()
	close(p.done)
	sender.Wait() // until the conductor has everything, or the run is forgotten
	stop()
}

// look tells the conductor each second what the part and its machine use.
func (p *playing) look(ctx context.Context) {
	id, here := drill.ProcessOf(p.part)
	if !here {
		return
	}
	watched, err := host.Watch(ctx, map[string]int{"part": id}, nil)
	if err != nil {
		return // a machine that cannot be read is not told of
	}
	defer watched.Stop()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		machine, processes := watched.Latest()
		if machine == nil || len(processes) == 0 {
			continue
		}
		p.keep(row{Use: &drill.Use{Cores: processes[0].CPU, Machine: &machine.CPUShare, CPUs: p.agent.machine.CPUs, Memory: processes[0].RSSBytes}})
	}
}

// outcome says how the part ended. One that has played everything is ended by its conductor too.
func (p *playing) outcome(why string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.whole && why == endedAsTold {
		return "played to its end"
	}
	return why
}

// untilEnded waits until the part has ended.
func (p *playing) untilEnded() {
	ticker := time.NewTicker(min(time.Second, p.agent.Silence/20))
	defer ticker.Stop()
	p.noticeStep() // what came before the part is nobody's concern
	for {
		select {
		case <-p.part.Ended():
			return
		case <-ticker.C:
			p.noticeStep()
			if p.silent() > p.agent.Silence {
				p.stop(fmt.Sprintf("its conductor was silent for %v", p.agent.Silence))
			}
		case <-p.agent.over.Done():
			p.stop("its agent left")
			<-p.part.Ended()
			return
		}
	}
}

// noticeStep keeps a row if somebody has set the machine's clock since the last look. Nothing else comes of it: the agent and its
// part measure by monotonic clocks.
func (p *playing) noticeStep() {
	p.mu.Lock()
	by, begun, planned := p.steps.Note(p.agent.Clock.passed()), p.started != nil, p.planned
	p.mu.Unlock()
	if by != 0 && begun {
		message := drill.ClockSet(p.agent.Name, p.agent.Clock.Now().Sub(planned), by)
		p.keep(row{Message: &message})
	}
}

// stop ends the part for a reason, once.
func (p *playing) stop(why string) {
	p.mu.Lock()
	if p.cause == "" {
		p.cause = why
	}
	p.mu.Unlock()
	p.ending.Do(func() { p.agent.working.Go(func() { p.part.End(patience) }) })
}

// end ends the part because the conductor says so.
func (p *playing) end(patience time.Duration) {
	p.mu.Lock()
	if p.cause == "" {
		p.cause = endedAsTold
	}
	p.mu.Unlock()
	if patience <= 0 {
		p.agent.working.Go(func() { p.part.End(0) })
		return
	}
	p.ending.Do(func() { p.agent.working.Go(func() { p.part.End(patience) }) })
}

// endedAsTold is the cause of a part that its conductor ended.
const endedAsTold = "ended by its conductor"

// ready waits a little for the part to be ready. The values of its requests before the run go to the conductor and to no
// file.
func (p *playing) ready(ctx context.Context) state {
	const little = 2 * time.Second
	p.mu.Lock()
	known := p.known
	p.mu.Unlock()
	if known != nil {
		return state{Ready: known}
	}
	ready, err := p.part.Await(ctx, little)
	select {
	case <-p.part.Ended():
		return state{answer: answer{p.hide.Load().Replace(p.part.Cause().Error())}}
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		if p.order.Generator != nil {
			generator := *p.order.Generator
			if len(ready.Values) > 0 {
				generator.Config.RunValues = ready.Values
			}
			p.hide.Store(generator.Hiding())
		}
		p.known = &ready
	}
	return state{Ready: p.known}
}

// begin tells the part when the run begins, once.
func (p *playing) begin(s start) error {
	p.mu.Lock()
	if p.started != nil {
		p.mu.Unlock()
		return nil
	}
	p.started, p.planned = &s, s.At
	p.mu.Unlock()
	in := p.agent.Clock.Until(s.At)
	return p.part.Begin(drill.Begin{At: time.Now().Add(in), In: in, Clock: s.Clock})
}

// change passes a change on, once.
func (p *playing) change(c change) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Number != p.changes+1 {
		return nil
	}
	p.changes++
	return p.part.Change(c.Change)
}
