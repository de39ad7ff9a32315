package drill

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// ErrRefused marks what the user asked for and cannot be: a wrong flag, plan or scenario.
var ErrRefused = errors.New("refused")

// refuse returns an error that is ErrRefused and says why.
func refuse(format string, arguments ...any) error {
	return refusal{fmt.Errorf(format, arguments...)}
}

type refusal struct{ error }

func (refusal) Is(target error) bool { return target == ErrRefused }
func (r refusal) Unwrap() error      { return r.error }

// Options change how a scenario is run. The zero value of each means what the scenario says.
type Options struct {
	Plan        string
	Seed        *uint64
	Scale       float64       // share of people who come, in (0, 1]
	ScaleSystem float64       // factor on servers, rates, quotas and limits
	Speed       float64       // scenario seconds per real second
	MaxRate     workload.Rate // fast-forward: most sign-ups per second
	MaxWork     workload.Rate // fast-forward: most work, as goes with so many sign-ups per second on average; 0 means as MaxRate
	From, To    time.Duration // the part of the scenario to play; To 0 means its end
	Rate        workload.Rate // a constant rate of sign-ups instead of the scenario's arrivals
	For         time.Duration // how long Rate is offered
	Thresholds  []string      // further conditions that must hold
	Targets     map[string]string
	Vars        map[string]string
	Closed      int               // people kept under way at all times, instead of the arrivals
	ConnectTo   map[string]string // host:port of a target → host:port to connect to instead
	Watch       map[string]string // processes of the target: name → process id, or URL of Prometheus metrics
	Part, Parts int               // this generator's part, counting from 0, of so many
}

// Run is a scenario and plan as every part needs it.
type Run struct {
	Scenario   *scenarios.Scenario // as the plan changes it
	Options    Options
	Generator  loadgen.Config
	Backend    backend.Config
	Mocks      mocks.Config
	Simulated  sim.Config
	Offered    recorder.OfferedFacts
	Conditions []threshold.Condition
	Validity   threshold.Validity
	Warnings   []string
	lean       bool          // keep neither series nor histograms
	arrivals   time.Duration // real time of the first instant that counts
	lastly     time.Duration // real time after which nobody comes any more
}

// NewRun maps a scenario and options to the parts of a live run, the reference backend and the
// mocks included. What cannot run comes back as ErrRefused.
func NewRun(scenario *scenarios.Scenario, options Options) (*Run, error) {
	run, err := newRun(scenario, options)
	if err != nil {
		return nil, err
	}
	if run.Mocks, err = run.mocksConfig(); err != nil {
		return nil, err
	}
	if run.Backend, err = run.backendConfig(); err != nil {
		return nil, err
	}
	return run, run.generatorConfig([]string{"backend", "mail", "sms"})
}

// NewLoad maps a scenario and options to a run against services that others started.
func NewLoad(scenario *scenarios.Scenario, options Options) (*Run, error) {
	run, err := newRun(scenario, options)
	if err != nil {
		return nil, err
	}
	return run, run.generatorConfig(nil)
}

func newRun(scenario *scenarios.Scenario, options Options) (*Run, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	planned, err := scenario.WithPlan(options.Plan)
	if err != nil {
		return nil, refusal{err}
	}
	if options.Seed != nil {
		planned.Seed = *options.Seed
	}
	planned.Thresholds = slices.Clone(planned.Thresholds)
	if options.Rate > 0 {
		atRate(planned, options.Rate, options.For)
		if err := planned.CheckPeople(); err != nil {
			return nil, refuse("%v for %v: %w; lower the rate or the time", options.Rate, options.For, err)
		}
	}
	for _, source := range options.Thresholds {
		planned.Thresholds = append(planned.Thresholds, funnel.Threshold{Source: source, Severity: funnel.Fail})
	}
	run := &Run{Scenario: planned, Options: options}
	run.Validity = validity(planned.Validity)
	if run.Conditions, err = conditions(planned); err != nil {
		return nil, err
	}
	return run, run.checkScale()
}

func validity(v scenarios.Validity) threshold.Validity {
	return threshold.Validity{
		MaxScheduleLagP99: v.LagP99, MaxDroppedShare: max(float64(v.Dropped), leastShare), MaxUnsentShare: max(float64(v.Unsent), leastShare),
		MaxDialShare: float64(v.Dial), MaxCPUShare: float64(v.CPU), MaxStealShare: float64(v.Steal), MaxGCPause: v.GCPause, MaxPacingError: float64(v.Pacing),
	}
}

