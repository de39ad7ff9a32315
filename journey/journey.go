package journey

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// Config describes the journey that all people of a run share.
type Config struct {
	Seed    workload.Seed  `json:"seed"`
	Clock   workload.Clock `json:"clock"`   // maps scenario time to real time
	Steps   []Step         `json:"steps"`   // at least one
	Arrival int            `json:"arrival"` // the step whose instants the arrivals schedule

	RetryBudget int `json:"retry_budget,omitempty"` // most retries of one person over the whole walk; 0 means no limit
}

// Journey is a compiled Config. It holds no state of any person and is safe to share.
type Journey struct {
	config   Config
	chance   chance
	keys     []workload.Purpose
	mistypes func(person uint64, step int) bool
	leads    []time.Duration // per step before and at the scheduled one: longest think time
	fix      time.Duration   // longest time to mend a typing error before the scheduled instant
}

// leadQuantile is the quantile at which think times before the scheduled step are cut, so that these steps lie at most a
// bounded time ahead.
const leadQuantile = 0.999

// chance holds the random streams of a walk, by purpose.
type chance struct {
	think, goOn, patience, every, backoff, comeBack, repeat, typo, fix workload.Streams
}

func newChance(seed workload.Seed) chance {
	streams := func(name string) workload.Streams { return seed.Streams(workload.NewPurpose("journey/" + name)) }
	return chance{
		think: streams("think"), goOn: streams("continue"), patience: streams("patience"), every: streams("every"),
		backoff: streams("backoff"), comeBack: streams("return"), repeat: streams("repeat"), typo: streams("typo"), fix: streams("fix"),
	}
}

// New compiles a journey. The func mistypes, unless it is nil, reports further people whose first attempt at a step holds
// a typing error because of a trait, besides those drawn by [Typo].
func New(config Config, mistypes func(person uint64, step int) bool) *Journey {
	j := &Journey{config: config, chance: newChance(config.Seed), mistypes: mistypes}
	for i, step := range config.Steps {
		j.keys = append(j.keys, workload.NewPurpose(step.Name))
		if i <= config.Arrival {
			j.leads = append(j.leads, step.Think.Quantile(leadQuantile))
		}
	}
	j.fix = config.Steps[config.Arrival].Typo.Fix.Quantile(leadQuantile)
	return j
}

// Lead returns the longest scenario time between a person's first action and the instant that the arrivals schedule.
func (j *Journey) Lead() time.Duration {
	lead := j.fix
	for _, think := range j.leads[1:] {
		lead += think
	}
	return lead
}

// Funnel returns the names and kinds of the steps.
func (c Config) Funnel() funnel.Journey {
	steps := make(funnel.Journey, len(c.Steps))
	for i, step := range c.Steps {
		steps[i] = funnel.Step{Name: step.Name, Kind: step.Kind}
	}
	return steps
}

// Walk is the state of one person on the journey. The zero Walk belongs to nobody.
type Walk struct {
	Person    uint64
	Intended  time.Duration // real time at which the current attempt is meant to begin
	scheduled time.Duration // real time that the arrivals set for the valid first attempt
	leaves    time.Duration // real time at which the person's patience with this attempt ends; 0 means never
	Step      int16
	Attempt   int16 // at this step, over all visits
	tries     int16 // in this visit
	visit     int16
	retries   int16 // over the whole walk
	mistyped  bool  // this attempt holds a typing error
	passed    bool  // an earlier attempt at this step passed
	looking   bool  // a visitor: one attempt at one step, then gone
}

// Scheduled returns the real time that the arrivals scheduled, for the valid first attempt or for a visitor's only one.
func (w *Walk) Scheduled() time.Duration {
	if w.looking {
		return w.Intended
	}
	return w.scheduled
}

// Patience returns how long the person waits for the answer to the current attempt. It is meaningless if the step has no
// patience.
func (w *Walk) Patience() time.Duration { return w.leaves - w.Intended }

// Action is what a person does next.
type Action struct {
	At      time.Duration // real time at which to act
	Timeout time.Duration // real time after which to stop waiting for the answer; 0 means never
	Manner
}

// Manner describes how a person acts. It is a separate type because Go passes structs of more than four fields through
// memory.
type Manner struct {
	Done     bool // the walk is over; nothing else is set
	Leaves   bool // a timeout means that the person left (abandoned), not that the client gave up
	Enters   bool // this is the person's first attempt at the step
	Mistyped bool // the person sends something with a typing error
}

// Answer is the answer to an attempt. Pending applies only to await and poll steps.
type Answer struct {
	Outcome    funnel.Outcome
	Pending    bool
	RetryAfter time.Duration // what the service asked for; 0 if it asked for nothing
}

