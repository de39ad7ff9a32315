package calibration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
)

// FittedRoute is the way of a step through the stations: the scenario's, with the fitted work at each fitted station,
// after those fitted stations that it lacks, in the order of the processes named.
type FittedRoute struct {
	Step string
	Hops []FittedHop
	Kept []scenarios.Hop       // the route of the scenario
	Wait workload.Distribution // in the service, besides its stations; zero means none
}

// FittedHop is the work of a step at a station.
type FittedHop struct {
	Station string
	Demand  FittedDemand
	Work    workload.Distribution // of one visit; the demand is that of all visits of the route
	With    []string              // steps that share the demand, because nothing tells them apart
}

// reportStep is a step of the reports.
type reportStep struct {
	name string
	kind funnel.StepKind
}

// calibrateProcesses fits a station for each process named: what each step takes of its CPU, and what idling takes.
// What response times in the quietest run hold besides becomes a delay of the step.
func calibrateProcesses(ctx context.Context, reports []report.Report, names []string, how Calibrating) (Model, error) {
	if err := checkProcessReports(reports, names); err != nil {
		return Model{}, err
	}
	ordered := slices.Clone(reports)
	slices.SortStableFunc(ordered, func(a, b report.Report) int { return cmp.Compare(loadOf(a), loadOf(b)) })
	steps := requestSteps(ordered)
	model := Model{Scenario: reports[0].Scenario.Name, Levels: len(reports), LowestS: loadOf(ordered[0]), HighestS: loadOf(ordered[len(ordered)-1]), Measured: dependencyTimes(reports)}
	for _, step := range steps {
		model.Routes = append(model.Routes, FittedRoute{Step: step.name, Kept: routeIn(how.Scenario, step.name)})
	}
	model.warnOfLoads(reports)
	fits, err := fitProcesses(names, steps, ordered, how.Scenario)
	if err != nil {
		return model, err
	}
	for _, fit := range fits {
		if err := model.addProcess(fit, ordered, how); err != nil {
			return model, fmt.Errorf("process %s: %w", fit.name, err)
		}
		model.warnOfCosts(fit, steps, ordered)
	}
	model.warnOfConnections(connectionsOf(ordered))
	model.warnOfOthers(ordered, names)
	if how.Shared {
		model.shareMachine(ordered)
	}
	if err := model.fitStalls(ctx, ordered, how); err != nil {
		return model, err
	}
	return model, model.fitDelaysOf(ctx, ordered, how)
}

