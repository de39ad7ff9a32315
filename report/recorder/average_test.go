package recorder_test

import (
	"math"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
)

func TestAverage(t *testing.T) {
	var replications []report.Report
	for _, extra := range []float64{0, 1, 2} {
		recording, facts := surge.Recorded()
		facts.Engine = report.Simulated
		replication := recorder.Assemble(recording, facts)
		replication.Offered.Scheduled += extra
		replication.Offered.Sent += extra
		replication.Offered.ByStep = map[string]report.Scheduling{"sign-up": {Scheduled: 200 + extra, PeakPerMin: 100 + extra}}
		replication.Steps[0].ResponseTimeS.P99 = 1 + extra
		replication.Steps[0].Reasons = map[string]float64{"503": 3 * extra}
		if extra == 2 {
			replication.Steps[0].Reasons["timeout"] = 3
		}
		replications = append(replications, replication)
	}
	replications[2].Steps[1].ResponseTimeS = nil // nobody arrived in one of them
	mean, err := recorder.Average(replications)
	if err != nil {
		t.Fatal(err)
	}
	if mean.Offered.Scheduled != 201 || mean.Steps[0].ResponseTimeS.P99 != 2 || mean.Replications != 3 {
		t.Errorf("the means are %v and %v", mean.Offered.Scheduled, mean.Steps[0].ResponseTimeS.P99)
	}
	if got := mean.Offered.ByStep["sign-up"]; got != (report.Scheduling{Scheduled: 201, PeakPerMin: 101}) {
		t.Errorf("%+v are scheduled on average, want 201 and 101", got)
	}
	if got := mean.Steps[0].Reasons; math.Abs(got["503"]-3) > 1e-12 || math.Abs(got["timeout"]-1) > 1e-12 {
		t.Errorf("the reasons are %v, want means over all replications: 3 of 503 and 1 timeout", got)
	}
	// Student's t for 2 degrees of freedom at 0.975 is 4.30265 (tables); the deviation is 1.
	half := 4.30265 / math.Sqrt(3)
	if got := mean.Steps[0].CI95["response_time_s.p99"]; math.Abs(got[0]-(2-half)) > 1e-4 || math.Abs(got[1]-(2+half)) > 1e-4 {
		t.Errorf("the interval is %v, want 2 ± %v", got, half)
	}
	if replications[0].Steps[0].ResponseTimeS.P99 != 1 {
		t.Error("averaging changed a replication")
	}
	if mean.Steps[1].ResponseTimeS == nil || mean.Steps[1].CI95["response_time_s.p99"][0] == 0 {
		t.Error("a figure that two of three replications know is lost")
	}
	if faults := report.Check(mean); len(faults) > 0 {
		t.Errorf("the books of the means: %v", faults)
	}
}

func TestAverageRefuses(t *testing.T) {
	if _, err := recorder.Average(nil); err == nil {
		t.Error("averaged nothing")
	}
	if _, err := recorder.Average([]report.Report{{Funnel: []report.FunnelRow{{Step: "join"}}}, {}}); err == nil {
		t.Error("two journeys were averaged")
	}
}

func TestSimulatedReportHasNoGenerator(t *testing.T) {
	recording, facts := surge.Recorded()
	facts.Engine = report.Simulated
	if simulated := recorder.Assemble(recording, facts); simulated.Generator != nil || simulated.Started != nil {
		t.Error("a simulated report has generator figures")
	}
}
