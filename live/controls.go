package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Controls act on a run while it plays.
type Controls interface {
	// Offers returns what can be done, and what cannot.
	Offers() []Offer
	// Preview says what an action will do, or why it cannot be done.
	Preview(action funnel.Action) (string, error)
	// Act does it, and returns the scenario time at which it takes effect. The error is
	// funnel.ErrOver if the run has ended, and funnel.ErrUnable if nothing is wrong with the action.
	Act(ctx context.Context, action funnel.Action) (at time.Duration, err error)
}

// Offer is something that can be done to a run, or that cannot.
type Offer struct {
	Do       funnel.Deed `json:"do"`
	Title    string      `json:"title"`
	On       []string    `json:"on,omitempty"`   // parts that it can be done to
	With     []Setting   `json:"with,omitempty"` // settings that it takes
	ForS     float64     `json:"for_s,omitempty"`
	Unlimits bool        `json:"unlimited,omitempty"` // it may last to the end
	WhyNot   string      `json:"why_not,omitempty"`   // why it cannot be done in this run
	Note     string      `json:"note,omitempty"`      // what is not offered, and why
}

// Setting is a setting that an offer takes.
type Setting struct {
	Name    string            `json:"name"`
	Title   string            `json:"title"`
	Choices []Choice          `json:"choices,omitempty"` // its values; empty means any
	Hint    string            `json:"hint,omitempty"`    // an example of a value
	Now     map[string]string `json:"now,omitempty"`     // present values, by part
	Was     map[string]string `json:"was,omitempty"`     // values before the run, of parts whose present ones are others
	Of      []string          `json:"of,omitempty"`      // policies that take it; empty if it is not about policies
}

// Choice is a value of a setting.
type Choice struct {
	Value string   `json:"value"`
	Title string   `json:"title,omitempty"`
	On    []string `json:"on,omitempty"` // parts that it applies to; empty means all
}

// order is the body of a request to act.
type order struct {
	ID   string             `json:"id"` // of the sender's choice: the same one is done once
	Do   funnel.Deed        `json:"do"`
	On   string             `json:"on"`
	With map[string]setting `json:"with"`
	For  setting            `json:"for"` // a duration, or seconds
	By   string             `json:"by"`
}

// setting is a JSON text, number or truth value, as text.
type setting string

// UnmarshalJSON implements json.Unmarshaler.
func (s *setting) UnmarshalJSON(text []byte) error {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	switch value := value.(type) {
	case string:
		*s = setting(value)
	case json.Number:
		*s = setting(value.String())
	case bool:
		*s = setting(strconv.FormatBool(value))
	case nil:
	default:
		return errors.New("a setting is a text, a number, true or false")
	}
	return nil
}

// duration reads a time such as 90s, or seconds.
func (s setting) duration() (time.Duration, error) {
	length, err := time.ParseDuration(string(s))
	if err != nil {
		var seconds float64
		seconds, err = strconv.ParseFloat(string(s), 64)
		length = time.Duration(seconds * float64(time.Second))
		if math.IsNaN(seconds) || math.Abs(seconds) > 1e9 {
			err = errors.New("out of range")
		}
	}
	if err == nil && length < 0 {
		err = errors.New("below 0")
	}
	return length, err
}

// action returns what is to be done.
func (o order) action() (funnel.Action, error) {
	action := funnel.Action{Do: o.Do, On: o.On, By: o.By}
	for name, value := range o.With {
		if action.With == nil {
			action.With = map[string]string{}
		}
		action.With[name] = string(value)
	}
	if o.For != "" {
		var err error
		if action.For, err = o.For.duration(); err != nil {
			return action, fmt.Errorf("for is %q; write a time such as 90s", o.For)
		}
	}
	if action.Do == funnel.StartFault && action.For == 0 {
		action.For = funnel.DefaultFaultTime
	}
	return action, action.Check()
}

// readOrder reads the body of a request.
func readOrder(r *http.Request) (order, funnel.Action, error) {
	const most = 16 << 10
	var o order
	text, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil || len(text) > most {
		return o, funnel.Action{}, errors.New("the request is too long")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil || decoder.More() {
		return o, funnel.Action{}, errors.New(`write {"id": "a1", "do": "note", "with": {"text": "the mayor calls"}}; other keys are on, for and by`)
	}
	action, err := o.action()
	return o, action, err
}

// Done is the answer to an action.
type Done struct {
	ID   string  `json:"id"`
	AtS  float64 `json:"at_s"` // scenario time at which it takes effect, in seconds from the opening; scenario_s of rows and marks
	Text string  `json:"text"` // what the timeline says
}

// deeds does each order once, one after the other.
type deeds struct {
	mu   sync.Mutex
	done map[string]deed
}

type deed struct {
	action string // what was ordered, to tell a repetition from another order of the same id
	answer Done
}

// mostDeeds is the most ids that are remembered. Nobody acts as often by hand.
const mostDeeds = 10_000

var errOtherOrder = errors.New("another action has this id; give each its own")

// do acts, unless the order has been done.
func (d *deeds) do(ctx context.Context, controls Controls, o order, action funnel.Action) (Done, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	written, err := json.Marshal(action)
	if err != nil {
		return Done{}, err
	}
	if before, known := d.done[o.ID]; known {
		if before.action != string(written) {
			return Done{}, errOtherOrder
		}
		return before.answer, nil
	}
	if len(d.done) >= mostDeeds {
		return Done{}, errors.New("too many actions were taken in this run")
	}
	at, err := controls.Act(ctx, action)
	if err != nil {
		return Done{}, err // it was not done, and may be sent again
	}
	answer := Done{ID: o.ID, AtS: at.Seconds(), Text: action.Text()}
	if d.done == nil {
		d.done = map[string]deed{}
	}
	d.done[o.ID] = deed{string(written), answer}
	return answer, nil
}
