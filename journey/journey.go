package journey

import (
	"math"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// Config describes the journey that all people of a run share.
type Config struct {
	Seed    workload.Seed  `json:"seed"`
	Clock   workload.Clock `json:"clock"`   // maps scenario time to real time
	Steps   []Step         `json:"steps"`   // at least one
	Arrival int            `json:"arrival"` // the step whose instants the arrivals schedule; a journey without it begins at its first step

	// Journeys are the ways through the steps. Each person belongs to one of them. Empty means one journey of all steps in order.
	Journeys []Path `json:"journeys,omitempty"`

	RetryBudget int `json:"retry_budget,omitempty"` // most retries of one person over the whole walk; 0 means no limit
}

// Journey is a compiled Config. It holds no state of any person and is safe to share.
type Journey struct {
	config   Config
	chance   chance
	keys     []workload.Purpose
	mistypes func(person uint64, step int) bool
	paths    []path
	past     []bool // per step: it lies after the scheduled one on every journey that has it
	graph    *graph // nil if there is one journey and it is a straight line

	fact       Fact
	conditions []conditions // by step; nil on a straight line
}

// chance holds the random streams of a walk, by purpose.
type chance struct {
	think, goOn, patience, every, backoff, comeBack, repeat, typo, fix workload.Streams
	belongs, next, optional, loop, pause, holds, interest              workload.Streams
}

func newChance(seed workload.Seed) chance {
	streams := func(name string) workload.Streams { return seed.Streams(workload.NewPurpose("journey/" + name)) }
	return chance{
		think: streams("think"), goOn: streams("continue"), patience: streams("patience"), every: streams("every"),
		backoff: streams("backoff"), comeBack: streams("return"), repeat: streams("repeat"), typo: streams("typo"), fix: streams("fix"),
		belongs: streams("belongs"), next: streams("next"), optional: streams("optional"), loop: streams("loop"), pause: streams("pause"), holds: streams("holds"),
		interest: streams("interest"),
	}
}

// New compiles a journey. The func mistypes, unless it is nil, reports further people whose first attempt at a step holds
// a typing error because of a trait, besides those drawn by [Typo]. The func fact tells what conditions read about a
// person; it may be nil if no person takes a step. New panics on a Config that does not pass [Config.Validate].
func New(config Config, mistypes func(person uint64, step int) bool, fact Fact) *Journey {
	j := &Journey{config: config, chance: newChance(config.Seed), mistypes: mistypes, fact: fact, paths: newPaths(config)}
	for _, step := range config.Steps {
		j.keys = append(j.keys, workload.NewPurpose(step.Name))
	}
	j.past = pastArrival(len(config.Steps), j.paths)
	if !config.IsLine() {
		j.graph = newGraph(config, j.paths)
		var err error
		if j.conditions, err = newConditions(config); err != nil {
			panic(err) // Validate has checked it
		}
	}
	return j
}

// Lead returns the longest scenario time between a person's first action and the instant that the arrivals schedule.
func (j *Journey) Lead() time.Duration {
	longest := time.Duration(0)
	for _, p := range j.paths {
		longest = max(longest, p.lead())
	}
	return longest
}

// Past reports whether a step lies after the scheduled one.
func (j *Journey) Past(step int) bool { return j.past[step] }

// Funnel returns the names and kinds of the steps.
func (c Config) Funnel() funnel.Journey {
	steps := make(funnel.Journey, len(c.Steps))
	for i, step := range c.Steps {
		steps[i] = funnel.Step{Name: step.Name, Kind: step.Kind, SignsUp: step.SignsUp}
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
	Attempt   int16 // in this round, over all visits of [Retry]
	tries     int16 // in this visit
	visit     int16
	retries   int16 // over the whole walk
	Round     int16 // number of earlier visits to this step; 0 on a straight line
	mistyped  bool  // this attempt holds a typing error
	passed    bool  // an earlier attempt of this visit passed
	looking   bool  // a visitor: one attempt at one step, then gone
	path      uint8 // the journey to which the person belongs
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
	Enters   bool // this is the person's first attempt at the step, or the first of a further round
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
	Through bool // the walk is over, and the person passed its last step
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
	p := &j.paths[j.pathOf(person)]
	first := len(buffer)
	for _, step := range p.steps[:p.start] {
		buffer = append(buffer, Lead{Step: step})
	}
	arrival := j.config.Clock.Scenario(j.begins(p, person, scheduled))
	for i := p.start - 1; i >= 0; i-- {
		after := p.steps[i+1]
		think := j.think(person, after, 0)
		arrival -= min(think, p.thinks[i+1])
		buffer[first+i].At = j.config.Clock.Real(arrival)
	}
	return buffer
}

// begins returns when the first attempt at the scheduled step begins. It is earlier than scheduled if the attempt holds a
// typing error.
func (j *Journey) begins(p *path, person uint64, scheduled time.Duration) time.Duration {
	step := p.steps[p.start]
	if !j.errs(person, step) {
		return scheduled
	}
	fix := j.draw(&j.config.Steps[step].Typo.Fix, j.chance.fix, person, j.keys[step], 0)
	return j.config.Clock.Real(j.config.Clock.Scenario(scheduled) - min(fix, p.fix))
}

// Start returns the step at which a person's arrival is scheduled.
func (j *Journey) Start(person uint64) int {
	p := &j.paths[j.pathOf(person)]
	return p.steps[p.start]
}

// First returns the first step of the journey to which a person belongs. Visitors take this step alone.
func (j *Journey) First(person uint64) int { return j.paths[j.pathOf(person)].steps[0] }

// Begin starts the walk of a person whose valid first attempt is scheduled at the given real time. The track is that of
// the walk, or nil on a straight line.
func (j *Journey) Begin(person uint64, scheduled time.Duration, track *Track) (Walk, Action) {
	of := j.pathOf(person)
	p := &j.paths[of]
	w := Walk{Person: person, Step: int16(p.steps[p.start]), scheduled: scheduled, path: uint8(of)}
	if j.graph != nil {
		j.graph.begin(track, p)
	}
	return w, j.enter(&w, j.begins(p, person, scheduled))
}

// Look starts the walk of a visitor, or one step before the scheduled one. Either takes one step at the given real time
// and ends.
func (j *Journey) Look(person uint64, step int, at time.Duration, track *Track) (Walk, Action) {
	w := Walk{Person: person, Step: int16(step), looking: true}
	if j.graph != nil {
		of := j.pathOf(person)
		w.path = uint8(of)
		j.graph.look(track, &j.paths[of], step)
	}
	return w, j.enter(&w, at)
}

// Next takes the answer to the current attempt and its real time, and advances the walk. The track is that of the walk,
// or nil on a straight line.
func (j *Journey) Next(w *Walk, track *Track, answer Answer, now time.Duration) (Result, Action) {
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
	switch {
	case !w.passed || w.looking || !j.goesOn(w):
		result.Through = w.passed
		return result, Action{Manner: Manner{Done: true}}
	case j.graph != nil:
		next := j.moveOn(w, track, now)
		result.Through = next.Done
		return result, next
	}
	w.Step++
	return result, j.enter(w, j.later(now, j.think(w.Person, int(w.Step), 0)))
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
		return true, j.attempt(w, j.later(now, j.drawOf(w, &step.Repeat.After, j.chance.repeat, 1)))
	case answer.Outcome == funnel.Declined && w.mistyped:
		if p := &j.paths[w.path]; int(w.Step) == p.steps[p.start] {
			return true, j.attempt(w, max(now, w.scheduled))
		}
		return true, j.attempt(w, j.later(now, j.drawOf(w, &step.Typo.Fix, j.chance.fix, 0)))
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
		w.countRetry()
		stream := j.streamOf(w, j.chance.backoff, int(w.Attempt))
		delay := retry.Delay(int(w.tries), stream.Float64())
		if retry.RetryAfter {
			delay = max(delay, answer.RetryAfter)
		}
		return true, j.attempt(w, now+delay)
	}
	if int(w.visit)+1 >= retry.Visits || !j.interested(w, retry) {
		return false, Action{}
	}
	w.visit++
	w.countRetry()
	w.tries = 0
	return true, j.attempt(w, j.later(now, j.drawOf(w, &retry.Return, j.chance.comeBack, int(w.visit))))
}

// interested reports whether the person still wants to pass the step after a visit that did not complete.
func (j *Journey) interested(w *Walk, retry *Retry) bool {
	if retry.Interest == 0 {
		return true
	}
	stream := j.streamOf(w, j.chance.interest, int(w.visit)+1)
	return stream.Chance(retry.Interest)
}

// countRetry counts a retry. Over the rounds of loops, there may be more than the counter holds.
func (w *Walk) countRetry() { w.retries = min(w.retries, math.MaxInt16-1) + 1 }

func (j *Journey) enter(w *Walk, at time.Duration) Action {
	w.Attempt, w.tries, w.visit, w.passed = 0, 0, 0, false
	w.mistyped = !w.looking && w.Round == 0 && j.errs(w.Person, int(w.Step))
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
		patience := j.drawOf(w, &step.Patience, j.chance.patience, int(w.Attempt))
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
	return max(time.Millisecond, j.drawOf(w, &j.config.Steps[w.Step].Every, j.chance.every, int(w.Attempt)))
}

func (j *Journey) goesOn(w *Walk) bool {
	if j.graph == nil && int(w.Step)+1 >= len(j.config.Steps) {
		return false
	}
	stream := j.streamOf(w, j.chance.goOn, 0)
	return stream.Chance(j.config.Steps[w.Step].Continue)
}

func (j *Journey) repeats(w *Walk) bool {
	share := j.config.Steps[w.Step].Repeat.Share
	if share == 0 {
		return false
	}
	stream := j.streamOf(w, j.chance.repeat, 0)
	return stream.Chance(share)
}

// errs reports whether the person's first attempt at the step holds a typing error.
func (j *Journey) errs(person uint64, step int) bool {
	if share := j.config.Steps[step].Typo.Share; share > 0 {
		stream := j.chance.typo.Of(person, j.keys[step], 0)
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

func (j *Journey) draw(d *workload.Distribution, streams workload.Streams, person uint64, step workload.Purpose, attempt int) time.Duration {
	stream := streams.Of(person, step, attempt)
	return d.Draw(&stream)
}

// think returns the time that a person thinks before a step.
func (j *Journey) think(person uint64, step, round int) time.Duration {
	described := &j.config.Steps[step]
	if described.ThinkFrom != nil {
		return j.fed(person, described.ThinkFrom)
	}
	return j.draw(&described.Think, j.chance.think, person, j.keys[step].Round(round), 0)
}

// drawOf draws for the step and round of a walk.
func (j *Journey) drawOf(w *Walk, d *workload.Distribution, streams workload.Streams, attempt int) time.Duration {
	return j.draw(d, streams, w.Person, j.keys[w.Step].Round(int(w.Round)), attempt)
}

func (j *Journey) streamOf(w *Walk, streams workload.Streams, attempt int) workload.Stream {
	return streams.Of(w.Person, j.keys[w.Step].Round(int(w.Round)), attempt)
}
