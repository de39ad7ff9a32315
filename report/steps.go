package report

import "github.com/ombak-sim/ombak/journey/funnel"

// MainStep returns the step at which arrivals are scheduled. Reports that do not say it have their sign-up step, or else
// the first.
func MainStep(report Report) string {
	first := ""
	for _, row := range report.Funnel {
		if _, scheduled := report.Offered.ByStep[row.Step]; scheduled {
			return row.Step
		}
		if first == "" || row.Step == funnel.SignUp {
			first = row.Step
		}
	}
	return first
}

// PassedTimes returns the response times that thresholds judge, or nil if there are none.
func (r Report) PassedTimes(step string) *Quantiles {
	for _, row := range r.Steps {
		if row.Step == step {
			return row.ResponseTimePassedS
		}
	}
	return nil
}

// Awaits reports whether people wait at the step for something outside the service, such as mail. Attempts at
// such a step put no load on the service. Reports of older versions lack the kinds of steps, so Awaits uses the
// names of the bundled scenarios for them.
func (r Report) Awaits(step string) bool {
	for _, row := range r.Steps {
		if row.Step == step && row.Kind != "" {
			return row.Kind == funnel.Await
		}
	}
	return step == "mail" || step == "sms"
}
