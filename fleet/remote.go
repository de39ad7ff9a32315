package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
)

// berth is the place of a run's part on an agent.
type berth struct {
	run   *Run
	agent *watched
	part  int
	role  string
}

var _ drill.Carrier = berth{}

// remote is a part on an agent.
type remote struct {
	berth
	incarnation string
	receive     func(drill.Message)
	ended       chan struct{}

	mu      sync.Mutex
	inbox   *inbox
	over    bool // nothing is received any more
	told    bool // the agent's last row has come
	done    bool // the generator has said that it has nothing left to play
	cause   string
	cost    report.Process
	begun   *begun
	began   time.Time
	offset  time.Duration // that the agent's beginning was reckoned with
	changes int
	asked   int // questions for the control API
	used    used
}

// used adds up what a part and its machine used.
type used struct {
	latest drill.Use
	rows   int
	shares int     // seconds in which the machine's share is known
	share  float64 // sum of the shares
	most   float64
}

func (u *used) add(use drill.Use) {
	u.latest = use
	u.rows++
	if use.Machine != nil {
		u.shares++
		u.share += *use.Machine
		u.most = max(u.most, *use.Machine)
	}
}

// tell adds what was used to the row of an agent.
func (u used) tell(row *report.Agent) {
	row.CPUs = u.latest.CPUs
	if u.shares > 0 {
		row.CPUShare, row.CPUShareMax = pointer(u.share/float64(u.shares)), pointer(u.most)
	}
}

var (
	_ drill.Using     = (*remote)(nil)
	_ drill.Answering = (*remote)(nil)
)

// Start implements [drill.Carrier].
func (b berth) Start(ctx context.Context, order drill.Order, receive func(drill.Message)) (drill.Part, error) {
	p := &remote{berth: b, incarnation: randomName(), receive: receive, ended: make(chan struct{})}
	p.inbox = newInbox(b.run.Name, b.part, p.incarnation)
	b.run.mu.Lock()
	b.run.remotes[b.agent.Agent] = p
	b.run.mu.Unlock()
	text, err := json.Marshal(task{
		Run: b.run.Name, Part: b.part, Incarnation: p.incarnation, Build: b.run.request.Build, Order: order, Outline: b.run.outline,
	})
	if err != nil {
		return nil, err
	}
	if len(text) > maxMessage {
		return nil, fmt.Errorf("the order of agent %s has %d bytes, more than %d", b.agent.Agent, len(text), maxMessage)
	}
	for _, chunk := range (Envelope{Run: b.run.Name, Part: b.part, Incarnation: p.incarnation, Seq: 1, Message: text}).seal().chunks() {
		if err := p.deliver(ctx, chunk); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// deliver gives the agent a chunk of its order.
func (p *remote) deliver(ctx context.Context, chunk Envelope) error {
	const patience = 30 * time.Second // the agent tries to reach the targets
	text, err := chunk.encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m, err := p.run.conn.RequestWithContext(ctx, p.subject(orderWhat), text)
	if err != nil {
		return fmt.Errorf("agent %s does not take its order: %w", p.agent.Agent, err)
	}
	var said answer
	if err := json.Unmarshal(m.Data, &said); err != nil {
		return err
	}
	if said.Error != "" {
		return errors.New(said.Error)
	}
	return nil
}

func (p *remote) subject(what string) string { return subject(p.run.Name, p.agent.Agent, what) }

// ask asks the agent about the part.
func askPart[T any](ctx context.Context, p *remote, what string, question any, patience time.Duration) (T, error) {
	text, err := json.Marshal(question)
	if err != nil {
		var none T
		return none, err
	}
	return request[T](ctx, p.run.conn, p.subject(what), text, patience)
}

// Await implements [drill.Part].
func (p *remote) Await(ctx context.Context, patience time.Duration) (drill.Ready, error) {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		said, err := askPart[state](ctx, p, readyWhat, ack{Incarnation: p.incarnation}, min(time.Until(deadline), Silence))
		switch {
		case ctx.Err() != nil:
			return drill.Ready{}, ctx.Err()
		case err != nil:
			return drill.Ready{}, fmt.Errorf("agent %s: %w", p.agent.Agent, err)
		case said.Error != "":
			return drill.Ready{}, fmt.Errorf("agent %s: %s", p.agent.Agent, said.Error)
		case said.Ready != nil:
			return *said.Ready, nil
		}
	}
	return drill.Ready{}, fmt.Errorf("the %s of agent %s was not ready within %v; the machine may be too busy", p.role, p.agent.Agent, patience)
}

// Begin implements [drill.Part]. An agent that cannot be told is lost.
func (p *remote) Begin(begin drill.Begin) error {
	ctx, cancel := context.WithDeadline(p.run.over, begin.At)
	defer cancel()
	p.run.look(ctx, p.agent, 5)
	known := p.run.read(p.agent, begin.At)
	at := p.run.base.Round(0).Add(begin.At.Sub(p.run.base))
	p.mu.Lock()
	p.began, p.offset = begin.At, known.offset
	p.mu.Unlock()
	said, err := askPart[answer](ctx, p, beginWhat, start{Incarnation: p.incarnation, At: at.Add(known.offset), Began: at, Clock: begin.Clock}, time.Until(begin.At))
	switch {
	case err != nil:
		p.giveUp(fmt.Sprintf("it did not hear of the beginning: %v", err))
	case said.Error != "":
		p.giveUp(said.Error)
	}
	return nil
}

// Change implements [drill.Part].
func (p *remote) Change(c drill.Change) error {
	const patience = 2 * time.Second // the run waits meanwhile
	p.mu.Lock()
	p.changes++
	number := p.changes
	p.mu.Unlock()
	said, err := askPart[answer](p.run.over, p, changeWhat, change{p.incarnation, number, c}, patience)
	if err == nil && said.Error != "" {
		err = errors.New(said.Error)
	}
	if err != nil {
		return fmt.Errorf("agent %s: %w", p.agent.Agent, err)
	}
	return nil
}

// Ended implements [drill.Part].
func (p *remote) Ended() <-chan struct{} { return p.ended }

// Cause implements [drill.Part].
func (p *remote) Cause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return drill.Lost(p.cause)
}

