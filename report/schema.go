package report

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Schema names the format of report.json.
const Schema = "ombak.report/v1"

// Engine names the origin of the figures.
type Engine string

// The engines.
const (
	Live      Engine = "live"
	Simulated Engine = "simulated"
)

// Verdict is the result of a report or of one threshold.
type Verdict string

// The verdicts.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive" // too little data to decide
	Invalid      Verdict = "invalid"      // the load was not offered as scheduled, or the books do not balance
)

// Report is report.json. A nil pointer or an empty collection means unknown. Counts are float64 because those
// of a simulation are means over replications; live counts are whole.
type Report struct {
	Schema         string          `json:"schema"`
	Engine         Engine          `json:"engine"`
	Verdict        Verdict         `json:"verdict"`
	Invalid        []string        `json:"invalid,omitempty"` // reasons why the run is invalid
	Ombak          Build           `json:"ombak"`
	Scenario       Scenario        `json:"scenario"`
	Plan           string          `json:"plan"`
	Part           *Part           `json:"part,omitempty"`   // part that the generator played; absent if it played everyone
	Played         *Played         `json:"played,omitempty"` // what was offered; live runs only
	Started        *time.Time      `json:"started,omitempty"`
	DurationS      float64         `json:"duration_s"` // real seconds
	Speed          float64         `json:"speed"`      // scenario seconds per real second
	Replications   int             `json:"replications"`
	RunID          string          `json:"run_id,omitempty"`  // id of a live run; --run-id repeats its identities and keys
	Command        string          `json:"command,omitempty"` // command that played it, without the output folder; values of variables are masked
	Replay         string          `json:"replay,omitempty"`  // command that repeats it with what people did on its page
	Machine        *Machine        `json:"machine,omitempty"`
	Store          *Store          `json:"store,omitempty"`
	Offered        Offered         `json:"offered"`
	Funnel         []FunnelRow     `json:"funnel,omitempty"`
	Steps          []StepRow       `json:"steps,omitempty"`
	Transitions    []Transition    `json:"transitions,omitempty"` // absent if the journey is one straight line
	Stations       []StationRow    `json:"stations,omitempty"`
	Overload       *Overload       `json:"overload,omitempty"` // of replication 0
	Generator      *Generator      `json:"generator,omitempty"`
	Fleet          []Agent         `json:"fleet,omitempty"`  // generators on other machines
	Placed         []Placed        `json:"placed,omitempty"` // backends and mocks on other machines
	Processes      []Process       `json:"processes,omitempty"`
	Reconciliation *Reconciliation `json:"reconciliation,omitempty"`
	Steady         *Steady         `json:"steady,omitempty"`     // of simulate --steady
	HadWeNot       *HadWeNot       `json:"had_we_not,omitempty"` // of runs with a page on which somebody acted
	Timeline       []Event         `json:"timeline"`
	Series         Series          `json:"series"`
	Histograms     Histograms      `json:"histograms"`
	Thresholds     []Judgement     `json:"thresholds,omitempty"`
	Published      []Published     `json:"published,omitempty"` // the hold-outs of the scenario, under its first plan
	Warnings       []string        `json:"warnings"`
	Levels         []Level         `json:"levels,omitempty"` // of redline
	Redline        *Redline        `json:"redline,omitempty"`
}

// Part describes the part of a run that a generator played, and the settings that distinguish runs of one
// scenario.
type Part struct {
	K       int     `json:"k"` // from 1
	N       int     `json:"n"`
	Scale   float64 `json:"scale"`                    // factor on the number of people
	FromS   float64 `json:"from_s,omitempty"`         // start of the window, in seconds of the scenario
	ToS     float64 `json:"to_s,omitempty"`           // its end; absent means the end of the scenario
	MaxRate float64 `json:"max_rate_per_s,omitempty"` // sign-ups per second of a fast-forwarded run
	MaxWork float64 `json:"max_work_per_s,omitempty"` // most work, as the number of sign-ups per second that causes it
	Closed  int     `json:"closed,omitempty"`         // people kept under way, in a closed loop
}

