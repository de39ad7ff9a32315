package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

func redlineCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "redline",
		Usage:     "raise the load until a threshold breaks, and report the limit",
		ArgsUsage: "SCENARIO",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "plan", Usage: "apply the plan `NAME` of the scenario", EnvVars: twin("plan")},
			&cli.StringSliceFlag{Name: "target", Usage: "where a target is, as `[NAME=]URL`; without one the backend and the mocks are started here", EnvVars: twin("target")},
			&cli.StringSliceFlag{Name: "var", Usage: "give a variable its value, as `NAME=VALUE`", EnvVars: twin("var")},
			connectToFlag(), watchFlag(),
			&cli.StringFlag{Name: "from", Value: "100/s", Usage: "the first `RATE` of sign-ups", EnvVars: twin("from")},
			&cli.Float64Flag{Name: "factor", Value: 1.5, Usage: "raise the rate `X`-fold as long as it holds", EnvVars: twin("factor")},
			&cli.Float64Flag{Name: "precision", Value: 0.05, Usage: "narrow the limit down to this `SHARE`", EnvVars: twin("precision")},
			&cli.DurationFlag{Name: "for", Value: 20 * time.Second, Usage: "offer each rate for `TIME`", EnvVars: twin("for")},
			&cli.IntFlag{Name: "most", Value: 20, Usage: "try `N` rates at the most", EnvVars: twin("most")},
			&cli.StringFlag{Name: "closed", Usage: "closed loops instead: keep `N,N,…` people under way, for a scalability fit", EnvVars: twin("closed")},
			&cli.Uint64Flag{Name: "seed", DefaultText: "the scenario's", Usage: "`N` draws other people at other instants", EnvVars: twin("seed")},
			&cli.StringSliceFlag{Name: "threshold", Usage: "a further condition `EXPR`", EnvVars: twin("threshold")},
			&cli.StringFlag{Name: "out", Usage: "write into `DIR`; by default ombak-out/SCENARIO-TIME", EnvVars: twin("out")},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON on standard output", EnvVars: twin("json")},
			&cli.BoolFlag{Name: "quiet", Usage: "show no progress", EnvVars: twin("quiet")},
		},
		Action: func(c *cli.Context) error { return redline(c, s) },
	}
}

// redliner tries one rate after the other.
type redliner struct {
	c        *cli.Context
	s        streams
	scenario *scenarios.Scenario
	options  drill.Options
	folder   string
	levels   []level
}

// level is one rate that was tried.
type level struct {
	rate   float64
	closed int    // people kept under way; 0 in an open loop
	folder string // relative to the redline's own
	result report.Report
}

func redline(c *cli.Context, s streams) error {
	r, search, err := readRedline(c, s)
	if err != nil {
		return err
	}
	concurrencies, err := readConcurrencies(c.String("closed"))
	if err != nil {
		return err
	}
	if _, err := r.newRun(workload.Rate(search.From)); err != nil {
		return err
	}
	if r.folder, err = makeFolder(c.String("out"), r.scenario.Name+"-redline", time.Now()); err != nil {
		return err
	}
	if len(concurrencies) > 0 {
		err := r.tryClosed(concurrencies)
		return r.ended(err, r.concludeClosed(r.cut(err)))
	}
	limit, err := search.Run(func(rate float64) (bool, error) { return r.try(workload.Rate(rate)) })
	return r.ended(err, r.conclude(limit, r.cut(err)))
}

// cut reports whether an interrupt ended the level that failed.
func (r *redliner) cut(tried error) bool { return tried != nil && r.c.Context.Err() != nil }

// ended says what an interrupt leaves: the levels before the one that did not come to its end.
func (r *redliner) ended(tried, concluded error) error {
	if !r.cut(tried) {
		return errors.Join(tried, concluded)
	}
	if concluded != nil {
		return concluded
	}
	if len(r.levels) == 0 {
		_ = os.Remove(r.folder) // empty unless the user's
		return interrupted{"the first level did not come to its end, so nothing is written"}
	}
	return interrupted{fmt.Sprintf("level %d did not come to its end; what the levels before it say is in %s", len(r.levels)+1, filepath.Join(r.folder, "report.json"))}
}

