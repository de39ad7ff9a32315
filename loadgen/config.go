package loadgen

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// Config describes one run of the generator. It is plain data and travels as JSON.
type Config struct {
	Journey     journey.Config      `json:"journey"`
	Signups     workload.Arrivals   `json:"signups"`  // people who walk the journey
	Visitors    workload.Arrivals   `json:"visitors"` // people who take only the first step
	Seed        workload.Seed       `json:"seed"`
	People      uint64              `json:"people"` // size of the population that people are drawn from
	Opens       time.Time           `json:"opens"`
	Shares      population.Shares   `json:"shares"`
	Locale      population.Locale   `json:"locale,omitempty"` // of names, phones and e-mail addresses
	PhotoBytes  int                 `json:"photo_bytes"`
	Requests    []Request           `json:"requests"`             // one for each step of the journey
	Before      []Once              `json:"before,omitempty"`     // sent once before the run; what they extract becomes RunValues
	After       []Once              `json:"after,omitempty"`      // sent once after the run
	Targets     map[string]string   `json:"targets"`              // name → URL of scheme, host and port
	Vars        map[string]string   `json:"vars"`                 // values of ${var.NAME}
	RunValues   map[string]string   `json:"run_values,omitempty"` // values of ${run.NAME}
	RunID       string              `json:"run_id,omitempty"`     // value of ${run.id}; part of all idempotency keys
	Fresh       bool                `json:"fresh,omitempty"`      // people have e-mail addresses and phone numbers of this run alone
	Feeders     map[string]Feeder   `json:"feeders,omitempty"`
	Files       map[string]File     `json:"files,omitempty"`
	Cookies     bool                `json:"cookies,omitempty"` // people keep the cookies they are given
	Until       time.Duration       `json:"until"`             // real time after which the run ends
	Shards      int                 `json:"shards"`            // 0 means 1
	InFlight    int                 `json:"in_flight"`         // most requests in flight, over all shards; 0 means 1024
	Connections Connections         `json:"connections,omitzero"`
	Portable    bool                `json:"portable,omitempty"`    // use the portable wire, where another is the default
	MostPeople  int                 `json:"most_people,omitempty"` // most people active at once; the rest are shed and counted; 0 means no limit
	Warm        int                 `json:"warm,omitempty"`        // connections to each target that are opened before the first arrival
	Closed      journey.Closed      `json:"closed,omitzero"`       // closed loop: people who think or are active at any moment, in place of the arrivals; the zero value means the arrivals
	Acted       bool                `json:"acted,omitempty"`       // who comes may change during the run; see [Generator.Turn]
	Turns       journey.Turns       `json:"turns,omitempty"`       // scheduled changes of who comes
	Part        int                 `json:"part"`                  // this generator's part, counting from 0
	Parts       int                 `json:"parts"`                 // how many generators share the run; 0 means 1
	Traits      []population.Traits `json:"typo_traits"`           // per step: people whose first attempt holds a typing error

	impersonal bool // the requests belong to no person
}

// Request is the HTTP half of a step. Texts are templates, see [parseTemplate].
type Request struct {
	Target    string             `json:"target"`
	Method    string             `json:"method"`
	Path      string             `json:"path"`
	Headers   map[string]string  `json:"headers,omitempty"`
	JSON      string             `json:"json,omitempty"`      // a JSON text; values are escaped for JSON strings
	Text      string             `json:"text,omitempty"`      // a body of any type
	Multipart map[string]string  `json:"multipart,omitempty"` // form fields; ${person.photo} and ${file.NAME}, alone, become files
	Extract   map[string]Extract `json:"extract,omitempty"`
	Completed []int              `json:"completed"`
	Declined  []int              `json:"declined,omitempty"`
	Rejected  []int              `json:"rejected,omitempty"`
	Pending   []int              `json:"pending,omitempty"`
	Checks    []Check            `json:"checks,omitempty"`    // what the body of a completed answer must hold; otherwise the attempt failed
	Redirects int                `json:"redirects,omitempty"` // most redirects to follow, to targets only; 0 means that a redirect is an answer like any other
	Look      *Look              `json:"look,omitempty"`      // what is sent while the answer is pending; nil means the same request
	GRPC      *GRPC              `json:"grpc,omitempty"`      // a gRPC call instead of an HTTP request; the statuses are [funnel.Reason]s of codes
	WebSocket *WebSocket         `json:"websocket,omitempty"` // an action on the person's WebSocket to the target
	Trace     bool               `json:"trace,omitempty"`     // each attempt has a traceparent of its own
	Silent    bool               `json:"silent,omitempty"`    // people who leave do not close the connection, or reset the stream, so the service does not notice
}

// Look is the request that polls for the result of an accepted request. The attempt's answer is the one that accepted
// it.
type Look struct {
	Method string `json:"method"`
	Path   string `json:"path"`
}

// look is the whole of it.
func (r Request) look() Request {
	r.Method, r.Path, r.Look = r.Look.Method, r.Look.Path, nil
	r.JSON, r.Text, r.Multipart = "", "", nil
	return r
}

// Check is a condition on an answer: a value exists at a place, and equals or contains a text.
type Check struct {
	Extract
	Equals   string `json:"equals,omitempty"`
	Contains string `json:"contains,omitempty"`
}