func (o Options) check() error {
	switch {
	case o.Scale < 0 || o.Scale > 1 || math.IsNaN(o.Scale):
		return refuse("scale is %v; give a share above 0 and up to 1", o.Scale)
	case o.ScaleSystem < 0 || math.IsNaN(o.ScaleSystem) || math.IsInf(o.ScaleSystem, 0):
		return refuse("scale-system is %v; give a factor above 0", o.ScaleSystem)
	case o.Speed < 0 || math.IsNaN(o.Speed) || math.IsInf(o.Speed, 0):
		return refuse("speed is %v; give scenario seconds per real second, above 0", o.Speed)
	case o.MaxRate > 0 && o.Speed > 0:
		return refuse("speed and max-rate exclude each other; give one")
	case o.MaxWork > 0 && o.MaxRate == 0:
		return refuse("max-work bounds the work of a run that is fast-forwarded; give max-rate, too")
	case o.From < 0 || o.To != 0 && o.To <= o.From:
		return refuse("the window %v..%v is empty; give FROM..TO with TO after FROM, as in 10m..20m", o.From, o.To)
	case o.For < 0 || o.For > scenarios.LongestArrivals-LevelRamp:
		return refuse("a rate is to be offered for %v; give a time above 0 and below %d days", o.For, scenarios.LongestArrivals/(24*time.Hour))
	case o.Closed < 0:
		return refuse("%d people cannot be kept under way; give 1 or more", o.Closed)
	case o.Parts < 0 || o.Part < 0 || o.Parts > 0 && o.Part >= o.Parts:
		return refuse("part %d/%d does not exist; give K/N with K from 1 to N", o.Part+1, o.Parts)
	}
	return nil
}

// Conditions parses the thresholds and checks that their steps exist.
func conditions(scenario *scenarios.Scenario) ([]threshold.Condition, error) {
	parsed, err := threshold.ParseAll(scenario.Thresholds)
	if err != nil {
		return nil, refusal{err}
	}
	for _, condition := range parsed {
		if step := condition.Step(); step != "" && !hasStep(scenario, step) {
			return nil, refuse("threshold %q names the step %q, which scenario %s does not have", condition.Source, step, scenario.Name)
		}
	}
	return parsed, nil
}

// checkTexts says whether the texts of all requests can be rendered once every variable has a value.
func (r *Run) checkTexts() error {
	config := loadgen.Config{Vars: r.vars(), Feeders: feeders(r.Scenario), Files: files(r.Scenario), Journey: r.journeyConfig()}
	for name := range r.Scenario.Vars {
		config.Vars[name] = "x"
	}
	for _, step := range r.Scenario.Journey {
		if step.Request == nil {
			return nil // it can only be simulated
		}
	}
	var err error
	if config.Requests, err = requests(r.Scenario); err != nil {
		return err
	}
	if err := config.Check(); err != nil {
		return refusal{err}
	}
	return nil
}

func hasStep(scenario *scenarios.Scenario, name string) bool {
	for _, step := range scenario.Journey {
		if step.Name == name {
			return true
		}
	}
	return false
}

// Check returns what is wrong with a scenario beyond its file's own rules: names that other parts
// give meaning to (traits, thresholds), and plans that cannot run live. A fault
// that the scenario has without a plan is told once, not again of each plan that has it too.
func Check(scenario *scenarios.Scenario) error {
	own := checkPlan(scenario, "")
	faults := []error{located(scenario, own)}
	for i, plan := range scenario.Plans {
		if fault := checkPlan(scenario, plan.Name); fault != nil && (own == nil || fault.Error() != own.Error()) {
			faults = append(faults, scenario.At(fmt.Sprintf("plans[%d]", i), fmt.Errorf("plan %s: %w", plan.Name, fault)))
		}
	}
	return errors.Join(faults...)
}

func checkPlan(scenario *scenarios.Scenario, plan string) error {
	run, err := newRun(scenario, Options{Plan: plan})
	if err == nil {
		_, err = run.shares()
	}
	if err == nil {
		_, err = run.typoTraits()
	}
	if err == nil {
		err = run.checkTexts()
	}
	return err
}

// located says where in its file a fault stands, where that is known.
func located(scenario *scenarios.Scenario, fault error) error {
	var step loadgen.StepFault
	var judged threshold.Fault
	switch {
	case errors.As(fault, &step):
		return scenario.At(fmt.Sprintf("journey[%d].request", step.Step), fault)
	case errors.As(fault, &judged):
		return scenario.At(fmt.Sprintf("thresholds[%d]", judged.Place), judged.Err)
	}
	return fault
}

// offer counts the people that the arrivals ask for.
func (r *Run) offer() recorder.OfferedFacts {
	step := r.Scenario.Arrivals.Step
	var offered recorder.OfferedFacts
	offered.Scheduled, offered.PeakPerMin = workload.Peak(r.instants(false), time.Minute)
	signups, peak := workload.Peak(r.instants(true), time.Minute)
	offered.ByStep = map[string]report.Scheduling{step: {Scheduled: float64(signups), PeakPerMin: float64(peak)}}
	return offered
}

// instants are those of the people, or of the ones who sign up, in order.
func (r *Run) instants(walkersOnly bool) iter.Seq[time.Duration] {
	at := func(yield func(time.Duration) bool) {
		people := population.New(r.Generator.Seed, r.Generator.Opens, r.Generator.Shares)
		for caller := range r.Generator.Callers() {
			if !(caller.Visitor && walkersOnly) && !yield(r.Simulated.Arrival(people, caller)) {
				return
			}
		}
	}
	if r.Simulated.Stagger == nil {
		return at
	}
	return slices.Values(slices.Sorted(at))
}

func orOne(factor float64) float64 {
	if factor == 0 {
		return 1
	}
	return factor
}

// leastShare stands for "none" where 0 would mean "no limit".
const leastShare = 1e-12
