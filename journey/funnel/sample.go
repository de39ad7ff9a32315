package funnel

import (
	"strconv"
	"time"
)

// Sample is one attempt at one step by one person. Times are real time since the start of the run.
type Sample struct {
	Session  uint64        // the person's index
	Step     int           // place in the Journey
	Attempt  int           // 1 for the first
	Intended time.Duration // when the person meant to act
	Start    time.Duration // when the request was sent
	End      time.Duration // when the outcome was known
	Outcome  Outcome
	Reason   Reason
	Final    bool // no further attempt at this step follows
}

// ResponseTime is what the person felt: from the intended instant to the end.
func (s Sample) ResponseTime() time.Duration { return s.End - s.Intended }

// ServiceTime is what the service took: from the sending to the end.
func (s Sample) ServiceTime() time.Duration { return s.End - s.Start }

// Wait is what the sender added: from the intended instant to the sending.
func (s Sample) Wait() time.Duration { return s.Start - s.Intended }

// Reason says why an attempt ended as it did: an HTTP status, or a class of transport error.
type Reason uint16

// Transport errors, above all HTTP statuses; 0 if nothing is known.
const (
	ReasonDial    Reason = 1000 + iota // the connection could not be opened
	ReasonReset                        // the connection was closed or reset before the answer
	ReasonTLS                          // the TLS handshake failed
	ReasonTimeout                      // the timeout ran out
	ReasonBody                         // the answer was not what was expected
	ReasonLocal                        // the generator's own resources ran out (descriptors, ports, people in flight)
	ReasonStale                        // a connection used before was closed before any byte of the answer
	ReasonCheck                        // the answer's body failed a check
)

var reasonNames = [...]string{"dial", "reset", "tls", "timeout", "body", "local", "stale", "check"}

// String returns the name used in files: a word for a transport error, digits for a status.
func (r Reason) String() string {
	if i := int(r) - int(ReasonDial); i >= 0 && i < len(reasonNames) {
		return reasonNames[i]
	}
	return strconv.Itoa(int(r))
}

// Reading is one look at a station.
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
	Wasted      uint64        `json:"wasted,omitempty"` // of the completions, for clients that had left, where that is known
	Batches     uint64        `json:"batches,omitempty"`
	SyncTime    time.Duration `json:"sync_time,omitempty"`   // time spent in fsync since the start
	BusySquare  float64       `json:"busy_square,omitempty"` // sum of the squares of the times of batches, s²
}

// MarkKind is what a [Mark] tells.
type MarkKind string

// The kinds of mark.
const (
	PhaseMark MarkKind = "phase"
	FaultMark MarkKind = "fault"
	PlanMark  MarkKind = "plan"
	NoteMark  MarkKind = "mark"
)

// Mark is something that happened to the run as a whole.
type Mark struct {
	At   time.Duration `json:"at"` // real time since the start of the run
	For  time.Duration `json:"for,omitempty"`
	Kind MarkKind      `json:"kind"`
	Text string        `json:"text"`
}

// Observer learns of everything that people do. Each Observer is called by one goroutine.
type Observer interface {
	// Enter is called once per person and step, when the first attempt is meant to begin.
	Enter(step int, intended time.Duration)
	// Observe is called when an attempt has ended.
	Observe(Sample)
}

// Crowd learns of people as a whole; an [Observer] may be one too.
type Crowd interface {
	// Scheduled is called for each person who begins or is dropped, just before, with the real time
	// that the arrivals name.
	Scheduled(at time.Duration)
	// Started is called when a person's first request is handed over for sending.
	Started()
	// DroppedPerson is called when a person could not be started at all.
	DroppedPerson()
	// Finished is called when a person's way has ended, well or not.
	Finished()
}

// Severity says what a broken threshold does to the verdict.
type Severity string

// The severities.
const (
	Fail Severity = "fail"
	Warn Severity = "warn"
)

// Threshold is a condition on a report, such as "sign-up.passed >= 99.9% of scheduled".
type Threshold struct {
	Source   string   `yaml:"expr" json:"source"`
	Severity Severity `yaml:"severity,omitempty" json:"severity"` // empty means fail
	// Abort ends a live run once the condition is broken, looked at from this real time after the
	// start on; 0 means never.
	Abort time.Duration `yaml:"abort,omitempty" json:"abort,omitempty"`
}
