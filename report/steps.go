package report

import "github.com/ombak-sim/ombak/journey/funnel"

// MainStep is the sign-up, or else the first step.
func MainStep(report Report) string {
	for _, row := range report.Funnel {
		if row.Step == funnel.SignUp {
			return row.Step
		}
	}
	if len(report.Funnel) == 0 {
		return ""
	}
	return report.Funnel[0].Step
}

// PassedTimes returns the response times that thresholds judge by, or nil.
func (r Report) PassedTimes(step string) *Quantiles {
	for _, row := range r.Steps {
		if row.Step == step {
			return row.ResponseTimePassedS
		}
	}
	return nil
}

// Awaits reports whether people wait at the step for something outside the service, such as mail: what is
// counted there is no load on it. Reports of older versions do not tell the kinds of their steps; of them it
// goes by the names that the bundled scenarios use.
func (r Report) Awaits(step string) bool {
	for _, row := range r.Steps {
		if row.Step == step && row.Kind != "" {
			return row.Kind == funnel.Await
		}
	}
	return step == "mail" || step == "sms"
}
