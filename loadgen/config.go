package loadgen

import (
	"errors"
	"fmt"
	"net/url"
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
	Visitors    workload.Arrivals   `json:"visitors"` // people who take the first step and go
	Seed        workload.Seed       `json:"seed"`
	People      uint64              `json:"people"` // size of the population that people are drawn from
	Opens       time.Time           `json:"opens"`
	Shares      population.Shares   `json:"shares"`
	PhotoBytes  int                 `json:"photo_bytes"`
	Requests    []Request           `json:"requests"` // one for each step of the journey
	Targets     map[string]string   `json:"targets"`  // name → URL of scheme, host and port
	Vars        map[string]string   `json:"vars"`     // values for ${var.NAME}
	Feeders     map[string]Feeder   `json:"feeders,omitempty"`
	Files       map[string]File     `json:"files,omitempty"`
	Cookies     bool                `json:"cookies,omitempty"` // people keep the cookies they are given
	Until       time.Duration       `json:"until"`             // real time after which the run ends
	Shards      int                 `json:"shards"`            // 0 means 1
	InFlight    int                 `json:"in_flight"`         // most requests under way at once, over all shards; 0 means 1024
	Connections Connections         `json:"connections,omitzero"`
	MostPeople  int                 `json:"most_people,omitempty"` // people under way at once; the rest are shed and counted; 0 means no cap
	Warm        int                 `json:"warm,omitempty"`        // connections to each target that are opened before the first person comes
	Closed      int                 `json:"closed,omitempty"`      // a closed loop: so many people under way at all times, instead of the arrivals; 0 means the arrivals
	ClosedFor   time.Duration       `json:"closed_for,omitempty"`  // real time after which nobody new begins
	Part        int                 `json:"part"`                  // this generator's part, counting from 0
	Parts       int                 `json:"parts"`                 // how many generators share the run; 0 means 1
	Traits      []population.Traits `json:"typo_traits"`           // per step: people whose first attempt holds a typing error
}

// Request is the HTTP half of a step. Texts are templates, see [parseTemplate].
type Request struct {
	Target    string             `json:"target"`
	Method    string             `json:"method"`
	Path      string             `json:"path"`
	Headers   map[string]string  `json:"headers,omitempty"`
	JSON      string             `json:"json,omitempty"`      // a JSON text; values are escaped for JSON strings
	Text      string             `json:"text,omitempty"`      // a body as it is
	Multipart map[string]string  `json:"multipart,omitempty"` // form fields; ${person.photo} and ${file.NAME}, alone, become files
	Extract   map[string]Extract `json:"extract,omitempty"`
	Completed []int              `json:"completed"`
	Declined  []int              `json:"declined,omitempty"`
	Rejected  []int              `json:"rejected,omitempty"`
	Pending   []int              `json:"pending,omitempty"`
	Checks    []Check            `json:"checks,omitempty"` // what an answer with a status of Completed must hold; else the attempt failed
	Look      *Look              `json:"look,omitempty"`   // what is sent once the answer was pending; nil means the same again
	Silent    bool               `json:"silent,omitempty"` // people who leave do not close the connection: the service is not told
}

// Look is the request that asks what has become of one that was taken. The attempt's answer is the one that
// took it.
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

// Check is a condition on an answer: there is a value at the place, and it equals or contains a text.
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
	// Rejected takes it out of rejected answers too, and does not mind where it is missing.
	Rejected bool `json:"rejected,omitempty"`
}

func (c Config) validate() error {
	if len(c.Requests) != len(c.Journey.Steps) || len(c.Requests) == 0 {
		return fmt.Errorf("loadgen: %d requests for %d steps; each step needs one", len(c.Requests), len(c.Journey.Steps))
	}
	if c.People == 0 || uint64(c.Signups.Total()+c.Visitors.Total()) > c.People {
		return errors.New("loadgen: more people arrive than the population has; raise its size")
	}
	if err := c.Connections.validate(); err != nil {
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

// MostConnections returns how many connections may be open at once when so many people arrive in all.
// Where each person has their own, those who think keep theirs; people who leave silently leave
// theirs behind.
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

// Check reports whether the texts of all requests can be rendered; addresses of targets need not be known.
func (c Config) Check() error {
	_, _, err := compile(c, nil)
	return err
}

// CheckTarget reports whether a URL names a service: scheme, host and port.
func CheckTarget(name, target string) error {
	parsed, err := url.Parse(target)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("target %s has the URL %q; write for example http://127.0.0.1:8080", name, target)
	}
	return nil
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