func readRedline(c *cli.Context, s streams) (*redliner, drill.Search, error) {
	search := drill.Search{Factor: c.Float64("factor"), Precision: c.Float64("precision"), Most: c.Int("most")}
	name, err := oneArgument(c, "scenario")
	if err != nil {
		return nil, search, err
	}
	r := &redliner{c: c, s: s, options: drill.Options{Plan: c.String("plan"), Thresholds: c.StringSlice("threshold"), For: c.Duration("for")}}
	if r.scenario, err = loadScenario(name); err != nil {
		return nil, search, err
	}
	rate, err := workload.ParseRate(c.String("from"))
	switch {
	case err != nil || rate == 0:
		return nil, search, usageError{fmt.Errorf("--from %q is no rate above 0; write for example 100/s", c.String("from"))}
	case !(search.Factor > 1) || !(search.Precision > 0) || search.Most < 1 || r.options.For <= 0:
		return nil, search, usageError{errors.New("--factor must be above 1, --precision above 0, --most at least 1 and --for above 0")}
	}
	search.From = float64(rate)
	if c.IsSet("seed") {
		seed := c.Uint64("seed")
		r.options.Seed = &seed
	}
	if r.options.Targets, err = pairs(c.StringSlice("target"), "target", true); err != nil {
		return nil, search, err
	}
	if r.options.ConnectTo, err = pairs(c.StringSlice("connect-to"), "connect-to", false); err != nil {
		return nil, search, err
	}
	if r.options.Watch, err = pairs(c.StringSlice("watch"), "watch", false); err != nil {
		return nil, search, err
	}
	r.options.Vars, err = pairs(c.StringSlice("var"), "var", false)
	return r, search, err
}

func (r *redliner) newRun(rate workload.Rate) (*drill.Run, error) {
	options := r.options
	options.Rate = rate
	if len(options.Targets) > 0 {
		return drill.NewLoad(r.scenario, options)
	}
	return drill.NewRun(r.scenario, options)
}

// try plays one level and says whether it held.
func (r *redliner) try(rate workload.Rate) (bool, error) {
	run, err := r.newRun(rate)
	if err != nil {
		return false, err
	}
	played, err := r.play(run)
	if err != nil {
		return false, err
	}
	played.rate = float64(rate)
	r.levels = append(r.levels, played)
	r.say("%s: %.5g sign-ups/s: %s\n", played.folder, float64(rate), played.result.Verdict)
	return held(played.result), nil
}

// play conducts the next level and writes its report.
func (r *redliner) play(run *drill.Run) (level, error) {
	played := level{folder: fmt.Sprintf("level-%02d", len(r.levels)+1)}
	folder := filepath.Join(r.folder, played.folder)
	made := os.Mkdir(folder, 0o755)
	if made != nil && !errors.Is(made, os.ErrExist) {
		return played, made
	}
	self, err := os.Executable()
	if err != nil {
		return played, err
	}
	played.result, err = drill.Conduct(r.c.Context, run, drill.Environment{Command: []string{self, "part"}, Folder: folder, Build: build(), Log: r.s.err})
	if err != nil {
		if r.cut(err) && made == nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
		return played, err
	}
	return played, writeFile(filepath.Join(folder, "report.json"), func(w io.Writer) error { return report.Write(w, played.result) })
}

func (r *redliner) say(format string, words ...any) {
	if !r.c.Bool("quiet") {
		fmt.Fprintf(r.s.err, format, words...)
	}
}

// conclude writes the report of all levels and, unless they were cut short, says what was found.
func (r *redliner) conclude(limit drill.Limit, cut bool) error {
	if len(r.levels) == 0 {
		return nil
	}
	last := r.levels[len(r.levels)-1].result
	best := r.levels[0]
	for _, level := range r.levels {
		if level.rate == limit.Held {
			best = level
		}
	}
	whole := best.result
	for _, level := range r.levels {
		whole.Levels = append(whole.Levels, report.Level{OfferedPerS: level.rate, Report: filepath.Join(level.folder, "report.json")})
	}
	slices.SortFunc(whole.Levels, func(a, b report.Level) int {
		return int(1000 * (a.OfferedPerS - b.OfferedPerS))
	})
	whole.Redline = &report.Redline{HeldPerS: limit.Held, BrokePerS: limit.Broke, KneePerS: r.knee(), Bottleneck: r.bottleneck(limit)}
	path := filepath.Join(r.folder, "report.json")
	if err := writeFile(path, func(w io.Writer) error { return report.Write(w, whole) }); err != nil {
		return err
	}
	if err := r.draw(); err != nil {
		return err
	}
	if cut {
		return nil
	}
	if r.c.Bool("json") {
		if err := report.Write(r.s.out, whole); err != nil {
			return err
		}
	} else {
		r.print(limit)
	}
	if limit.Held == 0 {
		return verdictError{last.Verdict}
	}
	return nil
}

