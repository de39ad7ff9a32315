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

// FittedRoute is the way of a step through the stations, in the order of the processes named.
type FittedRoute struct {
	Step string
	Hops []FittedHop
	Kept []scenarios.Hop // calls of dependencies that the scenario's route has already
}

// FittedHop is the work of a step at a station.
type FittedHop struct {
	Station string
	Demand  FittedDemand
	Work    workload.Distribution
	With    []string // steps that share the demand, because nothing tells them apart
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
		model.Routes = append(model.Routes, FittedRoute{Step: step.name, Kept: keptHops(how.Scenario, step.name)})
	}
	model.warnOfLoads(reports)
	works, err := worksOf(names, steps, ordered)
	if err != nil {
		return model, err
	}
	for i, name := range names {
		if err := model.addProcess(name, works[i], ordered, how); err != nil {
			return model, fmt.Errorf("process %s: %w", name, err)
		}
	}
	model.warnOfOthers(ordered, names)
	return model, model.fitDelaysOf(ctx, ordered, how)
}

// fitDelaysOf gives each step what its response times in the quietest run hold besides its demands: by simulating that
// run, if the scenario is the one that was played, and else by their medians.
func (m *Model) fitDelaysOf(ctx context.Context, ordered []report.Report, how Calibrating) error {
	if how.Scenario == nil {
		m.delaysBesideDemands(quietest(ordered))
		return nil
	}
	var same []report.Report
	for _, r := range ordered {
		if r.Scenario.SHA256 == how.Scenario.SHA256() && r.Verdict != report.Invalid {
			same = append(same, r)
		}
	}
	if err := checkMeasured(how.Scenario, ordered[:1]); err != nil {
		return err
	}
	if len(same) == 0 {
		m.delaysBesideDemands(quietest(ordered))
		return nil
	}
	quiet := quietest(same)
	return m.fitDelays(ctx, loadsOf([]report.Report{quiet}, how)[0])
}

