package report

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Schema names the format of report.json.
const Schema = "ombak.report/v1"

// Engine says where the figures come from.
type Engine string

// The engines.
const (
	Live      Engine = "live"
	Simulated Engine = "simulated"
)

// Verdict is what a report or one threshold comes to.
type Verdict string

// The verdicts.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive" // too little data to decide
	Invalid      Verdict = "invalid"      // the load was not offered as it should have been, or the books do not add up
)

// Report is report.json. A pointer that is nil, and a collection that is empty, was not known.
// Counts are float64 because those of a simulation are means over replications; live ones are whole.
type Report struct {
	Schema         string          `json:"schema"`
	Engine         Engine          `json:"engine"`
	Verdict        Verdict         `json:"verdict"`
	Invalid        []string        `json:"invalid,omitempty"` // why the run is invalid
	Ombak          Build           `json:"ombak"`
	Scenario       Scenario        `json:"scenario"`
	Plan           string          `json:"plan"`
	Part           *Part           `json:"part,omitempty"` // that the generator played; absent where it played all
	Started        *time.Time      `json:"started,omitempty"`
	DurationS      float64         `json:"duration_s"` // real seconds
	Speed          float64         `json:"speed"`      // scenario seconds per real second
	Replications   int             `json:"replications"`
	Command        string          `json:"command,omitempty"` // that played it, without where it wrote; values of variables masked
	Machine        *Machine        `json:"machine,omitempty"`
	Store          *Store          `json:"store,omitempty"`
	Offered        Offered         `json:"offered"`
	Funnel         []FunnelRow     `json:"funnel,omitempty"`
	Steps          []StepRow       `json:"steps,omitempty"`
	Stations       []StationRow    `json:"stations,omitempty"`
	Overload       *Overload       `json:"overload,omitempty"` // of replication 0
	Generator      *Generator      `json:"generator,omitempty"`
	Processes      []Process       `json:"processes,omitempty"`
	Reconciliation *Reconciliation `json:"reconciliation,omitempty"`
	Timeline       []Event         `json:"timeline"`
	Series         Series          `json:"series"`
	Histograms     Histograms      `json:"histograms"`
	Thresholds     []Judgement     `json:"thresholds,omitempty"`
	Warnings       []string        `json:"warnings"`
	Levels         []Level         `json:"levels,omitempty"` // of redline
	Redline        *Redline        `json:"redline,omitempty"`
}

// Part says which part of a run a generator played, and what else tells two runs of one scenario apart.
type Part struct {
	K       int     `json:"k"` // from 1
	N       int     `json:"n"`
	Scale   float64 `json:"scale"`                    // share of the people who come
	FromS   float64 `json:"from_s,omitempty"`         // beginning of the window, in seconds of the scenario
	ToS     float64 `json:"to_s,omitempty"`           // its end; absent means that of the scenario
	MaxRate float64 `json:"max_rate_per_s,omitempty"` // sign-ups per second of a fast-forwarded run
	MaxWork float64 `json:"max_work_per_s,omitempty"` // work, as goes with so many sign-ups per second
	Closed  int     `json:"closed,omitempty"`         // people kept under way, in a closed loop
}

// Build is the ombak that wrote the report.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

// Scenario is what was played.
type Scenario struct {
	Name   string    `json:"name"`
	Seed   uint64    `json:"seed"`
	SHA256 string    `json:"sha256"`
	Opens  time.Time `json:"opens,omitzero"`
}

// Machine is where it was played.
type Machine struct {
	CPUs        int    `json:"cpus"`
	MemoryBytes uint64 `json:"memory_bytes"`
	OS          string `json:"os"`
}

// Store is where the backend kept what it took.
type Store struct {
	Engine     string `json:"engine"`
	Durability string `json:"durability"`
	Filesystem string `json:"filesystem"`
}

// Intervals hold 95 % confidence intervals of the fields beside them, by their names in the file.
type Intervals map[string][2]float64

// Offered counts people.
type Offered struct {
	Scheduled  float64               `json:"scheduled"`    // sent + dropped
	Sent       float64               `json:"sent"`         // begun
	Completed  float64               `json:"completed"`    // their way ended, well or not
	Dropped    float64               `json:"dropped"`      // never begun, because the generator could not
	PeakPerMin float64               `json:"peak_per_min"` // most scheduled in any 60 s
	ByStep     map[string]Scheduling `json:"by_step,omitempty"`
	CI95       Intervals             `json:"ci95,omitempty"`
}

// Scheduling counts people scheduled at a step.
type Scheduling struct {
	Scheduled  float64 `json:"scheduled"`
	PeakPerMin float64 `json:"peak_per_min"` // most in any 60 s
}

// FunnelRow counts people once at a step, each by the last attempt:
// entered = passed + declined + abandoned + rejected + failed + timed_out + unfinished.
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
	Unfinished       float64   `json:"unfinished"` // still there at the end, or an attempt the generator could not send
	Retries          float64   `json:"retries"`    // attempts beyond a person's first
	CI95             Intervals `json:"ci95,omitempty"`
}

// StepRow counts attempts sent at a step.
type StepRow struct {
	Step                string          `json:"step"`
	Kind                funnel.StepKind `json:"kind,omitempty"` // absent in reports of older versions
	Requests            float64         `json:"requests"`
	ThroughputPerS      float64         `json:"throughput_per_s"` // attempts ended, however, per real second of the run
	GoodputPerS         float64         `json:"goodput_per_s"`    // people passed per real second of the run
	ResponseTimeS       *Quantiles      `json:"response_time_s,omitempty"`
	ResponseTimePassedS *Quantiles      `json:"response_time_passed_s,omitempty"` // of passed and timed-out attempts
	ServiceTimeS        *Quantiles      `json:"service_time_s,omitempty"`

	// Attempts that did not complete by why: an HTTP status, or dial, reset, stale, tls, timeout, body, check, local.
	Reasons map[string]float64 `json:"reasons,omitempty"`

	CI95 Intervals `json:"ci95,omitempty"`
}

