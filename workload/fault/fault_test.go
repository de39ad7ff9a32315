package fault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/workload/fault"
)

func TestStrength(t *testing.T) {
	base := fault.Fault{Kind: fault.Outage, At: 10 * time.Second, For: 20 * time.Second}
	ramped, flapping, endless, fading := base, base, base, base
	ramped.Ramp = 10 * time.Second
	flapping.Every, flapping.On = 4*time.Second, 0.25
	endless.For = 0
	fading.Fade = 4 * time.Second
	for _, test := range []struct {
		why   string
		fault fault.Fault
		at    time.Duration
		want  float64
	}{
		{"before it begins", base, 10*time.Second - 1, 0},
		{"at its first instant", base, 10 * time.Second, 1},
		{"at its last instant", base, 30*time.Second - 1, 1},
		{"when it has ended", base, 30 * time.Second, 0},
		{"a quarter up the ramp", ramped, 12500 * time.Millisecond, 0.25},
		{"above the ramp", ramped, 21 * time.Second, 1},
		{"the on part of the second cycle", flapping, 14 * time.Second, 1},
		{"the off part of the second cycle", flapping, 15 * time.Second, 0},
		{"half down the fade", fading, 28 * time.Second, 0.5},
		{"before the fade", fading, 25 * time.Second, 1},
		{"without an end", endless, 1000 * time.Hour, 1},
	} {
		if got := test.fault.Strength(test.at); got != test.want {
			t.Errorf("%s: strength %v, want %v", test.why, got, test.want)
		}
	}
}

func TestScheduleJoinsFaults(t *testing.T) {
	schedule := fault.Schedule{
		{Kind: fault.BrownOut, Capacity: 0.5},
		{Kind: fault.BrownOut, Capacity: 0.5},
		{Kind: fault.Slow, Delay: time.Second},
		{Kind: fault.Slow, Delay: time.Second},
		{Kind: fault.Outage, Probability: 0.2},
		{Kind: fault.BlackHole, Probability: 0.3},
	}
	want := fault.Effect{Capacity: 0.25, Quota: 1, Delay: 2 * time.Second, Outcome: fault.Silent, Share: 0.3}
	if got := schedule.At(0); got != want {
		t.Errorf("effect %+v, want %+v", got, want)
	}
	if got := (fault.Schedule{}).At(0); got != fault.NoEffect() {
		t.Errorf("without faults the effect is %+v", got)
	}
}

func TestValidateNamesTheFault(t *testing.T) {
	for why, wrong := range map[string]fault.Fault{
		"a kind that does not exist":     {Kind: "meteor"},
		"a negative time":                {Kind: fault.Outage, For: -1},
		"a share above 1":                {Kind: fault.Outage, Probability: 1.1},
		"slow without saying how slow":   {Kind: fault.Slow},
		"a capacity that is more than 1": {Kind: fault.BrownOut, Capacity: 2},
		"a share of clients below 0":     {Kind: fault.Reset, Clients: -0.1},
		"a status that is no error":      {Kind: fault.Outage, Status: 200},
		"a skew that is missing":         {Kind: fault.ClockSkew},
		"greylisting without a delay":    {Kind: fault.Greylist},
	} {
		if err := (fault.Schedule{wrong}).Validate(); err == nil {
			t.Errorf("%s: no error", why)
		}
	}
}

func Example() {
	schedule := fault.Schedule{{Kind: fault.BrownOut, At: time.Hour, For: time.Hour, Ramp: 10 * time.Minute, Capacity: 0.2}}
	for _, at := range []time.Duration{30 * time.Minute, 65 * time.Minute, 90 * time.Minute, 2 * time.Hour} {
		fmt.Printf("%v: %.0f%% of the capacity\n", at, 100*schedule.At(at).Capacity)
	}
	// Output:
	// 30m0s: 100% of the capacity
	// 1h5m0s: 60% of the capacity
	// 1h30m0s: 20% of the capacity
	// 2h0m0s: 100% of the capacity
}
