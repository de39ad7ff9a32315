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

// Delta is what one shard saw of one second. Deltas add: several for the same second, in any order,
// are one with their sum. It travels as one line of JSON.
type Delta struct {
	Shard        int         `json:"shard"`
	Second       int64       `json:"second"`              // real seconds since the start of the run; below 0 before it
	Scheduled    uint64      `json:"scheduled,omitempty"` // people meant to begin in this second
	Started      uint64      `json:"started,omitempty"`   // people begun
	Dropped      uint64      `json:"dropped,omitempty"`   // people never begun, because the generator could not
	Finished     uint64      `json:"finished,omitempty"`  // people whose way ended, well or not
	Lag          Sparse      `json:"lag,omitempty"`       // sending after the intended instant, requests and polls only
	Acknowledged Indexes     `json:"acknowledged,omitempty"`
	Steps        []StepDelta `json:"steps,omitempty"` // those with anything to tell, by step
}

// StepDelta is what one shard saw of one step in one second.
type StepDelta struct {
	Step    int            `json:"step"`              // place in the Journey
	Entered uint64         `json:"entered,omitempty"` // people, by the first intended instant
	Retries uint64         `json:"retries,omitempty"` // attempts beyond a person's first
	Ended   []OutcomeDelta `json:"ended,omitempty"`   // by outcome

	Reasons map[funnel.Reason]uint64 `json:"reasons,omitempty"` // why attempts did not complete
}

// OutcomeDelta is what one shard saw of one step's attempts with one outcome in one second.
type OutcomeDelta struct {
	Outcome  funnel.Outcome `json:"outcome"`
	Attempts uint64         `json:"attempts"`
	People   uint64         `json:"people,omitempty"` // those for whom the attempt was the last
	Response Sparse         `json:"response,omitempty"`
	Service  Sparse         `json:"service,omitempty"`
}

// ParseDelta reads one line of JSON about a journey of the given number of steps.
func ParseDelta(line []byte, steps int) (Delta, error) {
	var delta Delta
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&delta); err != nil {
		return Delta{}, fmt.Errorf("reading a second of the recording: %w; use the same version for every part", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Delta{}, errors.New("reading a second of the recording: one line holds more than one; write each on its own line")
	}
	return delta, delta.Validate(steps)
}

// Validate returns why the Delta cannot be added to the recording of a journey of that many steps.
func (d Delta) Validate(steps int) error {
	const farthest = math.MaxInt32
	if d.Second < -farthest || d.Second > farthest {
		return fmt.Errorf("second %d of the recording is out of range", d.Second)
	}
	ignore := func(int, uint64) {}
	if err := d.Lag.Each(ignore); err != nil {
		return err
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
