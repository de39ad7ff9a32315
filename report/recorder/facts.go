package recorder

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Facts are what a Recording cannot know about its run.
type Facts struct {
	Ombak          report.Build
	Engine         report.Engine // empty means live
	Scenario       report.Scenario
	Plan           string
	Part           *report.Part                               // nil where the generator played all
	Started        *time.Time                                 // live runs only
	Duration       time.Duration                              // real time
	Speed          float64                                    // scenario seconds per real second; 0 means 1
	Clock          func(realTime time.Duration) time.Duration // scenario time at a real time; nil means the same
	Machine        *report.Machine
	Store          *report.Store
	Offered        *OfferedFacts      // nil means what the recording itself counted
	Readings       []funnel.Reading   // of all stations, over time
	Marks          []funnel.Mark      // what happened to the run as a whole
	Generator      *report.Process    // what the generator cost; nil leaves only the lag of live runs
	Strain         *report.Strain     // of the generator; nil where it was not measured
	Handshakes     *report.Handshakes // of TLS; nil if there were none
	Protocol       string             // that the generator spoke, where it was not HTTP/1.1
	Processes      []report.Process
	Reconciliation *report.Reconciliation
	SeriesNote     string // whose series and histograms these are, such as "of replication 0"
	Warnings       []string
}

// OfferedFacts count the people that the arrivals asked for, as the scheduler knows them.
type OfferedFacts struct {
	Scheduled  int                          // people
	PeakPerMin int                          // most in any 60 s
	ByStep     map[string]report.Scheduling // for the step that arrivals are scheduled at
}
