package simulation

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// Trace simulates replication 0 and writes every attempt of every person as a line of CSV, for
// a close look at what a model does.
func Trace(ctx context.Context, model *setup.Model, w io.Writer) error {
	buffered := bufio.NewWriter(w)
	t := &tracer{out: buffered}
	for _, step := range model.Config.Journey.Steps {
		t.steps = append(t.steps, step.Name)
	}
	fmt.Fprintln(buffered, "end_s,person,step,attempt,intended_s,response_time_s,outcome,reason,final,round")
	_, err := sim.Run(ctx, model.Config, func(int) funnel.Observer { return t })
	return errors.Join(err, t.fault, buffered.Flush())
}

// tracer writes the samples that it observes.
type tracer struct {
	out   io.Writer
	steps []string
	fault error
}

// Enter implements funnel.Observer.
func (t *tracer) Enter(int, time.Duration) {}

// Observe implements funnel.Observer.
func (t *tracer) Observe(s funnel.Sample) {
	if t.fault != nil {
		return
	}
	_, t.fault = fmt.Fprintf(t.out, "%.6f,%d,%s,%d,%.6f,%.6f,%s,%d,%t,%d\n", s.End.Seconds(), s.Session, t.steps[s.Step], s.Attempt,
		s.Intended.Seconds(), s.ResponseTime().Seconds(), s.Outcome, s.Reason, s.Final, s.Round)
}