// Played holds the load that a live run offered, with which a simulation can offer the same.
type Played struct {
	RatePerS     float64 `json:"rate_per_s"`               // people scheduled per real second while people arrived
	FromS        float64 `json:"from_s"`                   // when the first may arrive, in real seconds since the start
	ForS         float64 `json:"for_s"`                    // how long people arrived, in real seconds
	Scale        float64 `json:"scale,omitempty"`          // factor on the number of people; absent means 1
	ScaleSystem  float64 `json:"scale_system,omitempty"`   // factor on servers, rates and quotas; absent means 1
	WindowFromS  float64 `json:"window_from_s,omitempty"`  // start of the window, in seconds of the scenario
	WindowToS    float64 `json:"window_to_s,omitempty"`    // its end; absent means the end of the scenario
	ConstantPerS float64 `json:"constant_per_s,omitempty"` // constant rate that was asked for instead of the scenario's arrivals
	ConstantForS float64 `json:"constant_for_s,omitempty"` // how long it was asked for
	Speed        float64 `json:"speed,omitempty"`          // --speed
	MaxRatePerS  float64 `json:"max_rate_per_s,omitempty"` // --max-rate
	MaxWorkPerS  float64 `json:"max_work_per_s,omitempty"` // --max-work
	Closed       int     `json:"closed,omitempty"`         // people kept under way, in a closed loop
	Mix          string  `json:"mix,omitempty"`            // shares of journeys, if they were not the scenario's
}

// Build identifies the ombak that wrote the report.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

// Scenario identifies what was played.
type Scenario struct {
	Name   string    `json:"name"`
	Seed   uint64    `json:"seed"`
	SHA256 string    `json:"sha256"`
	Opens  time.Time `json:"opens,omitzero"`
}

// Machine describes the machine that played it.
type Machine struct {
	CPUs        int    `json:"cpus"`
	MemoryBytes uint64 `json:"memory_bytes"`
	OS          string `json:"os"`

	Usage *Usage `json:"usage,omitempty"` // while people arrived; live runs only
}

// Store describes the backend's store.
type Store struct {
	Engine     string `json:"engine"`
	Durability string `json:"durability"`
	Filesystem string `json:"filesystem"`
	Gone       []Gone `json:"gone,omitempty"` // stretches in which it took no writes

	Unread        string  `json:"unread,omitempty"`         // why nobody could read it after the run; then there is no reconciliation
	UnknownPeople float64 `json:"unknown_people,omitempty"` // people who were told yes, if it is unread: nobody knows whether it holds them
}

// Gone is a stretch in which a store took no writes although it was asked to.
type Gone struct {
	AtS  float64 `json:"at_s"`
	ForS float64 `json:"for_s"` // until it took writes again, or the run ended
	Back bool    `json:"back"`  // whether it took writes again
	Why  string  `json:"why"`   // its last error
}

// Intervals holds 95 % confidence intervals of the fields beside them, by their names in the file.
type Intervals map[string][2]float64

// Offered counts people.
type Offered struct {
	Scheduled  float64               `json:"scheduled"`      // sent + dropped + lost
	Sent       float64               `json:"sent"`           // people who began
	Completed  float64               `json:"completed"`      // people whose journey ended, well or not
	Dropped    float64               `json:"dropped"`        // people who never began, because the generator could not keep up
	Lost       float64               `json:"lost,omitempty"` // people of lost generators of whom nothing is known; then every count is a lower bound
	PeakPerMin float64               `json:"peak_per_min"`   // most scheduled in any 60 s
	ByStep     map[string]Scheduling `json:"by_step,omitempty"`
	CI95       Intervals             `json:"ci95,omitempty"`
}

