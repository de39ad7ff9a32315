package report

import (
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Trouble that outlasts its trigger is metastable. Trouble at as many arrivals as in the rush is plain
// overload. If no load was carried before, the answer is unknown.
func TestMetastable(t *testing.T) {
	yes, no := true, false
	fault := []Event{{AtS: 20, ForS: 10, Kind: funnel.FaultMark}}
	for _, test := range []struct {
		why        string
		came, well []int64 // per second, for each stretch of ten seconds
		timeline   []Event
		want       *bool
	}{
		{"the rush is over, the trouble stays", []int64{5, 5, 30, 5, 5, 5, 5}, []int64{5, 5, 5, 0, 0, 0, 0}, nil, &yes},
		{"the rush is over, the trouble ends soon after", []int64{5, 5, 30, 5, 5, 5, 5}, []int64{5, 5, 5, 0, 5, 5, 5}, nil, &no},
		{"a fault is over, the trouble stays", []int64{5, 5, 5, 5, 5, 5, 5}, []int64{5, 5, 0, 0, 0, 0, 0}, fault, &yes},
		{"as many people as in the rush still arrive", []int64{5, 30, 30, 30, 30, 30, 30}, []int64{5, 5, 5, 5, 5, 5, 5}, nil, nil},
		{"no load was carried before", []int64{30, 5, 5, 5, 5, 5}, []int64{0, 0, 0, 0, 0, 0}, nil, nil},
	} {
		s := Series{Steps: []StepSeries{{Step: "go"}}}
		for i := range test.came {
			for second := range int64(10) {
				s.TS = append(s.TS, int64(i)*10+second)
				s.Scheduled = append(s.Scheduled, test.came[i])
				s.Steps[0].Requests = append(s.Steps[0].Requests, test.came[i])
				s.Steps[0].Passed = append(s.Steps[0].Passed, test.well[i])
				s.Steps[0].Declined = append(s.Steps[0].Declined, 0)
			}
		}
		got := metastable(Report{Series: s, Timeline: test.timeline}, func(string) bool { return true })
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%s: %v", test.why, got)
		}
	}
}
