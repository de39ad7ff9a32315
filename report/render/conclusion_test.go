package render_test

import (
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

func TestConclusion(t *testing.T) {
	signUp := report.FunnelRow{Step: funnel.SignUp, Entered: 114750, Passed: 114750, PeakPassedPerMin: 81000}
	collapsed := report.FunnelRow{Step: funnel.Identity, Entered: 44000, Passed: 612, TimedOut: 30000, Unfinished: 13388}
	declining := report.FunnelRow{Step: funnel.Identity, Entered: 100, Passed: 60, Declined: 40}
	steps := []report.StepRow{{Step: funnel.SignUp, ResponseTimePassedS: &report.Quantiles{P99: 0.0411}}}
	tests := []struct {
		why, try, want string
		report         report.Report
	}{
		{
			"one step holds and one does not", "--plan as-published",
			"Sign-up held: 114,750 of 114,750 passed, at most 81,000 in one minute, p99 41 ms; identity (NIK verification) did not hold: 612 of 44,000 passed; next try --plan as-published.",
			report.Report{Funnel: []report.FunnelRow{signUp, collapsed}, Steps: steps},
		},
		{
			"a correct decline is not a failure", "",
			"Sign-up held: 114,750 of 114,750 passed, at most 81,000 in one minute; so did the other step.",
			report.Report{Funnel: []report.FunnelRow{signUp, declining}},
		},
		{
			"a broken threshold is named", "",
			"Sign-up did not hold: 114,750 of 114,750 passed, but sign-up.peak_passed_per_min >= 200000 broke: it is 81,000.",
			report.Report{Funnel: []report.FunnelRow{signUp}, Thresholds: []report.Judgement{{Source: "sign-up.peak_passed_per_min >= 200000", Verdict: report.Fail, Reason: "it is 81,000"}}},
		},
		{
			"rejections need no threshold to explain them", "",
			"Identity (NIK verification) did not hold: 612 of 44,000 passed.",
			report.Report{Funnel: []report.FunnelRow{collapsed}, Thresholds: []report.Judgement{{Source: "identity.passed >= 90% of entered", Verdict: report.Fail, Reason: "it is 1.391% of entered"}}},
		},
		{
			"a store that goes away comes first", "",
			"The store took no writes for 5 s from second 12 on (disk is full), and 1 more times; sign-up held: 114,750 of 114,750 passed, at most 81,000 in one minute.",
			report.Report{Funnel: []report.FunnelRow{signUp}, Store: &report.Store{Gone: []report.Gone{{AtS: 12, ForS: 5, Back: true, Why: "disk is full"}, {AtS: 30}}}},
		},
		{
			"a store that stays away", "",
			"The store took no writes from second 12 on (connection refused); the run is invalid: it ended early.",
			report.Report{Verdict: report.Invalid, Invalid: []string{"it ended early"}, Store: &report.Store{Gone: []report.Gone{{AtS: 12, ForS: 5, Why: "connection refused"}}}},
		},
		{
			"people whom the service knows already are no sign of load", "",
			"Register did not hold: 20 of 200 passed, and the service refused what 180 sent (400, 409 or 422), whatever the load: it may know these people from an earlier run (population.identity: fresh sends new ones), or need other data.",
			report.Report{Funnel: []report.FunnelRow{{Step: "register", Entered: 200, Passed: 20, Failed: 180}}, Steps: []report.StepRow{{Step: "register", Reasons: map[string]float64{"409": 180}}}},
		},
		{
			"a stock that is sold out is no sign of load either", "",
			"Book did not hold: 20 of 200 passed, and nothing was left to book for 180 (409).",
			report.Report{
				Funnel: []report.FunnelRow{{Step: "book", Entered: 200, Passed: 20, Declined: 180}}, Steps: []report.StepRow{{Step: "book", Reasons: map[string]float64{"409": 180}}},
				Reconciliation: &report.Reconciliation{Booked: 20}, Thresholds: []report.Judgement{{Source: "book.passed >= 99% of scheduled", Verdict: report.Fail}},
			},
		},
		{
			"a few refusals beside time-outs explain nothing", "",
			"Register did not hold: 20 of 200 passed.",
			report.Report{Funnel: []report.FunnelRow{{Step: "register", Entered: 200, Passed: 20, Failed: 12, TimedOut: 168}}, Steps: []report.StepRow{{Step: "register", Reasons: map[string]float64{"400": 12, "timeout": 168}}}},
		},
		{
			"what most attempts met is named, with what to look at", "",
			"Go did not hold: 0 of 101 passed, and 101 attempts ended as tls (the TLS handshake failed: name the certificate's authority in connections.tls.ca, or see which protocols the service offers).",
			report.Report{Funnel: []report.FunnelRow{{Step: "go", Entered: 101, Failed: 101}}, Steps: []report.StepRow{{Step: "go", Reasons: map[string]float64{"tls": 101}}}},
		},
		{
			"so is a status, by its name", "",
			"Go did not hold: 1 of 101 passed, and 90 attempts ended as 404 (Not Found).",
			report.Report{Funnel: []report.FunnelRow{{Step: "go", Entered: 101, Passed: 1, Failed: 100}}, Steps: []report.StepRow{{Step: "go", Reasons: map[string]float64{"404": 90, "500": 10}}}},
		},
		{
			"one of several errors, and none that most met", "",
			"Go did not hold: 1 of 101 passed.",
			report.Report{Funnel: []report.FunnelRow{{Step: "go", Entered: 101, Passed: 1, Rejected: 40, Failed: 60}}, Steps: []report.StepRow{{Step: "go", Reasons: map[string]float64{"503": 40, "500": 30, "reset": 30}}}},
		},
		{
			"errors of a few beside many who were turned away explain nothing", "",
			"Go did not hold: 1 of 101 passed.",
			report.Report{Funnel: []report.FunnelRow{{Step: "go", Entered: 101, Passed: 1, Rejected: 80, Failed: 20}}, Steps: []report.StepRow{{Step: "go", Reasons: map[string]float64{"503": 80, "reset": 20}}}},
		},
		{
			"people of lost generators are no share of those who should pass", "",
			"Sign-up held: 1,219 of 1,219 passed, at most 1,219 in one minute; what became of 292 people is unknown, because their generators were lost.",
			report.Report{
				Offered: report.Offered{Scheduled: 1511, Sent: 1219, Lost: 292, ByStep: map[string]report.Scheduling{funnel.SignUp: {Scheduled: 1511, Lost: 292}}},
				Funnel:  []report.FunnelRow{{Step: funnel.SignUp, Entered: 1219, Passed: 1219, PeakPassedPerMin: 1219}},
			},
		},
		{
			"the agent of the store was killed", "",
			"The store took no writes from second 12 on (its agent has not told what it holds); nobody could reconcile the store, so whether it holds the 1,219 people who were told yes is unknown; the run is invalid: a part died.",
			report.Report{
				Verdict: report.Invalid, Invalid: []string{"a part died"},
				Store: &report.Store{Gone: []report.Gone{{AtS: 12, Why: "its agent has not told what it holds"}}, Unread: "its agent has not told what it holds", UnknownPeople: 1219},
			},
		},
		{
			"the store went away before, and nobody was told yes", "",
			"The store took no writes from second 3 on (disk full); nobody could reconcile the store (no such file); the run is invalid: a part died.",
			report.Report{
				Verdict: report.Invalid, Invalid: []string{"a part died"},
				Store: &report.Store{Gone: []report.Gone{{AtS: 3, Why: "disk full"}}, Unread: "no such file"},
			},
		},
		{"nobody came", "", "Nobody entered any step.", report.Report{Funnel: []report.FunnelRow{{Step: funnel.Join}}}},
		{
			"no verdict on an invalid run", "", "The run is invalid: 3 are unaccounted for.",
			report.Report{Verdict: report.Invalid, Invalid: []string{"3 are unaccounted for"}, Funnel: []report.FunnelRow{signUp}},
		},
	}
	for _, test := range tests {
		if got := render.Conclusion(test.report, test.try); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.why, got, test.want)
		}
	}
}
