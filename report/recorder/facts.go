package recorder

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Facts holds what a Recording does not know about its run.
type Facts struct {
	Ombak          report.Build
	Engine         report.Engine // empty means live
	Scenario       report.Scenario
	Plan           string
	RunID          string                                     // live runs
	Partial        bool                                       // the generator died, so its last second may be missing
	Part           *report.Part                               // nil if the generator played everyone
	Played         *report.Played                             // live runs only
	Started        *time.Time                                 // live runs only
	Duration       time.Duration                              // real time
	Speed          float64                                    // scenario seconds per real second; 0 means 1
	Clock          func(realTime time.Duration) time.Duration // scenario time at a real time; nil means the two are equal
	Machine        *report.Machine
	Store          *report.Store
	Offered        *OfferedFacts      // nil means the recording's own counts
	Readings       []funnel.Reading   // of all stations, over time
	Marks          []funnel.Mark      // events of the run as a whole
	Generator      *report.Process    // cost of the generator; nil leaves only the lag of live runs
	Strain         *report.Strain     // of the generator; nil if not measured
	Handshakes     *report.Handshakes // of TLS; nil if there were none
	Wire           Wire               // of the generator; empty for a simulation
	Protocol       string             // protocol that the generator used, unless HTTP/1.1
	Fleet          []report.Agent     // generators on other machines
	Placed         []report.Placed    // other parts on other machines
	Processes      []report.Process
	MachineSeries  *report.MachineSeries // nil if the machine was not read
	ProcessSeries  []report.ProcessSeries
	Reconciliation *report.Reconciliation
	SeriesNote     string // origin of the series and histograms, such as "of replication 0"
	Warnings       []string
	Labels         map[string]Labels // of steps, by name
}

// Labels are what the scenario says about a step for readers of the report.
type Labels struct {
	Group string
	Tags  map[string]string
}

// OfferedFacts counts the people that the arrivals scheduled.
type OfferedFacts struct {
	Scheduled  int                          // people
	PeakPerMin int                          // most in any 60 s
	ByStep     map[string]report.Scheduling // for the step at which arrivals are scheduled
}
