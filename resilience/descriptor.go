package resilience

import (
	"slices"
	"strings"
	"time"
)

// Site is a kind of place where a policy may be.
type Site string

// The sites.
const (
	AtEntry   Site = "entry"   // every request
	AtStep    Site = "step"    // the requests of one step
	AtCall    Site = "call"    // the calls of one dependency
	AtStation Site = "station" // a part of the service
)

// Descriptor describes a policy. Package scenarios checks files with it, setup refuses what cannot run live,
// and the simulator and the backend build the policy from it.
type Descriptor struct {
	Name     string
	Formerly string   // another name that scenarios may use for it; empty if there is none
	Does     string   // one sentence
	Source   string   // its publication
	Places   []Site   // where it may be
	Live     []Site   // places where it works in a live run
	Needs    []string // required keys of [Settings]
	Takes    []string // optional keys
	AtCall   []string // optional keys that count only at a call
	Scales   []string // keys that --scale-system multiplies
	Changes  Changes  // while a run plays
	Default  func(Settings) Settings
	Config   func(Settings) Config // builds the configuration from complete settings; its type is the kind of policy

	// The fields below are about a [Filter].
	Asks         Facts  // what it must know of a request; a live run knows the person from a session, and the birth date from an identity
	ScenarioTime bool   // its time is scenario time since the opening, instead of real time since the start
	Code         string // code in the answer to a rejected request, as in too_many_requests
	Message      string // message in that answer, for people
}

// Keys returns the required settings, followed by the optional ones.
func (d Descriptor) Keys() []string { return slices.Concat(d.Needs, d.Takes) }

// Config describes one policy. Its further methods determine the kind of policy:
//
//	gate         Gated         lets requests wait for a place
//	filter       Filtering     decides at once, in front of the service
//	guard        Guarding      stops calls of a dependency
//	repeats      Repeating     repeats calls that failed
//	station      Steering      adds and removes servers
//	room         RoomConfig    gives people places in a waiting room
//	cache        CacheConfig   keeps the answers of calls
//	hits         HitConfig     answers requests instead of a station
//	deferred     DeferConfig   is a gate of calls for whose end nobody waits
//	journey      PutOffConfig  puts a step off
//
// Each of the last five is the only policy of its kind. Do not embed another policy's Config: its methods
// would make the policy one of that kind too.
type Config interface {
	Validate() error
}

// Gated policies let requests wait for a place.
type Gated interface {
	Config
	Gate() GateConfig
}

// Filtering policies decide at once about a request in front of the service.
type Filtering interface {
	Config
	Filter() Filter
}

// Filter allows a request, or returns how long to wait. It knows of the asker what its descriptor asks for.
type Filter interface {
	Allow(now time.Duration, whom Asker) (wait time.Duration, ok bool)
}

// Guarding policies stop calls of a dependency.
type Guarding interface {
	Config
	Guard() Guard
}

// Guard decides whether a call may be made, or returns how long to wait. Every allowed call must be reported
// back to it.
type Guard interface {
	Allow(now time.Duration) (epoch Epoch, wait time.Duration, ok bool)
	Done(now time.Duration, epoch Epoch, ok bool)
}

// Repeating policies repeat calls that failed.
type Repeating interface {
	Config
	Repeater() Repeater
}

// Repeater counts first calls. Again takes the number of failed calls for one request. It reports whether to
// make another call, and after what pause. Told is the wait that the last answer asked for.
type Repeater interface {
	First()
	Again(calls int, told time.Duration) (pause time.Duration, ok bool)
}

// Steering policies decide how many servers a station has.
type Steering interface {
	Config
	Steer() (Looks, Steerer)
}

// Looks defines when a [Steerer] looks at a station, and at which metric.
type Looks struct {
	Metric Metric        `json:"metric"`
	Every  time.Duration `json:"every"` // time between two looks
	Boot   time.Duration `json:"boot"`  // time from the decision until a new server works
}

// Steerer returns how many servers there should be. It takes the mean metric per server since the last look,
// the number of servers, and the number wanted so far, which includes servers that still boot.
type Steerer interface {
	Look(now time.Duration, metric float64, servers, wanted int) int
}

// Facts are the things that a [Filter] must know of an asker.
type Facts uint8

// The facts.
const (
	AsksPerson     Facts = 1 << iota // the person
	AsksAttempt                      // how often the person has tried this step
	AsksBirthMonth                   // the month in which the person was born
)

// Has reports whether the facts include all others.
func (f Facts) Has(others Facts) bool { return f&others == others }

// Asker describes who sends a request to a [Filter]. What the filter's descriptor does not ask for may be
// zero.
type Asker struct {
	Person     uint64 // the same for all requests of one person
	Attempt    int    // at this step, from 1
	BirthMonth time.Month
}

func words(text string) []string { return strings.Fields(text) }

// The places of policies that may be at several.
func anywhere() []Site       { return []Site{AtEntry, AtStep, AtCall} }
func doors() []Site          { return []Site{AtEntry, AtStep} }
func only(place Site) []Site { return []Site{place} }
