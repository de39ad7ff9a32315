package scenarios

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// SchemaName is the value of a scenario's first key.
const SchemaName = "ombak.scenario/v1"

// Scenario is one scenario file.
type Scenario struct {
	Schema        string                `yaml:"schema" json:"schema"`                                   // ombak.scenario/v1
	Name          string                `yaml:"name" json:"name"`                                       // lower-case letters, digits and hyphens
	Title         string                `yaml:"title,omitempty" json:"title,omitempty"`                 // one line for people
	Description   string                `yaml:"description,omitempty" json:"description,omitempty"`     // what it teaches, what is measured and what is assumed
	Sources       []string              `yaml:"sources,omitempty" json:"sources,omitempty"`             // where its figures come from
	Story         Story                 `yaml:"story,omitempty" json:"story,omitempty"`                 // the event that the scenario retells
	Published     []Published           `yaml:"published,omitempty" json:"published,omitempty"`         // figures that were published about the event
	Opens         time.Time             `yaml:"opens" json:"opens"`                                     // scenario time 0, from which ages, quotas and turns count
	Seed          uint64                `yaml:"seed" json:"seed"`                                       // root of all randomness: the same seed gives the same people, instants and choices
	Drain         time.Duration         `yaml:"drain,omitempty" json:"drain,omitempty"`                 // real time for which the run goes on after the last arrival; then it ends, and who is under way counts as unfinished; 0 means none
	Population    Population            `yaml:"population,omitempty" json:"population,omitempty"`       // who the people are
	Arrivals      Arrivals              `yaml:"arrivals" json:"arrivals"`                               // when they come
	Targets       map[string]Target     `yaml:"targets,omitempty" json:"targets,omitempty"`             // services to replay against, besides those that a drill starts
	Vars          map[string]Var        `yaml:"vars,omitempty" json:"vars,omitempty"`                   // values given on the command line, masked in all output
	Feeders       map[string]Feeder     `yaml:"feeders,omitempty" json:"feeders,omitempty"`             // files of data for templates
	Files         map[string]File       `yaml:"files,omitempty" json:"files,omitempty"`                 // files that people upload
	Hosts         []string              `yaml:"hosts,omitempty" json:"hosts,omitempty"`                 // hosts to which requests may go, as in api.example.com or *.example.com; empty means all
	Cookies       bool                  `yaml:"cookies,omitempty" json:"cookies,omitempty"`             // people keep the cookies that they are given
	RetryBudget   int                   `yaml:"retry_budget,omitempty" json:"retry_budget,omitempty"`   // most retries of one person over the whole journey: attempts made after one that was rejected, failed or timed out, those of further visits included, whatever becomes of them; it starts full and is never refilled; 0 means no limit
	Journey       []Step                `yaml:"journey,omitempty" json:"journey,omitempty"`             // the steps that people walk in order; with journeys, all of steps
	Steps         []Step                `yaml:"steps,omitempty" json:"steps,omitempty"`                 // the steps of several journeys
	Journeys      []Mix                 `yaml:"journeys,omitempty" json:"journeys,omitempty"`           // the journeys of a file with steps, instead of journey
	Before        []Once                `yaml:"before,omitempty" json:"before,omitempty"`               // requests sent once before a live run; what they extract is ${run.NAME}
	After         []Once                `yaml:"after,omitempty" json:"after,omitempty"`                 // requests sent once after a live run
	Stations      map[string]Station    `yaml:"stations,omitempty" json:"stations,omitempty"`           // parts of the service itself, for the simulation
	Dependencies  map[string]Dependency `yaml:"dependencies,omitempty" json:"dependencies,omitempty"`   // what the service calls: a mock when live, a station when simulated
	Backend       Backend               `yaml:"backend,omitempty" json:"backend,omitempty"`             // settings of the reference backend
	Plans         []Plan                `yaml:"plans,omitempty" json:"plans,omitempty"`                 // named ways to run the scenario; the first is the default
	Interventions []Intervention        `yaml:"interventions,omitempty" json:"interventions,omitempty"` // what somebody does while the run plays
	Play          Play                  `yaml:"play,omitempty" json:"play,omitempty"`                   // flags with which the file is played; the command line overrides them
	Compare       []string              `yaml:"compare,omitempty" json:"compare,omitempty"`             // plans that ombak plan compares by default; empty means all
	Uncertain     []Uncertain           `yaml:"uncertain,omitempty" json:"uncertain,omitempty"`         // inputs that are not known well, for ombak plan --uncertainty
	Search        *Search               `yaml:"search,omitempty" json:"search,omitempty"`               // what may vary to find the cheapest plan, for ombak plan --search
	Cost          Cost                  `yaml:"cost,omitempty" json:"cost,omitempty"`                   // prices by which plans are compared
	Thresholds    []funnel.Threshold    `yaml:"thresholds,omitempty" json:"thresholds,omitempty"`       // what must hold
	Connections   Connections           `yaml:"connections,omitempty" json:"connections,omitempty"`     // how the generator connects to the targets
	Validity      Validity              `yaml:"validity,omitempty" json:"validity,omitempty"`           // limits of the generator; a run beyond them gets no verdict

	source  *source
	tables  map[string]Table  // by name of the feeder
	uploads map[string][]byte // by name in Files
	pem     map[string]string // by name of the file
	plan    string
	both    bool                 // the file has both journey and steps
	replays map[string]recording // by name of the file

	descriptions map[[2]string]description // by the names of the .proto file and of the descriptor set
}

