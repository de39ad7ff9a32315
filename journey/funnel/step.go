package funnel

import "github.com/ombak-sim/ombak/workload"

// The canonical steps of Prakerja, in order. A scenario may leave some out or add its own, but must not rename them.
const (
	Landing     = "landing"
	SignUp      = "sign-up"
	EmailVerify = "email-verify"
	Identity    = "identity"
	Profile     = "profile"
	Photo       = "photo"
	OTP         = "otp"
	Statement   = "statement"
	Test        = "test"
	Eligibility = "eligibility"
	Join        = "join"
)

// StepKind is what a step does.
type StepKind string

// The kinds of step.
const (
	Request StepKind = "request" // one request to the service
	Await   StepKind = "await"   // waits for something outside the service (mail, SMS): no load on it
	Poll    StepKind = "poll"    // asks the service again and again until it is done
)

// Step is one step of a journey.
type Step struct {
	Name string   `json:"name"`
	Kind StepKind `json:"kind"`
}

// Purpose returns the hash of the step's name, which keys its random streams.
func (s Step) Purpose() workload.Purpose { return workload.NewPurpose(s.Name) }

// Journey is the sequence of steps that a person may walk.
type Journey []Step

// Index returns the place of the named step, or -1.
func (j Journey) Index(name string) int {
	for i, step := range j {
		if step.Name == name {
			return i
		}
	}
	return -1
}
