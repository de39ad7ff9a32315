package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/workload"
)

// readConcurrencies reads N,N,…; none where the text is empty.
func readConcurrencies(text string) ([]int, error) {
	if text == "" {
		return nil, nil
	}
	var levels []int
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 {
			return nil, usageError{fmt.Errorf("--closed %q is no list of people under way; write for example 1,2,4,8,16", text)}
		}
		levels = append(levels, n)
	}
	return levels, nil
}

// tryClosed plays one closed loop after the other.
func (r *redliner) tryClosed(concurrencies []int) error {
	for _, n := range concurrencies {
		r.options.Closed = n
		run, err := r.newRun(workload.Rate(1)) // whose length counts, not its rate
		if err != nil {
			return err
		}
		played, err := r.play(run)
		if err != nil {
			return err
		}
		played.rate = played.result.Offered.Scheduled / r.options.For.Seconds()
		played.closed = n
		r.levels = append(r.levels, played)
		r.say("%s: %d people under way: %.5g finished per second\n", played.folder, n, played.throughput())
	}
	return nil
}

// throughput is how many people finished per second of a closed loop.
func (l level) throughput() float64 {
	if l.result.DurationS == 0 {
		return 0
	}
	return l.result.Offered.Completed / l.result.DurationS
}

// concludeClosed writes the levels, their points for ombak calc usl, and the law through them. Unless
// they were cut short, it shows them, too.
func (r *redliner) concludeClosed(cut bool) error {
	if len(r.levels) == 0 {
		return nil
	}
	whole := r.levels[len(r.levels)-1].result
	whole.Redline = &report.Redline{}
	for _, level := range r.levels {
		whole.Levels = append(whole.Levels, report.Level{
			OfferedPerS: level.rate, Report: filepath.Join(level.folder, "report.json"), Concurrency: float64(level.closed), ThroughputPerS: level.throughput(),
		})
	}
	law, err := drill.Scalability(whole.Levels)
	if err == nil {
		knee := law.Knee()
		whole.Redline.Sigma, whole.Redline.Kappa, whole.Redline.Lambda, whole.Redline.KneeConcurrency = &law.Sigma, &law.Kappa, &law.Lambda, &knee
	}
	sentence := fmt.Sprintf("The Universal Scalability Law through the levels: σ = %.4g, κ = %.4g, λ = %.4g/s; beyond %.4g people under way more add little.", law.Sigma, law.Kappa, law.Lambda, law.Knee())
	if err != nil {
		sentence = fmt.Sprintf("No law of scalability goes through the levels: %v.", err)
	}
	path := filepath.Join(r.folder, "report.json")
	written := errors.Join(
		r.drawClosed(whole.Levels, law),
		writeFile(path, func(w io.Writer) error { return report.Write(w, whole) }),
		writeFile(filepath.Join(r.folder, "points.csv"), func(w io.Writer) error { return writePoints(w, whole.Levels) }),
	)
	switch {
	case written != nil || cut:
		return written
	case r.c.Bool("json"):
		return report.Write(r.s.out, whole)
	}
	fmt.Fprintf(r.s.out, "%-9s %12s %12s\n", "level", "under way", "finished/s")
	for _, level := range r.levels {
		fmt.Fprintf(r.s.out, "%-9s %12d %12.5g\n", level.folder, level.closed, level.throughput())
	}
	_, err = fmt.Fprintf(r.s.out, "\n%s\nreport: %s\n", sentence, path)
	return err
}

// drawClosed draws the throughput of the levels and the law through them, where there is one.
func (r *redliner) drawClosed(levels []report.Level, law capacity.USLFit) error {
	what := "scenario " + r.scenario.Name + " · plan " + r.levels[0].result.Plan
	low, high := r.bounds(law)
	figure, err := plots.Scalability(what, drill.Points(levels), law.USL, low, high)
	if err != nil {
		return err
	}
	return writeFigures(filepath.Join(r.folder, "plots"), []plots.Figure{figure})
}

// bounds are the law with the ends of its parameters' intervals, nil where they are not known.
func (r *redliner) bounds(law capacity.USLFit) (low, high *capacity.USL) {
	if law.Lambda == 0 {
		return nil, nil // no law goes through the levels
	}
	intervals, err := law.Intervals(1000, workload.Seed{Value: r.scenario.Seed})
	if err != nil {
		return nil, nil
	}
	for _, warning := range intervals.Warnings {
		fmt.Fprintf(r.s.err, "warning: %s\n", warning)
	}
	return &capacity.USL{Sigma: intervals.Sigma[1], Kappa: intervals.Kappa[1], Lambda: intervals.Lambda[0]},
		&capacity.USL{Sigma: intervals.Sigma[0], Kappa: intervals.Kappa[0], Lambda: intervals.Lambda[1]}
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
