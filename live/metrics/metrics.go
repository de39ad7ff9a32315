package metrics

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/ombak-sim/ombak/report"
)

// Run says what is measured.
type Run struct {
	Command, Scenario, Plan string
	Until                   time.Duration // real time of the planned end
}

// Metrics is what the rows of a run add up to.
type Metrics struct {
	registry *prometheus.Registry
	mu       sync.Mutex // a scrape sees whole rows
	counters map[string]*prometheus.CounterVec
	gauges   map[string]*prometheus.GaugeVec
	times    *times
	phase    string
	until    time.Duration
	couriers []*Courier
}

// family describes metrics of one name, which begins with ombak_run_.
type family struct {
	name, help string
	labels     []string
}

// The families, for the documentation too.
func counterFamilies() []family {
	return []family{
		{"people_total", "People, by what became of them: scheduled, started, dropped (the generator could not keep up) or finished.", []string{"event"}},
		{"step_people_total", "People at a step: entered, or by how their last attempt ended.", []string{"step", "outcome"}},
		{"step_requests_total", "Attempts at a step that ended.", []string{"step"}},
		{"station_completions_total", "Requests that a station, dependency or gate completed.", []string{"station"}},
		{"station_rejections_total", "Requests that a station, dependency or gate turned away.", []string{"station"}},
		{"marks_total", "Entries of the timeline, by kind.", []string{"kind"}},
		{"agent_people_total", "People of a generator on another machine.", []string{"agent", "event"}},
	}
}

func gaugeFamilies() []family {
	return []family{
		{"info", "1, with what is played.", []string{"command", "scenario", "plan"}},
		{"phase", "1 for the phase of the run.", []string{"phase"}},
		{"elapsed_seconds", "Real time since the beginning.", nil},
		{"remaining_seconds", "Real time to the planned end.", nil},
		{"scenario_seconds", "Time on the clock of the scenario.", nil},
		{"schedule_lag_seconds", "From the intended instant to sending, in the last second: the quantile 0.5, 0.99 or 1.", []string{"quantile"}},
		{"step_waiting", "People at a step.", []string{"step"}},
		{"station_servers", "Servers of a station or dependency, or places behind a gate.", []string{"station"}},
		{"station_busy", "Servers in use, on average over the last second.", []string{"station"}},
		{"station_queued", "Requests that wait.", []string{"station"}},
		{"threshold_room", "Distance of a threshold from its bound, as a share of it; below 0 it is broken.", []string{"threshold", "severity"}},
		{"threshold_broken", "1 if a threshold is broken as far as the run has come.", []string{"threshold", "severity"}},
		{"doubts", "Reasons why the run would be invalid if it ended now.", nil},
		{"machine_cpu_share", "Share of the machine's cores in use.", nil},
		{"machine_memory_available_bytes", "Memory that is left.", nil},
		{"process_cpu_cores", "Cores that a part or a watched process uses.", []string{"process"}},
		{"process_memory_bytes", "Memory of a part or a watched process.", []string{"process"}},
		{"agent_lag_seconds", "From the intended instant to sending at a generator on another machine: the quantile 0.99.", []string{"agent"}},
		{"agent_silent_seconds", "For how long nothing was heard of a generator on another machine.", []string{"agent"}},
		{"agent_lost", "1 if a generator on another machine was lost.", []string{"agent"}},
	}
}

// New returns the metrics of a run, before its first row.
func New(run Run) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), counters: map[string]*prometheus.CounterVec{}, gauges: map[string]*prometheus.GaugeVec{}, times: newTimes(), until: run.Until}
	for _, f := range counterFamilies() {
		m.counters[f.name] = prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "ombak", Subsystem: "run", Name: f.name, Help: f.help}, f.labels)
		m.registry.MustRegister(m.counters[f.name])
	}
	for _, f := range gaugeFamilies() {
		m.gauges[f.name] = prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "ombak", Subsystem: "run", Name: f.name, Help: f.help}, f.labels)
		m.registry.MustRegister(m.gauges[f.name])
	}
	m.registry.MustRegister(m.times)
	m.set("info", 1, run.Command, run.Scenario, run.Plan)
	m.set("remaining_seconds", run.Until.Seconds())
	return m
}

// Next begins another run of several, with the real time of its planned end. Counters go on.
func (m *Metrics) Next(until time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.until = until
	m.set("elapsed_seconds", 0)
	m.set("remaining_seconds", until.Seconds())
}

func (m *Metrics) add(name string, count uint64, labels ...string) {
	m.counters[name].WithLabelValues(labels...).Add(float64(count))
}

func (m *Metrics) set(name string, value float64, labels ...string) {
	m.gauges[name].WithLabelValues(labels...).Set(value)
}

