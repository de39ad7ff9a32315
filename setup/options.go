package setup

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// ErrRefused marks what the user asked for but cannot have: a wrong flag, plan or scenario.
var ErrRefused = errors.New("refused")

// Refuse returns an ErrRefused with a reason.
func Refuse(format string, arguments ...any) error { return Refused(fmt.Errorf(format, arguments...)) }

// Refused marks an error as ErrRefused.
func Refused(err error) error { return refusal{err} }

type refusal struct{ error }

func (refusal) Is(target error) bool { return target == ErrRefused }
func (r refusal) Unwrap() error      { return r.error }

// MostScale is the largest factor on the people who come.
const MostScale = 1000

// Options change how a scenario is run. The zero value of each option leaves the scenario as it is.
type Options struct {
	Plan        string
	Seed        *uint64
	Scale       float64       // factor on the people who come; those who come at a smaller scale are the same
	ScaleSystem float64       // factor on servers, rates, quotas and limits
	Speed       float64       // scenario seconds per real second
	MaxRate     workload.Rate // fast-forward: most sign-ups per second
	MaxWork     workload.Rate // fast-forward: most work, in average sign-ups per second; 0 means MaxRate
	From, To    time.Duration // the part of the scenario to play; To 0 means its end
	Rate        workload.Rate // a constant rate of sign-ups instead of the scenario's arrivals
	For         time.Duration // how long Rate is offered
	Thresholds  []string      // further conditions that must hold
	Targets     map[string]string
	Vars        map[string]string
	Closed      int               // people kept under way at all times, instead of the arrivals
	ConnectTo   map[string]string // host:port of a target → host:port to connect to instead
	Proxy       loadgen.Proxy     // through which targets are reached; those on loopback never are
	Watch       map[string]string // processes of the target: name → process id, or URL of Prometheus metrics
	Portable    bool              // use the generator's portable wire
	KeyLog      string            // file that the secrets of TLS connections are appended to, for debugging
	RunID       string            // value of ${run.id}; part of idempotency keys and of fresh identities
	RunIDGiven  bool              // RunID was chosen by the user, not drawn
	Fresh       bool              // identities are fresh unless the scenario says otherwise
	Mix         string            // shares of journeys that the scenario was given, as in A=70,B=30; for the report
	Gated       bool              // a gate in front of the service carries out the plan's policies, and takes changes
	Mocked      bool              // mocks that others started stand for the dependencies, and take orders
	Part, Parts int               // this generator's part, counting from 0, and the number of parts
}

func (o Options) check() error {
	switch {
	case o.Scale < 0 || o.Scale > MostScale || math.IsNaN(o.Scale):
		return Refuse("scale is %v; give a factor above 0 and up to %d", o.Scale, MostScale)
	case o.ScaleSystem < 0 || math.IsNaN(o.ScaleSystem) || math.IsInf(o.ScaleSystem, 0):
		return Refuse("scale-system is %v; give a factor above 0", o.ScaleSystem)
	case o.Speed < 0 || math.IsNaN(o.Speed) || math.IsInf(o.Speed, 0):
		return Refuse("speed is %v; give scenario seconds per real second, above 0", o.Speed)
	case o.MaxRate > 0 && o.Speed > 0:
		return Refuse("speed and max-rate exclude each other; give one")
	case o.MaxWork > 0 && o.MaxRate == 0:
		return Refuse("max-work bounds the work of a fast-forwarded run; give max-rate too")
	case o.From < 0 || o.To != 0 && o.To <= o.From:
		return Refuse("the window %v..%v is empty; give FROM..TO with TO after FROM, as in 10m..20m", o.From, o.To)
	case o.For < 0 || o.For > scenarios.LongestArrivals-LevelRamp:
		return Refuse("the rate is offered for %v; give a time above 0 and below %d days", o.For, scenarios.LongestArrivals/(24*time.Hour))
	case o.Closed < 0:
		return Refuse("%d people cannot be kept under way; give 1 or more", o.Closed)
	case o.Parts < 0 || o.Part < 0 || o.Parts > 0 && o.Part >= o.Parts:
		return Refuse("part %d/%d does not exist; give K/N with K from 1 to N", o.Part+1, o.Parts)
	}
	return nil
}
