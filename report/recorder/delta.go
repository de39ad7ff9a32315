package recorder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Delta is what one shard saw in one second. Deltas add up: several for the same second, in any order, equal
// one with their sum. A Delta is sent as one line of JSON.
type Delta struct {
	Shard        int         `json:"shard"`
	Second       int64       `json:"second"`              // real seconds since the start of the run; negative before it
	Scheduled    uint64      `json:"scheduled,omitempty"` // people whose intended start is in this second
	Started      uint64      `json:"started,omitempty"`   // people who began
	Dropped      uint64      `json:"dropped,omitempty"`   // people who never began, because the generator could not keep up
	Finished     uint64      `json:"finished,omitempty"`  // people whose journey ended, well or not
	Lag          Sparse      `json:"lag,omitempty"`       // delay from the intended instant to sending, requests and polls only
	Acknowledged Indexes     `json:"acknowledged,omitempty"`
	Steps        []StepDelta `json:"steps,omitempty"` // steps at which anything happened
	Moves        []MoveDelta `json:"moves,omitempty"` // ways that people took; none on a straight line
	Slow         []SlowDelta `json:"slow,omitempty"`  // attempts that were the slowest of their step so far; none unless asked for
}

// People counts the people of a part of a run.
type People struct{ Scheduled, Started, Dropped uint64 }

// Add adds those of a Delta.
func (p *People) Add(delta Delta) {
	p.Scheduled += delta.Scheduled
	p.Started += delta.Started
	p.Dropped += delta.Dropped
}

// MoveDelta counts how often people went from a step to another. Either may be [funnel.Nowhere].
type MoveDelta struct {
	From   int    `json:"from"` // index in the journey
	To     int    `json:"to"`
	Visits uint64 `json:"visits"`
	People uint64 `json:"people,omitempty"` // people who went there from the step for the first time
}

// StepDelta is what one shard saw of one step in one second.
type StepDelta struct {
	Step    int            `json:"step"`              // index in the journey
	Entered uint64         `json:"entered,omitempty"` // people, by the first intended instant
	Again   *AgainDelta    `json:"again,omitempty"`   // further rounds; nil if there are none
	Retries uint64         `json:"retries,omitempty"` // attempts beyond a person's first
	Ended   []OutcomeDelta `json:"ended,omitempty"`   // by outcome

	Reasons map[funnel.Reason]uint64 `json:"reasons,omitempty"` // reasons why attempts did not complete
}

// AgainDelta counts the visits of further rounds to one step in one second.
type AgainDelta struct {
	Entered uint64                      `json:"entered"` // by the first intended instant
	Ended   [funnel.OutcomeCount]uint64 `json:"ended"`   // by the outcome of the last attempt
}

// OutcomeDelta is what one shard saw of one step's attempts with one outcome in one second.
type OutcomeDelta struct {
	Outcome  funnel.Outcome `json:"outcome"`
	Attempts uint64         `json:"attempts"`
	People   uint64         `json:"people,omitempty"` // people whose last attempt this was
	Response Sparse         `json:"response,omitempty"`
	Service  Sparse         `json:"service,omitempty"`
}

// ParseDelta parses one line of JSON for a journey with the given number of steps.
func ParseDelta(line []byte, steps int) (Delta, error) {
	var delta Delta
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&delta); err != nil {
		return Delta{}, fmt.Errorf("reading a second of the recording: %w; use the same version for every part", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Delta{}, errors.New("reading a second of the recording: the line has more than one; write " +
			"each on its own line")
	}
	return delta, delta.Validate(steps)
}

// Validate returns an error if the Delta cannot be added to the recording of a journey with the given number
// of steps.
func (d Delta) Validate(steps int) error {
	const farthest = math.MaxInt32
	if d.Second < -farthest || d.Second > farthest {
		return fmt.Errorf("second %d of the recording is out of range", d.Second)
	}
	ignore := func(int, uint64) {}
	if err := d.Lag.Each(ignore); err != nil {
		return err
	}
	for _, move := range d.Moves {
		if min(move.From, move.To) < funnel.Nowhere || max(move.From, move.To) >= steps {
			return fmt.Errorf("a way from step %d to step %d is outside the journey of %d steps; use the same scenario for every part", move.From, move.To, steps)
		}
	}
	for _, slow := range d.Slow {
		if slow.Step < 0 || slow.Step >= steps || int(slow.Outcome) >= funnel.OutcomeCount {
			return fmt.Errorf("an attempt at step %d is outside the journey of %d steps; use the same scenario for every part", slow.Step, steps)
		}
	}
	for _, step := range d.Steps {
		if step.Step < 0 || step.Step >= steps {
			return fmt.Errorf("step %d is outside the journey of %d steps; use the same scenario for every part", step.Step, steps)
		}
		for _, ended := range step.Ended {
			err := errors.Join(ended.Response.Each(ignore), ended.Service.Each(ignore))
			if int(ended.Outcome) >= funnel.OutcomeCount || err != nil {
				return fmt.Errorf("step %d, outcome %v: %w", step.Step, ended.Outcome, errSparse)
			}
		}
	}
	return nil
}
