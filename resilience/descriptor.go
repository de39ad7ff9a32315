package resilience

import (
	"slices"
	"strings"
	"time"
)

// Site is a kind of place that a policy may stand at.
type Site string

// The sites.
const (
	AtEntry   Site = "entry"   // every request
	AtStep    Site = "step"    // the requests of one step
	AtCall    Site = "call"    // the calls of one dependency
	AtStation Site = "station" // a part of the service
)

// Descriptor says everything about a policy that depends on the policy alone: scenarios checks a file by it,
// setup refuses by it what cannot run live, and the simulator and the backend build the policy from it.
type Descriptor struct {
	Name    string
	Does    string   // in a sentence
	Source  string   // who described it
	Places  []Site   // where it may stand
	Live    []Site   // those of them where a live run has it
	Needs   []string // keys of [Settings] that must be there
	Takes   []string // keys that may be there
	AtCall  []string // of those, the ones that count at a call only
	Scales  []string // of all keys, the ones that --scale-system multiplies
	Default func(Settings) Settings
	Config  func(Settings) Config // of settings that are complete; its type says what kind of policy it is

	// What follows is about a [Filter].
	Asks         Facts  // what it must know of who asks; a live run knows a person by a session, a birth date by an identity
	ScenarioTime bool   // its time is the scenario's, since the opening, instead of real time since the start
	Code         string // of the answer to whoever it turns away, as in too_many_requests
	Message      string // the same for people
}

// Keys returns the settings that the policy needs, then those that it takes.
func (d Descriptor) Keys() []string { return slices.Concat(d.Needs, d.Takes) }

// Config describes one policy. Its further methods say of which kind it is:
//
//	gate         Gated         lets requests wait for a place
//	filter       Filtering     says yes or no at once, in front of the service
//	guard        Guarding      stops calls of a dependency
//	repeats      Repeating     repeats calls that failed
//	station      Steering      adds and removes servers
//	room         RoomConfig    gives people places in a waiting room
//	cache        CacheConfig   keeps the answers of calls
//	deferred     DeferConfig   a gate of calls whose end nobody waits for
//	journey      PutOffConfig  puts a step off
//
// Each of the last four is alone in its kind. Do not embed another policy's Config: its methods would make the
// policy one of that kind too.
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

// Filter says yes, or no and how long to wait. Of whom it knows what its descriptor asks for.
type Filter interface {
	Allow(now time.Duration, whom Asker) (wait time.Duration, ok bool)
}

// Guarding policies stop calls of a dependency.
type Guarding interface {
	Config
	Guard() Guard
}

// Guard reports whether a call may be made, or else how long to wait, and is told how each went that it allowed.
type Guard interface {
	Allow(now time.Duration) (epoch Epoch, wait time.Duration, ok bool)
	Done(now time.Duration, epoch Epoch, ok bool)
}

// Repeating policies repeat calls that failed.
type Repeating interface {
	Config
	Repeater() Repeater
}

// Repeater counts first calls. After so many failed calls for one request, Again reports whether there is another,
// and after what pause; told is how long the last one was told to wait.
type Repeater interface {
	First()
	Again(calls int, told time.Duration) (pause time.Duration, ok bool)
}

// Steering policies say how many servers a station has.
type Steering interface {
	Config
	Steer() (Looks, Steerer)
}

// Looks says when a [Steerer] looks at a station, and at what.
type Looks struct {
	Metric Metric        `json:"metric"`
	Every  time.Duration `json:"every"` // between two looks
	Boot   time.Duration `json:"boot"`  // from the decision until a new server works
}

// Steerer takes the mean metric per server since the last look, the number of servers and the number wanted so
// far, those that still boot included, and returns how many there should be.
type Steerer interface {
	Look(now time.Duration, metric float64, servers, wanted int) int
}

// Facts are things to know of who asks a [Filter].
type Facts uint8

// The facts.
const (
	AsksPerson     Facts = 1 << iota // who it is
	AsksAttempt                      // how often the person has tried this step
	AsksBirthMonth                   // when the person was born
)

// Has reports whether all of the others are among the facts.
func (f Facts) Has(others Facts) bool { return f&others == others }

// Asker is who asks a [Filter]. What its descriptor does not ask for may be left out.
type Asker struct {
	Person     uint64 // the same for all requests of one person
	Attempt    int    // at this step, from 1
	BirthMonth time.Month
}

func words(text string) []string { return strings.Fields(text) }

// The places of policies that may stand at several.
func anywhere() []Site       { return []Site{AtEntry, AtStep, AtCall} }
func doors() []Site          { return []Site{AtEntry, AtStep} }
func only(place Site) []Site { return []Site{place} }
