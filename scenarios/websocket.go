package scenarios

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// WebSocket is one action on the WebSocket that a person has to a target. It is closed when the person has finished.
type WebSocket struct {
	Connect bool          `yaml:"connect,omitempty" json:"connect,omitempty"` // opens the connection at the path of the request
	Send    any           `yaml:"send,omitempty" json:"send,omitempty"`       // a text message: text, or a mapping or list that is sent as JSON
	Await   *Check        `yaml:"await,omitempty" json:"await,omitempty"`     // waits for a message that meets the check, up to the step's timeout; {} takes any; may follow send in one step
	Hold    time.Duration `yaml:"hold,omitempty" json:"hold,omitempty"`       // keeps the connection open for so long, in real time
	Close   bool          `yaml:"close,omitempty" json:"close,omitempty"`     // closes the connection and waits until the server does
}

// closeForm is how expect names the code with which a server closes a WebSocket.
var closeForm = regexp.MustCompile(`^close-([0-9]{4})$`)

// closeStatus returns the status for the close code of a WebSocket, as in close-1013.
func closeStatus(text string) (Status, bool) {
	match := closeForm.FindStringSubmatch(text)
	if match == nil {
		return 0, false
	}
	code, err := strconv.Atoi(match[1])
	return Status(funnel.ReasonClose) + Status(code), err == nil
}

const tryAgainLater = Status(funnel.ReasonClose + 1013)

// validateWebSocket reports mistakes in an action on a WebSocket.
func (s *Scenario) validateWebSocket(request *Request, place string) {
	w, actions := request.WebSocket, 0
	for _, given := range []bool{w.Connect, w.Send != nil || w.Await != nil, w.Hold != 0, w.Close} {
		if given {
			actions++
		}
	}
	if actions != 1 {
		s.source.faultAt(place+".websocket", "give connect: true, send, await, send and await, hold: 1m, or close: true", "a step takes exactly one action on a WebSocket")
	}
	switch {
	case w.Connect && !strings.HasPrefix(request.Path, "/"):
		s.source.faultAt(place+".path", "begin it with a slash, as in /feed", "the path %q does not begin with a slash", request.Path)
	case !w.Connect && request.Path != "":
		s.source.faultAt(place+".path", "remove it, or write connect: true", "only the step that connects has a path")
	case !w.Connect && len(request.Headers) > 0:
		s.source.faultAt(place+".headers", "remove them, or write connect: true", "only the step that connects has headers")
	}
	for name := range request.Headers {
		if lower := strings.ToLower(name); lower == "connection" || lower == "upgrade" || lower == "sec-websocket-key" || lower == "sec-websocket-version" || lower == "sec-websocket-extensions" {
			s.source.faultAt(join(place+".headers", name), "remove it", "%s is set automatically for a WebSocket", name)
		}
	}
	if request.GRPC != nil {
		s.source.faultAt(place, "keep one of them", "grpc and websocket exclude each other")
	}
	if len(request.Extract) > 0 && w.Await == nil && !w.Connect {
		s.source.faultAt(place+".extract", "add await: {}", "there is no message to extract from")
	}
	if w.Await != nil && *w.Await != (Check{}) {
		s.validateChecks([]Check{*w.Await}, place+".websocket.await")
	}
	s.refuseHTTP(request, place, "websocket")
}

// validateSocketSteps reports steps on a WebSocket that no earlier step connects.
func (s *Scenario) validateSocketSteps() {
	connected := map[string]bool{}
	if s.listed() { // a journey may come to its steps in another order than that of the file
		for _, step := range s.Journey {
			if step.Request != nil && step.Request.WebSocket != nil && step.Request.WebSocket.Connect {
				connected[step.Request.Target] = true
			}
		}
	}
	for i := range s.Journey {
		request := s.Journey[i].Request
		if request == nil || request.WebSocket == nil {
			continue
		}
		if request.WebSocket.Connect {
			connected[request.Target] = true
		} else if !connected[request.Target] {
			s.source.faultAt(s.StepPath(i)+".request.websocket", "add an earlier step with websocket: {connect: true}", "no earlier step connects to the target %s", request.Target)
		}
	}
}
