package live

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// Run describes what is played. It does not change during the run.
type Run struct {
	Schema     string    `json:"schema"` // ombak.run/v1
	Command    string    `json:"command"`
	Engine     string    `json:"engine"`
	Scenario   string    `json:"scenario"`
	Title      string    `json:"title,omitempty"`
	Plan       string    `json:"plan,omitempty"`
	Noun       string    `json:"noun"`                // what people do at the step of the arrivals, in the plural
	Step       string    `json:"step"`                // the step at which arrivals are scheduled
	Last       string    `json:"last"`                // the step after which people are through
	FirstS     float64   `json:"first_s"`             // real time of the first arrival
	LastS      float64   `json:"last_s"`              // real time after which nobody comes
	UntilS     float64   `json:"until_s"`             // real time after which the run ends
	BeginsS    float64   `json:"begins_s"`            // scenario time at which the run begins, below 0 if people come before the opening
	EndsS      float64   `json:"ends_s"`              // scenario time after which it ends
	Opens      string    `json:"opens,omitempty"`     // time of day of scenario time 0, as in 2020-04-11T19:00:00+07:00
	Scheduled  int       `json:"scheduled,omitempty"` // people who are expected
	Steps      []RunStep `json:"steps"`
	Thresholds []string  `json:"thresholds"`
	CPUs       int       `json:"cpus,omitempty"`
}

// RunSchema names the format of a Run.
const RunSchema = "ombak.run/v1"

// RunStep is a step of the journey.
type RunStep struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// Ending is what the board says when the run has ended.
type Ending struct {
	Verdict    report.Verdict     `json:"verdict,omitempty"` // empty if there is no report
	Sentence   string             `json:"sentence"`          // the conclusion, or why there is none
	Reasons    []string           `json:"reasons,omitempty"` // why the run is invalid
	Thresholds []report.Judgement `json:"thresholds,omitempty"`
	Report     bool               `json:"report"`          // whether there is a report to read
	Next       string             `json:"next,omitempty"`  // what comes now, if the run is one of several
	Files      []string           `json:"files,omitempty"` // that were written
}

// Board holds the feed of a run. Rows are posted by one goroutine and read by many; nobody who reads slowly delays the
// one who posts.
type Board struct {
	mu       sync.Mutex
	run      Run
	number   int // of the run, from 1; a redline plays several on one board
	rows     rows
	ending   []byte // nil while the run goes on
	changed  chan struct{}
	forecast []byte // as JSON; nil if there is none
	foretold int    // number of forecasts
	compare  comparison
	offered  int  // how often what can be done has changed
	waiting  bool // for somebody to press Start
	clock    *Clock
	turns    int // how often the clock was turned
	viewers  int
	seen     time.Time // when the last viewer left
}

// NewBoard returns an empty board of a run.
func NewBoard(run Run) *Board {
	run.Schema = RunSchema
	return &Board{run: run, number: 1, changed: make(chan struct{}), seen: time.Now()}
}

// Post adds a row. It never waits for a viewer.
func (b *Board) Post(row report.Second) {
	b.mu.Lock()
	marks := b.compare.add(row)
	b.mu.Unlock()
	row.Marks = append(slices.Clone(row.Marks), marks...)
	text, err := json.Marshal(row)
	if err != nil {
		return // a row holds only numbers and texts; one that is not a number would be a defect of its maker, and is not shown
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows.add(text, row.ForS)
	b.tell()
}

// End shows the ending.
func (b *Board) End(ending Ending) {
	text, err := json.Marshal(ending)
	if err != nil {
		text = []byte(`{"sentence":"the run has ended"}`)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ending = text
	b.seen = time.Now()
	b.tell()
}

// Begin empties the board for the next run of several.
func (b *Board) Begin(run Run) {
	b.mu.Lock()
	defer b.mu.Unlock()
	run.Schema = RunSchema
	b.run, b.rows, b.ending, b.forecast, b.compare = run, rows{}, nil, nil, comparison{}
	b.number++
	b.tell()
}

// Offer says that what can be done, or a present value, has changed.
func (b *Board) Offer() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.offered++
	b.tell()
}

// tell wakes those who wait for a change. The lock is held.
func (b *Board) tell() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Run returns what is played.
func (b *Board) Run() (run Run, number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.run, b.number
}

// Wait says that the run waits for somebody to press Start, or that it does no longer.
func (b *Board) Wait(waits bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = waits
	b.tell()
}

func (b *Board) isWaiting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waiting
}

// Ended reports whether the run has ended.
func (b *Board) Ended() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ending != nil
}

// look is what a viewer has not seen yet.
type look struct {
	number   int
	rows     []row // after the ones that the viewer has seen
	again    bool  // the viewer has to begin again, because what it has seen was merged
	ending   []byte
	forecast []byte // nil if it has been seen, or there is none
	foretold int
	offered  int
	clock    *Clock
	turns    int
	waiting  bool            // for somebody to press Start
	changed  <-chan struct{} // closed when there is more
}

// after returns the rows of a run after the one of a number.
func (b *Board) after(number, seen, foretold int) look {
	b.mu.Lock()
	defer b.mu.Unlock()
	if number != b.number {
		seen = 0
	}
	unseen := look{waiting: b.waiting, number: b.number, ending: b.ending, foretold: b.foretold, offered: b.offered, clock: b.clock, turns: b.turns, changed: b.changed}
	var whole bool
	unseen.rows, whole = b.rows.after(seen)
	unseen.again = !whole
	if foretold != b.foretold {
		unseen.forecast = b.forecast
	}
	return unseen
}

// enter counts a viewer until leave is called.
func (b *Board) enter() (leave func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.viewers++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.viewers--
		b.seen = time.Now()
	}
}

// alone returns for how long nobody has looked.
func (b *Board) alone() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.viewers > 0 {
		return 0
	}
	return time.Since(b.seen)
}
