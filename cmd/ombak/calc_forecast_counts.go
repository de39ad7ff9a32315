package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

// countsFlags are those of a forecast from a curve of counts.
func countsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "counts", Usage: "forecast from `FILE`, a CSV file of counts over time, instead of reports", EnvVars: envVar("counts")},
		listFlag("at", "with --counts: forecast for this `TIME` since the opening, in seconds or as in 42h; without it, for 2, 4 and 8 times the time seen"),
		&cli.StringFlag{Name: "arrivals-ahead", Usage: "with --counts: assume that arrivals `fade`, stop or hold after the last row", Value: string(capacity.ArrivalsFade), EnvVars: envVar("arrivals-ahead")},
		&cli.Uint64Flag{Name: "seed", Usage: "with --counts: seed of the draws", EnvVars: envVar("seed")},
		&cli.StringFlag{Name: "o", Usage: "with --counts: write the fit to the file `MODEL`, for --model", EnvVars: envVar("o")},
	}
}

// stepAhead is the forecast of a step, as --json prints it.
type stepAhead struct {
	AtS      float64           `json:"at_s"`
	Step     string            `json:"step"`
	Passed   float64           `json:"passed"`
	Interval capacity.Interval `json:"interval90"`
	Assumed  float64           `json:"assumed"`
	Family   float64           `json:"assumed_family"`
	Arrivals float64           `json:"assumed_arrivals"`
}

// stepGoing says how people go on to a step, as --json prints it.
type stepGoing struct {
	From     string             `json:"from"`
	To       string             `json:"to"`
	Share    float64            `json:"share"`
	Interval capacity.Interval  `json:"interval90"`
	MedianS  float64            `json:"median_s"`
	Families map[string]float64 `json:"families"`
}

// computeFromCounts fits a curve of counts and predicts how it goes on.
func computeFromCounts(in *inputs) (answer, error) {
	if in.c.NArg() > 0 || in.c.IsSet("people") || in.c.IsSet("peak-per-minute") {
		return answer{}, errors.New("--counts forecasts from a curve; leave out reports, --people and --peak-per-minute")
	}
	model := in.c.String("o")
	if err := replaceableBy(model, capacity.CurveModelHeading, "ombak calc forecast"); err != nil {
		return answer{}, err
	}
	counts, err := readCounts(in.c.String("counts"))
	if err != nil {
		return answer{}, err
	}
	at, err := instantsAhead(in.c.StringSlice("at"), counts.Times[len(counts.Times)-1])
	if err != nil {
		return answer{}, err
	}
	fit, err := capacity.FitCurve(counts, workload.Seed{Value: in.c.Uint64("seed")})
	if err != nil {
		return answer{}, err
	}
	arrivals := capacity.Arrivals(in.c.String("arrivals-ahead"))
	ahead, err := fit.Forecast(arrivals, at...)
	if err != nil {
		return answer{}, err
	}
	result := answer{values: map[string]any{"going_on": goingOn(fit), "ahead": stepsAhead(ahead)}, warnings: fit.Warnings}
	result.notes = append(goingOnNotes(fit), aheadNotes(ahead, arrivals)...)
	if model != "" {
		if err := writeFile(model, func(w io.Writer) error { return fit.WriteModel(w) }); err != nil {
			return answer{}, fmt.Errorf("cannot write the model: %w", err)
		}
		result.notes = append(result.notes, "model: "+model)
	}
	return result, nil
}

func readCounts(name string) (capacity.Counts, error) {
	file, err := os.Open(name)
	if err != nil {
		return capacity.Counts{}, fmt.Errorf("the counts cannot be opened: %w; give a CSV file with the header time,FIRST-STEP,SECOND-STEP,…", err)
	}
	defer file.Close()
	counts, err := capacity.ReadCounts(file)
	if err != nil {
		return counts, fmt.Errorf("%s: %w", name, err)
	}
	return counts, nil
}

// instantsAhead reads the times to forecast for.
func instantsAhead(texts []string, last float64) (at []float64, err error) {
	for _, text := range texts {
		seconds, err := parseSeconds(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("--at %q is not a time; give seconds since the opening, or a duration as in 42h", text)
		}
		at = append(at, seconds)
	}
	if len(at) == 0 {
		return []float64{2 * last, 4 * last, 8 * last}, nil
	}
	return at, nil
}

func goingOn(fit capacity.CurveFit) (rows []stepGoing) {
	for _, step := range fit.Steps {
		rows = append(rows, stepGoing{step.From, step.To, step.Share, step.ShareCI, step.Median, step.Weights})
	}
	return rows
}

func stepsAhead(ahead []capacity.Ahead) (rows []stepAhead) {
	for _, forecast := range ahead {
		for _, step := range forecast.Steps {
			rows = append(rows, stepAhead{forecast.At, step.Step, step.Mean, step.Interval, step.Assumed, step.Family, step.Arrivals})
		}
	}
	return rows
}

func goingOnNotes(fit capacity.CurveFit) []string {
	notes := []string{"from, to: share who ever go on (90 %), half of them within"}
	for _, step := range fit.Steps {
		notes = append(notes, fmt.Sprintf("%s, %s: %.1f %% (%.1f to %.1f %%), %v, %s", step.From, step.To,
			100*step.Share, 100*step.ShareCI[0], 100*step.ShareCI[1], spellSeconds(step.Median), step.Family))
	}
	return notes
}

func aheadNotes(ahead []capacity.Ahead, arrivals capacity.Arrivals) []string {
	notes := []string{fmt.Sprintf("at, step: passed (90 %% of worlds); share of the variance that is assumption: family of the times + arrivals, which are assumed to %s", arrivals)}
	for _, forecast := range ahead {
		for _, step := range forecast.Steps {
			notes = append(notes, fmt.Sprintf("%v, %s: %.0f (%.0f to %.0f); %.0f %%: %.0f + %.0f", spellSeconds(forecast.At), step.Step,
				step.Mean, step.Interval[0], step.Interval[1], 100*step.Assumed, 100*step.Family, 100*step.Arrivals))
		}
	}
	return notes
}

// spellSeconds writes a time; those beyond a minute without fractions of a second.
func spellSeconds(seconds float64) time.Duration {
	span := time.Duration(min(seconds, 9e9) * float64(time.Second))
	if span > time.Minute {
		return span.Round(time.Second)
	}
	return span.Round(time.Millisecond)
}
