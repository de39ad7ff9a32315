package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Stock is what the answer of a route uses up, such as the goods of a shop. Every answer that would succeed takes one.
// When none is left, the answer has another status, and a simulated request is declined with it.
type Stock struct {
	Count int    `yaml:"count" json:"count"`                   // answers that succeed
	Then  Status `yaml:"then,omitempty" json:"then,omitempty"` // status of all further answers, 400 to 499 except 429, or a gRPC code; 0 means 409, or FAILED_PRECONDITION over gRPC
}

const (
	conflict               = Status(409)
	grpcFailedPrecondition = Status(funnel.ReasonGRPC + 9)
)

// speaksGRPC reports whether a dependency answers gRPC instead of HTTP.
func (d Dependency) speaksGRPC() bool { return d.Proto != "" || d.Descriptor != "" }

// SoldOut returns the status of an answer whose stock is used up.
func (d Dependency) SoldOut(stock Stock) Status {
	switch {
	case stock.Then != 0:
		return stock.Then
	case d.speaksGRPC():
		return grpcFailedPrecondition
	}
	return conflict
}

// validateStocks reports stocks that no request could use up, and answers that would not be understood as declined.
func (s *Scenario) validateStocks(path string, d Dependency) {
	for i, answer := range d.Routes {
		if answer.Stock == nil {
			continue
		}
		place := fmt.Sprintf("%s.routes[%d].stock", path, i)
		if answer.Stock.Count < 1 {
			s.source.faultAt(place+".count", "give how many answers succeed, 1 or more", "a stock cannot have %d", answer.Stock.Count)
		}
		then := d.SoldOut(*answer.Stock)
		switch code := funnel.Reason(then); {
		case d.speaksGRPC() && (!code.IsCode() || slices.Contains([]Status{grpcOK, grpcResourceExhausted, grpcUnavailable}, then)):
			s.source.faultAt(place+".then", "use a code such as FAILED_PRECONDITION or NOT_FOUND", "%v does not say that a stock is used up", then)
		case !d.speaksGRPC() && (then < 400 || then > 499 || then == 429):
			s.source.faultAt(place+".then", "use 400 to 499 except 429, as in 409 or 410", "%v does not say that a stock is used up", then)
		}
		if answer.Status >= 400 || answer.Code != "" && answer.Code != "OK" {
			s.source.faultAt(place, "remove it, or let the answer succeed", "the answer never succeeds, so nothing is taken from its stock")
		}
	}
}

// Answering returns the index of the route of a dependency that answers a call, or -1 if none is named and none has a
// stock. The answer is the path of the route, and empty if the dependency has only one.
func (d Dependency) Answering(answer string) (int, error) {
	if answer != "" && len(d.Routes) == 0 {
		return -1, errors.New("it has no routes, so none can answer; remove answer")
	}
	if answer != "" {
		at := slices.IndexFunc(d.Routes, func(a Answer) bool { return a.Path == answer })
		if at < 0 {
			return -1, fmt.Errorf("no route has the path %q; use one of: %s", answer, strings.Join(d.paths(), ", "))
		}
		return at, nil
	}
	if len(d.Routes) == 1 && d.Replay == "" {
		return 0, nil
	}
	if slices.ContainsFunc(d.Routes, func(a Answer) bool { return a.Stock != nil }) {
		return -1, fmt.Errorf("it has a stock and several routes; say which one answers, as in answer: %s", d.Routes[0].Path)
	}
	return -1, nil
}

// paths returns the paths of the routes of a dependency.
func (d Dependency) paths() []string {
	paths := make([]string, len(d.Routes))
	for i, answer := range d.Routes {
		paths[i] = answer.Path
	}
	return paths
}

// validateAnswer reports a hop that names no answer of its dependency.
func (s *Scenario) validateAnswer(hop Hop, place string) {
	if hop.Call+hop.Async == "" {
		if hop.Answer != "" {
			s.source.faultAt(place+".answer", "remove it", "only a dependency has answers")
		}
		return
	}
	name := hop.Call + hop.Async
	if d, known := s.Dependencies[name]; known {
		if _, err := d.Answering(hop.Answer); err != nil {
			s.source.faultAt(place, "", "dependency %s: %v", name, err)
		}
	}
}
