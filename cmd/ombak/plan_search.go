package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/study/plan"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// searchReplications is the default number of replications of a full trial.
const searchReplications = 10

// searchPlan finds the cheapest plan that meets the thresholds and shows it beside the original. The exit
// code reports whether there is one.
func searchPlan(c *cli.Context, s streams) error {
	search, err := readSearch(c)
	if err != nil {
		return err
	}
	place, err := openPlace(c, s)
	if err != nil {
		return err
	}
	defer place.close()
	folder, err := makeFolder(c.String("out"), search.Start().Scenario.Name, time.Now())
	if err != nil {
		return err
	}
	searched, simulations, err := playSearch(c, s, place, search)
	if err != nil {
		_ = os.Remove(folder) // removed only if empty
		return err
	}
	return finishPlans(c, s, plan.CompareSearched(searched, simulations), folder, searched.Verdict())
}

// playSearch prints the longest time that the search can take, and runs it.
func playSearch(c *cli.Context, s streams, place *studyPlace, search *plan.Search) (plan.Searched, []simulation.Result, error) {
	watch := newStudyProgress(s.err, c.Bool("quiet"), "runs", search.Runs(), search.Start())
	defer watch.close()
	expected, err := estimate(c, watch, search.Start(), search.Runs())
	if err != nil {
		return plan.Searched{}, nil, err
	}
	watch.say("plan %s varied: %d candidates, %d replications of those that may hold: %d runs at most%s\n",
		search.Start().Scenario.Plan(), search.Candidates(), replicationsOf(c), search.Runs(), expected)
	searched, simulations, err := search.Play(c.Context, watch.watched(place.settings()), func(first, rest time.Duration) {
		watch.say("the first took %s; the others take about %s at most\n", units.Duration(first), units.Duration(rest))
	})
	if err == nil {
		watch.say("%d runs were needed\n", watch.played.Load())
	}
	return searched, simulations, err
}

func replicationsOf(c *cli.Context) int {
	if c.IsSet("replications") {
		return c.Int("replications")
	}
	return searchReplications
}

func readSearch(c *cli.Context) (*plan.Search, error) {
	scenario, options, err := readSimulated(c)
	if err != nil {
		return nil, err
	}
	plans := c.StringSlice("plan")
	if len(plans) > 1 || c.Bool("uncertainty") {
		return nil, usageError{errors.New("--search varies one plan without uncertainty; give at most one " +
			"--plan, and no --uncertainty")}
	}
	if len(plans) == 1 {
		options.Plan = plans[0]
	}
	return plan.NewSearch(scenario, options, replicationsOf(c))
}

// showSearch prints the result of each candidate.
func showSearch(out io.Writer, s *plan.Searched, currency string) {
	fmt.Fprintf(out, "\nCandidates: %d of %d tried, %d of them in full\n", len(s.Candidates), s.All, s.Full)
	rows := s.Rows(currency)
	for i, row := range rows {
		rows[i] = row[:len(row)-1] // sentences do not fit a table
	}
	fmt.Fprint(out, columns(rows))
	for _, candidate := range s.Candidates {
		if candidate.Why != "" {
			fmt.Fprintf(out, "  %s %s: %s\n", candidate.Name(), candidate.Verdict, candidate.Why)
		}
	}
}