// Population describes the people.
type Population struct {
	Size       uint64           `yaml:"size,omitempty" json:"size,omitempty"`               // people to draw from; 0 means 270 million
	Shares     map[string]Share `yaml:"shares,omitempty" json:"shares,omitempty"`           // share of people with each trait, among those who come; a trait that is not named has none
	Locale     string           `yaml:"locale,omitempty" json:"locale,omitempty"`           // where people live, for their names, phones and e-mail addresses and for what the reference backend writes to them: id is Indonesia, en English-speaking countries, in India; empty means Indonesians to whom it writes in English
	Identity   string           `yaml:"identity,omitempty" json:"identity,omitempty"`       // seed (default): every run has the same people; fresh: each run has e-mail addresses and phone numbers of its own
	PhotoBytes int              `yaml:"photo_bytes,omitempty" json:"photo_bytes,omitempty"` // size of one uploaded photo, 5000 to 2097152; 0 means 20000
}

// The values of Population.Identity.
const (
	IdentitySeed  = "seed"
	IdentityFresh = "fresh"
)

// Target is a service to replay against.
type Target struct {
	URL string `yaml:"url,omitempty" json:"url,omitempty"` // scheme, host and port; may be given as --target NAME=URL
}

// Var is a value given with --var NAME=VALUE.
type Var struct {
	Default string `yaml:"default,omitempty" json:"default,omitempty"` // value if none is given
	Secret  bool   `yaml:"secret,omitempty" json:"secret,omitempty"`   // masked in all output
}

// Station is a part of the service itself, for the simulation.
type Station struct {
	workload.Service `yaml:",inline"`
	Modelled         `yaml:",inline"`
	Batch            *Batch        `yaml:"batch,omitempty" json:"batch,omitempty"`      // a server takes several requests at once; service is then the time of a batch
	Chores           Chores        `yaml:"chores,omitempty" json:"chores,omitempty"`    // work that serves no request, done from time to time in one piece
	Slice            time.Duration `yaml:"slice,omitempty" json:"slice,omitempty"`      // with the discipline sharing: how long a server works on a request before it turns to the one that has waited longest, as schedulers do; 0 means that all are served at the same time
	Idling           float64       `yaml:"idling,omitempty" json:"idling,omitempty"`    // servers' time per second that serves no request (timers, garbage collection); it counts as utilization in ombak validate, and delays nobody; 0 means none
	Together         Together      `yaml:"together,omitempty" json:"together,omitzero"` // work that requests share which come soon after one another
	Opening          Opening       `yaml:"opening,omitempty" json:"opening,omitzero"`   // time that connections to the service take here
	Beside           time.Duration `yaml:"beside,omitempty" json:"beside,omitempty"`    // time of a server that other programs on the same machine take for each request, such as the load generator; it takes servers in pieces of 1 ms or more, for which later requests wait, and is no utilization of the station; 0 means none
}

// Chores is work of a station that serves no request, such as garbage collection or copying a log. The more
// the station works, the more often it does chores, and requests wait for them.
type Chores struct {
	Share Share         `yaml:"share" json:"share"` // share of the station's work, chores included; below 1; a chore is due whenever time · (1/share − 1) of work for requests has been done
	Time  time.Duration `yaml:"time" json:"time"`   // time of one server for each chore
}

