package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/plan"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// fixedReplications is the number of replications of a plan where nothing is decided look by look.
const fixedReplications = 4

func planCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "compare the plans of a scenario by simulation: cost, people who finish, waits",
		ArgsUsage: "SCENARIO",
		Description: strings.ToUpper(plan.Best[:1]) + plan.Best[1:] + ". Plans are compared after 2, 3, 4, 6 and 8 replications. " +
			"Only those that are not told apart go on: the best plan goes out with a chance of at most 5 %, and differences below 0.5 % of the people who finish do not matter. " +
			"With --replications N, each plan is played exactly N times.",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "plan", Usage: "compare the plan `NAME`; by default those that the scenario's compare names, or all", EnvVars: envVar("plan")},
			modelFlag(),
			&cli.IntFlag{Name: "replications", Value: fixedReplications, DefaultText: "2 to 8, more only of plans that are not told apart; 4 under uncertainty; 10 to search", Usage: "simulate each plan exactly `N` times, with the same people under each plan", EnvVars: envVar("replications")},
			&cli.Uint64Flag{Name: "seed", Usage: "draw people and instants from the seed `N`", EnvVars: envVar("seed")},
			&cli.Float64Flag{Name: "scale", Usage: "scale the number of people by `F`", EnvVars: envVar("scale")},
			&cli.Float64Flag{Name: "scale-system", Usage: "scale servers, rates and quotas by `F`", EnvVars: envVar("scale-system")},
			arrivalsFlag(),
			&cli.StringFlag{Name: "window", Usage: "play only the part `FROM..TO` of the scenario, for example 10m..20m", EnvVars: envVar("window")},
			&cli.StringSliceFlag{Name: "threshold", Usage: "add the threshold `EXPR`, for example \"sign-up.passed >= 99% of scheduled\"", EnvVars: envVar("threshold")},
			&cli.BoolFlag{Name: "uncertainty", Usage: "also compare the plans under all values of the scenario's uncertain inputs", EnvVars: envVar("uncertainty")},
			&cli.BoolFlag{Name: "search", Usage: "find the cheapest plan that meets the thresholds, within the ranges of the scenario's search section", EnvVars: envVar("search")},
			&cli.StringFlag{Name: "out", Usage: "write to `DIR`; by default ombak-out/SCENARIO-TIME", EnvVars: envVar("out")},
			&cli.BoolFlag{Name: "json", Usage: "print plans.json", EnvVars: envVar("json")},
			&cli.BoolFlag{Name: "quiet", Usage: "hide progress", EnvVars: envVar("quiet")},
		}, placeFlags()...),
		Action: func(c *cli.Context) error { return playPlans(c, s) },
	}
}

// playPlans simulates every plan with the same people and names the best one. The exit code is that of the
// best plan's thresholds.
func playPlans(c *cli.Context, s streams) error {
	if c.Bool("search") {
		return searchPlan(c, s)
	}
	runs, left, unsure, err := readPlans(c)
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
	for _, plan := range left {
		fmt.Fprintf(s.err, "plan %s is left out: %s\n", plan.Plan, plan.Reason)
	}
	compared, err := compareAll(c, s, place, runs, unsure, folder)
	if err != nil {
		_ = os.Remove(folder) // removed only if empty
		return err
	}
	compared.LeftOut = left
	return finishPlans(c, s, compared, folder, verdictOfBest(compared))
}

// compareAll compares the plans, and plays them under uncertainty if asked.
func compareAll(c *cli.Context, s streams, place *studyPlace, runs []*setup.Model, unsure *plan.Uncertain, folder string) (plan.Comparison, error) {
	compared, err := study(c, s, place, runs, unsure)
	if err != nil {
		return plan.Comparison{}, err
	}
	if unsure != nil {
		compared.Uncertainty, err = uncertainty(c, s, place, unsure, compared.Best, folder)
	}
	return compared, err
}

// finishPlans writes the files, prints the comparison and returns the verdict.
func finishPlans(c *cli.Context, s streams, compared plan.Comparison, folder string, verdict report.Verdict) error {
	if err := writePlans(folder, compared); err != nil {
		return err
	}
	if c.Bool("json") {
		return errors.Join(plan.WriteComparison(s.out, compared), verdictError{verdict})
	}
	showPlans(s.out, compared, folder)
	return verdictError{verdict}
}

func readPlans(c *cli.Context) ([]*setup.Model, []setup.LeftOut, *plan.Uncertain, error) {
	scenario, options, err := readSimulated(c)
	if err != nil {
		return nil, nil, nil, err
	}
	if twice := repeated(c.StringSlice("plan")); twice != "" {
		return nil, nil, nil, usageError{fmt.Errorf("--plan %s is given twice", twice)}
	}
	runs, left, err := setup.NewModels(scenario, options, c.StringSlice("plan"))
	if err == nil {
		err = simulation.CheckRuns(len(runs) * c.Int("replications"))
	}
	if err != nil || !c.Bool("uncertainty") {
		return runs, left, nil, err
	}
	var names []string
	for _, run := range runs {
		names = append(names, run.Scenario.Plan())
	}
	unsure, err := plan.NewUncertain(scenario, options, names)
	if err == nil {
		err = simulation.CheckRuns(unsure.Runs(c.Int("replications")))
	}
	return runs, left, unsure, err
}

