package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/ombak-sim/ombak/drill"
)

// progress shows where a run stands: bars on a terminal, elsewhere one plain line for each phase
// and every 30 s.
type progress struct {
	out   io.Writer
	quiet bool
	bars  *mpb.Progress // nil where there is no terminal
	clock *mpb.Bar
	done  *mpb.Bar
	stage drill.Stage
	last  time.Time
	state drill.Progress
}

func newProgress(out io.Writer, quiet bool) *progress {
	p := &progress{out: out, quiet: quiet}
	if file, ok := out.(*os.File); ok && !quiet && term.IsTerminal(int(file.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(file), mpb.WithWidth(60), mpb.WithRefreshRate(200*time.Millisecond))
	}
	return p
}

// show is called by the conductor.
func (p *progress) show(now drill.Progress) {
	switch {
	case p.quiet:
	case p.bars != nil:
		p.draw(now)
	case now.Stage != p.stage || time.Since(p.last) >= 30*time.Second:
		p.last = time.Now()
		fmt.Fprintln(p.out, line(now))
	}
	p.stage = now.Stage
}

func line(now drill.Progress) string {
	if now.At <= 0 {
		return fmt.Sprintf("%s: %d people will come, %d of them to sign up", now.Stage, now.Offered, now.Total)
	}
	return fmt.Sprintf("%s: %s of %s, %d of %d people came, %d signed up", now.Stage,
		now.At.Round(time.Second), now.Until.Round(time.Second), now.People, now.Offered, now.Passed)
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
		p.done = p.bar(int64(now.Total), func() string { return "signed up  " }, func(s decor.Statistics) string {
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

// close ends the bars, wherever they stand.
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
