package calibration

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// TestCostsThatAreNotConstant: demands are constants. Where a request truly costs more or less with the load, the model says
// so, and where it does not, the model is silent.
func TestCostsThatAreNotConstant(t *testing.T) {
	for _, test := range []struct {
		why   string
		costs []float64 // of the true demands, at each load, the lightest first
		want  string
	}{
		{"constant costs", []float64{1, 1, 1, 1}, ""},
		{"data that grow", []float64{.7, .85, 1, 1.2}, "a request costs more the more come"},
		{"batches", []float64{2, 1.75, 1.1, .8}, "requests that come together share work"},
		{"another program in one run", []float64{1, 1.6, 1, 1}, "something else than requests used the process"},
		{"work that is done whatever the load is idling, and fits", []float64{1.5, 1.2, 1, .9}, ""},
		{"a little noise", []float64{1.03, .97, 1.02, .98}, ""},
	} {
		var reports []report.Report
		for i, rate := range []float64{2, 4, 7, 10} {
			reports = append(reports, dearer(asMeasured(t, shop(t, truth), rate, 90*time.Second), test.costs[i]))
		}
		model, err := Calibrate(t.Context(), reports, Calibrating{Watched: []string{"api"}})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(model.Warnings, "\n")
		if said := strings.Contains(text, "the same requests used"); said != (test.want != "") || !strings.Contains(text, test.want) {
			t.Errorf("%s: the warnings are %s", test.why, text)
		}
		if test.costs[0] == 1 {
			checkAverage(t, model, reports)
		}
	}
}

// dearer returns a report in which every request used so many times the CPU.
func dearer(r report.Report, times float64) report.Report {
	for i := range r.Series.Processes {
		for k := range r.Series.Processes[i].CPUS {
			r.Series.Processes[i].CPUS[k] *= times
		}
	}
	for i := range r.Processes {
		total := *r.Processes[i].CPUS * times
		r.Processes[i].CPUS = &total
	}
	return r
}

// checkAverage checks that the average demand of a request is that of all steps, those without a demand included.
func checkAverage(t *testing.T, model Model, reports []report.Report) {
	t.Helper()
	used, requests := 0., 0.
	for _, r := range reports {
		process, _ := processOf(r, "api")
		used, requests = used+*process.CPUS-model.Stations[0].Idling*r.DurationS, requests+requestsOf(r)
	}
	if got, want := model.Stations[0].PerRequest.Seconds, used/requests; math.Abs(got-want) > .1*want {
		t.Errorf("a request takes %v s on average, and all of them took %v s each", got, want)
	}
}

// TestWhoTookTheCPU: where other programs took it, another machine for the generator would not help.
func TestWhoTookTheCPU(t *testing.T) {
	for _, test := range []struct {
		why, want string
		usage     report.Usage
	}{
		{"others", "programs outside the run used 1.1 of the machine's 2 cores", report.Usage{CPUShare: .99, ShortageOfResource: "CPU", OthersCores: 1.1}},
		{"the run itself", "generate them from another machine", report.Usage{CPUShare: .99, ShortageOfResource: "CPU"}},
		{"nobody", "", report.Usage{CPUShare: .4}},
	} {
		var m Model
		m.warnOfOthers([]report.Report{{Machine: &report.Machine{CPUs: 2, Usage: &test.usage}}}, []string{"api"})
		if text := strings.Join(m.Warnings, "\n"); !strings.Contains(text, test.want) || test.want == "" && text != "" {
			t.Errorf("%s: %q, want %q", test.why, text, test.want)
		}
	}
}

// TestUtilizationUnderAPlan: prediction and measurement are divided by the same servers, those of the plan.
func TestUtilizationUnderAPlan(t *testing.T) {
	real := shop(t, truth)
	measured := asMeasured(t, real, 6, 60*time.Second)
	four := shop(t, strings.Replace(truth, "api: {servers: 2", "api: {servers: 4", 1))
	for _, test := range []struct {
		why     string
		servers map[string]float64
		want    float64
	}{
		{"the servers of the plan", map[string]float64{"api": 1}, 1},
		{"a station that was not simulated", nil, 4},
	} {
		process, _ := processOf(measured, "api")
		judged := judging{scenario: four, over: measured.DurationS, servers: test.servers}.figuresOf(measured)
		for _, figure := range judged {
			if want := *process.CPUS / measured.DurationS / test.want; figure.name == "api.utilization" && math.Abs(figure.value-want) > 1e-9 {
				t.Errorf("%s: the utilization is %v, want %v", test.why, figure.value, want)
			}
		}
	}
	v, err := Validate(t.Context(), real, []report.Report{measured}, setup.Options{}, Validating{})
	if err != nil || len(v.Wrong) > 0 {
		t.Errorf("%v, %q", err, v.Wrong)
	}
}