// Result is how an attempt counts. An attempt whose answer is pending does not count yet.
type Result struct {
	Ended   bool
	Outcome funnel.Outcome
	Final   bool
}

// Lead is a step before the one that arrivals are scheduled at.
type Lead struct {
	Step int
	At   time.Duration
}

// Leads appends the steps that a person takes before the scheduled one, the earliest first, each
// one think time before the next. They neither wait for each other nor move the scheduled step.
// None lies more than [Journey.Lead] before it.
func (j *Journey) Leads(person uint64, scheduled time.Duration, buffer []Lead) []Lead {
	arrival := j.config.Clock.Scenario(j.start(person, scheduled))
	for step := j.config.Arrival - 1; step >= 0; step-- {
		think := j.draw(&j.config.Steps[step+1].Think, j.chance.think, person, step+1, 0)
		arrival -= min(think, j.leads[step+1])
		buffer = append(buffer, Lead{Step: step, At: j.config.Clock.Real(arrival)})
	}
	return buffer
}

// start returns when the first attempt at the scheduled step begins. It is earlier than scheduled if the attempt holds a
// typing error.
func (j *Journey) start(person uint64, scheduled time.Duration) time.Duration {
	if !j.errs(person, j.config.Arrival) {
		return scheduled
	}
	fix := j.draw(&j.config.Steps[j.config.Arrival].Typo.Fix, j.chance.fix, person, j.config.Arrival, 0)
	return j.config.Clock.Real(j.config.Clock.Scenario(scheduled) - min(fix, j.fix))
}

// Begin starts the walk of a person whose valid first attempt is scheduled at the given real time.
func (j *Journey) Begin(person uint64, scheduled time.Duration) (Walk, Action) {
	w := Walk{Person: person, Step: int16(j.config.Arrival), scheduled: scheduled}
	return w, j.enter(&w, j.start(person, scheduled))
}

// Look starts the walk of a visitor, who takes one step at the given real time and leaves.
func (j *Journey) Look(person uint64, step int, at time.Duration) (Walk, Action) {
	w := Walk{Person: person, Step: int16(step), looking: true}
	return w, j.enter(&w, at)
}

// Next takes the answer to the current attempt and its real time, and advances the walk.
func (j *Journey) Next(w *Walk, answer Answer, now time.Duration) (Result, Action) {
	if answer.Pending {
		if w.leaves == 0 || now < w.leaves {
			return Result{}, j.lookAgain(w, now)
		}
		answer.Outcome = funnel.Abandoned
	}
	again, action := j.again(w, answer, now)
	result := Result{Ended: true, Outcome: answer.Outcome, Final: !again}
	if again {
		return result, action
	}
	w.passed = w.passed || answer.Outcome == funnel.Completed
	if !w.passed || w.looking || !j.goesOn(w) {
		return result, Action{Manner: Manner{Done: true}}
	}
	w.Step++
	think := j.draw(&j.config.Steps[w.Step].Think, j.chance.think, w.Person, int(w.Step), 0)
	return result, j.enter(w, j.later(now, think))
}

// again reports whether the person tries this step again, and returns how.
func (j *Journey) again(w *Walk, answer Answer, now time.Duration) (bool, Action) {
	step := &j.config.Steps[w.Step]
	switch {
	case w.looking:
		return false, Action{}
	case answer.Outcome == funnel.Completed:
		if w.passed || w.mistyped || !j.repeats(w) {
			return false, Action{}
		}
		w.passed = true
		return true, j.attempt(w, j.later(now, j.draw(&step.Repeat.After, j.chance.repeat, w.Person, int(w.Step), 1)))
	case answer.Outcome == funnel.Declined && w.mistyped:
		if int(w.Step) == j.config.Arrival {
			return true, j.attempt(w, max(now, w.scheduled))
		}
		return true, j.attempt(w, j.later(now, j.draw(&step.Typo.Fix, j.chance.fix, w.Person, int(w.Step), 0)))
	case answer.Outcome == funnel.Declined, answer.Outcome == funnel.Abandoned, answer.Outcome == funnel.Dropped, w.passed:
		return false, Action{}
	}
	return j.retry(w, answer, now)
}