func checkProcessReports(reports []report.Report, names []string) error {
	if one, other, same := sameReport(reports); same {
		return setup.Refuse("reports %d and %d are the same; give each run once", one+1, other+1)
	}
	for i, r := range reports {
		if r.Engine == report.Simulated || !(r.DurationS > 0) || len(r.Steps) == 0 {
			return setup.Refuse("report %d is simulated or empty; give live reports", i+1)
		}
		if r.Machine == nil || r.Machine.CPUs < 1 {
			return setup.Refuse("report %d: the number of the machine's CPUs is missing", i+1)
		}
		if err := plausible(r); err != nil {
			return setup.Refuse("report %d: %w", i+1, err)
		}
		if r.Scenario.Name != reports[0].Scenario.Name {
			return setup.Refuse("report %d is of scenario %s and the first of %s; give reports of one scenario", i+1, r.Scenario.Name, reports[0].Scenario.Name)
		}
		for _, name := range names {
			if _, known := processOf(r, name); !known {
				return setup.Refuse("report %d did not watch a process %s (it has %s); run it with --watch %s=PID", i+1, name, listed(processNames(r)), name)
			}
		}
	}
	return nil
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func processNames(r report.Report) (names []string) {
	for _, process := range r.Processes {
		names = append(names, process.Name)
	}
	return names
}

func processOf(r report.Report, name string) (report.Process, bool) {
	at := slices.IndexFunc(r.Processes, func(p report.Process) bool { return p.Name == name && p.CPUS != nil })
	if at < 0 {
		return report.Process{}, false
	}
	return r.Processes[at], true
}

// watchedNames returns the processes that all reports watched, for reports without a backend of our own.
func watchedNames(reports []report.Report) (names []string) {
	for _, r := range reports {
		if _, ours := processOf(r, "backend"); ours {
			return nil
		}
	}
	for _, process := range reports[0].Processes {
		if process.Watched {
			names = append(names, process.Name)
		}
	}
	return names
}

// OfProcesses reports whether the reports are fitted process by process.
func OfProcesses(reports []report.Report, how Calibrating) bool {
	return len(how.Watched) > 0 || len(reports) > 0 && len(watchedNames(reports)) > 0
}

// Rows returns the demands of steps as a table. Its first row holds the titles.
func (m *Model) Rows() [][]string {
	rows := [][]string{{"step", "process", "CPU a request", "95 %", "wait", "delay"}}
	for _, route := range m.Routes {
		wait, delay := "-", "-"
		if !route.Wait.IsZero() {
			wait = units.Time(median(route.Wait))
		}
		if k := slices.IndexFunc(m.Delays, func(d FittedDelay) bool { return d.Step == route.Step }); k >= 0 {
			delay = units.Time(median(m.Delays[k].Beside))
		}
		for _, hop := range route.Hops {
			interval := "-"
			if within := hop.Demand.Interval; within != nil {
				interval = units.Time(within[0]) + " to " + units.Time(within[1])
			}
			rows = append(rows, []string{route.Step, hop.Station, units.Time(hop.Demand.Seconds), interval, wait, delay})
			wait, delay = "", ""
		}
		if len(route.Hops) == 0 {
			rows = append(rows, []string{route.Step, "-", "none seen", "-", wait, delay})
		}
	}
	return rows
}

// loadOf returns the requests per second of a run.
func loadOf(r report.Report) float64 { return requestsOf(r) / r.DurationS }

// requestSteps returns the steps that send requests to the service.
func requestSteps(reports []report.Report) (steps []reportStep) {
	for _, r := range reports {
		for _, row := range r.Steps {
			if !r.Awaits(row.Step) && !slices.ContainsFunc(steps, func(s reportStep) bool { return s.name == row.Step }) {
				steps = append(steps, reportStep{row.Step, row.Kind})
			}
		}
	}
	return steps
}

// routeIn returns the route of a step in the scenario, which may be nil.
func routeIn(scenario *scenarios.Scenario, step string) []scenarios.Hop {
	if scenario == nil {
		return nil
	}
	for _, s := range scenario.Journey {
		if s.Name == step {
			return s.Route
		}
	}
	return nil
}

// visits counts how often a route visits a station, at least 1.
func visits(route []scenarios.Hop, station string) float64 {
	count := 0
	for _, hop := range route {
		if hop.Station == station {
			count++
		}
	}
	return float64(max(1, count))
}

// addProcess adds a station for a process, and a hop there to the routes of the steps that use it.
func (m *Model) addProcess(fit processFit, reports []report.Report, how Calibrating) error {
	name, work := fit.name, fit.ofSteps()
	servers, why := serversOf(name, reports, how)
	if why != "" {
		m.Warnings = append(m.Warnings, why)
	}
	station := FittedStation{Name: name, Servers: servers, Unit: "request", RSquared: work.RSquared, Idling: work.Idle, Process: true, Together: fit.together(), Opening: fit.opening()}
	if mayShare(how.Scenario, name) {
		if station.Discipline, why = disciplineOf(name, work, servers, reports); why != "" {
			m.Warnings = append(m.Warnings, why)
		}
	}
	total, requests := 0., fit.requests()
	for k, kind := range work.Kinds {
		m.warnOfKind(name, kind, kinds(work))
		if !(kind.Seconds > 0) {
			continue
		}
		interval := kind.Interval
		hop := FittedHop{Station: name, Demand: FittedDemand{kind.Seconds, &interval}, With: kind.With, Work: workOf(kind.Seconds/visits(m.Routes[k].Kept, name), kind.Name, reports)}
		m.Routes[k].Hops = append(m.Routes[k].Hops, hop)
		total += kind.Seconds * kind.Count
	}
	if requests == 0 || seconds(total/requests) == 0 {
		return setup.Refuse("its CPU does not rise with the requests of any step; measure higher loads, or watch the process that serves them")
	}
	station.PerRequest.Seconds = total / requests
	station.Shape = workload.ExponentialTime(seconds(station.PerRequest.Seconds))
	m.Stations = append(m.Stations, station)
	if work.RSquared < 0.8 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("%s: the requests explain only %s of how its CPU varies from one stretch of %.3g s to the next; something else uses it, or the runs are short", name, units.Percent(max(0, work.RSquared)), work.Stretch))
	}
	return nil
}

