package journey

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// Step is the human half of one step: what a person does around a request.
type Step struct {
	Name     string                `json:"name"`
	Kind     funnel.StepKind       `json:"kind"`
	Think    workload.Distribution `json:"think"`    // scenario time between the end of the step before and this one
	Continue float64               `json:"continue"` // share of those who passed this step who go on to the next
	Timeout  time.Duration         `json:"timeout"`  // real time after which an attempt counts as timed out; 0 means none
	Patience workload.Distribution `json:"patience"` // real time after which the person leaves a wait; zero means never
	Every    workload.Distribution `json:"every"`    // await and poll: real time between two polls
	Retry    Retry                 `json:"retry"`
	Repeat   Repeat                `json:"repeat"`
	Typo     Typo                  `json:"typo"`

	SignsUp   bool     `json:"signs_up,omitempty"`   // who passes the step is kept by the service of the run
	Optional  *float64 `json:"optional,omitempty"`   // share of those who come to the step who do it; the rest skip it; nil means all do it
	Once      bool     `json:"once,omitempty"`       // a person does the step once, and skips it after that
	Loop      *Loop    `json:"loop,omitempty"`       // goes back to an earlier step
	ThinkFrom *Cell    `json:"think_from,omitempty"` // data that holds the think time, in place of Think
	Next      []Branch `json:"next,omitempty"`       // where people go on; those whom no branch takes go to the following step of their journey
}

// Cell is a column of a feeder that holds durations.
type Cell struct {
	Feeder  string        `json:"feeder"`
	Column  string        `json:"column"`
	Longest time.Duration `json:"longest"` // duration in the column
}

// End is the place of no step, at which a walk ends.
const End = -1

// Branch is one way on from a step. Those of a step are tried in order.
type Branch struct {
	To    int      `json:"to"`              // a step, or [End]
	Share *float64 `json:"share,omitempty"` // of those who go on from the step; nil means all whom no earlier branch took
	When  string   `json:"when,omitempty"`  // condition; empty means always
}

// Loop sends people back until they have done enough rounds.
type Loop struct {
	BackTo int                    `json:"back_to"`         // step with which a round begins
	Least  int                    `json:"least,omitempty"` // rounds in all, drawn evenly from Least to Most; without While
	Most   int                    `json:"most"`
	While  string                 `json:"while,omitempty"` // condition under which a further round follows, up to Most rounds
	Share  *float64               `json:"share,omitempty"` // probability that While holds, for a driver that does not know what it reads
	Every  *workload.Distribution `json:"every,omitempty"` // scenario time before a further round, in place of the think time
}

// Path is a journey: a way through some of the steps.
type Path struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"` // of the people; those of all journeys add up to 1
	Steps []int   `json:"steps"` // in order; none occurs twice
}

// Retry says what people do after an attempt that was rejected, failed or timed out. Declined
// attempts are not retried: the answer was a correct no.
type Retry struct {
	Attempts   int                   `json:"attempts"`    // most attempts in one visit; 0 means 1
	Base       time.Duration         `json:"base"`        // real time; the cap of the first delay
	Cap        time.Duration         `json:"cap"`         // real time; the cap of all delays; 0 means none
	Even       bool                  `json:"even"`        // every delay in full; otherwise full jitter: uniform between 0 and the delay
	RetryAfter bool                  `json:"retry_after"` // wait at least as long as the service asked
	Visits     int                   `json:"visits"`      // visits in which a person tries this step, the first included; 0 means 1
	Interest   float64               `json:"interest"`    // share of people who come back after each visit that did not complete; 0 means all
	Return     workload.Distribution `json:"return"`      // scenario time until the next visit
}

// Delay returns the real time before attempt n+1 of a visit, n counting from 1, for a uniform
// number u in [0, 1): u·min(Cap, Base·2^(n-1)), the "full jitter" of Brooker (Exponential
// Backoff And Jitter, AWS Architecture Blog, 2015).
func (r Retry) Delay(n int, u float64) time.Duration {
	delay := r.Base << min(n-1, 32)
	if r.Cap > 0 && (delay > r.Cap || delay < r.Base) {
		delay = r.Cap
	}
	if r.Even {
		return delay
	}
	return time.Duration(u * float64(delay))
}

// Repeat describes people who send the same request again although it was answered.
type Repeat struct {
	Share float64               `json:"share"`
	After workload.Distribution `json:"after"` // scenario time after the answer
}

// Typo describes people whose first attempt holds a typing error. It is declined, and they correct it and send it again.
// At the step that arrivals are scheduled at, the faulty attempt lies before the scheduled instant, which remains that of
// the valid attempt.
type Typo struct {
	Share float64               `json:"share"`
	Fix   workload.Distribution `json:"fix"` // scenario time to find and correct the error
}
