package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Clock is how a simulation that is watched follows the clock of the wall. It is no part of the scenario and changes no result.
type Clock struct {
	Pace   string  `json:"pace,omitempty"` // as in 10x, or max
	Paused bool    `json:"paused"`
	AtS    float64 `json:"at_s"`              // scenario time at which it was turned last, in seconds from the opening
	UntilS float64 `json:"until_s,omitempty"` // scenario time up to which it plays at once, to pause there
	WhyNot string  `json:"why_not,omitempty"` // why it cannot be turned
}

// Turn is a change of the clock. What is not given stays.
type Turn struct {
	Paused *bool
	Pace   string        // as in 10x, or max
	Until  time.Duration // scenario time
}

// realTime says why the clock of a live run cannot be turned.
const realTime = "a live run cannot be paused, because the service that it measures keeps real time; practise with ombak simulate --live"

var errRealTime = errors.New(realTime)

// readTurn reads the body of a request.
func readTurn(r *http.Request) (Turn, error) {
	var given struct {
		Paused *bool   `json:"paused"`
		Pace   string  `json:"pace"`
		Until  setting `json:"until"`
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<10))
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err != nil || decoder.Decode(&given) != nil || decoder.More() {
		return Turn{}, errors.New(`write {"paused": true}, {"paused": false}, {"pace": "20x"} or {"until": "5m"}`)
	}
	turn := Turn{Paused: given.Paused, Pace: given.Pace}
	if given.Until != "" {
		if turn.Until, err = given.Until.duration(); err != nil || turn.Until == 0 {
			return turn, fmt.Errorf("until is %q; write an instant of the scenario, such as 5m", given.Until)
		}
	}
	switch {
	case turn == Turn{}:
		return turn, errors.New("say what to change: paused, pace or until")
	case turn.Until > 0 && turn.Paused != nil:
		return turn, errors.New("the clock pauses by itself where until says; leave out paused")
	}
	return turn, nil
}

// Clock shows how the clock goes.
func (b *Board) Clock(clock Clock) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = &clock
	b.turns++
	b.tell()
}

// clockOf returns how the clock goes, or why it cannot be turned. It is nil before it goes.
func (s *Server) clockOf() *Clock {
	if s.config.Turn == nil {
		return &Clock{WhyNot: realTime}
	}
	s.config.Board.mu.Lock()
	defer s.config.Board.mu.Unlock()
	return s.config.Board.clock
}

// turn turns the clock.
func (s *Server) turn(w http.ResponseWriter, r *http.Request) {
	turn, err := readTurn(r)
	var clock Clock
	switch {
	case s.config.Turn == nil:
		err = errRealTime
	case err != nil:
	case s.config.Board.isWaiting():
		err = errWaits
	default:
		clock, err = s.config.Turn(r.Context(), turn)
	}
	if err != nil {
		refuse(w, statusOf(err), err.Error())
		return
	}
	answer(w, http.StatusOK, clock)
}

var errWaits = fmt.Errorf("%w: the run waits for somebody to press Start", funnel.ErrUnable)
