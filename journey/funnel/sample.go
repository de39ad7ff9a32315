package funnel

import "time"

// TimeBounds returns the upper bounds of the buckets in which metrics count times, in seconds.
func TimeBounds() []float64 {
	return []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
}

// Sample is one attempt at one step by one person. Times are real time since the start of the run.
type Sample struct {
	Session  uint64        // the person's index
	Step     int           // place in the Journey
	Attempt  int           // 1 for the first of the round
	Intended time.Duration // when the person meant to act
	Start    time.Duration // when the request was sent
	End      time.Duration // when the outcome was known
	Outcome  Outcome
	Reason   Reason
	Final    bool   // no further attempt at this step follows in this round
	Round    uint16 // number of the person's earlier visits to the step; 0 on a journey that is a straight line
}

// ResponseTime returns the time that the person waited: from the intended instant to the end.
func (s Sample) ResponseTime() time.Duration { return s.End - s.Intended }

// ServiceTime returns the time that the service took: from sending to the end.
func (s Sample) ServiceTime() time.Duration { return s.End - s.Start }

// Wait returns the time that the sender added: from the intended instant to sending.
func (s Sample) Wait() time.Duration { return s.Start - s.Intended }

// Reading is the state of a station at one instant.
type Reading struct {
	Station     string        `json:"station"`
	At          time.Duration `json:"at"` // real time since the start of the run
	Servers     int           `json:"servers"`
	Busy        int           `json:"busy"`   // servers in use
	Queued      int           `json:"queued"` // requests waiting, those in service not counted
	Arrivals    uint64        `json:"arrivals"`
	Completions uint64        `json:"completions"`
	Rejections  uint64        `json:"rejections"`
	BusyTime    time.Duration `json:"busy_time"` // servers × time in use since the start
	QueueMax    int           `json:"queue_max"`
	QueueTime   time.Duration `json:"queue_time"`       // queued requests × time since the start
	Wasted      uint64        `json:"wasted,omitempty"` // completions for clients that had already left, if that is known
	Batches     uint64        `json:"batches,omitempty"`
	SyncTime    time.Duration `json:"sync_time,omitempty"`   // time spent in fsync since the start
	BusySquare  float64       `json:"busy_square,omitempty"` // sum of the squares of the times of batches, s²

	// What only a simulation knows; 0 otherwise.
	Begun       uint64        `json:"begun,omitempty"`        // requests whose service has begun
	Delayed     uint64        `json:"delayed,omitempty"`      // those of them that had to wait
	WaitTime    time.Duration `json:"wait_time,omitempty"`    // time that they waited
	ServiceTime time.Duration `json:"service_time,omitempty"` // time in service of the completed requests
}

// Since returns the reading with counts and times since an earlier one. QueueMax stays the largest since the start.
func (r Reading) Since(before Reading) Reading {
	r.Arrivals -= before.Arrivals
	r.Completions -= before.Completions
	r.Rejections -= before.Rejections
	r.BusyTime -= before.BusyTime
	r.QueueTime -= before.QueueTime
	r.Wasted -= before.Wasted
	r.Batches -= before.Batches
	r.SyncTime -= before.SyncTime
	r.BusySquare -= before.BusySquare
	r.Begun -= before.Begun
	r.Delayed -= before.Delayed
	r.WaitTime -= before.WaitTime
	r.ServiceTime -= before.ServiceTime
	return r
}

// MarkKind is the kind of event of a [Mark].
type MarkKind string

// The kinds of mark.
const (
	PhaseMark MarkKind = "phase"
	FaultMark MarkKind = "fault"
	PlanMark  MarkKind = "plan"
	NoteMark  MarkKind = "mark"
)

// The phases of a live run, as texts of phase marks.
const (
	LeadInPhase   = "lead-in"  // people do what comes before the instant that the arrivals schedule
	ArrivalsPhase = "arrivals" // people come
	DrainPhase    = "drain"    // nobody new comes
)

// Mark is an event of the whole run.
type Mark struct {
	At   time.Duration `json:"at"` // real time since the start of the run
	For  time.Duration `json:"for,omitempty"`
	Kind MarkKind      `json:"kind"`
	Text string        `json:"text"`

	Do      Deed   `json:"do,omitempty"`      // what was done; empty if nobody did anything, as when a phase begins
	On      string `json:"on,omitempty"`      // part or place; of a fault, the dependencies that have it, with commas
	What    string `json:"what,omitempty"`    // name of the fault or the policy, or the factor on arrivals
	Planned bool   `json:"planned,omitempty"` // a fault of a dependency, or a setting by the plan or one of its policies; nobody acted
}

// Observer observes everything that people do. Each Observer is called by one goroutine.
type Observer interface {
	// Enter is called once per person and step, when the first attempt of the first round is meant to begin.
	Enter(step int, intended time.Duration)
	// Observe is called when an attempt has ended.
	Observe(Sample)
}

// Crowd observes people as a whole. An [Observer] may implement it too.
type Crowd interface {
	// Scheduled is called just before each person begins or is dropped, with the real time that the
	// arrivals scheduled.
	Scheduled(at time.Duration)
	// Started is called when a person's first request is handed over for sending.
	Started()
	// DroppedPerson is called when a person could not be started at all.
	DroppedPerson()
	// Finished is called when a person's walk has ended, successfully or not, with the real time at which it did. A person
	// whose request was accepted, to be worked on later, is under way until they learn of the outcome.
	Finished(at time.Duration)
}

// Moves observes how people go from step to step, on journeys that are not one straight line. An [Observer] may implement
// it too.
type Moves interface {
	// Move is called when a person begins a visit to a step, and when a walk ends after the person passed its last step. The
	// steps are places in the Journey, or [Nowhere] for from at the first step and for to at the end. First is set if the
	// person takes this way for the first time.
	Move(from, to int, first bool)
	// Again is called in place of [Observer.Enter] when the first attempt of a further round is meant to begin.
	Again(step int, intended time.Duration)
}

// Nowhere is the place before the first step of a walk, and after the last.
const Nowhere = -1

// Severity is the effect of a broken threshold on the verdict.
type Severity string

// The severities.
const (
	Fail Severity = "fail"
	Warn Severity = "warn"
)

// Threshold is a condition on a report, such as "sign-up.passed >= 99.9% of scheduled".
type Threshold struct {
	Source   string   `yaml:"expr" json:"source"`                 // the condition, as in sign-up.passed >= 99% of scheduled
	Severity Severity `yaml:"severity,omitempty" json:"severity"` // empty means fail
	// Abort ends a live run when the condition is broken. It is the real time after the start from which the condition is
	// checked; 0 means never.
	Abort time.Duration `yaml:"abort,omitempty" json:"abort,omitempty"`
}
