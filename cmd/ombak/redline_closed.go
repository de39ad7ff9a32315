package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/redline"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
)

// readConcurrencies reads N,N,…, or nothing if the text is empty.
func readConcurrencies(text string) ([]int, error) {
	if text == "" {
		return nil, nil
	}
	var levels []int
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 {
			return nil, usageError{fmt.Errorf("--closed is %q; give numbers of people under way, for example "+
				"1,2,4,8,16", text)}
		}
		levels = append(levels, n)
	}
	return levels, nil
}

// playClosed plays a level with a number of people under way.
func (r *redliner) playClosed(people int) (redline.Level, error) {
	level, err := r.play(1, people) // the length of the arrivals matters, not their rate
	if err != nil {
		return level, err
	}
	r.page.over(level.Report, "The next level follows.")
	level.Rate = level.Report.Offered.Scheduled / r.options.For.Seconds()
	r.say("%s: %d people under way: %s finished per second\n", level.Name, people, units.Rate(level.Finished()))
	return level, nil
}

// concludeClosed writes the levels, their points for ombak calc usl, and the law fitted to them. Unless an
// interrupt cut them short, it prints the result.
func (r *redliner) concludeClosed(closed redline.Closed, cut bool) error {
	if len(closed.Levels) == 0 {
		return nil
	}
	whole := closed.Report()
	path := filepath.Join(r.folder, "report.json")
	written := errors.Join(
		r.drawClosed(closed),
		writeFile(path, func(w io.Writer) error { return report.Write(w, whole) }),
		writeFile(filepath.Join(r.folder, "points.csv"), func(w io.Writer) error { return writePoints(w, whole.Levels) }),
	)
	switch {
	case written != nil || cut:
		return written
	case r.c.Bool("json"):
		written = report.Write(r.s.out, whole)
	default:
		written = r.printClosed(closed, path)
	}
	r.page.sentence(closed.Sentence())
	r.page.linger(r.c.Context)
	return written
}

// printClosed prints the levels and the law.
func (r *redliner) printClosed(closed redline.Closed, path string) error {
	rows := [][]string{{"level", "under way", "finished/s"}}
	for _, level := range closed.Levels {
		rows = append(rows, []string{level.Name, strconv.Itoa(level.Concurrency), units.Rate(level.Finished())})
	}
	_, err := fmt.Fprintf(r.s.out, "%s\n%s\nreport: %s\n", units.Table("lrr", rows), closed.Sentence(), path)
	return err
}

// drawClosed draws the throughput of the levels and, if there is one, the fitted law.
func (r *redliner) drawClosed(closed redline.Closed) error {
	low, high, warnings := closed.Bounds(workload.Seed{Value: r.scenario.Seed})
	for _, warning := range warnings {
		fmt.Fprintf(r.s.err, "warning: %s\n", warning)
	}
	what := "scenario " + r.scenario.Name + " · plan " + closed.Levels[0].Report.Plan
	figure, err := plots.Scalability(what, closed.Points(), closed.Law.USL, low, high)
	if err != nil {
		return err
	}
	return writeFigures(filepath.Join(r.folder, "plots"), []plots.Figure{figure})
}

func writePoints(w io.Writer, levels []report.Level) error {
	if _, err := fmt.Fprintln(w, "concurrency,throughput"); err != nil {
		return err
	}
	for _, level := range levels {
		if _, err := fmt.Fprintf(w, "%g,%g\n", level.Concurrency, level.ThroughputPerS); err != nil {
			return err
		}
	}
	return nil
}
