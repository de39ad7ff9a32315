package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
)

// gatherer collects the rows of one part.
type gatherer struct {
	holding
	inbox *inbox
	begun *begun
	ended *ended
	used  used
	whole chan struct{} // closed when everything that the agent holds has come
}

// Collect makes the report of a run from what the agents hold, because its conductor is gone. The report is invalid and says
// why. Whole is true if every row of every generator has come; then the agents forget the run once forget is called.
func Collect(ctx context.Context, login Login, run string) (result report.Report, whole bool, forget func(), err error) {
	if !isName(run) {
		return result, false, nil, refuse("%q is not the name of a run; ombak printed the name when the run began", run)
	}
	login.Name = "collector"
	conn, err := login.connect(ctx)
	if err != nil {
		return result, false, nil, err
	}
	result, agents, whole, err := collect(ctx, conn, run)
	if err != nil {
		conn.Close()
		return result, false, nil, err
	}
	forget = func() {
		if whole {
			release(ctx, conn, run, agents)
		}
		conn.Close()
	}
	return result, whole, forget, nil
}

// collection collects the rows of a run.
type collection struct {
	run       string
	mu        sync.Mutex // guards the rest
	gatherers map[string]*gatherer
	gathering *drill.Gathering
	faults    []string
}

func collect(ctx context.Context, conn *nats.Conn, run string) (result report.Report, agents []string, whole bool, err error) {
	holdings, err := gather[holding](ctx, conn, heldSubject, []byte(run), time.Second)
	if err != nil {
		return result, nil, false, err
	}
	c, err := newCollection(run, holdings)
	if err != nil {
		return result, nil, false, err
	}
	subscription, err := conn.Subscribe(subject(run, "*", rowsWhat), c.take)
	if err != nil {
		return result, nil, false, err
	}
	for agent, g := range c.gatherers {
		agents = append(agents, agent)
		if err == nil {
			err = g.await(ctx, conn, run)
		}
	}
	_ = subscription.Unsubscribe() // the connection is closed next
	if ctx.Err() != nil {
		return result, nil, false, ctx.Err()
	}
	result, whole, failed := c.report(parts(holdings[0].Outline), err)
	return result, agents, whole, failed
}

// newCollection prepares to collect what agents hold of a run.
func newCollection(run string, holdings []holding) (*collection, error) {
	if len(holdings) == 0 {
		return nil, fmt.Errorf("no agent holds rows of run %s: its report was written, or its agents have not joined", run)
	}
	outline := holdings[0].Outline
	c := &collection{run: run, gatherers: map[string]*gatherer{}, gathering: drill.NewGathering(outline)}
	for _, h := range holdings {
		if h.Playing {
			return nil, fmt.Errorf("agent %s still plays its part of run %s; wait for its end", h.Agent, run)
		}
		if h.Part < 0 || h.Part >= parts(outline) {
			return nil, fmt.Errorf("agent %s holds part %d of a run of %d parts", h.Agent, h.Part+1, parts(outline))
		}
		c.gatherers[h.Agent] = &gatherer{holding: h, inbox: newInbox(run, h.Part, h.Incarnation), whole: make(chan struct{})}
	}
	return c, nil
}

// parts counts the parts of a run that are on agents.
func parts(outline drill.Outline) int { return outline.Generators + len(outline.Placed) }

// take takes a chunk of a row of any agent.
func (c *collection) take(m *nats.Msg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.gatherers[strings.Split(m.Subject, ".")[3]]; g != nil {
		c.faults = append(c.faults, g.take(m, c.gathering)...)
	}
}

// report makes the report of what has come. Missing is why not everything has, or nil.
func (c *collection) report(parts int, missing error) (result report.Report, whole bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows, began := map[int]report.Agent{}, time.Time{}
	whole = missing == nil && len(c.gatherers) == parts && len(c.faults) == 0
	for _, g := range c.gatherers {
		rows[g.Part] = collectedRow(g.holding, g.inbox, g.ended, g.used)
		whole = whole && g.ended != nil
		if g.begun != nil {
			began = g.begun.At
		}
	}
	if began.IsZero() {
		return result, whole, fmt.Errorf("run %s had not begun when its conductor was gone, so there is nothing to report", c.run)
	}
	result, err = c.gathering.Report(began, rows, "the report was made from the rows that the agents kept, without the conductor of the run")
	slices.Sort(c.faults)
	result.Warnings = append(result.Warnings, c.faults...)
	if missing != nil {
		result.Warnings = append(result.Warnings, missing.Error())
	}
	return result, whole, err
}

// take takes a chunk of a row and says which rows have come.
func (g *gatherer) take(m *nats.Msg, gathering *drill.Gathering) (faults []string) {
	answer := g.inbox.take(m.Data, func(e Envelope) {
		one, err := rowOf(e)
		switch {
		case err != nil:
		case one.Begun != nil:
			g.begun = one.Begun
		case one.Use != nil:
			g.used.add(*one.Use)
		case one.Ended != nil:
			g.ended = one.Ended
		case one.Message != nil:
			err = gathering.Add(g.Part, *one.Message)
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("agent %s: %v", g.Agent, err))
		}
		if e.Seq == g.Rows {
			close(g.whole)
		}
	})
	if answer {
		reply(m, ack{g.Incarnation, g.inbox.next})
	}
	return faults
}

// await asks for the rows and waits until all have come.
func (g *gatherer) await(ctx context.Context, conn *nats.Conn, run string) error {
	const longest = 5 * time.Minute
	said, err := request[holding](ctx, conn, subject(run, g.Agent, resendWhat), nil, patience)
	if err == nil && said.Error != "" {
		err = errors.New(said.Error)
	}
	if err != nil {
		return fmt.Errorf("agent %s: %w", g.Agent, err)
	}
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case <-g.whole:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return fmt.Errorf("agent %s has not sent all of its rows within %v", g.Agent, longest)
	}
}
