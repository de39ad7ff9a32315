package scenarios

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// Step is one step of the journey. Request and Expect are its live half, Route is its model half, and the
// rest is what a person does. A replay ignores Route, a simulation ignores Request.
type Step struct {
	Name     string                `yaml:"name" json:"name"`                             // unique, and nameable in thresholds
	Kind     funnel.StepKind       `yaml:"kind,omitempty" json:"kind,omitempty"`         // request (default), await or poll
	Request  *Request              `yaml:"request,omitempty" json:"request,omitempty"`   // what is sent in a live run
	Expect   Expect                `yaml:"expect,omitempty" json:"expect,omitempty"`     // what its answers mean
	Book     string                `yaml:"book,omitempty" json:"book,omitempty"`         // the stock of backend.stocks of which the step books one, live and simulated; without any left it is declined; a person who has booked keeps the booking; empty means none
	Think    Think                 `yaml:"think,omitempty" json:"think,omitempty"`       // scenario time from the end of the step before to this one; before the step of arrivals.step, it lies back from the scheduled instant; zero means none
	Optional *Share                `yaml:"optional,omitempty" json:"optional,omitempty"` // share of those who come to the step who do it, drawn anew each time; the rest skip it; absent means all
	Once     string                `yaml:"once,omitempty" json:"once,omitempty"`         // person: a person does the step once, and skips it after that
	Next     []Branch              `yaml:"next,omitempty" json:"next,omitempty"`         // where people go on; those whom no branch takes go to the next step of their journey
	Loop     *Loop                 `yaml:"loop,omitempty" json:"loop,omitempty"`         // goes back to an earlier step
	Group    string                `yaml:"group,omitempty" json:"group,omitempty"`       // steps that belong together, for the report
	Tags     map[string]string     `yaml:"tags,omitempty" json:"tags,omitempty"`         // fields of the step in the report
	Continue *Share                `yaml:"continue,omitempty" json:"continue,omitempty"` // share of those who passed who go on, drawn for each person; absent means all
	Timeout  time.Duration         `yaml:"timeout,omitempty" json:"timeout,omitempty"`   // real time from sending an attempt, after which the client gives up; 0 means 10 s
	Patience workload.Distribution `yaml:"patience,omitempty" json:"patience,omitempty"` // real time from sending to the answer, drawn for each attempt, after which the person leaves and does not try again; zero means for ever; required with kind await and poll
	Leave    string                `yaml:"leave,omitempty" json:"leave,omitempty"`       // how a person leaves: close (default) closes the connection, so that a request which waits is withdrawn and one in service is finished for nobody; silent does not tell the service, which works on
	Every    workload.Distribution `yaml:"every,omitempty" json:"every,omitempty"`       // await and poll: real time between two polls, drawn once for each attempt; zero means 1 s
	Retry    Retry                 `yaml:"retry,omitempty" json:"retry,omitempty"`       // what people do after an attempt that was rejected, failed or timed out; after a declined or abandoned one, nobody tries again
	Repeat   Repeat                `yaml:"repeat,omitempty" json:"repeat,omitempty"`     // people who send the same request again although it was answered
	Typo     Typo                  `yaml:"typo,omitempty" json:"typo,omitempty"`         // people whose first attempt contains a typing error, is declined, and is sent again corrected, whatever retry allows
	Route    []Hop                 `yaml:"route,omitempty" json:"route,omitempty"`       // stops of the request in a simulation, in order; the answer comes after the last
	Priority *int                  `yaml:"priority,omitempty" json:"priority,omitempty"` // simulation: at stations and dependencies with the discipline priority or preemptive, requests of a smaller number are served first: 0 to 9; absent means 0 past the step of arrivals.step, and 1 up to it
	Delay    workload.Distribution `yaml:"delay,omitempty" json:"delay,omitempty"`       // time of an exchange in a simulation besides its route: the network, the client, and what the route leaves out; drawn for each attempt, before the request; zero means none
}

