package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/study/plan"
	"github.com/ombak-sim/ombak/workload"
)

// uncertainty plays the plans at all values of the scenario's uncertain inputs and draws the inputs with the
// largest effect on the plan of least regret. If plans tie, the best plan is preferred.
func uncertainty(c *cli.Context, s streams, place *studyPlace, u *plan.Uncertain, best, folder string) (*plan.Uncertainty, error) {
	count := c.Int("replications")
	watch := newStudyProgress(s.err, c.Bool("quiet"), "runs", u.Runs(count), u.First())
	expected, err := estimate(c, watch, u.First(), u.Runs(count))
	if err != nil {
		return nil, err
	}
	watch.say("%d combinations of the uncertain inputs: %d runs%s\n", u.Combinations(), u.Runs(count), expected)
	how := place.settings()
	how.Replications = count
	result, err := u.Play(c.Context, watch.watched(how), best, watch.expected)
	watch.close()
	if err != nil {
		return nil, err
	}
	for _, plan := range result.Plans {
		if plan.Plan != result.LeastRegret {
			continue
		}
		var sways []plots.Sway
		for i, input := range result.Inputs {
			sways = append(sways, plots.Sway{Name: input.Name, From: shortDistribution(string(input.Low)), To: shortDistribution(string(input.High)), AtLow: plan.Sways[i].Low, AtHigh: plan.Sways[i].High})
		}
		figure, err := plots.Tornado("plan "+plan.Plan, "people who finish", plan.Finished[1], sways)
		if err != nil {
			return nil, err
		}
		return &result, writeFigures(filepath.Join(folder, "plots"), []plots.Figure{figure})
	}
	return &result, nil
}

// shortDistribution shortens a distribution to its mean, which fits beside a bar.
func shortDistribution(value string) string {
	times, err := workload.ParseDistribution(value)
	if err != nil || times.Kind() == workload.Constant {
		return value
	}
	return fmt.Sprintf("mean %.3g s", times.Mean())
}

func showUncertainty(out io.Writer, u *plan.Uncertainty, currency string) {
	fmt.Fprintf(out, "\nUnder uncertainty: %d combinations of the inputs, %d runs\n%s", u.Worlds, u.Runs, columns(u.Rows(currency)))
	least := u.LeastRegret
	if tie := u.Tie(); tie != "" {
		least += ", " + tie
	}
	fmt.Fprintf(out, "Least regret: %s\n", least)
	for _, plan := range u.Plans {
		if plan.Regret.Mean == 0 {
			fmt.Fprintf(out, "  %s: no regret at any of them\n", plan.Plan)
			continue
		}
		fmt.Fprintf(out, "  %s: most regret at %s\n", plan.Plan, strings.Join(plan.At, ", "))
	}
}
