package scenarios

import "time"

// Validity limits the generator. A run beyond a limit gets no verdict. If cpu, steal, gc_pause or pacing is
// left out, the report warns of values that are likely to distort the run.
type Validity struct {
	LagP99  time.Duration `yaml:"lag_p99,omitempty" json:"lag_p99,omitempty"`   // schedule lag; 0 means 100 ms
	Dropped Share         `yaml:"dropped,omitempty" json:"dropped,omitempty"`   // share of people dropped; 0 means none
	Unsent  Share         `yaml:"unsent,omitempty" json:"unsent,omitempty"`     // share of attempts that could not be sent for lack of files, ports or requests in flight; 0 means none
	Dial    Share         `yaml:"dial,omitempty" json:"dial,omitempty"`         // share of attempts that got no connection; 0 means no limit
	CPU     Share         `yaml:"cpu,omitempty" json:"cpu,omitempty"`           // share of the machine's CPU that the generator takes
	Steal   Share         `yaml:"steal,omitempty" json:"steal,omitempty"`       // share of the machine's CPU that its host takes away
	GCPause time.Duration `yaml:"gc_pause,omitempty" json:"gc_pause,omitempty"` // the generator's longest garbage-collection pause
	Pacing  Share         `yaml:"pacing,omitempty" json:"pacing,omitempty"`     // share of requests sent in another second than intended
}
