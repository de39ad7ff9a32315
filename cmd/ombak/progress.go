package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/ombak-sim/ombak/drill"
)

// progress shows the state of a run: bars on a terminal, otherwise one line for each phase and every 30 s.
type progress struct {
	out   io.Writer
	step  string // that arrivals are scheduled at
	quiet bool
	json  bool
	mu    sync.Mutex     // guards now, which the signal handler reads
	now   drill.Progress // the latest
	bars  *mpb.Progress  // nil without a terminal
	clock *mpb.Bar
	done  *mpb.Bar
	stage drill.Stage
	last  time.Time
	state drill.Progress
}

func newProgress(out io.Writer, step string, quiet, json bool) *progress {
	p := &progress{out: out, step: step, quiet: quiet, json: json}
	if file, is := terminal(out); is && !quiet && !json {
		p.bars = mpb.New(mpb.WithOutput(file), mpb.WithWidth(60), mpb.WithRefreshRate(200*time.Millisecond))
	}
	return p
}

// terminal returns the terminal that a command writes to, if it is one.
func terminal(out io.Writer) (file *os.File, is bool) {
	file, is = out.(*os.File)
	return file, is && term.IsTerminal(int(file.Fd()))
}

// show is called by the conductor.
func (p *progress) show(now drill.Progress) {
	p.mu.Lock()
	p.now = now
	p.mu.Unlock()
	switch {
	case p.quiet:
	case p.json:
		_ = json.NewEncoder(p.out).Encode(eventOf(now)) // a closed standard error is not an error
	case p.bars != nil:
		p.draw(now)
	case now.Stage != p.stage || time.Since(p.last) >= 30*time.Second:
		p.last = time.Now()
		fmt.Fprintln(p.out, p.line(now))
	}
	p.stage = now.Stage
}

func (p *progress) line(now drill.Progress) string {
	if now.At <= 0 {
		return fmt.Sprintf("%s: %d people will arrive, %d of them at %s", now.Stage, now.Offered, now.Total, p.step)
	}
	return fmt.Sprintf("%s: %s of %s, %d of %d people arrived, %d passed %s", now.Stage,
		now.At.Round(time.Second), now.Until.Round(time.Second), now.People, now.Offered, now.Passed, p.step)
}

// event is one line of progress for programs.
type event struct {
	Event   string  `json:"event"`
	Stage   string  `json:"stage"`
	AtS     float64 `json:"at_s"`    // real seconds since the start of the run; negative before it
	UntilS  float64 `json:"until_s"` // planned end
	People  uint64  `json:"people"`  // scheduled so far
	Dropped uint64  `json:"dropped"`
	Passed  uint64  `json:"passed"`
	Offered int     `json:"offered"` // people of the whole run
	Total   int     `json:"total"`   // people who will try the step at which arrivals are scheduled
}

func eventOf(now drill.Progress) event {
	return event{
		Event: "progress", Stage: string(now.Stage), AtS: now.At.Seconds(), UntilS: now.Until.Seconds(),
		People: now.People, Dropped: now.Dropped, Passed: now.Passed, Offered: now.Offered, Total: now.Total,
	}
}

// onSignal prints a line on every SIGUSR1 until stop is called.
func (p *progress) onSignal() (stop func()) {
	signals := make(chan os.Signal, 1)
	notifyProgress(signals)
	var listening sync.WaitGroup
	listening.Go(func() {
		for range signals {
			p.mu.Lock()
			now := p.now
			p.mu.Unlock()
			fmt.Fprintf(p.out, "%s, %d dropped\n", p.line(now), now.Dropped)
		}
	})
	return func() {
		signal.Stop(signals)
		close(signals)
		listening.Wait()
	}
}

func (p *progress) draw(now drill.Progress) {
	p.state = now
	if p.clock == nil {
		if now.At <= 0 {
			return
		}
		p.clock = p.bar(now.Until.Milliseconds(), func() string {
			return fmt.Sprintf("%-11s", p.stage)
		}, func(s decor.Statistics) string {
			return fmt.Sprintf(" %d s of %d s", s.Current/1000, s.Total/1000)
		})
		p.done = p.bar(int64(now.Total), func() string { return fmt.Sprintf("%-11s", p.step) }, func(s decor.Statistics) string {
			return fmt.Sprintf(" %d of %d", s.Current, s.Total)
		})
	}
	p.stage = now.Stage
	p.clock.SetCurrent(min(now.At, now.Until).Milliseconds())
	p.done.SetCurrent(min(int64(now.Passed), int64(now.Total)))
}

func (p *progress) bar(total int64, before func() string, after func(decor.Statistics) string) *mpb.Bar {
	return p.bars.AddBar(max(1, total),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return before() })),
		mpb.AppendDecorators(decor.Any(after)))
}

// close ends the bars at their current position.
func (p *progress) close() {
	if p.bars == nil {
		return
	}
	for _, bar := range []*mpb.Bar{p.clock, p.done} {
		if bar != nil {
			bar.Abort(false)
		}
	}
	p.bars.Wait()
}