// quietest returns the run in which answers were fastest, by the geometric mean of the medians of its steps. It is not
// always the one of the lightest load, because other programs may slow down any run.
func quietest(reports []report.Report) report.Report {
	best, least := reports[0], math.Inf(1)
	for _, r := range reports {
		sum, steps := 0., 0.
		for _, row := range r.Steps {
			if row.ServiceTimeS != nil && row.ServiceTimeS.P50 > 0 && !r.Awaits(row.Step) {
				sum, steps = sum+math.Log(row.ServiceTimeS.P50), steps+1
			}
		}
		if mean := sum / max(1, steps); steps > 0 && mean < least {
			best, least = r, mean
		}
	}
	return best
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
	rows := [][]string{{"step", "process", "CPU a request", "95 %", "delay"}}
	for _, route := range m.Routes {
		delay := "-"
		if k := slices.IndexFunc(m.Delays, func(d FittedDelay) bool { return d.Step == route.Step }); k >= 0 {
			delay = units.Time(m.Delays[k].Beside.Quantile(0.5).Seconds())
		}
		for _, hop := range route.Hops {
			interval := "-"
			if within := hop.Demand.Interval; within != nil {
				interval = units.Time(within[0]) + " to " + units.Time(within[1])
			}
			rows = append(rows, []string{route.Step, hop.Station, units.Time(hop.Demand.Seconds), interval, delay})
			delay = ""
		}
		if len(route.Hops) == 0 {
			rows = append(rows, []string{route.Step, "-", "none seen", "-", delay})
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

// keptHops returns the hops of the scenario's route that are not stations.
func keptHops(scenario *scenarios.Scenario, step string) (hops []scenarios.Hop) {
	if scenario == nil {
		return nil
	}
	for _, s := range scenario.Journey {
		for _, hop := range s.Route {
			if s.Name == step && hop.Station == "" {
				hops = append(hops, hop)
			}
		}
	}
	return hops
}

// addProcess adds a station for a process, and a hop there to the routes of the steps that use it.
func (m *Model) addProcess(name string, work capacity.Work, reports []report.Report, how Calibrating) error {
	servers, why := serversOf(name, reports, how)
	if why != "" {
		m.Warnings = append(m.Warnings, why)
	}
	station := FittedStation{Name: name, Servers: servers, Unit: "request", RSquared: work.RSquared, Idling: work.Idle, Process: true}
	total, requests := 0., 0.
	for k, kind := range work.Kinds {
		m.warnOfKind(name, kind)
		if !(kind.Seconds > 0) {
			continue
		}
		interval := kind.Interval
		hop := FittedHop{Station: name, Demand: FittedDemand{kind.Seconds, &interval}, With: kind.With, Work: workOf(kind.Seconds, kind.Name, quietest(reports))}
		m.Routes[k].Hops = append(m.Routes[k].Hops, hop)
		total, requests = total+kind.Seconds*kind.Count, requests+kind.Count
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

// warnOfKind says what the reports leave open about the demand of a step.
func (m *Model) warnOfKind(process string, kind capacity.KindOfWork) {
	const alike = 0.9
	warn := func(format string, words ...any) {
		m.Warnings = append(m.Warnings, process+": "+fmt.Sprintf(format, words...))
	}
	switch {
	case kind.Count == 0:
		warn("nobody tried step %s, so its demand is unknown", kind.Name)
	case len(kind.With) > 0:
		warn("step %s always comes together with %s, so they cannot be told apart and share one demand a request; add levels with other mixes", kind.Name, strings.Join(kind.With, ", "))
	case kind.Seconds == 0:
		warn("step %s shows no demand; it takes at most %s a request", kind.Name, units.Time(kind.Interval[1]))
	case kind.Known():
	case math.Abs(kind.Correlation) > alike:
		warn("step %s nearly always comes together with %s (correlation %.2f), so only the sum of their demands is certain (%s to %s for this one); add levels with other mixes", kind.Name, kind.Near, kind.Correlation, units.Time(kind.Interval[0]), units.Time(kind.Interval[1]))
	default:
		warn("the demand of step %s is uncertain (%s to %s); measure longer, or loads with more of it", kind.Name, units.Time(kind.Interval[0]), units.Time(kind.Interval[1]))
	}
}

// warnOfOthers warns if the processes named leave out most of the machine's CPU.
func (m *Model) warnOfOthers(reports []report.Report, names []string) {
	last := reports[len(reports)-1]
	if usage := last.Machine.Usage; usage != nil && usage.CPUShare > 0.9 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("at the heaviest load the machine's CPU was %s in use, generator included, so that response times there hold waits for it that the stations do not; measure lighter loads, or generate them from another machine", units.Percent(usage.CPUShare)))
	}
	for _, name := range processNames(last) {
		if process, _ := processOf(last, name); process.Watched && !slices.Contains(names, name) {
			m.Warnings = append(m.Warnings, fmt.Sprintf("the process %s was watched and is not fitted; add --watch-name %s if requests use it", name, name))
		}
	}
}

// Lengths of the stretches that a run is cut into, in seconds.
const (
	shortestStretch = 2
	longestStretch  = 60
	rowsPerStep     = 4  // wanted
	manyResponses   = 20 // mean response times of the slowest step; see the note of workRows
)

// slowestMean returns the mean response time of the slowest step, in seconds.
func slowestMean(r report.Report) (slowest float64) {
	for _, row := range r.Steps {
		if row.ResponseTimeS != nil && !r.Awaits(row.Step) {
			slowest = max(slowest, row.ResponseTimeS.Mean)
		}
	}
	return slowest
}

// workRows cuts every run into stretches of nearly equal length. A report without readings of its processes is one
// stretch.
//
// Note: short stretches give many rows, and biased demands. A request that is answered in one stretch has worked in the
// one before too, which looks like an error of the counts: it makes dear steps too cheap and cheap ones too dear.
func workRows(name string, steps []reportStep, reports []report.Report) (rows []capacity.WorkRow) {
	measured := 0.
	for _, r := range reports {
		measured += r.DurationS
	}
	length := math.Round(min(longestStretch, max(shortestStretch, measured/float64(rowsPerStep*(len(steps)+1)))))
	for _, r := range reports {
		cut := stretches(name, steps, r, max(length, manyResponses*slowestMean(r)))
		if len(cut) == 0 {
			cut = []capacity.WorkRow{wholeRun(name, steps, r)}
		}
		rows = append(rows, cut...)
	}
	return rows
}

func wholeRun(name string, steps []reportStep, r report.Report) capacity.WorkRow {
	process, _ := processOf(r, name)
	row := capacity.WorkRow{Busy: *process.CPUS, Length: r.DurationS, Counts: make([]float64, len(steps))}
	for _, step := range r.Steps {
		if k := indexOf(steps, step.Step); k >= 0 {
			row.Counts[k] = step.Requests
		}
	}
	return row
}

func indexOf(steps []reportStep, name string) int {
	return slices.IndexFunc(steps, func(s reportStep) bool { return s.name == name })
}

// stretches returns the CPU of a process and the attempts that were answered, for each stretch of the time that the
// readings cover.
func stretches(name string, steps []reportStep, r report.Report, length float64) (rows []capacity.WorkRow) {
	at := slices.IndexFunc(r.Series.Processes, func(p report.ProcessSeries) bool { return p.Name == name })
	if at < 0 || len(r.Series.Processes[at].TS) < 3 || len(r.Series.TS) == 0 {
		return nil
	}
	process := r.Series.Processes[at]
	used := report.Cumulative{At: process.TS, Total: process.CPUS}
	first, last := float64(r.Series.TS[0]), float64(r.Series.TS[len(r.Series.TS)-1]+1)
	begin, end := max(math.Ceil(process.TS[0]), first-length), min(math.Floor(process.TS[len(process.TS)-1]), last+length)
	parts := max(1, math.Floor((end-begin)/length))
	for k := range int(parts) { // whole seconds, because counts are of whole seconds
		from, to := begin+math.Round(float64(k)*(end-begin)/parts), begin+math.Round(float64(k+1)*(end-begin)/parts)
		busy, known := used.Between(from, to)
		if !known {
			continue
		}
		row := capacity.WorkRow{Busy: max(0, busy), Length: to - from, Counts: make([]float64, len(steps))}
		for _, series := range r.Series.Steps {
			if k := indexOf(steps, series.Step); k >= 0 {
				row.Counts[k] = countBetween(r.Series.TS, series.Requests, from, to)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func countBetween(at, counts []int64, from, to float64) (sum float64) {
	for k, second := range at {
		if k < len(counts) && float64(second) >= from && float64(second) < to {
			sum += float64(counts[k])
		}
	}
	return sum
}

// oneThread is the share of its CPU time from which a process counts as working on one thread.
const oneThread = 0.85

// serversOf returns how many cores a process can use: what the user says, or else one if one thread did nearly all of
// its work where it worked most, or else its limit. It says why if that is not all cores.
func serversOf(name string, reports []report.Report, how Calibrating) (servers int, why string) {
	if n := how.Servers[name]; n > 0 {
		return n, ""
	}
	servers = reports[0].Machine.CPUs
	var most report.Process
	cores := 0.
	for _, r := range reports {
		if process, _ := processOf(r, name); process.CPUS != nil && *process.CPUS/r.DurationS > cores {
			most, cores = process, *process.CPUS/r.DurationS
		}
	}
	if most.CPUs > 0 && most.CPUs < servers {
		servers = most.CPUs
		why = fmt.Sprintf("%s may use %d cores by its limits, so its station has %d servers; give --servers %s=N if that is wrong", name, servers, servers, name)
	}
	if most.BusiestThread > oneThread && servers > 1 {
		return 1, fmt.Sprintf("one thread did %s of the work of %s, so its station has one server; give --servers %s=N if it can use more cores", units.Percent(most.BusiestThread), name, name)
	}
	return max(1, servers), why
}

// workOf returns the distribution of the work of a step: its demand, with the relative variation of its service times
// in the quietest run. More than that of an exponential distribution is the network's or a queue's.
func workOf(demand float64, step string, quiet report.Report) workload.Distribution {
	const steady = 0.01
	scv := variationOf(serviceTimes(quiet, step))
	if math.IsNaN(scv) {
		scv = 1
	}
	if scv = min(1, scv); scv < steady {
		return workload.ConstantTime(seconds(demand))
	}
	work, err := workload.LognormalTimeWithSCV(demand, rounded(scv, 3))
	if err != nil { // below a nanosecond
		return workload.ConstantTime(seconds(demand))
	}
	return work
}

// variationOf returns the squared coefficient of variation, or NaN of fewer than 20 values.
func variationOf(values []float64) float64 {
	if len(values) < 20 {
		return math.NaN()
	}
	mean, sum := 0., 0.
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(values)-1) / (mean * mean)
}

// delaysBesideDemands gives each step the median of its service times in the quietest run less its demands. It stands
// in for a simulation of that load, which needs the scenario.
func (m *Model) delaysBesideDemands(quiet report.Report) {
	for _, route := range m.Routes {
		demand := 0.
		for _, hop := range route.Hops {
			demand += hop.Work.Quantile(0.5).Seconds()
		}
		for _, row := range quiet.Steps {
			if row.Step != route.Step || row.ServiceTimeS == nil {
				continue
			}
			beside := row.ServiceTimeS.P50 - demand
			if delay, is := delayOf(beside, beside); is && beside > minDelayShare*demand {
				m.Delays = append(m.Delays, FittedDelay{route.Step, delay})
			}
		}
	}
}

// errNoProcess says which processes could have been named.
func errNoProcess(reports []report.Report) error {
	return errors.New("no process of the service was watched (the reports have " + listed(processNames(reports[0])) + "); run ombak load or redline with --watch api=PID, and name it with --watch-name api")
}
