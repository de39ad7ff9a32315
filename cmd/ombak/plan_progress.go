package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/ombak-sim/ombak/drill"
)

// studyProgress shows how many of several simulations are done: a bar on a terminal, elsewhere a
// line for the first, for the last and every 10 s.
type studyProgress struct {
	out    io.Writer
	quiet  bool
	total  int
	played int
	last   time.Time
	bars   *mpb.Progress // nil where there is no terminal
	bar    *mpb.Bar
}

func newStudyProgress(out io.Writer, quiet bool, total int) *studyProgress {
	p := &studyProgress{out: out, quiet: quiet, total: total, last: time.Now()}
	if file, ok := out.(*os.File); ok && !quiet && term.IsTerminal(int(file.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(file), mpb.WithWidth(60), mpb.WithRefreshRate(200*time.Millisecond))
	}
	return p
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

// foretell says how long so many runs like the given one will take, by its beginning; nothing where
// nobody is told.
func foretell(c *cli.Context, p *studyProgress, run *drill.Run, runs int) (string, error) {
	if p.quiet {
		return "", nil
	}
	one, err := drill.Foretell(c.Context, run)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(", about %v by the beginning of the first", one.Of(runs, drill.Simulating{})), nil
}

// expected tells better how long it will take, once the first run has told.
func (p *studyProgress) expected(first, rest time.Duration) {
	p.say("the first took %v; the others take about %v\n", first.Round(10*time.Millisecond), rest.Round(100*time.Millisecond))
}

// done is called after each run, by one goroutine at a time.
func (p *studyProgress) done() {
	p.played++
	switch {
	case p.quiet:
	case p.bars != nil:
		if p.bar == nil {
			p.bar = p.bars.AddBar(int64(p.total), mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
				return fmt.Sprintf(" %d of %d runs", s.Current, s.Total)
			})))
		}
		p.bar.SetCurrent(int64(p.played))
	case p.played == p.total || time.Since(p.last) >= 10*time.Second:
		p.last = time.Now()
		fmt.Fprintf(p.out, "%d of %d runs\n", p.played, p.total)
	}
}

// close ends the bar, wherever it stands.
func (p *studyProgress) close() {
	if p.bars == nil {
		return
	}
	if p.bar != nil {
		p.bar.Abort(false)
	}
	p.bars.Wait()
}
