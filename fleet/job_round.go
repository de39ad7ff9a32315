package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/ombak-sim/ombak/study/simulation"
)

// round is one call of Study.Play.
type round struct {
	ctx      context.Context
	end      context.CancelFunc
	settings simulation.Settings

	// Guarded by the study's lock.
	waiting []*jobTask
	playing int
	left    int // jobs without a result
	fault   error
}

// jobTask is a job that is to be played, or played again and compared.
type jobTask struct {
	job    *simulation.Job
	order  simulation.Order
	key    string
	notBy  string // the agent that has played it, of a job that is played again
	result []byte // its result
	passed time.Duration
}

var (
	errBusy   = errors.New("it plays something else")
	errSilent = errors.New("it does not answer")
)

// fail ends the round with its first error. The caller holds the study's lock.
func (r *round) fail(err error) {
	if r.fault == nil {
		r.fault = err
	}
	r.end()
}

// progress tells of simulated time that has passed, or is lost.
func (r *round) progress(by time.Duration) {
	if by != 0 && r.settings.Passed != nil {
		r.settings.Passed(by)
	}
}

// Play implements simulation.Runner.
func (s *Study) Play(ctx context.Context, jobs []*simulation.Job, settings simulation.Settings) error {
	r := &round{settings: settings, left: len(jobs)}
	r.ctx, r.end = context.WithCancel(ctx)
	defer r.end()
	for _, job := range jobs {
		order, err := job.Order(settings)
		if err != nil {
			return err
		}
		key, err := order.Key()
		if err != nil {
			return err
		}
		r.waiting = append(r.waiting, &jobTask{job: job, order: order, key: key})
	}
	awake := context.AfterFunc(r.ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer awake()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.round = r
	s.changed.Broadcast()
	for r.playing > 0 || r.ctx.Err() == nil && (r.left > 0 || s.repeatable(r)) {
		s.changed.Wait()
	}
	s.round = nil
	if unchecked := len(r.waiting); r.fault == nil && ctx.Err() == nil && unchecked > 0 {
		fmt.Fprintf(s.request.Log, "%d results were not compared, because no second agent was there or idle\n", unchecked)
	}
	if r.fault != nil {
		return r.fault
	}
	return ctx.Err()
}

// repeatable reports whether an agent is there that may play one of the jobs that wait. One that plays something else for
// long, such as load, is not waited for: only comparisons would be missing. The caller holds the lock.
func (s *Study) repeatable(r *round) bool {
	for _, t := range r.waiting {
		for _, h := range s.alive() {
			if h.Agent != t.notBy && (h.busy.IsZero() || time.Since(h.busy) < s.request.Silence) {
				return true
			}
		}
	}
	return false
}

// settle stores a result, or compares it with the first.
func (s *Study) settle(r *round, t *jobTask, h *helper, result []byte) {
	var err error
	switch {
	case t.notBy == "":
		if err = t.job.Settle(result); err != nil {
			err = fmt.Errorf("the result of agent %s: %w", h.Agent, err) // it may be sound, and the campaign's disk full
			break
		}
		r.progress(t.job.Until() - t.passed)
		if r.settings.Done != nil {
			r.settings.Done()
		}
	case !bytes.Equal(t.result, result):
		err = fmt.Errorf("agents %s and %s give different results for replication %d of plan %s, so one of them is wrong; find out which, and play the study without it", t.notBy, h.Agent, t.job.Number(), named(t.job.Plan()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.playing--
	h.busy = time.Time{}
	if err != nil {
		r.fail(err)
	} else if t.notBy == "" {
		r.left--
		if s.settled%repeatEach == 0 {
			r.waiting = append([]*jobTask{{job: t.job, order: t.order, key: t.key, notBy: h.Agent, result: result}}, r.waiting...)
		}
		s.settled++
	}
	s.changed.Broadcast()
}

func named(plan string) string {
	if plan == "" {
		return "(none)"
	}
	return plan
}

// play lets an agent play a job and fetches the result. The agent may forget the result that it had before.
func (s *Study) play(ctx context.Context, h *helper, t *jobTask, had *string) ([]byte, error) {
	var result []byte
	for {
		sent := h.timesSent(t.order.Model)
		said, err := s.question(ctx, h, jobQuestion{Order: t.order, Offset: len(result), Had: *had})
		switch {
		case err != nil:
			return nil, err
		case said.Error != "":
			return nil, errors.New(said.Error)
		case said.Busy:
			return nil, errBusy
		case said.Model:
			if err := s.send(ctx, h, t, sent); err != nil {
				return nil, err
			}
		case !said.Done:
			if t.notBy == "" {
				r := min(said.Passed, t.job.Until())
				s.advance(t, r)
			}
		default:
			if result = append(result, said.Chunk...); len(result) < said.Size && len(said.Chunk) > 0 {
				continue
			}
			*had = t.key
			if len(result) != said.Size || crc32.Checksum(result, castagnoli) != said.CRC32C {
				return nil, fmt.Errorf("the result of agent %s was damaged on its way", h.Agent)
			}
			return result, nil
		}
	}
}

// advance tells how far a job is.
func (s *Study) advance(t *jobTask, to time.Duration) {
	s.mu.Lock()
	r := s.round
	s.mu.Unlock()
	if r != nil && to > t.passed {
		r.progress(to - t.passed)
		t.passed = to
	}
}

// question asks an agent, again and again until it is silent for too long.
func (s *Study) question(ctx context.Context, h *helper, q jobQuestion) (jobAnswer, error) {
	text, err := json.Marshal(q)
	if err != nil {
		return jobAnswer{}, err
	}
	answered, err := s.insist(ctx, subject(s.Name, h.Agent, jobWhat), text)
	if err != nil {
		return jobAnswer{}, err
	}
	said, err := decodeAnswer(answered)
	if err != nil {
		return said, fmt.Errorf("agent %s: %w", h.Agent, err)
	}
	return said, nil
}

// insist asks until there is an answer. It gives up with errSilent.
func (s *Study) insist(ctx context.Context, subject string, question []byte) ([]byte, error) {
	until := time.Now().Add(s.request.Silence)
	for {
		trial, stop := context.WithTimeout(ctx, min(3*jobWait, s.request.Silence))
		m, err := s.conn.RequestWithContext(trial, subject, question)
		stop()
		switch {
		case err == nil:
			return m.Data, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case time.Now().After(until):
			return nil, errSilent
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond): // it may come back
		}
	}
}

func (h *helper) timesSent(model string) int {
	h.sending.Lock()
	defer h.sending.Unlock()
	return h.sent[model]
}

// send sends the model of a job, unless another core has had it sent since.
func (s *Study) send(ctx context.Context, h *helper, t *jobTask, before int) error {
	h.sending.Lock()
	defer h.sending.Unlock()
	if h.sent[t.order.Model] > before {
		return nil
	}
	text := t.job.Text()
	if len(text) > maxMessage {
		return fmt.Errorf("the scenario and its files have %d MiB, more than the %d that a fleet carries", len(text)>>20, maxMessage>>20)
	}
	for _, chunk := range (Envelope{Run: s.Name, Incarnation: t.order.Model, Seq: 1, Message: text}).seal().chunks() {
		packed, err := chunk.encode()
		if err != nil {
			return err
		}
		answered, err := s.insist(ctx, subject(s.Name, h.Agent, modelWhat), packed)
		if err != nil {
			return err
		}
		var said answer
		if err := json.Unmarshal(answered, &said); err != nil || said.Error != "" {
			return fmt.Errorf("agent %s: %w", h.Agent, errors.Join(err, errors.New(said.Error)))
		}
	}
	h.sent[t.order.Model]++
	return nil
}
