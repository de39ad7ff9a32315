package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

func usl() formula {
	return formula{
		name: "usl", summary: "fit the universal scalability law to measured points",
		source:    "Gunther, Guerrilla Capacity Planning, 2007, chapter 4: X = λN/(1 + σ(N−1) + κN(N−1)), σ and κ at least 0",
		example:   "POINTS.csv --resamples 1000 --seed 0",
		arguments: "POINTS.csv",
		flags: []cli.Flag{
			&cli.IntFlag{Name: "resamples", Usage: "draw residuals `N` times for the intervals; 0 leaves the intervals out", Value: 1000, EnvVars: envVar("resamples")},
			&cli.Uint64Flag{Name: "seed", Usage: "seed of the residuals drawn", EnvVars: envVar("seed")},
		},
		figures: []figure{
			{"sigma", "", "contention: share of the work that is serialized"},
			{"kappa", "", "coherency: cost of each pair that must agree"},
			{"lambda", "/s", "throughput at a concurrency of 1"},
			{"peak_concurrency", "", "concurrency of the highest throughput; absent if kappa is 0"},
			{"peak_throughput", "/s", "highest throughput; absent if kappa is 0"},
			{"ci95", "", "95 % intervals of the other figures; absent with --resamples 0"},
		},
		compute: computeUSL,
	}
}

func computeUSL(in *inputs) (answer, error) {
	name, err := oneArgument(in.c, "file of points")
	if err != nil {
		return answer{}, err
	}
	file, err := os.Open(name)
	if err != nil {
		return answer{}, fmt.Errorf("the points cannot be opened: %w; give a CSV file with the header concurrency,throughput", err)
	}
	defer file.Close()
	points, err := capacity.ReadPoints(file)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", name, err)
	}
	fit, err := capacity.FitUSL(points)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", name, err)
	}
	result := answer{values: map[string]any{"sigma": fit.Sigma, "kappa": fit.Kappa, "lambda": fit.Lambda}}
	if peak, found := fit.PeakConcurrency(); found {
		height, _ := fit.PeakThroughput()
		result.values["peak_concurrency"], result.values["peak_throughput"] = peak, height
	}
	result.warnings = fit.Warnings
	result.notes = append(result.notes, fmt.Sprintf("fitted to %d points by least squares; it explains %.4g %% of the variance", len(points), 100*fit.RSquared))
	if resamples := in.c.Int("resamples"); resamples != 0 {
		return addIntervals(result, fit, resamples, in.c.Uint64("seed"))
	}
	return result, nil
}

func addIntervals(result answer, fit capacity.USLFit, resamples int, seed uint64) (answer, error) {
	intervals, err := fit.Intervals(resamples, workload.Seed{Value: seed})
	if err != nil {
		return result, err
	}
	result.intervals = map[string]capacity.Interval{"sigma": intervals.Sigma, "kappa": intervals.Kappa, "lambda": intervals.Lambda}
	if intervals.PeakConcurrency != nil && intervals.PeakThroughput != nil {
		result.intervals["peak_concurrency"], result.intervals["peak_throughput"] = *intervals.PeakConcurrency, *intervals.PeakThroughput
	}
	result.warnings = append(result.warnings, intervals.Warnings...)
	result.notes = append(result.notes, fmt.Sprintf("95 %% intervals by residual bootstrap, %d resamples, seed %d", resamples, seed))
	return result, nil
}