// Once is a request that is sent once, before or after a live run, outside the funnel. It belongs to no person.
type Once struct {
	Name     string          `yaml:"name" json:"name"`                             // unique among these steps
	Kind     funnel.StepKind `yaml:"kind,omitempty" json:"kind,omitempty"`         // request (default) or poll
	Request  *Request        `yaml:"request" json:"request"`                       // what is sent
	Expect   Expect          `yaml:"expect,omitempty" json:"expect,omitempty"`     // what its answers mean
	Timeout  time.Duration   `yaml:"timeout,omitempty" json:"timeout,omitempty"`   // of each attempt; 0 means 10 s
	Attempts int             `yaml:"attempts,omitempty" json:"attempts,omitempty"` // most attempts, the first included, until one completes; 0 means 1
	Pause    time.Duration   `yaml:"pause,omitempty" json:"pause,omitempty"`       // real time before the second attempt; doubles with each further one, without jitter; 0 means 1 s
	Every    time.Duration   `yaml:"every,omitempty" json:"every,omitempty"`       // poll: time between two polls; 0 means 1 s
	Patience time.Duration   `yaml:"patience,omitempty" json:"patience,omitempty"` // poll: time after which the step has failed
}

// Request is the HTTP request of a step. Texts may contain ${person.NAME}, ${got.NAME}, ${var.NAME},
// ${feeder.NAME.COLUMN}, ${file.NAME}, and ${step.key}, which is the same for all attempts of a person at a
// step.
type Request struct {
	Target    string             `yaml:"target" json:"target"`                           // backend, mail, or one of targets
	Method    string             `yaml:"method,omitempty" json:"method,omitempty"`       // empty means GET
	Path      string             `yaml:"path,omitempty" json:"path,omitempty"`           // path and query, or a link that an answer gave, as in ${got.link}
	Headers   map[string]string  `yaml:"headers,omitempty" json:"headers,omitempty"`     // by name; values may hold templates
	JSON      any                `yaml:"json,omitempty" json:"json,omitempty"`           // body as JSON; at most one of json, text and multipart
	Text      string             `yaml:"text,omitempty" json:"text,omitempty"`           // body as plain text
	Multipart map[string]string  `yaml:"multipart,omitempty" json:"multipart,omitempty"` // body as form data; a value that is only ${person.photo} or ${file.NAME} is sent as a file
	Extract   map[string]Extract `yaml:"extract,omitempty" json:"extract,omitempty"`     // values kept for later steps as ${got.NAME}
	Redirects int                `yaml:"redirects,omitempty" json:"redirects,omitempty"` // most redirects to follow, to targets of the scenario only; 0 means none: a redirect is then an answer like any other
	Trace     bool               `yaml:"trace,omitempty" json:"trace,omitempty"`         // each attempt has a traceparent header of its own, and the report names the traces of the ten slowest
	GRPC      *GRPC              `yaml:"grpc,omitempty" json:"grpc,omitempty"`           // a gRPC call instead of an HTTP request; headers become metadata
	WebSocket *WebSocket         `yaml:"websocket,omitempty" json:"websocket,omitempty"` // an action on the person's WebSocket to the target, instead of an HTTP request
	Look      *Look              `yaml:"look,omitempty" json:"look,omitempty"`           // await and poll: the request to send after a pending answer; absent means the same request again
}

// Look is the request that polls for the outcome of a request that was accepted to be worked off later. It
// has the headers of that request and no body. The attempt of a person who waits ends when it is accepted.
type Look struct {
	Method string `yaml:"method,omitempty" json:"method,omitempty"` // empty means GET
	Path   string `yaml:"path" json:"path"`                         // path and query
}

// Extract takes one value from an answer. If both JSON and Regexp are given, the expression is applied to the
// value at the path.
type Extract struct {
	JSON   string `yaml:"json,omitempty" json:"json,omitempty"`     // path such as messages.0.body
	Header string `yaml:"header,omitempty" json:"header,omitempty"` // name of a header
	Regexp string `yaml:"regexp,omitempty" json:"regexp,omitempty"` // takes the first group, or else the whole match
	Pick   string `yaml:"pick,omitempty" json:"pick,omitempty"`     // of several values at the path, or several matches: first, last or random
	// Rejected also takes the value from rejected answers, such as a place in a queue. A missing value is
	// then not a failure.
	Rejected bool `yaml:"rejected,omitempty" json:"rejected,omitempty"`
}

// Expect maps HTTP statuses, or the codes of gRPC calls, to outcomes. Any other status is a failure.
type Expect struct {
	Completed []Status `yaml:"completed,omitempty" json:"completed,omitempty"` // empty means 200, 201, 202, 204, or OK
	Declined  []Status `yaml:"declined,omitempty" json:"declined,omitempty"`   // statuses that are a correct no, such as a wrong number
	Rejected  []Status `yaml:"rejected,omitempty" json:"rejected,omitempty"`   // empty means 429, 503, or RESOURCE_EXHAUSTED, UNAVAILABLE
	Pending   []Status `yaml:"pending,omitempty" json:"pending,omitempty"`     // await and poll: poll again

	Checks []Check `yaml:"checks,omitempty" json:"checks,omitempty"` // conditions on an answer that would complete; it fails if one is not met
}

