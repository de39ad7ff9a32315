package scenarios

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// Step is one step of the journey. Request and Expect are its live half, Route is its model half,
// the rest is what a person does. Replay ignores Route, simulation ignores Request.
type Step struct {
	Name     string                `yaml:"name" json:"name"`
	Kind     funnel.StepKind       `yaml:"kind,omitempty" json:"kind,omitempty"` // request (default), await or poll
	Request  *Request              `yaml:"request,omitempty" json:"request,omitempty"`
	Expect   Expect                `yaml:"expect,omitempty" json:"expect,omitempty"`
	Think    workload.Distribution `yaml:"think,omitempty" json:"think,omitempty"`       // scenario time before the step
	Continue *Share                `yaml:"continue,omitempty" json:"continue,omitempty"` // share of those who passed who go on; absent means all
	Timeout  time.Duration         `yaml:"timeout,omitempty" json:"timeout,omitempty"`   // real time; 0 means 10 s
	Patience workload.Distribution `yaml:"patience,omitempty" json:"patience,omitempty"` // real time after which the person leaves a wait
	Leave    string                `yaml:"leave,omitempty" json:"leave,omitempty"`       // how those who lose patience go: close (default) closes the connection, silent tells the service nothing
	Every    workload.Distribution `yaml:"every,omitempty" json:"every,omitempty"`       // await and poll: real time between looks; zero means 1 s
	Retry    Retry                 `yaml:"retry,omitempty" json:"retry,omitempty"`
	Repeat   Repeat                `yaml:"repeat,omitempty" json:"repeat,omitempty"`
	Typo     Typo                  `yaml:"typo,omitempty" json:"typo,omitempty"`
	Route    []Hop                 `yaml:"route,omitempty" json:"route,omitempty"`
	Delay    workload.Distribution `yaml:"delay,omitempty" json:"delay,omitempty"` // time of an exchange beside its route, for the simulation: the network, the client, what the route leaves out
}

// Request is the HTTP request of a step. Texts may hold ${person.NAME}, ${got.NAME}, ${var.NAME},
// ${feeder.NAME.COLUMN}, ${file.NAME}, and ${step.key}, which is the same for all of a person's attempts at a step.
type Request struct {
	Target    string             `yaml:"target" json:"target"`                           // backend, mail, or one of targets
	Method    string             `yaml:"method,omitempty" json:"method,omitempty"`       // GET when empty
	Path      string             `yaml:"path" json:"path"`                               // path and query
	Headers   map[string]string  `yaml:"headers,omitempty" json:"headers,omitempty"`     //
	JSON      any                `yaml:"json,omitempty" json:"json,omitempty"`           // body as JSON; at most one of json, text and multipart
	Text      string             `yaml:"text,omitempty" json:"text,omitempty"`           // body as it is
	Multipart map[string]string  `yaml:"multipart,omitempty" json:"multipart,omitempty"` // body as form data; ${person.photo} and ${file.NAME}, alone, are files
	Extract   map[string]Extract `yaml:"extract,omitempty" json:"extract,omitempty"`     // values kept for later steps as ${got.NAME}
	Look      *Look              `yaml:"look,omitempty" json:"look,omitempty"`           // await and poll: what is sent once the answer was pending; absent means the same again
}

// Look is the request that asks what has become of one that was taken and is worked off later. It has the
// headers of that one and no body. The attempt ends for whoever waits when it is taken.
type Look struct {
	Method string `yaml:"method,omitempty" json:"method,omitempty"` // GET when empty
	Path   string `yaml:"path" json:"path"`                         // path and query
}

// Extract takes one value out of an answer. With JSON and Regexp both given, the expression is
// applied to the value at the path.
type Extract struct {
	JSON   string `yaml:"json,omitempty" json:"json,omitempty"`     // path such as messages.0.body
	Header string `yaml:"header,omitempty" json:"header,omitempty"` // name of a header
	Regexp string `yaml:"regexp,omitempty" json:"regexp,omitempty"` // its first group is taken, or else the whole match
	// Rejected takes it out of rejected answers too, such as a place in a queue; missing is no failure then.
	Rejected bool `yaml:"rejected,omitempty" json:"rejected,omitempty"`
}

// Expect maps HTTP statuses to outcomes; any other status is a failure.
type Expect struct {
	Completed []int `yaml:"completed,omitempty" json:"completed,omitempty"` // 200, 201, 202, 204 when empty
	Declined  []int `yaml:"declined,omitempty" json:"declined,omitempty"`
	Rejected  []int `yaml:"rejected,omitempty" json:"rejected,omitempty"` // 429, 503 when empty
	Pending   []int `yaml:"pending,omitempty" json:"pending,omitempty"`   // await and poll: look again

	Checks []Check `yaml:"checks,omitempty" json:"checks,omitempty"` // what an answer that would complete must hold, or else it is a failure
}

// Check is a condition on an answer: there is a value at the place, and it equals or contains a text.
// Without a place the whole body is looked at.
type Check struct {
	Extract  `yaml:",inline"`
	Equals   string `yaml:"equals,omitempty" json:"equals,omitempty"`
	Contains string `yaml:"contains,omitempty" json:"contains,omitempty"`
}

// Retry says what people do after being rejected, failed or timed out.
type Retry struct {
	Attempts   int                   `yaml:"attempts,omitempty" json:"attempts,omitempty"`       // most attempts in one visit; 0 means 1
	Base       time.Duration         `yaml:"base,omitempty" json:"base,omitempty"`               // real time; doubles with each attempt
	Cap        time.Duration         `yaml:"cap,omitempty" json:"cap,omitempty"`                 // real time
	Jitter     string                `yaml:"jitter,omitempty" json:"jitter,omitempty"`           // full (default) or none
	RetryAfter bool                  `yaml:"retry_after,omitempty" json:"retry_after,omitempty"` // wait at least as long as the answer asked
	Visits     int                   `yaml:"visits,omitempty" json:"visits,omitempty"`           // times a person comes to try, the first included
	Return     workload.Distribution `yaml:"return,omitempty" json:"return,omitempty"`           // scenario time until the next visit
}

// Repeat describes people who send the same thing again although they were answered.
type Repeat struct {
	Share Share                 `yaml:"share,omitempty" json:"share,omitempty"`
	After workload.Distribution `yaml:"after,omitempty" json:"after,omitempty"` // scenario time
}

// Typo describes people whose first attempt holds a typing error.
type Typo struct {
	Share Share                 `yaml:"share,omitempty" json:"share,omitempty"` // of all people
	Trait string                `yaml:"trait,omitempty" json:"trait,omitempty"` // those whom the population gives this trait
	Fix   workload.Distribution `yaml:"fix,omitempty" json:"fix,omitempty"`     // scenario time until they send it right
}

// Hop is one stop on a request's way through the model: exactly one of its names is set.
type Hop struct {
	Station string                `yaml:"station,omitempty" json:"station,omitempty"` // a part of the service
	Work    workload.Distribution `yaml:"work,omitempty" json:"work,omitempty"`       // work at the station; zero means the station's own
	Call    string                `yaml:"call,omitempty" json:"call,omitempty"`       // a dependency, waited for
	Async   string                `yaml:"async,omitempty" json:"async,omitempty"`     // a dependency, not waited for
}