// Scheduling counts people scheduled at a step.
type Scheduling struct {
	Scheduled  float64 `json:"scheduled"`
	PeakPerMin float64 `json:"peak_per_min"`   // most in any 60 s
	Lost       float64 `json:"lost,omitempty"` // of them, those of lost generators of whom nobody knows how they fared
}

// FunnelRow counts each person once at a step, by the last attempt of their first visit: entered = passed + declined + abandoned +
// rejected + failed + timed_out + unfinished.
type FunnelRow struct {
	Step             string    `json:"step"`
	Entered          float64   `json:"entered"`
	Passed           float64   `json:"passed"`
	PeakPassedPerMin float64   `json:"peak_passed_per_min"` // most passes in any 60 whole seconds, by the time of the answer
	Declined         float64   `json:"declined"`
	Abandoned        float64   `json:"abandoned"`
	Rejected         float64   `json:"rejected"`
	Failed           float64   `json:"failed"`
	TimedOut         float64   `json:"timed_out"`
	Unfinished       float64   `json:"unfinished"` // still there at the end, or with an attempt that the generator could not send
	Retries          float64   `json:"retries"`    // attempts beyond a person's first
	CI95             Intervals `json:"ci95,omitempty"`
}

// StepRow counts attempts sent at a step.
type StepRow struct {
	Step                string            `json:"step"`
	Kind                funnel.StepKind   `json:"kind,omitempty"`   // absent in reports of older versions
	Group               string            `json:"group,omitempty"`  // as the scenario says
	Tags                map[string]string `json:"tags,omitempty"`   // likewise
	Visits              *float64          `json:"visits,omitempty"` // times that people came to the step, further rounds included; absent if the journey is one straight line
	Requests            float64           `json:"requests"`
	ThroughputPerS      float64           `json:"throughput_per_s"` // attempts ended with any outcome, per real second of the run
	GoodputPerS         float64           `json:"goodput_per_s"`    // people passed per real second of the run
	ResponseTimeS       *Quantiles        `json:"response_time_s,omitempty"`
	ResponseTimePassedS *Quantiles        `json:"response_time_passed_s,omitempty"` // of passed and timed-out attempts
	ServiceTimeS        *Quantiles        `json:"service_time_s,omitempty"`

	// Attempts that did not complete, by reason: an HTTP status, or dial, reset, stale, tls, timeout, body,
	// check, local.
	Reasons map[string]float64 `json:"reasons,omitempty"`

	Slowest []Slow `json:"slowest,omitempty"` // of steps with request.trace, at most ten attempts, the slowest first

	CI95 Intervals `json:"ci95,omitempty"`
}

// Slow is one of the slowest attempts at a step, and the id of its trace in the service's own tracing.
type Slow struct {
	ResponseTimeS float64 `json:"response_time_s"`
	AtS           float64 `json:"at_s"` // when it ended, in real seconds since the start of the run
	Outcome       string  `json:"outcome"`
	Reason        string  `json:"reason"` // an HTTP status, or as in reasons
	TraceID       string  `json:"trace_id"`
}

// Transition counts the people who went from a step to another, each once.
type Transition struct {
	From   string    `json:"from"` // a step, or start
	To     string    `json:"to"`   // a step, or end after those who passed the last step of their walk
	People float64   `json:"people"`
	CI95   Intervals `json:"ci95,omitempty"`
}

// The ends of a walk in a [Transition].
const (
	WalkStart = "start"
	WalkEnd   = "end"
)