// Carry hands what the rows add up to, after each row, to a courier.
func (m *Metrics) Carry(courier *Courier) { m.couriers = append(m.couriers, courier) }

// Post adds a row. It never waits for a receiver.
func (m *Metrics) Post(row report.Second) {
	now := time.Now()
	m.mu.Lock()
	m.noteRun(row)
	m.noteSteps(row)
	m.noteStations(row)
	m.noteMachines(row)
	m.times.add(row.Times)
	m.mu.Unlock()
	if len(m.couriers) == 0 {
		return
	}
	families, err := m.Gather()
	if err != nil {
		return // the collectors are ours, and a defect of theirs must not end a run
	}
	for _, courier := range m.couriers {
		courier.take(parcel{families, now})
	}
}

// Gather implements prometheus.Gatherer. Every family is of a whole number of rows.
func (m *Metrics) Gather() ([]*dto.MetricFamily, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.registry.Gather()
}

// Handler serves the metrics, beside those of others.
func (m *Metrics) Handler(beside ...prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(append(prometheus.Gatherers{m}, beside...), promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

func (m *Metrics) noteRun(row report.Second) {
	if row.Phase != m.phase {
		m.gauges["phase"].Reset()
		m.set("phase", 1, row.Phase)
	}
	m.phase = row.Phase
	m.set("elapsed_seconds", row.AtS)
	m.set("remaining_seconds", max(0, m.until.Seconds()-row.AtS))
	m.set("scenario_seconds", row.ScenarioS)
	m.add("people_total", row.Scheduled, "scheduled")
	m.add("people_total", row.Started, "started")
	m.add("people_total", row.Dropped, "dropped")
	m.add("people_total", row.Finished, "finished")
	if lag := row.Lag; lag != nil {
		m.set("schedule_lag_seconds", lag.P50, "0.5")
		m.set("schedule_lag_seconds", lag.P99, "0.99")
		m.set("schedule_lag_seconds", lag.Max, "1")
	}
	for _, standing := range row.Thresholds {
		broken := 0.0
		if standing.Verdict == report.Fail {
			broken = 1
		}
		m.set("threshold_broken", broken, standing.Source, string(standing.Severity))
		if standing.Room != nil {
			m.set("threshold_room", *standing.Room, standing.Source, string(standing.Severity))
		}
	}
	if row.Thresholds != nil {
		m.set("doubts", float64(len(row.Doubts)))
	}
	for _, mark := range row.Marks {
		m.add("marks_total", 1, string(mark.Kind))
	}
}

func (m *Metrics) noteSteps(row report.Second) {
	for _, step := range row.Steps {
		for outcome, people := range map[string]uint64{
			"entered": step.Entered, "passed": step.Passed, "declined": step.Declined, "rejected": step.Rejected,
			"failed": step.Failed, "timed_out": step.TimedOut, "abandoned": step.Left,
		} {
			m.add("step_people_total", people, step.Step, outcome)
		}
		m.add("step_requests_total", step.Requests, step.Step)
	}
	m.gauges["step_waiting"].Reset() // a step without anybody is left out of a row
	for _, step := range row.Steps {
		m.set("step_waiting", float64(step.Waiting), step.Step)
	}
}

func (m *Metrics) noteStations(row report.Second) {
	for _, station := range row.Stations {
		m.set("station_servers", float64(station.Servers), station.Name)
		m.set("station_busy", station.Busy, station.Name)
		m.set("station_queued", float64(station.Queued), station.Name)
		m.add("station_completions_total", station.Completions, station.Name)
		m.add("station_rejections_total", station.Rejections, station.Name)
	}
}

func (m *Metrics) noteMachines(row report.Second) {
	if machine := row.Machine; machine != nil {
		m.set("machine_cpu_share", machine.CPUShare)
		m.set("machine_memory_available_bytes", float64(machine.MemoryAvailable))
	}
	for _, process := range row.Processes {
		m.set("process_cpu_cores", process.CPU, process.Name)
		m.set("process_memory_bytes", process.RSSBytes, process.Name)
	}
	for _, agent := range row.Agents {
		m.add("agent_people_total", agent.Scheduled, agent.Agent, "scheduled")
		m.add("agent_people_total", agent.Started, agent.Agent, "started")
		m.add("agent_people_total", agent.Dropped, agent.Agent, "dropped")
		m.add("agent_people_total", agent.Finished, agent.Agent, "finished")
		if agent.Lag != nil {
			m.set("agent_lag_seconds", agent.Lag.P99, agent.Agent)
		}
		lost := 0.0
		if agent.Lost != "" {
			lost = 1
		}
		m.set("agent_silent_seconds", agent.SilentS, agent.Agent)
		m.set("agent_lost", lost, agent.Agent)
	}
}