// Batch describes group commit at a station.
type Batch struct {
	Rows   int           `yaml:"rows,omitempty" json:"rows,omitempty"`       // most requests of a batch; 0 means backend.batch_rows, or 512
	Age    time.Duration `yaml:"age,omitempty" json:"age,omitempty"`         // how long a batch waits for more requests after a server has taken the first; 0 means backend.batch_age
	Late   time.Duration `yaml:"late,omitempty" json:"late,omitempty"`       // additional wait of a batch, because timers are late; 0 means none
	PerRow time.Duration `yaml:"per_row,omitempty" json:"per_row,omitempty"` // time of the server for each request of a batch, in addition to service, the time of the batch; 0 means none
	Also   Also          `yaml:"also,omitempty" json:"also,omitempty"`       // work that a batch causes at another station meanwhile
}

// Also is work that a batch causes at another station of the service.
type Also struct {
	Station string        `yaml:"station" json:"station"`               // name of the other station
	Time    time.Duration `yaml:"time" json:"time"`                     // time of one server there, for which nobody waits
	Rows    bool          `yaml:"rows,omitempty" json:"rows,omitempty"` // per_row is done there too, and the batch waits for it
}

// Dependency is a service that the service calls. It is described once, for live runs and simulations.
type Dependency struct {
	Kind             string `yaml:"kind" json:"kind"` // dukcapil, dapodik, dtks, mail, sms or generic
	workload.Service `yaml:",inline"`
	Modelled         `yaml:",inline"`
	Delivery         workload.Distribution `yaml:"delivery,omitempty" json:"delivery,omitempty"`       // mail and sms: time from acceptance to arrival, drawn for each message; zero means none
	Loss             Share                 `yaml:"loss,omitempty" json:"loss,omitempty"`               // sms: share of messages that are accepted and never arrive; 0 means none
	PerNumber        workload.Rate         `yaml:"per_number,omitempty" json:"per_number,omitempty"`   // sms: most messages to one number; 0 means no limit
	Connections      int                   `yaml:"connections,omitempty" json:"connections,omitempty"` // most open connections, or calls under way in a simulation; 0 means no limit
	WarmUp           WarmUp                `yaml:"warm_up,omitempty" json:"warm_up,omitempty"`         // how it recovers after an outage
	Routes           []Answer              `yaml:"routes,omitempty" json:"routes,omitempty"`           // generic: its answers; the first that matches a request is sent
	Proto            string                `yaml:"proto,omitempty" json:"proto,omitempty"`             // generic: a .proto file next to the scenario; it then answers gRPC instead of HTTP, by routes such as /shop.Orders/Place
	Descriptor       string                `yaml:"descriptor,omitempty" json:"descriptor,omitempty"`   // generic: a descriptor set instead of proto
	Calls            []Onward              `yaml:"calls,omitempty" json:"calls,omitempty"`             // generic: calls of other dependencies that it makes, one after another, before it answers
	Replay           string                `yaml:"replay,omitempty" json:"replay,omitempty"`           // generic: file of recorded answers next to the scenario, used after the routes
	Faults           []Fault               `yaml:"faults,omitempty" json:"faults,omitempty"`           // its scheduled faults

	recorded    []Answer
	description description
}

// Description returns the .proto files by name, or the descriptor set, of a dependency that answers gRPC.
func (d Dependency) Description() (protos map[string]string, descriptor []byte) {
	return d.description.protos, d.description.descriptor
}

// WarmUp describes how a dependency recovers after an outage.
type WarmUp struct {
	For  time.Duration `yaml:"for,omitempty" json:"for,omitempty"`   // scenario time after an outage until full capacity, which rises in a straight line; 0 means at once
	From Share         `yaml:"from,omitempty" json:"from,omitempty"` // share of the capacity right after the outage; 0 means none
}

