package loadgen

import (
	"context"
	"fmt"
	"maps"
	"net"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Once is a request that is sent once, before the first person comes or after the last has gone. It belongs to no person:
// its texts may hold ${run.NAME}, ${var.NAME} and ${file.NAME}. What it extracts becomes ${run.NAME}.
type Once struct {
	Name     string        `json:"name"`
	Request  Request       `json:"request"`
	Timeout  time.Duration `json:"timeout"`            // of each attempt; 0 means none
	Attempts int           `json:"attempts,omitempty"` // most attempts; 0 means 1
	Pause    time.Duration `json:"pause,omitempty"`    // before the second attempt; doubles with each further one
	Every    time.Duration `json:"every,omitempty"`    // time between two polls of a pending answer
	Patience time.Duration `json:"patience,omitempty"` // time after which a pending answer has failed
}

// Longest returns the times after which the requests of Before and of After have ended, whatever the service does.
func (c Config) Longest() (before, after time.Duration) { return longest(c.Before), longest(c.After) }

func longest(steps []Once) (sum time.Duration) {
	for _, step := range steps {
		attempts := max(1, step.Attempts)
		sum += time.Duration(attempts)*(step.Timeout+step.Patience) + step.Pause<<min(attempts-1, 20)
	}
	return sum
}

// Prepare sends the requests of Before in order and returns what they extracted. It stops at the first that does not
// complete, and returns why.
func (c Config) Prepare(ctx context.Context) (map[string]string, error) {
	return c.playOnce(ctx, "before", c.Before)
}

// Conclude sends the requests of After in order. It stops at the first that does not complete, and returns why.
func (c Config) Conclude(ctx context.Context) error {
	_, err := c.playOnce(ctx, "after", c.After)
	return err
}

func (c Config) playOnce(ctx context.Context, when string, steps []Once) (map[string]string, error) {
	values := maps.Clone(c.RunValues)
	if values == nil {
		values = map[string]string{}
	}
	var jar []cookie
	for _, step := range steps {
		one, err := c.newOnce(ctx, step, values)
		if err == nil {
			jar, err = one.play(ctx, jar, values)
			one.close()
		}
		if err != nil {
			return values, fmt.Errorf("%s: step %s %w", when, step.Name, err)
		}
	}
	return values, nil
}

// once sends one request.
type once struct {
	Once
	*pool
	wire   wire // the pool, or around it what makes gRPC calls
	worker *worker
	aside  *aside // nil unless the request is a gRPC call
	cut    func() bool
}

func (c Config) newOnce(ctx context.Context, step Once, values map[string]string) (*once, error) {
	c.RunValues = values
	c.once(step)
	g, err := New(c, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot be sent: %w", err)
	}
	p, err := newPool(g, time.Now(), 1)
	if err != nil {
		return nil, fmt.Errorf("cannot be sent: %w", err)
	}
	w := &worker{composer: composer{generator: g}, pool: p, began: p.began}
	o := &once{Once: step, pool: p, wire: p, worker: w, cut: context.AfterFunc(ctx, p.conns.cutAll)}
	if o.wire, err = withCalls(p, g, p.began, p.resolvers, nothing, func(completion) {}); err != nil {
		return nil, fmt.Errorf("cannot be sent: %w", err)
	}
	if calls, is := o.wire.(*mixed); is {
		o.aside = calls.newAside()
		o.cut = context.AfterFunc(ctx, calls.cancel)
	}
	return o, nil
}

// do sends the request.
func (o *once) do(work job) completion {
	if o.aside != nil {
		return o.aside.doCall(o.aside.context, work, o.aside.now())
	}
	return o.worker.do(work)
}

func (o *once) close() {
	o.cut()
	o.wire.close()
}

// play sends the request until it completes or its attempts are used up. It adds what was extracted to values and returns
// the cookies.
func (o *once) play(ctx context.Context, jar []cookie, values map[string]string) ([]cookie, error) {
	pause := o.Pause
	for attempt := 1; ; attempt++ {
		done := o.attempt(ctx, jar)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if done.jar != nil {
			jar = done.jar
		}
		if done.answer.Outcome == funnel.Completed && !done.answer.Pending {
			for name, slot := range o.generator.got {
				if done.got != nil {
					values[name] = done.got[slot]
				}
			}
			return jar, nil
		}
		if attempt >= max(1, o.Attempts) {
			return nil, o.failure(done)
		}
		sleep(ctx, pause)
		pause *= 2
	}
}

// attempt sends the request, and polls while the answer is pending.
func (o *once) attempt(ctx context.Context, jar []cookie) completion {
	began := time.Now()
	work := job{timeout: o.Timeout, jar: jar}
	for {
		done := o.do(work)
		if !done.answer.Pending || time.Since(began) >= o.Patience || ctx.Err() != nil {
			return done
		}
		sleep(ctx, o.Every)
		work.request = o.generator.requests[0].looks
	}
}

func (o *once) failure(done completion) error {
	address, err := net.ResolveTCPAddr("tcp", o.routes[0].address)
	place := o.routes[0].address
	if err == nil {
		place = address.String()
	}
	switch {
	case done.answer.Pending:
		return fmt.Errorf("was still pending after %v; raise its patience", o.Patience)
	case done.answer.Outcome == funnel.TimedOut:
		return fmt.Errorf("had no answer from %s within %v", place, o.Timeout)
	}
	if done.reason < funnel.ReasonDial || done.reason.IsCode() {
		return fmt.Errorf("did not complete: status %v from %s; expect lists the statuses that complete it", done.reason, place)
	}
	return fmt.Errorf("did not complete: %s (%s)", done.reason, place)
}

func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
