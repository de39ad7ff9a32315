package drill

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// ErrLost marks a generator that went on without its conductor, or ended without the run having an end. The run goes on with
// the other generators; the people whose fate is unknown are named.
var ErrLost = errors.New("a generator was lost")

// Lost returns an ErrLost with a reason, such as "its machine does not answer".
func Lost(why string) error { return lost(why) }

type lost string

func (l lost) Error() string      { return string(l) }
func (lost) Is(target error) bool { return target == ErrLost }

// Carrier starts parts at one place, and carries their orders and messages.
type Carrier interface {
	// Start gives a part its order. Every message but Ready and Failed goes to receive, on one goroutine at a time, and
	// none after the part's channel Ended is closed.
	Start(ctx context.Context, order Order, receive func(Message)) (Part, error)
}

// Part is a part that was started, as its conductor sees it.
type Part interface {
	// Await waits until the part is ready.
	Await(ctx context.Context, patience time.Duration) (Ready, error)
	Begin(Begin) error
	Change(Change) error
	// Ended is closed when the part has ended, for whatever reason. Cause then returns the reason.
	Ended() <-chan struct{}
	Cause() error
	// End stops the part, and kills it if it does not stop within the patience. It reports whether the part stopped by
	// itself.
	End(patience time.Duration) bool
	// Cost returns the CPU time and memory of a part that has ended, as far as they are known.
	Cost() report.Process
}

// onMachine is a Part that is a process of this machine.
type onMachine interface{ pid() int }

// Abroad is a Part on another machine.
type Abroad interface {
	Part
	// Agent says where the part was and how it kept time. The counts of people are the conductor's to fill in.
	Agent() report.Agent
	// Heard says for how long nothing was heard of the part, and within what its clock is known now; nil if it is not.
	Heard() (silent time.Duration, within *time.Duration)
}

// Use is what a part on another machine, and that machine, used.
type Use struct {
	Cores   float64  `json:"cores"`   // cores in use by the part in the last second
	Machine *float64 `json:"machine"` // share of the machine's CPU in use in the last second; nil if it cannot be read
	CPUs    int      `json:"cpus"`    // cores of the machine
	Memory  float64  `json:"rss_bytes,omitempty"`
}

// Using is a Part on another machine that says what it uses.
type Using interface {
	Abroad
	Use() (Use, bool) // false if nothing was said yet
}

// ProcessOf returns the process id of a part that is a process of this machine.
func ProcessOf(part Part) (int, bool) {
	here, ok := part.(onMachine)
	if !ok {
		return 0, false
	}
	return here.pid(), true
}

// Processes is the Carrier that starts parts as processes of this machine.
type Processes struct {
	Command []string  // starts a part: a program and its arguments
	Log     io.Writer // standard error of the parts; may be nil
}

var _ Carrier = Processes{}

// Start implements [Carrier].
func (p Processes) Start(_ context.Context, order Order, receive func(Message)) (Part, error) {
	return start(p.Command, order, p.Log, receive)
}

// here returns the carrier of all parts that have no other.
func (e Environment) here() Carrier { return Processes{Command: e.Command, Log: e.Log} }