func repeated(names []string) string {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return name
		}
		seen[name] = true
	}
	return ""
}

// study plays all runs, or as many as decide between the plans, and shows progress. Before it starts it prints the number
// of runs, including those of a later stage.
func study(c *cli.Context, s streams, place *studyPlace, runs []*setup.Model, then *plan.Uncertain) (plan.Comparison, error) {
	count, rule := c.Int("replications"), plan.DecidingRule()
	decides := !c.IsSet("replications") && len(runs) > 1
	words := fmt.Sprintf("%d replications of each: %d runs", count, len(runs)*count)
	if decides {
		count = rule.Looks[0]
		words = fmt.Sprintf("%d to %d replications of each, more only of plans that are not told apart: %d to %d runs", count, rule.Most(), len(runs)*count, len(runs)*rule.Most())
	}
	all, after := len(runs)*count, ""
	if then != nil {
		all += then.Runs(c.Int("replications"))
		after = fmt.Sprintf(", then %d at %d combinations of the uncertain inputs", then.Runs(c.Int("replications")), then.Combinations())
	}
	watch := newStudyProgress(s.err, c.Bool("quiet"), "runs", len(runs)*count, runs[0])
	expected, err := estimate(c, watch, runs[0], all)
	if err != nil {
		return plan.Comparison{}, err
	}
	watch.say("%d plans, %s%s%s\n", len(runs), words, after, expected)
	defer watch.close()
	how := place.settings()
	how.Replications = count
	played := simulation.Study{Models: runs, Settings: watch.watched(how), Expected: watch.expected}
	if decides {
		played.Expected = watch.expectedLook
		return plan.Decide(c.Context, played, rule, watch.looked)
	}
	simulations, err := played.Play(c.Context)
	if err != nil {
		return plan.Comparison{}, err
	}
	return plan.ComparePlans(simulations), nil
}

func verdictOfBest(c plan.Comparison) report.Verdict {
	for _, plan := range c.Plans {
		if plan.Plan == c.Best {
			return plan.Verdict
		}
	}
	return report.Inconclusive
}

func writePlans(folder string, c plan.Comparison) error {
	figure, err := pareto(c)
	if err != nil {
		return err
	}
	return errors.Join(
		writeFigures(filepath.Join(folder, "plots"), []plots.Figure{figure}),
		writeFile(filepath.Join(folder, "plans.json"), func(w io.Writer) error { return plan.WriteComparison(w, c) }),
		writeFile(filepath.Join(folder, "plans.md"), func(w io.Writer) error { return plan.WritePlansMarkdown(w, c) }),
	)
}

// pareto draws cost against people who finish for each plan.
func pareto(c plan.Comparison) (plots.Figure, error) {
	var options []plots.Option
	for _, plan := range c.Plans {
		if plan.Cost != nil {
			options = append(options, plots.Option{
				Name: plan.Plan, Cost: plan.Cost.Mean, CostCI: plan.Cost.CI95, Finished: plan.Finished.Mean, FinishedCI: plan.Finished.CI95,
				Holds: plan.Verdict == report.Pass, Front: plan.Pareto,
			})
		}
	}
	return plots.Pareto("scenario "+c.Scenario, c.Currency, options)
}

// showPlans prints the comparison for people.
func showPlans(out io.Writer, c plan.Comparison, folder string) {
	rows := c.Rows(false, "cost", "lost", "finished", "worst_p99_s", "waited_min", "recovery_s")
	for i := range rows {
		if i == 0 {
			rows[i] = append(rows[i], "verdict")
			continue
		}
		verdict := string(c.Plans[i-1].Verdict)
		if c.Plans[i-1].Pareto {
			verdict += " *"
		}
		rows[i] = append(rows[i], verdict)
	}
	fmt.Fprintf(out, "%s: %d plans, the same people under each\n\n%s", c.Scenario, len(c.Plans), columns(rows))
	fmt.Fprintln(out, "±: 95 % interval, left out where (n runs) are too few · *: on the Pareto front of cost, people who finish and time waited")
	if len(c.Plans) > 1 {
		fmt.Fprintf(out, "\nDifference from %s, paired\n%s", c.Plans[0].Plan, columns(c.Rows(true, "cost", "lost", "finished", "waited_min")))
	}
	fmt.Fprintf(out, "\n%s\nBest: %s\n", columns(c.ThresholdRows()), cmp.Or(c.Best, "none"))
	for _, why := range c.Why {
		fmt.Fprintf(out, "  %s\n", why)
	}
	for _, left := range c.LeftOut {
		fmt.Fprintf(out, "  left out, %s: %s\n", left.Plan, left.Reason)
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(out, "warning: %s\n", warning)
	}
	if c.Uncertainty != nil {
		showUncertainty(out, c.Uncertainty, c.Currency)
	}
	if c.Search != nil {
		showSearch(out, c.Search, c.Currency)
	}
	fmt.Fprintf(out, "plans: %s\n", filepath.Join(folder, "plans.md"))
}

// columns lays out a table with the first column aligned left and the others right.
func columns(rows [][]string) string {
	if len(rows) == 0 {
		return ""
	}
	return units.Table("l"+strings.Repeat("r", len(rows[0])-1), rows)
}
