package fleet

import (
	"fmt"
	"regexp"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/workload"
)

// MostGenerators is the most generators that share a run.
const MostGenerators = 10_000

// The subjects on which no run is named.
const (
	askSubject  = "ombak.v1.agents"  // every agent answers with its Description
	heldSubject = "ombak.v1.holding" // every agent that holds rows of the run in the question answers with a holding
)

// clockSubject is where an agent tells what its clock shows. The question is the name of the asking run, or empty.
func clockSubject(agent string) string { return "ombak.v1.clock." + agent }

// subject is where an agent hears of a run.
func subject(run, agent, what string) string { return "ombak.v1." + run + "." + agent + "." + what }

// What an agent hears of a run. All are requests but rows, which come from the agent.
const (
	orderWhat   = "order"   // chunks of an Envelope with a task
	readyWhat   = "ready"   // waits a little for the part to be ready; the answer is a state
	beginWhat   = "begin"   // a start
	changeWhat  = "change"  // a change
	askWhat     = "ask"     // a controlQuestion for the control API of mocks
	endWhat     = "end"     // an ending
	rowsWhat    = "rows"    // chunks of Envelopes with a row each, from the agent; the conductor answers with an ack
	resendWhat  = "resend"  // send all rows of a run again, to the one that asks; the answer is a holding
	releaseWhat = "release" // forget a run
)

var names = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func isName(text string) bool { return names.MatchString(text) }

// CheckName returns an error unless an agent can be called so.
func CheckName(name string) error {
	if !isName(name) {
		return fmt.Errorf("%q is not a name of an agent; give up to 64 letters, digits, hyphens and underscores", name)
	}
	return nil
}

// Description is what an agent says of itself.
type Description struct {
	Agent   string            `json:"agent"`
	ID      string            `json:"id"` // of this join
	Roles   []string          `json:"roles"`
	Labels  map[string]string `json:"labels,omitempty"`
	Build   report.Build      `json:"build"`
	OS      string            `json:"os"`
	Arch    string            `json:"arch"`
	CPUs    int               `json:"cpus"`
	Memory  uint64            `json:"memory_bytes"`
	Sends   float64           `json:"requests_per_s,omitempty"` // that it can send as a generator; 0 if that is not known
	Load    *float64          `json:"load,omitempty"`           // mean number of runnable processes over a minute; nil if unknown
	Targets []string          `json:"allow_targets"`
	Address string            `json:"address"`           // where others reach what it serves
	Playing string            `json:"playing,omitempty"` // the run whose part it plays
	Studies string            `json:"studies,omitempty"` // whose jobs it plays
	Holds   []string          `json:"holds,omitempty"`   // other runs of which it keeps rows
}

// task is what an agent is ordered to do.
type task struct {
	Run         string        `json:"run"`
	Part        int           `json:"part"`
	Incarnation string        `json:"incarnation"`
	Build       report.Build  `json:"build"` // of the conductor
	Order       drill.Order   `json:"order"`
	Outline     drill.Outline `json:"outline"`
}

// answer is what an agent says to anything that it may refuse.
type answer struct {
	Error string `json:"error,omitempty"`
}

// state is how far a part is.
type state struct {
	answer
	Ready *drill.Ready `json:"ready,omitempty"` // nil if it is not ready yet
}

// start tells an agent when its part begins.
type start struct {
	Incarnation string         `json:"incarnation"`
	At          time.Time      `json:"at"`    // of the agent's own clock
	Began       time.Time      `json:"began"` // the same instant of the conductor's clock
	Clock       workload.Clock `json:"clock"`
}

// change tells an agent of a change. Changes are numbered from 1, so that none is made twice.
type change struct {
	Incarnation string       `json:"incarnation"`
	Number      int          `json:"number"`
	Change      drill.Change `json:"change"`
}

// controlQuestion is a request to the control API of mocks. Questions are numbered from 1, so that none is asked twice.
type controlQuestion struct {
	Incarnation string `json:"incarnation"`
	Number      int    `json:"number"`
	Method      string `json:"method"`
	Path        string `json:"path"` // with the query
	Body        []byte `json:"body,omitempty"`
}

// controlAnswer is what the control API answers.
type controlAnswer struct {
	answer
	Status int    `json:"status,omitempty"`
	Body   []byte `json:"body,omitempty"`
}

// ending tells an agent to end its part.
type ending struct {
	Incarnation string        `json:"incarnation"`
	Patience    time.Duration `json:"patience"`
}

// row is a message of a part to its conductor. Exactly one field is set.
type row struct {
	Message *drill.Message `json:"message,omitempty"`
	Use     *drill.Use     `json:"use,omitempty"` // each second, from the agent
	Begun   *begun         `json:"begun,omitempty"`
	Ended   *ended         `json:"ended,omitempty"` // always the last
}

// begun says how well a part began.
type begun struct {
	Late time.Duration `json:"late"` // after the instant that was asked for, by the agent's clock
	At   time.Time     `json:"at"`   // that instant, of the conductor's clock
}

// ended says how a part ended.
type ended struct {
	Cause string         `json:"cause"`
	Cost  report.Process `json:"cost"`
}

// ack says which rows the conductor has.
type ack struct {
	Incarnation string `json:"incarnation"`
	Next        uint64 `json:"next"` // number of the first that is missing
}

// holding says what an agent holds of a run.
type holding struct {
	answer
	Agent       string        `json:"agent"`
	Part        int           `json:"part"`
	Incarnation string        `json:"incarnation"`
	Rows        uint64        `json:"rows"`
	Playing     bool          `json:"playing,omitempty"`
	Outline     drill.Outline `json:"outline"`
}
