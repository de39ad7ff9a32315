//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/procfs"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/baseline"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/units"
)

// liveBench measures what it costs a drill to be watched and foretold.
type liveBench struct {
	bench
	pairs, viewers int
	scenario       []string // arguments of ombak drill
	run            int      // number of the next run
}

// runLive plays a drill with a viewer and the twin, and with neither, in turns, and compares them.
func runLive(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench live", flag.ContinueOnError)
	flags.SetOutput(errOut)
	b := liveBench{bench: bench{log: errOut}}
	flags.StringVar(&b.ombak, "ombak", "", "the ombak `PROGRAM`")
	flags.IntVar(&b.pairs, "pairs", 6, "compare `N` pairs of runs; fewer than 6 give no verdict")
	flags.IntVar(&b.viewers, "viewers", 20, "how `MANY` look at the run in which the conductor's CPU is measured")
	if err := flags.Parse(arguments); err != nil || b.ombak == "" || b.pairs < 1 || b.viewers < 1 {
		fmt.Fprintln(errOut, "ombak-bench live: give the program, as in ombak-bench live -ombak ./ombak [SCENARIO and flags of ombak drill], or run make bench-live")
		return 2
	}
	b.scenario = flags.Args()
	if err := b.measure(ctx, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench live: %v\n", err)
		return 1
	}
	return 0
}

// measure plays all runs and prints what they say.
func (b *liveBench) measure(ctx context.Context, out io.Writer) (err error) {
	if b.ombak, err = filepath.Abs(b.ombak); err != nil { // runs have another working directory
		return err
	}
	if b.folder, err = os.MkdirTemp("", "ombak-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.folder) }()
	var runs []watched
	for pair := range b.pairs {
		for turn := range 2 { // neither first in even pairs, watched first in odd ones
			viewers := (pair + turn) % 2
			run, err := b.play(ctx, viewers)
			if err != nil {
				return err
			}
			runs = append(runs, run)
		}
	}
	crowd, err := b.play(ctx, b.viewers, "--no-twin")
	if err != nil {
		return err
	}
	alone, err := b.play(ctx, 0)
	if err != nil {
		return err
	}
	if err := compareWatched(out, runs); err != nil {
		return err
	}
	more := crowd.conductor - alone.conductor
	_, err = fmt.Fprintf(out, "\nThe conductor with %d viewers used %s of a core, and with none %s: %s for the viewers (bound: 5 %%).\n",
		b.viewers, units.Percent(crowd.conductor), units.Percent(alone.conductor), units.Percent(max(0, more)))
	return err
}

// compareWatched compares runs without a viewer and the twin with runs that had both. Runs alternate as baseline.Deal deals
// them.
func compareWatched(out io.Writer, runs []watched) error {
	var reports []report.Report
	for _, run := range runs {
		reports = append(reports, run.report)
	}
	neither, both := baseline.Deal(reports)
	compared, err := baseline.Compare(neither, both, baseline.Comparing{Gates: []string{"response_time_passed.p99", "schedule_lag.p99"}})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "base: neither a viewer nor a twin; candidate: both")
	if err := render.Comparison(out, compared); err != nil {
		return err
	}
	for i := range neither {
		fmt.Fprintf(out, "pair %d: p99 %s without, %s with; lag p99 %s without, %s with; twin %s\n", i+1,
			units.Time(p99Of(neither[i])), units.Time(p99Of(both[i])), units.Time(lagOf(neither[i])), units.Time(lagOf(both[i])), units.Time(twinOf(both[i])))
	}
	return nil
}

func p99Of(r report.Report) float64 {
	if times := r.PassedTimes(report.MainStep(r)); times != nil {
		return times.P99
	}
	return 0
}

func lagOf(r report.Report) float64 {
	if r.Generator != nil && r.Generator.ScheduleLagS != nil {
		return r.Generator.ScheduleLagS.P99
	}
	return 0
}

// twinOf returns the CPU seconds of the twin.
func twinOf(r report.Report) float64 {
	for _, process := range r.Processes {
		if process.Name == "twin" && process.CPUS != nil {
			return *process.CPUS
		}
	}
	return 0
}