func (j *Journey) retry(w *Walk, answer Answer, now time.Duration) (bool, Action) {
	retry := &j.config.Steps[w.Step].Retry
	if budget := j.config.RetryBudget; budget > 0 && int(w.retries) >= budget {
		return false, Action{}
	}
	if int(w.tries) < retry.Attempts {
		w.retries++
		stream := j.stream(j.chance.backoff, w.Person, int(w.Step), int(w.Attempt))
		delay := retry.Delay(int(w.tries), stream.Float64())
		if retry.RetryAfter {
			delay = max(delay, answer.RetryAfter)
		}
		return true, j.attempt(w, now+delay)
	}
	if int(w.visit)+1 >= retry.Visits {
		return false, Action{}
	}
	w.visit++
	w.retries++
	w.tries = 0
	return true, j.attempt(w, j.later(now, j.draw(&retry.Return, j.chance.comeBack, w.Person, int(w.Step), int(w.visit))))
}

func (j *Journey) enter(w *Walk, at time.Duration) Action {
	w.Attempt, w.tries, w.visit, w.passed = 0, 0, 0, false
	w.mistyped = !w.looking && j.errs(w.Person, int(w.Step))
	action := j.attempt(w, at)
	w.mistyped = action.Mistyped
	action.Enters = true
	return action
}

func (j *Journey) attempt(w *Walk, at time.Duration) Action {
	step := &j.config.Steps[w.Step]
	w.mistyped = w.mistyped && w.Attempt == 0
	w.Attempt++
	w.tries++
	w.Intended = at
	action := Action{At: at, Timeout: step.Timeout, Manner: Manner{Mistyped: w.mistyped}}
	w.leaves = 0
	if !step.Patience.IsZero() {
		patience := j.draw(&step.Patience, j.chance.patience, w.Person, int(w.Step), int(w.Attempt))
		w.leaves = at + patience
		if step.Kind == funnel.Request && (action.Timeout == 0 || patience < action.Timeout) {
			action.Timeout, action.Leaves = patience, true
		}
	}
	return action
}

// lookAgain waits until the next poll, or until patience ends, whichever is first.
func (j *Journey) lookAgain(w *Walk, now time.Duration) Action {
	step := &j.config.Steps[w.Step]
	at := now + j.every(w)
	if w.leaves > 0 {
		at = min(at, w.leaves)
	}
	return Action{At: at, Timeout: step.Timeout}
}

// LookLater returns, from the next poll, the first poll at or after an instant before which the answer cannot have
// arrived, or the poll at which patience ends, if that is earlier. The result is that of answering every poll until then
// as pending, so a driver that knows the instant saves these polls.
func (j *Journey) LookLater(w *Walk, next Action, until time.Duration) Action {
	if w.leaves > 0 {
		until = min(until, w.leaves)
	}
	if next.At >= until {
		return next
	}
	every := j.every(w)
	next.At += (until - next.At + every - 1) / every * every
	if w.leaves > 0 {
		next.At = min(next.At, w.leaves)
	}
	return next
}

// every returns the time between two polls, which is constant during an attempt.
func (j *Journey) every(w *Walk) time.Duration {
	return max(time.Millisecond, j.draw(&j.config.Steps[w.Step].Every, j.chance.every, w.Person, int(w.Step), int(w.Attempt)))
}

func (j *Journey) goesOn(w *Walk) bool {
	if int(w.Step)+1 >= len(j.config.Steps) {
		return false
	}
	stream := j.stream(j.chance.goOn, w.Person, int(w.Step), 0)
	return stream.Chance(j.config.Steps[w.Step].Continue)
}

func (j *Journey) repeats(w *Walk) bool {
	share := j.config.Steps[w.Step].Repeat.Share
	if share == 0 {
		return false
	}
	stream := j.stream(j.chance.repeat, w.Person, int(w.Step), 0)
	return stream.Chance(share)
}

// errs reports whether the person's first attempt at the step holds a typing error.
func (j *Journey) errs(person uint64, step int) bool {
	if share := j.config.Steps[step].Typo.Share; share > 0 {
		stream := j.stream(j.chance.typo, person, step, 0)
		if stream.Chance(share) {
			return true
		}
	}
	return j.mistypes != nil && j.mistypes(person, step)
}

// later returns the real time that lies the given scenario time after now.
func (j *Journey) later(now, scenarioTime time.Duration) time.Duration {
	if scenarioTime <= 0 {
		return now
	}
	return j.config.Clock.Real(j.config.Clock.Scenario(now) + scenarioTime)
}

func (j *Journey) draw(d *workload.Distribution, streams workload.Streams, person uint64, step, attempt int) time.Duration {
	stream := j.stream(streams, person, step, attempt)
	return d.Draw(&stream)
}

func (j *Journey) stream(streams workload.Streams, person uint64, step, attempt int) workload.Stream {
	return streams.Of(person, j.keys[step], attempt)
}