// Cost implements [drill.Part].
func (p *remote) Cost() report.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cost
}

// End implements [drill.Part]. What the agent still has of its rows comes before its end.
func (p *remote) End(patience time.Duration) bool {
	const (
		most  = 3 * time.Second // an agent that answers ends a generator at once
		least = 200 * time.Millisecond
	)
	if p.role != GeneratorRole && patience > 0 {
		return p.endSlowly(patience)
	}
	if patience <= 0 {
		_, _ = askPart[answer](p.run.over, p, endWhat, ending{p.incarnation, 0}, least) // it may be gone
		p.giveUp("it had not come to its end in time")
		return false
	}
	timer := time.NewTimer(min(patience, most))
	defer timer.Stop()
	_, _ = askPart[answer](p.run.over, p, endWhat, ending{p.incarnation, min(patience, most)}, min(patience, most)/2) // likewise
	select {
	case <-p.ended:
		return p.complete()
	case <-timer.C:
		p.giveUp("it does not answer")
		return false
	}
}

// endSlowly ends a part that has work left: a backend answers whom it has let in, and its agent reads the store. An agent that
// falls silent is not waited for.
func (p *remote) endSlowly(patience time.Duration) bool {
	const (
		hearing = 3 * time.Second  // of the end
		working = 20 * time.Second // of a backend that ends
	)
	if silent, _ := p.Heard(); silent >= Silence {
		p.giveUp("it does not answer")
		return false
	}
	if said, err := askPart[answer](p.run.over, p, endWhat, ending{p.incarnation, working}, hearing); err != nil || said.Error != "" {
		select {
		case <-p.ended: // it had ended before
			return p.complete()
		case <-time.After(hearing): // its last row may be on its way
		}
	}
	ticker, timer := time.NewTicker(time.Second), time.NewTimer(patience)
	defer ticker.Stop()
	defer timer.Stop()
	for {
		select {
		case <-p.ended:
			return p.complete()
		case <-ticker.C:
			if silent, _ := p.Heard(); silent < Silence {
				continue
			}
		case <-timer.C:
		}
		p.giveUp("it does not answer")
		return false
	}
}

