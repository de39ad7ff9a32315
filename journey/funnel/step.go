package funnel

import (
	"slices"

	"github.com/ombak-sim/ombak/workload"
)

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

	SignsUp bool `json:"signs_up,omitempty"` // who passes it is kept by the service of the run
}

// Purpose returns the hash of the step's name, which keys its random streams.
func (s Step) Purpose() workload.Purpose { return workload.NewPurpose(s.Name) }

// Journey is the sequence of steps that a person may walk.
type Journey []Step

// SigningUp returns the place of the step after which the service keeps people: the one called sign-up, or else the first that
// signs people up, or -1.
func (j Journey) SigningUp() int {
	if i := j.Index(SignUp); i >= 0 {
		return i
	}
	return slices.IndexFunc(j, func(step Step) bool { return step.SignsUp })
}

// Index returns the place of the named step, or -1.
func (j Journey) Index(name string) int {
	for i, step := range j {
		if step.Name == name {
			return i
		}
	}
	return -1
}