// draw draws the load that was offered against what of it passed.
func (r *redliner) draw() error {
	var loads []plots.Load
	for _, level := range r.levels {
		load := plots.Load{OfferedPerS: level.rate, Held: held(level.result)}
		for _, row := range level.result.Steps {
			if row.Step == r.scenario.Arrivals.Step {
				load.GoodputPerS = row.GoodputPerS * level.result.DurationS / (r.options.For + drill.LevelRamp/2).Seconds()
				if row.ResponseTimePassedS != nil {
					load.P99S = row.ResponseTimePassedS.P99
				}
			}
		}
		loads = append(loads, load)
	}
	figure, err := plots.Cliff("scenario "+r.scenario.Name+" · plan "+r.levels[0].result.Plan, loads)
	if err != nil {
		return err
	}
	return writeFigures(filepath.Join(r.folder, "plots"), []plots.Figure{figure})
}

// held says whether a level counts as one that held. Too little data does: the rate is low, not the
// service.
func held(result report.Report) bool {
	return result.Verdict == report.Pass || result.Verdict == report.Inconclusive
}

func (r *redliner) print(limit drill.Limit) {
	step := r.scenario.Arrivals.Step
	fmt.Fprintf(r.s.out, "%-9s %10s %10s %9s %9s  %s\n", "level", "offered/s", "passed", "p50", "p99", "verdict")
	for _, level := range r.levels {
		p50, p99 := "-", "-"
		for _, row := range level.result.Steps {
			if row.Step == step && row.ResponseTimePassedS != nil {
				p50, p99 = seconds(row.ResponseTimePassedS.P50), seconds(row.ResponseTimePassedS.P99)
			}
		}
		passed := 0.0
		for _, row := range level.result.Funnel {
			if row.Step == step {
				passed = row.Passed
			}
		}
		fmt.Fprintf(r.s.out, "%-9s %10.5g %10.0f %9s %9s  %s\n", level.folder, level.rate, passed, p50, p99, why(level.result))
	}
	fmt.Fprintf(r.s.out, "\n%s\nreport: %s\n", r.sentence(limit), filepath.Join(r.folder, "report.json"))
}

// sentence says what the limit is and what broke first.
func (r *redliner) sentence(limit drill.Limit) string {
	switch {
	case limit.Held == 0:
		return fmt.Sprintf("No rate held, not even %.5g sign-ups/s; begin lower with --from.", limit.Broke)
	case limit.Broke == 0:
		return fmt.Sprintf("%.5g sign-ups/s held, and nothing higher was tried; raise --most or --factor.", limit.Held)
	}
	text := fmt.Sprintf("%.5g sign-ups/s held, %.5g did not", limit.Held, limit.Broke)
	for _, level := range r.levels {
		if level.rate == limit.Broke {
			text += " (" + why(level.result) + ")"
		}
	}
	if bottleneck := r.bottleneck(limit); bottleneck != "" {
		text += "; busiest: " + bottleneck
	}
	text += "."
	if knee := r.knee(); knee > 0 {
		text += fmt.Sprintf(" The knee is at %.5g sign-ups/s: beyond it waiting grows faster than what is done.", knee)
	}
	return text
}

// bottleneck names what was busiest at the lowest rate that broke.
func (r *redliner) bottleneck(limit drill.Limit) string {
	for _, level := range r.levels {
		if level.rate == limit.Broke {
			return drill.Bottleneck(level.result)
		}
	}
	return ""
}

func (r *redliner) knee() float64 {
	var reports []report.Report
	var rates []float64
	for _, level := range r.levels {
		reports, rates = append(reports, level.result), append(rates, level.rate)
	}
	return drill.Knee(reports, rates, r.scenario.Arrivals.Step)
}

// why names the first threshold that broke, or why the run is invalid.
func why(result report.Report) string {
	if len(result.Invalid) > 0 {
		return "invalid: " + result.Invalid[0]
	}
	for _, threshold := range result.Thresholds {
		if threshold.Verdict == report.Fail && threshold.Severity != "warn" {
			return threshold.Source
		}
	}
	return string(result.Verdict)
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Microsecond).String()
}
