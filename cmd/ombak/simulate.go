package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/plan"
	"github.com/ombak-sim/ombak/study/simulation"
)

func simulateCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "simulate",
		Usage:     "play a scenario in virtual time, without a service",
		ArgsUsage: "SCENARIO",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "plan", Usage: "simulate the plan `NAME`; several plans are compared with the same people", EnvVars: envVar("plan")},
			modelFlag(),
			&cli.IntFlag{Name: "replications", Value: 1, Usage: "simulate `N` times with different random numbers, and average", EnvVars: envVar("replications")},
			&cli.StringFlag{Name: "precision", Usage: "add replications until the number of people who finish is known within `P`, for example 1%", EnvVars: envVar("precision")},
			&cli.BoolFlag{Name: "antithetic", Usage: "simulate in antithetic pairs, and average over pairs", EnvVars: envVar("antithetic")},
			&cli.BoolFlag{Name: "steady", Usage: "simulate one long run at constant rates, cut the warm-up, and give intervals by batch means", EnvVars: envVar("steady")},
			&cli.Uint64Flag{Name: "seed", DefaultText: "the scenario's", Usage: "draw people and instants from the seed `N`", EnvVars: envVar("seed")},
			&cli.Float64Flag{Name: "scale", DefaultText: "1", Usage: "scale the number of people by `F`", EnvVars: envVar("scale")},
			&cli.Float64Flag{Name: "scale-system", DefaultText: "1", Usage: "scale servers, rates and quotas by `F`", EnvVars: envVar("scale-system")},
			arrivalsFlag(),
			&cli.StringFlag{Name: "window", Usage: "play only the part `FROM..TO` of the scenario, for example 10m..20m", EnvVars: envVar("window")},
			&cli.StringSliceFlag{Name: "threshold", Usage: "add the threshold `EXPR`, for example \"sign-up.passed >= 99% of scheduled\"", EnvVars: envVar("threshold")},
			&cli.BoolFlag{Name: "trace", Usage: "write every attempt of every person to trace.csv", EnvVars: envVar("trace")},
			&cli.StringFlag{Name: "out", Usage: "write to `DIR`; by default ombak-out/SCENARIO-TIME", EnvVars: envVar("out")},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", EnvVars: envVar("json")},
			&cli.BoolFlag{Name: "quiet", Usage: "hide progress", EnvVars: envVar("quiet")},
			paceFlag(),
		}, slices.Concat(meterFlags(), liveFlags(), placeFlags())...),
		Action: func(c *cli.Context) error { return simulate(c, s) },
	}
}

// simulate plays every requested plan and writes its files.
func simulate(c *cli.Context, s streams) error {
	runs, err := readSimulations(c)
	if err != nil {
		return err
	}
	place, err := openPlace(c, s)
	if err != nil {
		return err
	}
	defer place.close()
	folder, err := makeFolder(c.String("out"), runs[0].Scenario.Name, time.Now())
	if err != nil {
		return err
	}
	var results []simulation.Result
	verdict := verdictError{report.Pass}
	for _, run := range runs {
		own := folder
		if len(runs) > 1 {
			if own, err = makeFolder(filepath.Join(folder, run.Scenario.Plan()), "", time.Now()); err != nil {
				return err
			}
		}
		result, err := simulateOne(c, s, place, run, own)
		if err != nil {
			_, _ = os.Remove(own), os.Remove(folder) // where nothing is in them
			return ofSome(c, err, results, folder)
		}
		if worse(result.Report.Verdict, verdict.verdict) {
			verdict.verdict = result.Report.Verdict
		}
		results = append(results, result)
	}
	if len(runs) > 1 {
		compared := plan.ComparePlans(results)
		path := filepath.Join(folder, "plans.json")
		if err := writeFile(path, func(w io.Writer) error { return plan.WriteComparison(w, compared) }); err != nil {
			return err
		}
		if c.Bool("json") {
			if err := plan.WriteComparison(s.out, compared); err != nil {
				return err
			}
		}
	}
	return verdict
}

// simulateOne plays one plan, writes its files and prints its report.
func simulateOne(c *cli.Context, s streams, place *studyPlace, run *setup.Model, folder string) (simulation.Result, error) {
	precision, err := readPrecision(c.String("precision"))
	if err != nil {
		return simulation.Result{}, err
	}
	how := place.settings()
	how.Replications, how.Precision, how.Antithetic = c.Int("replications"), precision, c.Bool("antithetic")
	if c.String("live") != "" {
		return rehearse(c, s, run, how, folder)
	}
	plan := orNone(run.Scenario.Plan())
	watch := newStudyProgress(s.err, c.Bool("quiet"), "replications of plan "+plan, how.Replications, run)
	expected, err := estimate(c, watch, run, how.Replications)
	if err != nil {
		return simulation.Result{}, err
	}
	watch.say("plan %s: %d replications%s\n", plan, how.Replications, expected)
	simulated := simulation.Simulate
	if c.Bool("steady") {
		simulated = simulation.Steady
	}
	result, err := simulated(c.Context, run, watch.watched(how))
	watch.close()
	if err != nil {
		return result, err
	}
	result.Report.Command = commandLine(withoutPlace(s.arguments))
	return result, finish(c, s, run, result, folder)
}

