package report

import (
	"cmp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// SecondSchema names the format of a row of the feed.
const SecondSchema = "ombak.second/v1"

// Second is one row of the feed of a run: what was noticed since the row before. The rows of a run add up to its report.
// Rows of a simulation may be longer than a second. A figure that is not known is absent.
type Second struct {
	Schema     string          `json:"schema"`
	Row        int             `json:"row"`        // number of the row, from 1
	AtS        float64         `json:"at_s"`       // end of the row, in real seconds since the start of the run
	ForS       float64         `json:"for_s"`      // its length
	ScenarioS  float64         `json:"scenario_s"` // its end on the scenario's clock
	Phase      string          `json:"phase"`
	Scheduled  uint64          `json:"scheduled"` // people who were scheduled
	Started    uint64          `json:"started"`   // people who began
	Dropped    uint64          `json:"dropped"`   // people who could not begin
	Finished   uint64          `json:"finished"`  // people whose walk ended
	Lag        *SecondLag      `json:"lag_s,omitempty"`
	Steps      []SecondStep    `json:"steps,omitempty"` // steps where anything happened or somebody waits
	Stations   []SecondStation `json:"stations,omitempty"`
	Thresholds []Standing      `json:"thresholds,omitempty"` // as far as the run has come; absent in rows in which they were not judged
	Machine    *SecondMachine  `json:"machine,omitempty"`
	Processes  []SecondProcess `json:"processes,omitempty"`
	Agents     []SecondAgent   `json:"agents,omitempty"` // generators on other machines
	Marks      []SecondMark    `json:"marks,omitempty"`  // of the timeline, that became known
	Doubts     []string        `json:"doubts,omitempty"` // why the run would be invalid if it ended now

	Times []SecondTimes `json:"-"` // response times of attempts that ended, if the maker of the rows keeps them
}

// SecondMark is an event of the timeline, on both clocks.
type SecondMark struct {
	Event
	ScenarioS    float64 `json:"scenario_s"`               // when it begins, in seconds from the opening
	ScenarioForS float64 `json:"scenario_for_s,omitempty"` // its length on the scenario's clock
}

// SecondTimes are the response times of the attempts at one step with one outcome.
type SecondTimes struct {
	Step    string
	Outcome string
	Bins    []TimeBin // in rising order
}

// TimeBin counts times that are about equal, to a thousandth.
type TimeBin struct {
	S     float64 // their middle, in seconds
	Count uint64
}

// SecondLag is the delay from the intended instant to sending, in seconds.
type SecondLag struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// SecondStep is one step in one row.
type SecondStep struct {
	Step     string   `json:"step"`
	Entered  uint64   `json:"entered,omitempty"`  // people
	Passed   uint64   `json:"passed,omitempty"`   // people, as are the next five
	Declined uint64   `json:"declined,omitempty"` // by their last attempt
	Rejected uint64   `json:"rejected,omitempty"`
	Failed   uint64   `json:"failed,omitempty"`
	TimedOut uint64   `json:"timed_out,omitempty"`
	Left     uint64   `json:"abandoned,omitempty"`
	Requests uint64   `json:"requests,omitempty"` // attempts that ended
	Waiting  int64    `json:"waiting,omitempty"`  // people at the step at the end of the row
	P50      *float64 `json:"p50_s,omitempty"`    // of the response time of all attempts
	P95      *float64 `json:"p95_s,omitempty"`
	P99      *float64 `json:"p99_s,omitempty"`

	Served  *SecondQuantiles `json:"served_s,omitempty"`  // of the response time of passed and timed-out attempts, as thresholds judge it
	Refused *SecondQuantiles `json:"refused_s,omitempty"` // of the response time of attempts that were turned away
}

// SecondQuantiles are quantiles of response times, in seconds.
type SecondQuantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// worse returns the greater of each quantile.
func (q *SecondQuantiles) worse(than *SecondQuantiles) *SecondQuantiles {
	if q == nil || than == nil {
		return cmp.Or(q, than)
	}
	return &SecondQuantiles{max(q.P50, than.P50), max(q.P95, than.P95), max(q.P99, than.P99)}
}

// SecondStation is one station, dependency or gate in one row.
type SecondStation struct {
	Name        string  `json:"name"`
	Servers     int     `json:"servers"`
	Busy        float64 `json:"busy"`   // servers in use, on average
	Queued      int     `json:"queued"` // at the end
	Completions uint64  `json:"completions,omitempty"`
	Rejections  uint64  `json:"rejections,omitempty"`
}

// Standing is how a threshold stands while the run goes on.
type Standing struct {
	Source   string          `json:"source"`
	Severity funnel.Severity `json:"severity"`
	Verdict  Verdict         `json:"verdict"`
	Found    string          `json:"found,omitempty"`  // the figure, as people read it
	Room     *float64        `json:"room,omitempty"`   // distance from the bound as a share of it, or of what is beyond it; below 0 it is broken
	Reason   string          `json:"reason,omitempty"` // why nothing is known
}

// SecondMachine is the whole machine in one row.
type SecondMachine struct {
	CPUShare        float64 `json:"cpu_share"` // of all cores
	MemoryAvailable uint64  `json:"memory_available_bytes,omitempty"`
}

// SecondProcess is one process in one row.
type SecondProcess struct {
	Name     string  `json:"name"`
	CPU      float64 `json:"cpu"` // cores in use
	RSSBytes float64 `json:"rss_bytes,omitempty"`
}

// SecondAgent is one generator on another machine in one row. Its counts are parts of those of the row. A backend, or the
// mocks, have no counts.
type SecondAgent struct {
	Agent       string     `json:"agent"`
	Part        string     `json:"part,omitempty"` // backend or mocks; empty for a generator
	Scheduled   uint64     `json:"scheduled"`
	Started     uint64     `json:"started"`
	Dropped     uint64     `json:"dropped"`
	Finished    uint64     `json:"finished"`
	Lag         *SecondLag `json:"lag_s,omitempty"`
	ClockBoundS *float64   `json:"clock_bound_s,omitempty"` // most by which the offset of its clock may be wrong
	CPU         *float64   `json:"cpu,omitempty"`           // cores in use by the part
	CPUShare    *float64   `json:"cpu_share,omitempty"`     // of its machine's CPU in use, by anybody
	SilentS     float64    `json:"silent_s"`                // for how long nothing was heard of it, if it still plays
	Lost        string     `json:"lost,omitempty"`          // why it was lost
}