// Quantiles summarizes at least one value; all in seconds.
type Quantiles struct {
	Count float64 `json:"count"` // number of values
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// StationRow is a station over the whole run.
type StationRow struct {
	Name        string    `json:"name"`
	Servers     float64   `json:"servers"` // at the last reading
	Completions float64   `json:"completions"`
	BusyS       float64   `json:"busy_s"`     // servers × seconds in use
	QueueMean   float64   `json:"queue_mean"` // requests waiting, averaged over the run
	QueueMax    float64   `json:"queue_max"`
	Batches     *float64  `json:"batches,omitempty"`
	FsyncS      *float64  `json:"fsync_s,omitempty"`   // seconds
	BatchSCV    *float64  `json:"batch_scv,omitempty"` // squared coefficient of variation of batch times; live runs only
	Wasted      *float64  `json:"wasted,omitempty"`    // completions for people who had left; simulations only
	PWait       *float64  `json:"p_wait,omitempty"`    // share of the requests begun that had to wait; simulations only
	WaitS       *float64  `json:"wait_s,omitempty"`    // mean wait of the requests begun, s; simulations only
	ServiceS    *float64  `json:"service_s,omitempty"` // mean time at a server of the completed requests, set-up and pauses included, s; simulations only
	CI95        Intervals `json:"ci95,omitempty"`
}

// Generator describes the load generator's cost and lag.
type Generator struct {
	ScheduleLagS *LagQuantiles `json:"schedule_lag_s,omitempty"`
	CPUS         *float64      `json:"cpu_s,omitempty"` // CPU seconds
	MaxRSSBytes  *uint64       `json:"max_rss_bytes,omitempty"`
	Strain       *Strain       `json:"strain,omitempty"`
	Protocol     string        `json:"protocol,omitempty"` // HTTP/2 if it was requested
	Handshakes   *Handshakes   `json:"handshakes,omitempty"`
	Wire         string        `json:"wire,omitempty"` // epoll or portable
	Connections  *Connections  `json:"connections,omitempty"`
	WebSockets   *WebSockets   `json:"websockets,omitempty"`
}

// Agent is a generator on another machine.
type Agent struct {
	Agent         string   `json:"agent"`                     // name of the agent that ran it
	Part          int      `json:"part"`                      // which part of the people it played, from 1
	ClockOffsetS  *float64 `json:"clock_offset_s,omitempty"`  // by how much its clock was ahead of the conductor's when the run began
	ClockBoundS   *float64 `json:"clock_bound_s,omitempty"`   // most by which clock_offset_s may be wrong
	ClockDriftPPM *float64 `json:"clock_drift_ppm,omitempty"` // microseconds that its clock gained each second; absent in short runs
	StartErrorS   *float64 `json:"start_error_s,omitempty"`   // how much later than planned it began, by clock_offset_s
	People        float64  `json:"people"`                    // sent + dropped + lost
	Sent          float64  `json:"sent"`
	Dropped       float64  `json:"dropped"`
	Lost          float64  `json:"lost,omitempty"`         // people of whom nothing is known
	LostAfterS    *float64 `json:"lost_after_s,omitempty"` // the end of the last second that it told of, in real seconds since the start
	Why           string   `json:"why,omitempty"`          // why it was lost
	Rows          float64  `json:"rows"`                   // messages that the conductor has
	Repeated      float64  `json:"repeated,omitempty"`     // messages that came again
	CPUS          *float64 `json:"cpu_s,omitempty"`        // CPU seconds of the generator
	MaxRSSBytes   *uint64  `json:"max_rss_bytes,omitempty"`
	CPUs          int      `json:"cpus,omitempty"`          // cores of its machine
	CPUShare      *float64 `json:"cpu_share,omitempty"`     // of its machine's CPU in use on average, by anybody
	CPUShareMax   *float64 `json:"cpu_share_max,omitempty"` // the same in the busiest second
}

// Placed is a backend, or the mocks, on another machine.
type Placed struct {
	Part          string   `json:"part"`                      // backend or mocks
	Agent         string   `json:"agent"`                     // name of the agent that ran it
	ClockOffsetS  *float64 `json:"clock_offset_s,omitempty"`  // by how much its clock was ahead of the conductor's when the run began
	ClockBoundS   *float64 `json:"clock_bound_s,omitempty"`   // most by which clock_offset_s may be wrong
	ClockDriftPPM *float64 `json:"clock_drift_ppm,omitempty"` // microseconds that its clock gained each second; absent in short runs
	Rows          float64  `json:"rows"`                      // messages that the conductor has
	Repeated      float64  `json:"repeated,omitempty"`        // messages that came again
	CPUS          *float64 `json:"cpu_s,omitempty"`           // CPU seconds of the part; absent if its end was not heard of
	MaxRSSBytes   *uint64  `json:"max_rss_bytes,omitempty"`
	CPUs          int      `json:"cpus,omitempty"`          // cores of its machine
	CPUShare      *float64 `json:"cpu_share,omitempty"`     // of its machine's CPU in use on average, by anybody
	CPUShareMax   *float64 `json:"cpu_share_max,omitempty"` // the same in the busiest second
}

// Connections counts the connections that the generator opened. The wait for one is a part of the service time, and no
// part of the lag behind the schedule.
type Connections struct {
	Opened    float64  `json:"opened"`
	PeakPerS  float64  `json:"peak_per_s"`            // most opened in one second; the mean of the fullest bin in runs of more than a day
	Waited    float64  `json:"waited"`                // requests that waited for a connection, because enough were being opened
	WaitMeanS *float64 `json:"wait_mean_s,omitempty"` // seconds, of those that waited
	WaitMaxS  *float64 `json:"wait_max_s,omitempty"`  // likewise
	// OpenedAt counts the connections by when they began to open, from the start of the run.
	OpenedAt *funnel.Tally `json:"opened_at,omitempty"`
}

// WebSockets counts WebSockets and their messages.
type WebSockets struct {
	Opened   float64 `json:"opened"`
	Sent     float64 `json:"sent"`
	Received float64 `json:"received"`
	// The same by time from the start of the run.
	OpenedAt   *funnel.Tally `json:"opened_at,omitempty"`
	SentAt     *funnel.Tally `json:"sent_at,omitempty"`
	ReceivedAt *funnel.Tally `json:"received_at,omitempty"`
}

// Handshakes counts the TLS handshakes, except those for gRPC methods that stream and for gRPC on the portable wire. A resumed one uses a session ticket.
type Handshakes struct {
	Full         float64  `json:"full"`
	Resumed      float64  `json:"resumed"`
	FullMeanS    *float64 `json:"full_mean_s,omitempty"`    // seconds, from the connection to the end of the handshake
	ResumedMeanS *float64 `json:"resumed_mean_s,omitempty"` // likewise
}

// LagQuantiles summarizes the delay from the intended instant to sending, in seconds.
type LagQuantiles struct {
	Count float64 `json:"count"` // requests
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Strain measures the load on a generator and its machine during a run.
type Strain struct {
	CPUShare    float64  `json:"cpu_share"`             // CPU time of the generator over that of all cores
	StealShare  *float64 `json:"steal_share,omitempty"` // CPU time that the machine's host gave to others, over that of all cores
	GCPauseMaxS float64  `json:"gc_pause_max_s"`        // seconds
	// PacingError compares observed with intended arrivals, second by second: requests sent in another second
	// than intended, over all requests. 0 is perfect.
	PacingError float64 `json:"pacing_error"`
	Shed        float64 `json:"shed"` // people who never began, because the limit of people under way was reached
}

// Process is the cost of one process.
type Process struct {
	Name          string   `json:"name"`
	CPUS          *float64 `json:"cpu_s,omitempty"` // CPU seconds
	MaxRSSBytes   *uint64  `json:"max_rss_bytes,omitempty"`
	CPUs          int      `json:"cpus,omitempty"`                 // cores that it may use, if that is known
	BusiestThread float64  `json:"busiest_thread_share,omitempty"` // share of its CPU time that one thread used, if that is known
	Watched       bool     `json:"watched,omitempty"`              // named by --watch: a part of the target that others started
}

// Reconciliation counts distinct e-mails: persisted = acknowledged − lost + unacknowledged.
type Reconciliation struct {
	Acknowledged   int64 `json:"acknowledged"`   // the person got the yes
	Persisted      int64 `json:"persisted"`      // in the database
	Lost           int64 `json:"lost"`           // acknowledged and not persisted
	Unacknowledged int64 `json:"unacknowledged"` // persisted though the person saw a timeout or a reset
	Duplicates     int64 `json:"duplicates"`     // two rows with one e-mail or one NIK

	Booked int64 `json:"booked,omitempty"` // of the stocks of the service; absent if nobody booked
}

// Event is an entry of the timeline.
type Event struct {
	AtS  float64         `json:"at_s"` // real seconds since the start
	ForS float64         `json:"for_s"`
	Kind funnel.MarkKind `json:"kind"`
	Text string          `json:"text"`

	Do      funnel.Deed `json:"do,omitempty"`      // what was done, in the words of actions; absent if nobody did anything, as when a phase begins
	On      string      `json:"on,omitempty"`      // part or place; of a fault, the dependencies that have it, with commas
	What    string      `json:"what,omitempty"`    // name of the fault or the policy, or the factor on arrivals
	Planned bool        `json:"planned,omitempty"` // a fault of a dependency, or a setting by the plan or one of its policies; nobody acted
}

// EventOf returns a mark as an entry of the timeline.
func EventOf(mark funnel.Mark) Event {
	return Event{mark.At.Seconds(), mark.For.Seconds(), mark.Kind, mark.Text, mark.Do, mark.On, mark.What, mark.Planned}
}

// Judgement is one threshold and its verdict. Value is in seconds for a time, in percent for a share, and
// absent if it was never measured.
type Judgement struct {
	Source   string          `json:"source"`
	Severity funnel.Severity `json:"severity"`
	Value    *float64        `json:"value,omitempty"`
	Verdict  Verdict         `json:"verdict"`
	Reason   string          `json:"reason,omitempty"` // reason for the verdict, unless it passed
	CI95     *[2]float64     `json:"ci95,omitempty"`   // 95 % interval of the value
	Basis    string          `json:"basis,omitempty"`  // what the value is based on: "one run", unless it was simulated more than once
}

// Level is one load that redline tried.
type Level struct {
	OfferedPerS float64 `json:"offered_per_s"`
	Report      string  `json:"report"` // file, relative to this one

	Concurrency    float64 `json:"concurrency,omitempty"`      // people kept under way; closed loops only
	ThroughputPerS float64 `json:"throughput_per_s,omitempty"` // people whose journey ended per second; closed loops only
}

// Redline is the result of a search for the limit. Fields that were not found are absent.
type Redline struct {
	HeldPerS   float64 `json:"held_per_s,omitempty"`  // highest rate that held
	BrokePerS  float64 `json:"broke_per_s,omitempty"` // lowest rate that did not
	KneePerS   float64 `json:"knee_per_s,omitempty"`  // rate with the most goodput for its response time
	Bottleneck string  `json:"bottleneck,omitempty"`  // busiest part at the lowest rate that broke

	InvalidPerS   float64 `json:"invalid_per_s,omitempty"`   // lowest rate whose runs were all invalid
	UndecidedPerS float64 `json:"undecided_per_s,omitempty"` // highest rate that could not be decided
	RefusedPerS   float64 `json:"refused_per_s,omitempty"`   // rate at which the service declined most people, which ended the search
	Machine       string  `json:"machine,omitempty"`         // what of the machine was short at the lowest rate that broke, or else at the highest that held

	// The Universal Scalability Law fitted to the levels of a closed loop; see ombak calc usl.
	Sigma           *float64 `json:"sigma,omitempty"`
	Kappa           *float64 `json:"kappa,omitempty"`
	Lambda          *float64 `json:"lambda,omitempty"`           // per second
	KneeConcurrency *float64 `json:"knee_concurrency,omitempty"` // number of people under way beyond which more add little
}