// watched is a run and what its conductor used.
type watched struct {
	report    report.Report
	conductor float64 // cores, from the first row to the last; a run without viewers is followed from its start
}

// play plays one drill with a number of viewers. Without any, it has no page.
func (b *liveBench) play(ctx context.Context, viewers int, flags ...string) (run watched, err error) {
	b.run++
	folder := filepath.Join(b.folder, fmt.Sprintf("run-%02d", b.run))
	arguments := append([]string{"drill"}, b.scenario...)
	arguments = append(arguments, "--out", folder, "--quiet")
	if viewers > 0 {
		arguments = append(append(arguments, "--live"), flags...)
	}
	fmt.Fprintf(b.log, "run %d, %d viewers: ombak %s\n", b.run, viewers, strings.Join(arguments, " "))
	command := exec.CommandContext(ctx, b.ombak, arguments...)
	var output bytes.Buffer
	command.Stdout, command.Stderr, command.Dir = &output, &output, b.folder
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	if err := command.Start(); err != nil {
		return run, err
	}
	meter, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { run.conductor = coresOf(meter, command.Process.Pid) })
	ended := make(chan error, viewers)
	for range viewers {
		beside.Go(func() { ended <- look(ctx, folder, meter.Done()) })
	}
	for range viewers {
		err = errors.Join(err, <-ended)
	}
	if viewers > 0 {
		stop() // what comes after the end is not measured
		err = errors.Join(err, leave(ctx, folder))
	}
	failed := command.Wait()
	stop()
	beside.Wait()
	text, unread := os.ReadFile(filepath.Join(folder, "report.json"))
	if err = errors.Join(err, unread); err != nil {
		return run, fmt.Errorf("%w (%w): %s", err, failed, &output)
	}
	return run, json.Unmarshal(text, &run.report)
}

// coresOf follows a process, without its children, until the context ends or the process does. It returns how many cores it
// used on average.
func coresOf(ctx context.Context, pid int) (cores float64) {
	const every = 250 * time.Millisecond
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	began, first, known := time.Now(), 0.0, false
	for {
		if process, err := procfs.NewProc(pid); err == nil {
			if stat, err := process.Stat(); err == nil && stat.State != "Z" {
				if !known {
					began, first, known = time.Now(), stat.CPUTime(), true
				} else if length := time.Since(began).Seconds(); length > 0 {
					cores = (stat.CPUTime() - first) / length
				}
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return cores
		}
	}
}

// entrance is what live.json says.
type entrance struct{ URL, Token string }

// enter waits until a run can be looked at.
func enter(ctx context.Context, folder string, gone <-chan struct{}) (at entrance, err error) {
	const every = 20 * time.Millisecond
	for {
		text, err := os.ReadFile(filepath.Join(folder, "live.json"))
		if err == nil && json.Unmarshal(text, &at) == nil {
			return at, nil
		}
		select {
		case <-time.After(every):
		case <-gone:
			return at, errors.New("the run ended before anybody could look")
		case <-ctx.Done():
			return at, ctx.Err()
		}
	}
}

// look reads the stream of a run until it says that the run has ended.
func look(ctx context.Context, folder string, gone <-chan struct{}) error {
	at, err := enter(ctx, folder, gone)
	if err != nil {
		return err
	}
	answer, err := at.ask(ctx, http.MethodGet, "/v1/feed", nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it has been read
	const longestRow = 16 << 20
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, longestRow)
	for lines.Scan() {
		if lines.Text() == "event: end" {
			return nil
		}
	}
	return errors.Join(lines.Err(), errors.New("the stream was cut before the end of the run"))
}

// leave closes the page of a run that has ended.
func leave(ctx context.Context, folder string) error {
	at, err := enter(ctx, folder, nil)
	if err != nil {
		return err
	}
	answer, err := at.ask(ctx, http.MethodPost, "/v1/end", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (e entrance) ask(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, e.URL+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+e.Token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err == nil && answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close() // it says no more than its status
		err = fmt.Errorf("%s %s: %s", method, path, answer.Status)
	}
	return answer, err
}
