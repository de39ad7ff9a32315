package main

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/plan"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// studyProgress shows the completed simulations and the simulated time: as a bar on a terminal, otherwise as
// a line every 10 s and at the end.
type studyProgress struct {
	out    io.Writer
	quiet  bool
	what   string        // noun for the simulations, as in "runs"
	each   time.Duration // scenario time of one simulation
	total  atomic.Int64  // the bar reads this and the next field
	played atomic.Int64
	at     time.Duration
	last   time.Time
	bars   *mpb.Progress // nil without a terminal
	bar    *mpb.Bar
}

func newStudyProgress(out io.Writer, quiet bool, what string, total int, one *setup.Model) *studyProgress {
	p := &studyProgress{out: out, quiet: quiet, what: what, each: one.Config.Until, last: time.Now()}
	p.total.Store(int64(total))
	if file, is := terminal(out); is && !quiet {
		p.bars = mpb.New(mpb.WithOutput(file), mpb.WithWidth(60), mpb.WithRefreshRate(200*time.Millisecond))
	}
	return p
}

// watched returns settings that report to the progress.
func (p *studyProgress) watched(how simulation.Settings) simulation.Settings {
	if !p.quiet {
		how.Done, how.Passed = p.done, p.passed
	}
	return how
}

func (p *studyProgress) say(format string, arguments ...any) {
	if p.quiet {
		return
	}
	if p.bars != nil {
		_, _ = fmt.Fprintf(p.bars, format, arguments...) // above the bar
		return
	}
	fmt.Fprintf(p.out, format, arguments...)
}

// estimate writes how long the given number of runs will take, extrapolated from the beginning of one. It
// returns "" if no progress is shown, and for a fleet.
func estimate(c *cli.Context, p *studyProgress, run *setup.Model, runs int) (string, error) {
	if p.quiet || c.String("fleet") != "" { // other machines take another time
		return "", nil
	}
	one, err := simulation.EstimateTime(c.Context, run)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(", about %v (estimated from the beginning of the first)", one.Of(runs, simulation.Settings{})), nil
}

// expected prints a better estimate after the first run.
func (p *studyProgress) expected(first, rest time.Duration) {
	p.say("the first took %s; the others take about %s\n", units.Duration(first), units.Duration(rest))
}

// expectedLook prints a better estimate of the time until the first look.
func (p *studyProgress) expectedLook(first, rest time.Duration) {
	p.say("the first took %s; those until the first look take about %s\n", units.Duration(first), units.Duration(rest))
}

// looked says what a look has shown, and expects the runs until the next.
func (p *studyProgress) looked(look plan.Looked) {
	p.total.Add(int64(look.Runs))
	if len(look.GoOn) > 0 {
		p.say("after %d replications these plans are not told apart: %s\n", look.Replications, strings.Join(look.GoOn, ", "))
	}
}

// done is called after each run, by one goroutine at a time.
func (p *studyProgress) done() {
	played := p.played.Add(1)
	p.total.Store(max(p.total.Load(), played)) // a precision may need more runs than requested
	p.show(played == p.total.Load())
}

// passed is called as simulated time advances, by one goroutine at a time.
func (p *studyProgress) passed(by time.Duration) {
	p.at += by
	p.show(false)
}

// show draws the bar, or prints the line that is due.
func (p *studyProgress) show(last bool) {
	whole := max(p.at, time.Duration(p.total.Load())*p.each)
	switch {
	case p.bars != nil:
		if p.bar == nil {
			p.bar = p.bars.AddBar(0, mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
				return " " + p.text(time.Duration(s.Current)*time.Millisecond, time.Duration(s.Total)*time.Millisecond)
			})))
		}
		p.bar.SetTotal(whole.Milliseconds(), false)
		p.bar.SetCurrent(p.at.Milliseconds())
	case last || time.Since(p.last) >= 10*time.Second:
		p.last = time.Now()
		fmt.Fprintln(p.out, p.text(p.at, whole))
	}
}

// text describes the progress.
func (p *studyProgress) text(at, whole time.Duration) string {
	return fmt.Sprintf("%d of %d %s, %v of %v simulated", p.played.Load(), p.total.Load(), p.what, at.Round(time.Second), whole.Round(time.Second))
}

// close ends the bar at its current position.
func (p *studyProgress) close() {
	if p.bars == nil {
		return
	}
	if p.bar != nil {
		p.bar.Abort(false)
	}
	p.bars.Wait()
}
