package threshold_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
)

// strained returns a run of 100 requests with a strained generator.
func strained(strain report.Strain, reasons map[funnel.Reason]int) (*recorder.Recording, recorder.Facts) {
	journey := funnel.Journey{{Name: "go", Kind: funnel.Request}}
	recording := recorder.NewRecording(journey)
	observers := recorder.NewRecorder(journey, 1, recording.Add)
	observer := observers.Observer(0)
	for range 100 {
		observer.Scheduled(0)
		observer.Started()
		observer.Enter(0, 0)
	}
	left := 100
	for reason, n := range reasons {
		for range n {
			outcome := funnel.Failed
			if reason == funnel.ReasonLocal {
				outcome = funnel.Dropped
			}
			observer.Observe(funnel.Sample{Attempt: 1, End: time.Millisecond, Outcome: outcome, Reason: reason, Final: true})
			left--
		}
	}
	for range left {
		observer.Observe(funnel.Sample{Attempt: 1, End: time.Millisecond, Reason: 200, Final: true})
	}
	observers.Close()
	return recording, recorder.Facts{Duration: time.Second, Strain: &strain}
}

func TestGeneratorsAreJudged(t *testing.T) {
	steal := 0.3
	for _, test := range []struct {
		why      string
		strain   report.Strain
		reasons  map[funnel.Reason]int
		validity threshold.Validity
		want     string // reason why the run is invalid; empty if it is valid
		warning  string
	}{
		{"nothing suffers", report.Strain{CPUShare: 0.2, PacingError: 0.01}, nil, threshold.Validity{MaxUnsentShare: 1e-12, MaxCPUShare: 0.5}, "", ""},
		{"too much CPU", report.Strain{CPUShare: 0.6}, nil, threshold.Validity{MaxCPUShare: 0.5}, "took 60 % of the machine's CPU, above 50 %; give it more cores, or share the load with --part", ""},
		{"likely too much CPU", report.Strain{CPUShare: 0.95}, nil, threshold.Validity{}, "", "took 95 % of the machine's CPU, above 90 %"},
		{"much CPU within its limit", report.Strain{CPUShare: 0.95}, nil, threshold.Validity{MaxCPUShare: 1}, "", ""},
		{"a shared machine", report.Strain{StealShare: &steal}, nil, threshold.Validity{MaxStealShare: 0.05}, "took 30 % of its CPU away (steal), above 5 %; use a machine that is not shared", ""},
		{"a long pause", report.Strain{GCPauseMaxS: 0.02}, nil, threshold.Validity{MaxGCPause: 10 * time.Millisecond}, "stopped the generator for 20 ms, above 10 ms", ""},
		{"uneven sending", report.Strain{PacingError: 0.25}, nil, threshold.Validity{MaxPacingError: 0.05}, "25 % of the requests were sent in another second than intended, above 5 %", ""},
		{"people shed", report.Strain{Shed: 7}, nil, threshold.Validity{}, "", "7 people were shed"},
		{"out of ports", report.Strain{}, map[funnel.Reason]int{funnel.ReasonLocal: 3}, threshold.Validity{MaxUnsentShare: 1e-12}, "could not send 3 of 100 attempts: its files, local ports or requests in flight ran out; raise ulimit -n", ""},
		{"no connections", report.Strain{}, map[funnel.Reason]int{funnel.ReasonDial: 20}, threshold.Validity{MaxDialShare: 0.1}, "20 of 100 attempts got no connection, more than 10 %, so that they never reached the service", ""},
		{"connections that break later count against the service", report.Strain{}, map[funnel.Reason]int{funnel.ReasonReset: 20}, threshold.Validity{MaxDialShare: 0.1}, "", ""},
	} {
		recording, facts := strained(test.strain, test.reasons)
		r := threshold.Rules{Validity: test.validity}.Judge(recorder.Assemble(recording, facts), recording, nil)
		invalid, warnings := strings.Join(r.Invalid, "\n"), strings.Join(r.Warnings, "\n")
		if (test.want == "") != (invalid == "") || !strings.Contains(invalid, test.want) || (r.Verdict == report.Invalid) != (test.want != "") {
			t.Errorf("%s: verdict %s, invalid %q, want %q", test.why, r.Verdict, invalid, test.want)
		}
		if !strings.Contains(warnings, test.warning) || test.warning == "" && len(test.reasons) == 0 && test.want == "" && warnings != "" {
			t.Errorf("%s: warnings %q, want %q", test.why, warnings, test.warning)
		}
	}
}

