package plan

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// WritePlansMarkdown writes a comparison of plans for a pull request.
func WritePlansMarkdown(w io.Writer, c Comparison) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## Plans of %s\n\n", c.Scenario)
	if len(c.Plans) > 0 {
		fmt.Fprintf(&b, "Best: **%s**. Simulated with %s replications of each plan and the same people; ± is the 95 %% interval, and (n runs) stands where they are too few for one. %s.\n\n", cmp.Or(c.Best, "none"), c.replications(), strings.ToUpper(Best[:1])+Best[1:])
	}
	rows := c.Rows(false)
	for i := range rows {
		rows[i] = append(rows[i], "verdict", "Pareto")
		if i > 0 {
			plan := c.Plans[i-1]
			rows[i][len(rows[i])-2], rows[i][len(rows[i])-1] = string(plan.Verdict), yes(plan.Pareto)
		}
	}
	b.WriteString(units.Markdown("", rows))
	if len(c.Plans) > 1 {
		fmt.Fprintf(&b, "\nDifferences from %s, paired:\n\n%s", c.Plans[0].Plan, units.Markdown("", c.Rows(true)))
	}
	b.WriteString("\n### Why\n")
	for _, why := range c.Why {
		b.WriteString("- " + why + "\n")
	}
	for _, left := range c.LeftOut {
		fmt.Fprintf(&b, "- %s is left out: %s\n", left.Plan, left.Reason)
	}
	if len(c.Warnings) > 0 {
		b.WriteString("\n### Warnings\n- " + strings.Join(c.Warnings, "\n- ") + "\n")
	}
	b.WriteString("\n### Thresholds\n" + units.Markdown("", c.ThresholdRows()))
	if u := c.Uncertainty; u != nil {
		fmt.Fprintf(&b, "\n### Under uncertainty\nLeast regret: **%s**, of %d combinations%s.\n\n%s", u.LeastRegret, u.Worlds, prefix("; ", u.Tie()), units.Markdown("", u.withPlaces(u.Rows(c.Currency))))
	}
	if s := c.Search; s != nil {
		fmt.Fprintf(&b, "\n### Search\n%d of %d candidates tried, %d of them in full.\n\n%s", len(s.Candidates), s.All, s.Full, units.Markdown("", s.Rows(c.Currency)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// replications returns the number of replications of a plan, or the range of the numbers if plans differ in it.
func (c Comparison) replications() string {
	least, most := c.Plans[0].Replications, c.Plans[0].Replications
	for _, plan := range c.Plans {
		least, most = min(least, plan.Replications), max(most, plan.Replications)
	}
	if least == most {
		return fmt.Sprint(most)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

// ThresholdRows returns a table of the verdict on each threshold under each plan.
func (c Comparison) ThresholdRows() [][]string {
	rows := [][]string{{"threshold"}}
	for k, plan := range c.Plans {
		rows[0] = append(rows[0], plan.Plan)
		for i, threshold := range plan.Thresholds {
			if k == 0 {
				rows = append(rows, []string{threshold.Source})
			}
			verdict := string(threshold.Verdict)
			if threshold.Severity == "warn" && threshold.Verdict != report.Pass {
				verdict = "warn"
			}
			if i+1 < len(rows) {
				rows[i+1] = append(rows[i+1], verdict)
			}
		}
	}
	return rows
}

// prefix returns lead and text, or "" if text is empty.
func prefix(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + text
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}