func kinds(work capacity.Work) (names []string) {
	for _, kind := range work.Kinds {
		names = append(names, kind.Name)
	}
	return names
}

// warnOfKind says what the reports leave open about the demand of a step.
func (m *Model) warnOfKind(process string, kind capacity.KindOfWork, order []string) {
	const alike = 0.9
	otherMix := func(with string) string { // an earlier step of the two, after which people may leave
		at := min(slices.Index(order, kind.Name), slices.Index(order, with))
		return fmt.Sprintf("add levels with other mixes, for example with continue: 20%% at %s", order[max(0, at)])
	}
	warn := func(format string, words ...any) {
		m.Warnings = append(m.Warnings, process+": "+fmt.Sprintf(format, words...))
	}
	switch {
	case kind.Count == 0:
		warn("nobody tried step %s, so its demand is unknown", kind.Name)
	case len(kind.With) > 0:
		warn("step %s always comes together with %s, so they cannot be told apart and share one demand a request; %s", kind.Name, strings.Join(kind.With, ", "), otherMix(kind.With[0]))
	case kind.Seconds == 0:
		warn("step %s shows no demand; it takes at most %s a request", kind.Name, units.Time(kind.Interval[1]))
	case kind.Known():
	case math.Abs(kind.Correlation) > alike:
		warn("step %s nearly always comes together with %s (correlation %.2f), so only the sum of their demands is certain (%s to %s for this one); %s", kind.Name, kind.Near, kind.Correlation, units.Time(kind.Interval[0]), units.Time(kind.Interval[1]), otherMix(kind.Near))
	default:
		warn("the demand of step %s is uncertain (%s to %s); measure longer, or loads with more of it", kind.Name, units.Time(kind.Interval[0]), units.Time(kind.Interval[1]))
	}
}

// warnOfOthers warns if the processes named leave out most of the machine's CPU.
func (m *Model) warnOfOthers(reports []report.Report, names []string) {
	last := reports[len(reports)-1]
	if others := last.TakenByOthers(); others != "" {
		m.Warnings = append(m.Warnings, "at the heaviest load "+others+", so that response times there hold waits that the stations do not; measure on a quiet machine, or name those programs with --watch if they are the service's")
	} else if usage := last.Machine.Usage; usage != nil && usage.CPUShare > 0.9 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("at the heaviest load the machine's CPU was %s in use, generator included, so that response times there hold waits for it that the stations do not; measure lighter loads, or generate them from another machine", units.Percent(usage.CPUShare)))
	}
	for _, name := range processNames(last) {
		if process, _ := processOf(last, name); process.Watched && !slices.Contains(names, name) {
			m.Warnings = append(m.Warnings, fmt.Sprintf("the process %s was watched and is not fitted; add --watch-name %s if requests use it", name, name))
		}
	}
}

// errNoProcess says which processes could have been named.
func errNoProcess(reports []report.Report) error {
	return errors.New("no process of the service was watched (the reports have " + listed(processNames(reports[0])) + "); run ombak load or redline with --watch api=PID, and name it with --watch-name api")
}