// Ask implements [drill.Answering].
func (p *remote) Ask(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	const patience = 10 * time.Second
	p.mu.Lock()
	p.asked++
	number := p.asked
	p.mu.Unlock()
	text, err := json.Marshal(controlQuestion{p.incarnation, number, method, path, body})
	if err != nil {
		return 0, nil, err
	}
	said, err := request[controlAnswer](ctx, p.run.conn, p.subject(askWhat), text, patience)
	if err == nil && said.Error != "" {
		err = errors.New(said.Error)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("agent %s: %w", p.agent.Agent, err)
	}
	return said.Status, said.Body, nil
}

// giveUp takes nothing more from the agent.
func (p *remote) giveUp(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.close(why)
}

// close ends the part. The caller holds the lock.
func (p *remote) close(why string) {
	if !p.over {
		p.over, p.cause = true, why
		close(p.ended)
	}
}

// complete reports whether every row of the part has come that tells of people.
func (p *remote) complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told || p.done
}

// take takes a chunk of a row. It returns the number of the first row that is missing, and whether the agent should hear of
// it. After the part was given up, the agent keeps its rows for who collects them.
func (p *remote) take(text []byte) (next uint64, answer bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over && !p.told {
		return 0, false
	}
	answer = p.inbox.take(text, p.hand)
	return p.inbox.next, answer
}

// hand passes a row on. The caller holds the lock.
func (p *remote) hand(e Envelope) {
	if p.over {
		return
	}
	one, err := rowOf(e)
	switch {
	case err != nil:
		p.receive(drill.Message{Warning: fmt.Sprintf("agent %s: %v", p.agent.Agent, err)})
	case one.Begun != nil:
		p.begun = one.Begun
	case one.Use != nil:
		p.used.add(*one.Use)
	case one.Ended != nil:
		p.told, p.cost = true, one.Ended.Cost
		p.close(one.Ended.Cause)
	case one.Message != nil:
		p.done = p.done || one.Message.Done
		p.receive(*one.Message)
	}
}

// Agent implements [drill.Abroad].
func (p *remote) Agent() report.Agent {
	p.mu.Lock()
	defer p.mu.Unlock()
	row := report.Agent{Agent: p.agent.Agent, Rows: float64(p.inbox.taken), Repeated: float64(p.inbox.repeated), CPUS: p.cost.CPUS, MaxRSSBytes: p.cost.MaxRSSBytes}
	p.used.tell(&row)
	if p.began.IsZero() {
		return row
	}
	known := p.run.read(p.agent, p.began)
	row.ClockOffsetS, row.ClockBoundS = pointer(known.offset.Seconds()), pointer(known.bound.Seconds())
	p.agent.mu.Lock()
	slope, fitted := p.agent.looks.drift()
	p.agent.mu.Unlock()
	if fitted {
		row.ClockDriftPPM = pointer(slope * 1e6)
	}
	if p.begun != nil { // it was told an instant by the offset of then; now that is known better
		row.StartErrorS = pointer((p.begun.Late + p.offset - known.offset).Seconds())
	}
	return row
}

// Use implements [drill.Using].
func (p *remote) Use() (drill.Use, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used.latest, p.used.rows > 0 && !p.over
}

// Heard implements [drill.Abroad]. A clock that was looked at is a sign of life.
func (p *remote) Heard() (silent time.Duration, within *time.Duration) {
	now := time.Now()
	known := p.run.read(p.agent, now)
	p.agent.mu.Lock()
	defer p.agent.mu.Unlock()
	looks := p.agent.looks
	if len(looks) == 0 {
		return now.Sub(p.run.base), nil
	}
	return now.Sub(p.run.base) - looks[len(looks)-1].at, &known.bound
}

// collectedRow returns the row of a part from what its agent kept. The offset of its clock was known to the conductor only, and
// so is how late it began.
func collectedRow(h holding, b *inbox, end *ended, u used) report.Agent {
	row := report.Agent{Agent: h.Agent, Rows: float64(b.taken), Repeated: float64(b.repeated)}
	if end != nil {
		row.CPUS, row.MaxRSSBytes, row.Why = end.Cost.CPUS, end.Cost.MaxRSSBytes, end.Cause
	}
	u.tell(&row)
	row.Why = cmp.Or(row.Why, "not all of its rows came")
	return row
}