// Quantiles sum up at least one value; all in seconds.
type Quantiles struct {
	Count float64 `json:"count"` // values
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
	BatchSCV    *float64  `json:"batch_scv,omitempty"` // squared coefficient of variation of the times of batches; live runs only
	Wasted      *float64  `json:"wasted,omitempty"`    // of the completions, for people who had left; simulations only
	CI95        Intervals `json:"ci95,omitempty"`
}

// Generator is what the load generator cost and how late it was.
type Generator struct {
	ScheduleLagS *LagQuantiles `json:"schedule_lag_s,omitempty"`
	CPUS         *float64      `json:"cpu_s,omitempty"` // CPU seconds
	MaxRSSBytes  *uint64       `json:"max_rss_bytes,omitempty"`
	Strain       *Strain       `json:"strain,omitempty"`
	Protocol     string        `json:"protocol,omitempty"` // HTTP/2 where it was asked for
	Handshakes   *Handshakes   `json:"handshakes,omitempty"`
}

// Handshakes counts the TLS handshakes over HTTP/1.1. A resumed one uses a session ticket.
type Handshakes struct {
	Full         float64  `json:"full"`
	Resumed      float64  `json:"resumed"`
	FullMeanS    *float64 `json:"full_mean_s,omitempty"`    // seconds, from the connection to the end of the handshake
	ResumedMeanS *float64 `json:"resumed_mean_s,omitempty"` // likewise
}

// LagQuantiles sum up how long after the intended instants requests were sent, in seconds.
type LagQuantiles struct {
	Count float64 `json:"count"` // requests
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Strain is what a generator and its machine went through while it played.
type Strain struct {
	CPUShare    float64  `json:"cpu_share"`             // CPU time of the generator over that of all cores
	StealShare  *float64 `json:"steal_share,omitempty"` // CPU time that the machine's host gave to others, over that of all cores
	GCPauseMaxS float64  `json:"gc_pause_max_s"`        // seconds
	// PacingError compares observed arrivals with the intended, second by second: requests sent in
	// another second than intended, over all requests. 0 is perfect.
	PacingError float64 `json:"pacing_error"`
	Shed        float64 `json:"shed"` // people never begun, because as many as allowed were under way
}

// Process is what one part cost.
type Process struct {
	Name        string   `json:"name"`
	CPUS        *float64 `json:"cpu_s,omitempty"` // CPU seconds
	MaxRSSBytes *uint64  `json:"max_rss_bytes,omitempty"`
}

// Reconciliation counts distinct e-mails: persisted = acknowledged − lost + unacknowledged.
type Reconciliation struct {
	Acknowledged   int64 `json:"acknowledged"`   // the person got the yes
	Persisted      int64 `json:"persisted"`      // in the database
	Lost           int64 `json:"lost"`           // acknowledged and not persisted
	Unacknowledged int64 `json:"unacknowledged"` // persisted though the person saw a timeout or a reset
	Duplicates     int64 `json:"duplicates"`     // two rows with one e-mail or one NIK
}

// Event is a part of the timeline.
type Event struct {
	AtS  float64         `json:"at_s"` // real seconds since the start
	ForS float64         `json:"for_s"`
	Kind funnel.MarkKind `json:"kind"`
	Text string          `json:"text"`
}

// Judgement is one threshold and what became of it. Value is in seconds for a time, in percent for
// a share, and absent when it was never measured.
type Judgement struct {
	Source   string          `json:"source"`
	Severity funnel.Severity `json:"severity"`
	Value    *float64        `json:"value,omitempty"`
	Verdict  Verdict         `json:"verdict"`
	Reason   string          `json:"reason,omitempty"` // in words, unless it passed
	CI95     *[2]float64     `json:"ci95,omitempty"`   // 95 % interval of the value
	Basis    string          `json:"basis,omitempty"`  // what it rests on: "one run", unless it was simulated more than once
}

// Level is one load that redline tried.
type Level struct {
	OfferedPerS float64 `json:"offered_per_s"`
	Report      string  `json:"report"` // file, relative to this one

	Concurrency    float64 `json:"concurrency,omitempty"`      // people kept under way; closed loops only
	ThroughputPerS float64 `json:"throughput_per_s,omitempty"` // people whose way ended per second; closed loops only
}

// Redline is what a search for the limit found; what was not found is absent.
type Redline struct {
	HeldPerS   float64 `json:"held_per_s,omitempty"`  // the highest rate that held
	BrokePerS  float64 `json:"broke_per_s,omitempty"` // the lowest that did not
	KneePerS   float64 `json:"knee_per_s,omitempty"`  // the rate with the most goodput for its response time
	Bottleneck string  `json:"bottleneck,omitempty"`  // what was busiest where it broke

	// The Universal Scalability Law through the levels of a closed loop, see ombak calc usl.
	Sigma           *float64 `json:"sigma,omitempty"`
	Kappa           *float64 `json:"kappa,omitempty"`
	Lambda          *float64 `json:"lambda,omitempty"`           // per second
	KneeConcurrency *float64 `json:"knee_concurrency,omitempty"` // people under way beyond which more add little
}