func TestValidity(t *testing.T) {
	tests := []struct {
		why      string
		validity threshold.Validity
		fault    string
	}{
		{"no limit", threshold.Validity{}, ""},
		{"within the limit", threshold.Validity{MaxScheduleLagP99: 10 * time.Millisecond, MaxDroppedShare: 0.1}, ""},
		{"late", threshold.Validity{MaxScheduleLagP99: 900 * time.Microsecond}, "sent late"},
		{"dropped", threshold.Validity{MaxDroppedShare: 0.001}, "dropped 1 of 200"},
	}
	for _, test := range tests {
		recording, facts := surge.Recorded()
		assembled := recorder.Assemble(recording, facts)
		assembled.Offered.Sent, assembled.Offered.Dropped = 199, 1
		assembled.Offered.Completed = 199
		judged := threshold.Judge(assembled, nil, test.validity)
		if invalid := judged.Verdict == report.Invalid; invalid != (test.fault != "") {
			t.Errorf("%s: verdict %s", test.why, judged.Verdict)
		}
		if !strings.Contains(strings.Join(judged.Invalid, ";"), test.fault) {
			t.Errorf("%s: %q, want %q", test.why, judged.Invalid, test.fault)
		}
	}
}

// A fleet is judged by what it lost and by how well its clocks are known.
func TestFleetsAreJudged(t *testing.T) {
	good, bad := 0.01, 0.06
	lost := report.Agent{Agent: "b", People: 100, Sent: 60, Lost: 40, Why: "it does not answer"}
	whole := report.Agent{Agent: "a", People: 100, Sent: 100, ClockBoundS: &good}
	for _, test := range []struct {
		why      string
		fleet    []report.Agent
		validity threshold.Validity
		want     string // reason why the run is invalid; empty if it is valid
	}{
		{"everybody came back", []report.Agent{whole, whole}, threshold.Validity{}, ""},
		{"one was lost", []report.Agent{whole, lost}, threshold.Validity{}, "40 people of agent b are lost: it does not answer; give --tolerate K/N"},
		{"one of two may be lost", []report.Agent{whole, lost}, threshold.Validity{MaxLostGenerators: 0.5}, ""},
		{"one of three may be lost, and two are", []report.Agent{whole, lost, lost}, threshold.Validity{MaxLostGenerators: 1.0 / 3}, "40 people of agent b are lost"},
		{"one of three may be lost, and is", []report.Agent{whole, whole, lost}, threshold.Validity{MaxLostGenerators: 1.0 / 3}, ""},
		{"a clock that is known within half of the lag", []report.Agent{whole}, threshold.Validity{MaxScheduleLagP99: 100 * time.Millisecond}, ""},
		{"a clock that is not", []report.Agent{{Agent: "c", People: 100, Sent: 100, ClockBoundS: &bad}}, threshold.Validity{MaxScheduleLagP99: 100 * time.Millisecond}, "the clock of agent c is known only within 60 ms"},
	} {
		r := report.Report{Fleet: test.fleet}
		for _, row := range test.fleet {
			r.Offered.Scheduled += row.People
			r.Offered.Sent += row.Sent
			r.Offered.Lost += row.Lost
		}
		invalid := strings.Join(threshold.Judge(r, nil, test.validity).Invalid, "\n")
		if (invalid == "") != (test.want == "") || !strings.Contains(invalid, test.want) {
			t.Errorf("%s: invalid %q, want %q", test.why, invalid, test.want)
		}
	}
}