// Check is a condition on an answer: a value exists at the given place, and equals or contains a text.
// Without a place the check applies to the whole body.
type Check struct {
	Extract  `yaml:",inline"`
	Equals   string `yaml:"equals,omitempty" json:"equals,omitempty"`     // text that the value equals
	Contains string `yaml:"contains,omitempty" json:"contains,omitempty"` // text that the value contains
}

// Retry describes what people do after an attempt was rejected, failed or timed out.
type Retry struct {
	Attempts   int                   `yaml:"attempts,omitempty" json:"attempts,omitempty"`       // most attempts in one visit, the first included; one that was rejected, or that held a typing error, costs one like any other; 0 means 1
	Base       time.Duration         `yaml:"base,omitempty" json:"base,omitempty"`               // real time; after attempt n of a visit that did not complete, a person pauses for u · min(cap, base · 2^(n − 1)), where u is drawn evenly from 0 to 1 with jitter full, and is 1 with jitter none; 0 means no pause
	Cap        time.Duration         `yaml:"cap,omitempty" json:"cap,omitempty"`                 // real time; upper bound of base · 2^(n − 1); 0 means no bound
	Jitter     string                `yaml:"jitter,omitempty" json:"jitter,omitempty"`           // full (default) draws each pause evenly from 0 to its full length; none takes the full length
	RetryAfter bool                  `yaml:"retry_after,omitempty" json:"retry_after,omitempty"` // the pause is at least as long as the Retry-After of the answer; false (default)
	Visits     int                   `yaml:"visits,omitempty" json:"visits,omitempty"`           // visits in which a person tries the step, the first included; a visit ends with its last attempt, and if that did not complete, the person comes back for the next; 0 means 1, or 300 with interest
	Interest   Share                 `yaml:"interest,omitempty" json:"interest,omitempty"`       // share of people who, after each visit that did not complete, still want to and come back for the next, up to visits; drawn anew each time; 0 means that everybody comes back
	Return     workload.Distribution `yaml:"return,omitempty" json:"return,omitempty"`           // scenario time from the end of a visit to the next, drawn for each
}

// Repeat describes people who send the same request again although it was answered.
type Repeat struct {
	Share Share                 `yaml:"share,omitempty" json:"share,omitempty"` // share of people who send the request once more after an attempt that completed, whatever retry allows; the report counts it as a retry; 0 means none
	After workload.Distribution `yaml:"after,omitempty" json:"after,omitempty"` // scenario time from the answer to the repeated request
}

// Typo describes people whose first attempt contains a typing error.
type Typo struct {
	Share Share                 `yaml:"share,omitempty" json:"share,omitempty"` // share of all people, drawn from the seed; 0 means none
	Trait string                `yaml:"trait,omitempty" json:"trait,omitempty"` // the people with this trait of the population
	Fix   workload.Distribution `yaml:"fix,omitempty" json:"fix,omitempty"`     // scenario time from the answer until they send the corrected form; zero means none
}

// Hop is one stop on a request's route through the model. Exactly one of station, call, async and wait is set.
type Hop struct {
	Station string                `yaml:"station,omitempty" json:"station,omitempty"` // a part of the service
	Work    workload.Distribution `yaml:"work,omitempty" json:"work,omitempty"`       // work at the station, drawn for each request; zero means the time that the station itself gives as service
	Call    string                `yaml:"call,omitempty" json:"call,omitempty"`       // a dependency that the request waits for; a call that fails, is refused or takes longer than backend.call_timeouts is answered 503 to the person
	Async   string                `yaml:"async,omitempty" json:"async,omitempty"`     // a dependency that the request does not wait for; policies at call:DEPENDENCY do not apply, and work that it does not accept is handed over again after 1 s, doubling up to 5 min, at most 20 times in all
	Wait    workload.Distribution `yaml:"wait,omitempty" json:"wait,omitempty"`       // time that a request spends in the service at no station, such as on a disk or a lock, drawn for each request; it takes no server, and policies at the entry and the step count the request meanwhile
	Answer  string                `yaml:"answer,omitempty" json:"answer,omitempty"`   // call and async: path of the dependency's route that answers, whose stock is used up; needed only if the dependency has a stock and several routes
}
