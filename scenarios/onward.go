package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Onward is a call of another dependency that a generic dependency makes before it answers. It makes its calls one after
// another after its own service, and the request keeps its server until the last has been answered. An answer from 400
// to 499 except 429 is passed on. If a call fails in any other way, or its timeout is over, the answer is 503.
type Onward struct {
	Call    string        `yaml:"call" json:"call"`                           // a generic dependency that answers HTTP
	Answer  string        `yaml:"answer,omitempty" json:"answer,omitempty"`   // path of its route that answers; needed only if it has several
	Timeout time.Duration `yaml:"timeout,omitempty" json:"timeout,omitempty"` // real time; 0 means 10 s
}

const (
	onwardTimeout = 10 * time.Second
	mostOnward    = 1000 // calls that one request may cause
)

// Patience returns how long the dependency waits for the answer.
func (o Onward) Patience() time.Duration { return cmp.Or(o.Timeout, onwardTimeout) }

// validateCalls reports calls of a dependency that cannot be made.
func (s *Scenario) validateCalls(path string, d Dependency) {
	if len(d.Calls) > 0 && d.Kind != "generic" {
		s.source.faultAt(path+".calls", "use kind: generic", "only dependencies of kind generic make calls")
	}
	if len(d.Calls) > 0 && d.Discipline == workload.Sharing {
		s.source.faultAt(path+".calls", "use another discipline", "a request keeps its server during its calls, but servers that share their work cannot be kept")
	}
	for i, onward := range d.Calls {
		place := fmt.Sprintf("%s.calls[%d]", path, i)
		other, known := s.Dependencies[onward.Call]
		switch {
		case !known:
			s.source.faultAt(place+".call", hintWord(onward.Call, keys(s.Dependencies)), "no dependency is called %q", onward.Call)
			continue
		case other.Kind != "generic" || other.speaksGRPC():
			s.source.faultAt(place+".call", "name one of kind generic without proto", "dependency %s does not answer HTTP requests of a mock", onward.Call)
			continue
		case onward.Timeout < 0:
			s.source.faultAt(place+".timeout", "use 0 (10 s) or more", "the timeout %v is negative", onward.Timeout)
		}
		switch at, err := other.Answering(onward.Answer); {
		case err != nil:
			s.source.faultAt(place, "", "dependency %s: %v", onward.Call, err)
		case at < 0:
			s.source.faultAt(place, "add answer: with the path of one of its routes", "it is not said which route of dependency %s answers", onward.Call)
		case other.Routes[at].Status >= 400:
			s.source.faultAt(place, "name a route that succeeds", "the answer of dependency %s never succeeds", onward.Call)
		case strings.ContainsAny(other.Routes[at].Path, "{*"):
			s.source.faultAt(place, "give the dependency a route with a fixed path", "the path %s of dependency %s is not a path that can be called", other.Routes[at].Path, onward.Call)
		}
	}
}

// validateCycles reports dependencies that call each other in a circle, and calls that multiply too often.
func (s *Scenario) validateCycles() {
	caused := map[string]int{} // calls that one request causes, by dependency
	var visit func(name string, chain []string) int
	visit = func(name string, chain []string) int {
		if count, done := caused[name]; done {
			return count
		}
		if at := slices.Index(chain, name); at >= 0 {
			s.source.faultAt(join("dependencies", name)+".calls", "remove one of the calls", "the calls never end: %s", strings.Join(append(chain[at:], name), " calls "))
			return 0
		}
		count := 0
		for _, onward := range s.Dependencies[name].Calls {
			count = min(count+1+visit(onward.Call, append(slices.Clip(chain), name)), mostOnward+1)
		}
		if _, known := caused[name]; !known && count > mostOnward {
			s.source.faultAt(join("dependencies", name)+".calls", fmt.Sprintf("a request may cause up to %d", mostOnward), "each request causes more than %d calls", mostOnward)
		}
		caused[name] = count
		return count
	}
	for _, name := range keys(s.Dependencies) {
		visit(name, nil)
	}
}