// Answer is the answer of a generic dependency to one kind of request.
type Answer struct {
	Method  string            `yaml:"method,omitempty" json:"method,omitempty"`   // empty means any
	Path    string            `yaml:"path" json:"path"`                           // may contain {name}, and end in * for any rest
	Query   string            `yaml:"query,omitempty" json:"query,omitempty"`     // as written in the URL; empty means any
	Status  int               `yaml:"status,omitempty" json:"status,omitempty"`   // 0 means 200
	Headers map[string]string `yaml:"headers,omitempty" json:"headers,omitempty"` // of the answer
	Body    string            `yaml:"body,omitempty" json:"body,omitempty"`       // may contain ${path.NAME}, ${query.NAME}, ${body}, ${now}, ${number}
	Code    string            `yaml:"code,omitempty" json:"code,omitempty"`       // gRPC: name of the status code; empty means OK
	Stock   *Stock            `yaml:"stock,omitempty" json:"stock,omitempty"`     // what the answer uses up; absent means nothing
}

// Fault is a scheduled fault of a dependency.
type Fault struct {
	Fault       string         `yaml:"fault" json:"fault"`                                 // a kind of fault, or the name of a set
	At          time.Duration  `yaml:"at" json:"at"`                                       // scenario time of its start
	For         time.Duration  `yaml:"for" json:"for"`                                     // scenario time for which it lasts
	Ramp        time.Duration  `yaml:"ramp,omitempty" json:"ramp,omitempty"`               // scenario time from its start until its full strength; 0 means at once
	Probability Share          `yaml:"probability,omitempty" json:"probability,omitempty"` // share of requests affected; 0 means all
	With        map[string]any `yaml:"with,omitempty" json:"with,omitempty"`               // settings of the fault
}

// Description returns the fault as package fault reads it.
func (f Fault) Description() fault.Description {
	return fault.Description{Fault: f.Fault, At: f.At, For: f.For, Ramp: f.Ramp, Probability: float64(f.Probability), With: f.With}
}

// Backend holds the settings of the reference backend.
type Backend struct {
	BatchRows       int                      `yaml:"batch_rows,omitempty" json:"batch_rows,omitempty"`             // most rows of one group commit; 0 means 512
	BatchAge        time.Duration            `yaml:"batch_age,omitempty" json:"batch_age,omitempty"`               // longest time for which a row waits for others; 0 means 2 ms
	Durability      string                   `yaml:"durability,omitempty" json:"durability,omitempty"`             // group-fsync (default): each batch is on disk before its answers; per-request-fsync: each row is; async, which is unsafe: answers do not wait for the disk
	Quota           int                      `yaml:"quota,omitempty" json:"quota,omitempty"`                       // places in the current batch of the programme (gelombang); 0 means no limit
	Stocks          map[string]int           `yaml:"stocks,omitempty" json:"stocks,omitempty"`                     // by name: how many there are of what people book, each person one; a step books with book
	Guests          bool                     `yaml:"guests,omitempty" json:"guests,omitempty"`                     // people may book without a session, by name, email and phone
	Proof           string                   `yaml:"proof,omitempty" json:"proof,omitempty"`                       // what carries the code of a sign-up: mail (default), with a link; sms, which proves the phone
	Passwords       string                   `yaml:"passwords,omitempty" json:"passwords,omitempty"`               // empty (none), at-signup or after-verify: argon2id with the minimum parameters of OWASP
	PasswordSlots   int                      `yaml:"password_slots,omitempty" json:"password_slots,omitempty"`     // passwords hashed at once; 0 means one for each core
	QueuedIdentity  bool                     `yaml:"queued_identity,omitempty" json:"queued_identity,omitempty"`   // accept an identity at once and ask the registry later
	TestDelay       time.Duration            `yaml:"test_delay,omitempty" json:"test_delay,omitempty"`             // real time from submitting the motivation test to its score; 0 means none
	Required        []string                 `yaml:"required,omitempty" json:"required,omitempty"`                 // which of profile, photo, otp, statement, test are required to join; empty means none
	LinkTTL         time.Duration            `yaml:"link_ttl,omitempty" json:"link_ttl,omitempty"`                 // real time for which an e-mailed link is valid; 0 means 24 h
	MailConnections int                      `yaml:"mail_connections,omitempty" json:"mail_connections,omitempty"` // SMTP connections kept open, each for one message at a time; 0 means 4
	SMSConnections  int                      `yaml:"sms_connections,omitempty" json:"sms_connections,omitempty"`   // connections to the SMS gateway, each for one message at a time; --scale-system scales them; 0 means 4, not scaled
	CallTimeouts    map[string]time.Duration `yaml:"call_timeouts,omitempty" json:"call_timeouts,omitempty"`       // by dependency: real time after which the service gives a call up, though the dependency works on; a dependency that is not named has 10 s
}