// finish writes the files of a simulation and prints its report.
func finish(c *cli.Context, s streams, run *setup.Model, result simulation.Result, folder string) error {
	if c.Bool("trace") {
		if err := trace(c, run, folder); err != nil {
			return err
		}
	}
	if err := writeFiles(folder, result.Report); err != nil {
		return err
	}
	if c.Bool("json") {
		if len(c.StringSlice("plan")) > 1 {
			return nil
		}
		return report.Write(s.out, result.Report)
	}
	return show(c, s.out, &run.Planned, result.Report, folder)
}

// trace writes every attempt of every person.
func trace(c *cli.Context, run *setup.Model, folder string) error {
	err := writeFile(filepath.Join(folder, "trace.csv"), func(w io.Writer) error { return simulation.Trace(c.Context, run, w) })
	if err != nil {
		return fmt.Errorf("cannot write the trace: %w; name another folder with --out", err)
	}
	return nil
}

// ofSome adds to an interrupt which plans' reports are written.
func ofSome(c *cli.Context, err error, results []simulation.Result, folder string) error {
	if c.Context.Err() == nil || len(results) == 0 {
		return err
	}
	var plans []string
	for _, result := range results {
		plans = append(plans, orNone(result.Report.Plan))
	}
	return interrupted{fmt.Sprintf("the simulations did not come to their end; the reports of these plans are in %s: %s", folder, strings.Join(plans, ", "))}
}

// readPrecision reads a share such as 1%, or 0 if there is none.
func readPrecision(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	var share scenarios.Share
	if err := share.UnmarshalText([]byte(text)); err != nil || share == 0 {
		return 0, usageError{fmt.Errorf("--precision is %q; give a share above 0, for example 1%%", text)}
	}
	return float64(share), nil
}

func orNone(plan string) string {
	if plan == "" {
		return "(none)"
	}
	return plan
}

// worse returns the verdict with the more severe exit code.
func worse(a, b report.Verdict) bool {
	rank := map[report.Verdict]int{report.Pass: 0, report.Inconclusive: 1, report.Fail: 2, report.Invalid: 3}
	return rank[a] > rank[b]
}

// readSimulations reads the flags and sets up a simulation for each plan.
func readSimulations(c *cli.Context) ([]*setup.Model, error) {
	if _, err := readPrecision(c.String("precision")); err != nil {
		return nil, err
	}
	if err := checkSteady(c); err != nil {
		return nil, err
	}
	if c.Bool("antithetic") && c.Int("replications")%2 != 0 {
		return nil, usageError{fmt.Errorf("--antithetic plays pairs, but --replications is %d; give an even "+
			"number", c.Int("replications"))}
	}
	scenario, options, err := readSimulated(c)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(checkPlace(c), checkRehearsal(c)); err != nil {
		return nil, err
	}
	runs, err := simulations(scenario, options, c.StringSlice("plan"))
	if err != nil || !c.Bool("steady") {
		return runs, err
	}
	for _, run := range runs {
		if err := run.CheckSteady(); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// checkSteady refuses flags that do not go with --steady.
func checkSteady(c *cli.Context) error {
	if !c.Bool("steady") {
		return nil
	}
	for _, flag := range []string{"precision", "antithetic"} {
		if c.IsSet(flag) {
			return usageError{fmt.Errorf("--steady plays one run, so --%s has no effect; leave one out", flag)}
		}
	}
	if len(c.StringSlice("plan")) > 1 {
		return usageError{errors.New("--steady cuts a warm-up of its own for each plan, so their totals cannot be compared; give one --plan")}
	}
	if c.Int("replications") > 1 {
		return usageError{fmt.Errorf("--steady plays one run, but --replications is %d; leave one out", c.Int("replications"))}
	}
	return nil
}

// readSimulated reads the scenario and the flags of every simulation.
func readSimulated(c *cli.Context) (*scenarios.Scenario, setup.Options, error) {
	var options setup.Options
	if c.NArg() != 1 {
		return nil, options, usageError{errors.New("name one scenario; ombak scenario list shows the bundled ones")}
	}
	scenario, err := readModelled(c.Args().First(), c.String("model"))
	scenario, err = withArrivals(c, scenario, err)
	if err == nil {
		err = setFlags(c, scenario)
	}
	if err != nil {
		return nil, options, err
	}
	options = setup.Options{Scale: c.Float64("scale"), ScaleSystem: c.Float64("scale-system"), Thresholds: c.StringSlice("threshold")}
	if err := simulation.CheckReplications(c.Int("replications")); err != nil {
		return nil, options, err
	}
	for _, flag := range []string{"scale", "scale-system"} {
		if c.IsSet(flag) && !(c.Float64(flag) > 0) {
			return nil, options, usageError{fmt.Errorf("--%s is %v; give a number above 0", flag, c.Float64(flag))}
		}
	}
	if c.IsSet("seed") {
		seed := c.Uint64("seed")
		options.Seed = &seed
	}
	options.From, options.To, err = readWindow(c.String("window"))
	return scenario, options, err
}

func simulations(scenario *scenarios.Scenario, options setup.Options, plans []string) ([]*setup.Model, error) {
	if len(plans) == 0 {
		plans = []string{""}
	}
	seen := map[string]bool{}
	var runs []*setup.Model
	for _, plan := range plans {
		if seen[plan] {
			return nil, usageError{fmt.Errorf("--plan %s is given twice", plan)}
		}
		seen[plan] = true
		options.Plan = plan
		run, err := setup.NewModel(scenario, options)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}
