package drill

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/workload"
)

// Order is the first line that a part reads. Exactly one field is set; it decides which part the process
// becomes.
type Order struct {
	Backend   *BackendOrder   `json:"backend,omitempty"`
	Mocks     *MocksOrder     `json:"mocks,omitempty"`
	Generator *GeneratorOrder `json:"generator,omitempty"`
}

// Begin is the second line: when the run's real time is 0. The instant is of the wall clock. From the moment at which a
// part reads it, the part measures by its own monotonic clock, which nobody can set.
type Begin struct {
	At    time.Time      `json:"at"`
	In    time.Duration  `json:"in"` // from the sending of this line to At
	Clock workload.Clock `json:"clock"`
}

// anchor returns the instant with a monotonic reading. If the wall clock was set between the sending and now, the instant
// cannot be right, and the line is taken to have arrived at once.
func (b Begin) anchor(now time.Time) time.Time {
	const late = 5 * time.Second // longest time that the line may have taken
	until := b.At.Sub(now)
	if until > b.In || until < b.In-late {
		until = b.In
	}
	return now.Add(until)
}

// Change is a line that the generator or the backend may read after Begin.
type Change struct {
	Turns    loadgen.Turns         `json:"turns,omitempty"`    // more changes of who comes
	Policy   *backend.PolicyChange `json:"policy,omitempty"`   // the backend's
	Conclude bool                  `json:"conclude,omitempty"` // all generators have played: send the requests after the run
}

// Message is a line that a part writes. Exactly one field is set.
type Message struct {
	Ready      *Ready             `json:"ready,omitempty"`   // once, first
	Reading    *funnel.Reading    `json:"reading,omitempty"` // each second, and once at the end
	Mark       *funnel.Mark       `json:"mark,omitempty"`
	Delta      *recorder.Delta    `json:"delta,omitempty"`      // the generator's seconds
	Warning    string             `json:"warning,omitempty"`    // for the report
	Gone       *report.Gone       `json:"gone,omitempty"`       // sent by the backend when its store goes away, and when it is back
	Strain     *report.Strain     `json:"strain,omitempty"`     // sent by the generator once, before Done
	Handshakes *report.Handshakes `json:"handshakes,omitempty"` // likewise, if it made any
	Wire       *recorder.Wire     `json:"wire,omitempty"`       // likewise
	Begun      *Begun             `json:"begun,omitempty"`      // the generator has heard of the beginning
	Played     bool               `json:"played,omitempty"`     // the generator has nothing left but the requests after the run, and waits for Conclude
	Stored     *Stored            `json:"stored,omitempty"`     // what the backend's database holds, from the agent that keeps it
	Done       bool               `json:"done,omitempty"`       // the generator has nothing left to play, and was not interrupted
	Failed     string             `json:"failed,omitempty"`     // why the part ends; always the last line
}

// Begun says when a generator takes the run to begin.
type Begun struct {
	At   time.Time     `json:"at"`   // by the wall clock of its machine
	Late time.Duration `json:"late"` // how long after At it heard of it
}

// Ready reports that a part serves, and at which addresses.
type Ready struct {
	Addresses map[string]string `json:"addresses,omitempty"` // name → host:port
	Store     *report.Store     `json:"store,omitempty"`
	Values    map[string]string `json:"values,omitempty"` // what the requests before the run extracted, for the other generators
}

// writer writes messages as lines; several goroutines may use it.
type writer struct {
	mu  sync.Mutex
	out *bufio.Writer
	err error
}

func newWriter(out io.Writer) *writer { return &writer{out: bufio.NewWriterSize(out, 1<<16)} }

// write sends a message. It does nothing if the other side is gone.
func (w *writer) write(message Message) {
	line, err := json.Marshal(message)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return
	}
	_, _ = w.out.Write(line)
	_ = w.out.WriteByte('\n')
	w.err = w.out.Flush()
}

// maxLine is the longest line of either side, in bytes: an Order holds the counts of 21 hours and
// the texts of all requests, a Delta the histograms of one second.
const maxLine = 64 << 20

// newScanner reads lines of up to maxLine bytes.
func newScanner(in io.Reader) *bufio.Scanner {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, 1<<16), maxLine)
	return scanner
}

// readLine decodes the next line strictly into value.
func readLine(scanner *bufio.Scanner, value any) error {
	if !scanner.Scan() {
		if err := scanner.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	if err := json.Unmarshal(scanner.Bytes(), value); err != nil {
		return fmt.Errorf("a line from the conductor cannot be read: %w", err)
	}
	return nil
}

var errNoOrder = errors.New("no order came on standard input; this command is started by ombak drill, not by hand")