// Extract takes a value out of an answer; see the scenario format.
type Extract struct {
	JSON   string `json:"json,omitempty"`
	Header string `json:"header,omitempty"`
	Regexp string `json:"regexp,omitempty"`
	Pick   string `json:"pick,omitempty"` // of a list of JSON values, or of the matches of Regexp: first, last or random; empty means the list itself, or the first match
	// Rejected extracts it from rejected answers too, where it may be missing.
	Rejected bool `json:"rejected,omitempty"`
}

// Traced returns the indexes of the steps whose attempts have a traceparent.
func (c Config) Traced() (steps []int) {
	for i, request := range c.Requests {
		if request.Trace {
			steps = append(steps, i)
		}
	}
	return steps
}

func (c Config) validate() error {
	if len(c.Requests) != len(c.Journey.Steps) || len(c.Requests) == 0 {
		return fmt.Errorf("loadgen: %d requests for %d steps; each step needs one", len(c.Requests), len(c.Journey.Steps))
	}
	if crowd := (journey.Crowd{Signups: c.Signups, Visitors: c.Visitors}); c.People == 0 || crowd.Numbers() > c.People {
		return errors.New("loadgen: more people arrive than the population has; raise its size")
	}
	if err := c.Journey.Validate(); err != nil {
		return fmt.Errorf("loadgen: %w", err)
	}
	second := c.Connections.HTTP2 || slices.ContainsFunc(c.Requests, func(r Request) bool { return r.GRPC != nil })
	if err := c.Connections.validate(second); err != nil {
		return fmt.Errorf("loadgen: %w", err)
	}
	for name, target := range c.Targets {
		if err := CheckTarget(name, target); err != nil {
			return err
		}
	}
	for i, request := range c.Requests {
		if _, known := c.Targets[request.Target]; !known {
			return fmt.Errorf("loadgen: step %s goes to target %q, which has no URL; give --target %s=URL", c.Journey.Steps[i].Name, request.Target, request.Target)
		}
	}
	return nil
}

// MostConnections returns the most connections that can be open at once if this many people arrive in all. People
// with connections of their own keep them while they think, and people who leave silently leave theirs open.
func (c Config) MostConnections(people int) int {
	most := c.InFlight
	for _, request := range c.Requests {
		if request.Silent {
			most = 2 * c.InFlight
		}
	}
	if !c.Connections.PerPerson {
		return most
	}
	if c.MostPeople > 0 {
		people = min(people, c.MostPeople)
	}
	return max(most, people*len(c.Targets))
}

// Check returns an error if a template of a request is invalid. The URLs of targets need not be known.
func (c Config) Check() error {
	values := maps.Clone(c.RunValues)
	if values == nil {
		values = map[string]string{}
	}
	c.RunValues = values
	if err := c.checkOnce("before", c.Before); err != nil {
		return err
	}
	if _, _, err := compile(c, nil); err != nil {
		return err
	}
	return c.checkOnce("after", c.After)
}

// checkOnce returns an error if a template of steps outside the journey is invalid. It gives names in RunValues to what
// they extract.
func (c Config) checkOnce(when string, steps []Once) error {
	for i, step := range steps {
		one := c
		one.once(step)
		if _, _, err := compile(one, nil); err != nil {
			return OnceFault{when, i, step.Name, errors.Unwrap(err)}
		}
		for name := range step.Request.Extract {
			c.RunValues[name] = ""
		}
	}
	return nil
}

// once makes the configuration that of one request that belongs to no person.
func (c *Config) once(step Once) {
	c.Requests, c.Traits, c.Before, c.After = []Request{step.Request}, nil, nil, nil
	c.Journey = journey.Config{Seed: c.Journey.Seed, Clock: c.Journey.Clock, Steps: []journey.Step{{Name: step.Name, Kind: funnel.Request}}}
	c.impersonal = true
	if !c.Connections.HTTP2 {
		c.Connections.Streams = 0 // it is of the journey's gRPC calls
	}
}

// OnceFault is an error in a request that is sent once.
type OnceFault struct {
	When  string // before or after
	Place int    // among the steps of before or after
	Name  string
	Err   error
}

// Error returns where the step is, its name, and what is wrong.
func (f OnceFault) Error() string { return fmt.Sprintf("%s: step %s: %v", f.When, f.Name, f.Err) }

// Unwrap returns what is wrong.
func (f OnceFault) Unwrap() error { return f.Err }

// lists reports whether the step says what a status means.
func (r Request) lists(status int) bool {
	return slices.ContainsFunc([][]int{r.Completed, r.Declined, r.Rejected, r.Pending}, func(statuses []int) bool { return slices.Contains(statuses, status) })
}

// classify maps an HTTP status to an outcome.
func (r Request) classify(status int) (outcome funnel.Outcome, pending bool) {
	for _, list := range []struct {
		statuses []int
		outcome  funnel.Outcome
	}{{r.Completed, funnel.Completed}, {r.Declined, funnel.Declined}, {r.Rejected, funnel.Rejected}} {
		for _, named := range list.statuses {
			if status == named {
				return list.outcome, false
			}
		}
	}
	for _, named := range r.Pending {
		if status == named {
			return funnel.Completed, true
		}
	}
	return funnel.Failed, false
}
