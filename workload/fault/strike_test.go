package fault_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

func drawSchedule(t *rapid.T) fault.Schedule {
	var schedule fault.Schedule
	for range rapid.IntRange(0, 4).Draw(t, "faults") {
		schedule = append(schedule, fault.Fault{
			Kind: rapid.SampledFrom(fault.Kinds()).Draw(t, "kind"), At: seconds(t, "at", 100), For: seconds(t, "for", 100), Ramp: seconds(t, "ramp", 50),
			Fade: seconds(t, "fade", 50), Probability: share(t, "probability"), Clients: share(t, "clients"), Capacity: share(t, "capacity"),
			Delay: time.Second, Skew: time.Minute, Every: seconds(t, "every", 20), On: share(t, "on"),
		})
	}
	return schedule
}

func seconds(t *rapid.T, what string, most int) time.Duration {
	return time.Duration(rapid.IntRange(0, most).Draw(t, what)) * time.Second
}

func share(t *rapid.T, what string) float64 {
	return float64(rapid.IntRange(0, 10).Draw(t, what)) / 10
}

// A strike is a function of seed, schedule and request. Another seed changes it.
func TestStrikesAreAFunctionOfTheSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		schedule := drawSchedule(t)
		request := fault.Request{At: seconds(t, "now", 200), Number: rapid.Uint64().Draw(t, "number"), Client: rapid.Uint64().Draw(t, "client")}
		seed := workload.Seed{Value: rapid.Uint64().Draw(t, "seed")}
		first, again := schedule.Strike(seed, request), append(fault.Schedule{}, schedule...).Strike(seed, request)
		if first != again {
			t.Fatal("one seed, two fates")
		}
	})
	schedule, differ := fault.Schedule{{Kind: fault.Reset, Probability: 0.5}}, false
	for number := range uint64(100) {
		request := fault.Request{Number: number}
		differ = differ || schedule.Strike(workload.Seed{Value: 1}, request) != schedule.Strike(workload.Seed{Value: 2}, request)
	}
	if !differ {
		t.Error("another seed changed nothing")
	}
}

// Only active faults strike a request, and no effect exceeds its bounds.
func TestStrikesOnlyWhileAFaultIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		schedule, at := drawSchedule(t), seconds(t, "now", 200)
		strike := schedule.Strike(workload.Seed{Value: 1}, fault.Request{At: at})
		for _, kind := range strike.Kinds() {
			there := false
			for _, f := range schedule {
				there = there || f.Kind == kind && f.Strength(at) > 0
			}
			if !there {
				t.Fatalf("struck by %s at %v: %+v", kind, at, schedule)
			}
		}
		effect := schedule.At(at)
		if effect.Capacity < 0 || effect.Capacity > 1 || effect.Share < 0 || effect.Share > 1 || effect.Quota < 0 || effect.Quota > 1 || effect.Delay < 0 {
			t.Fatalf("effect %+v", effect)
		}
	})
}

// 10,000 requests, probability 0.3: the standard deviation of the share is 0.0046.
func TestStrikesTouchTheirShare(t *testing.T) {
	for _, test := range []struct {
		why   string
		fault fault.Fault
		want  float64
	}{
		{"of requests", fault.Fault{Kind: fault.Reset, Probability: 0.3}, 0.3},
		{"of clients", fault.Fault{Kind: fault.Reset, Clients: 0.3}, 0.3},
		{"of requests of clients", fault.Fault{Kind: fault.Reset, Clients: 0.6, Probability: 0.5}, 0.3},
		{"half up the ramp", fault.Fault{Kind: fault.Reset, Probability: 0.6, Ramp: 20 * time.Second}, 0.3},
	} {
		struck := 0
		for number := range uint64(10_000) {
			request := fault.Request{At: 10 * time.Second, Number: number, Client: number}
			if (fault.Schedule{test.fault}).Strike(workload.Seed{Value: 7}, request).Has(fault.Reset) {
				struck++
			}
		}
		if got := float64(struck) / 10_000; got < test.want-0.023 || got > test.want+0.023 {
			t.Errorf("%s: %v struck, want %v", test.why, got, test.want)
		}
	}
}

func TestStrikesCompose(t *testing.T) {
	schedule := fault.Schedule{
		{Kind: fault.Garbage},
		{Kind: fault.SlowBody, Delay: time.Second},
		{Kind: fault.SlowBody, Delay: time.Second, At: 1},
		{Kind: fault.ClockSkew, Skew: -time.Minute},
		{Kind: fault.Outage, Status: 500, At: time.Hour},
	}
	strike := schedule.Strike(workload.Seed{}, fault.Request{At: time.Second})
	if !strike.Has(fault.Garbage) || strike.Has(fault.Outage) || strike.Delay != 2*time.Second || strike.Skew != -time.Minute {
		t.Errorf("strike %+v, kinds %v", strike, strike.Kinds())
	}
}

// After an outage capacity recovers from a fifth to the whole in ten seconds.
func TestWarmUp(t *testing.T) {
	schedule := fault.Schedule{{Kind: fault.Outage, At: 10 * time.Second, For: 10 * time.Second}, {Kind: fault.Outage, At: 100 * time.Second}}
	warming := schedule.WarmingUp(fault.WarmUp{For: 10 * time.Second, From: 0.2})
	for _, test := range []struct {
		at   time.Duration
		want float64
	}{{19 * time.Second, 1}, {20 * time.Second, 0.2}, {25 * time.Second, 0.6}, {30 * time.Second, 1}, {200 * time.Second, 1}} {
		if got := warming.At(test.at).Capacity; got < test.want-1e-9 || got > test.want+1e-9 {
			t.Errorf("at %v: capacity %v, want %v", test.at, got, test.want)
		}
	}
	if len(schedule.WarmingUp(fault.WarmUp{})) != len(schedule) {
		t.Error("no warm-up added faults")
	}
}

func TestDescriptions(t *testing.T) {
	for _, test := range []struct {
		why         string
		description fault.Description
		of, want    string // part of the error, or empty
	}{
		{"a kind with its settings", fault.Description{Fault: "slow", With: map[string]any{"delay": "2s", "every": "10s", "on": "20%"}}, "dtks", ""},
		{"a set", fault.Description{Fault: "registries-garbage"}, "dapodik", ""},
		{"a number as status", fault.Description{Fault: "outage", With: map[string]any{"status": uint64(500)}}, "generic", ""},
		{"an unknown name", fault.Description{Fault: "meteor"}, "dtks", `fault "meteor" is unknown; use brown-out`},
		{"a set of another dependency", fault.Description{Fault: "mail-greylist"}, "dtks", "is of mail, not of dtks"},
		{"a kind that SMTP does not know", fault.Description{Fault: "garbage"}, "mail", "does not apply to a dependency of kind mail"},
		{"a misspelt setting", fault.Description{Fault: "slow", With: map[string]any{"dalay": "2s"}}, "dtks", "dalay: there is no such setting"},
		{"a share that is invalid", fault.Description{Fault: "brown-out", With: map[string]any{"capacity": "200%"}}, "dtks", "is not a share"},
		{"slow without saying how slow", fault.Description{Fault: "slow"}, "dtks", "needs a delay"},
	} {
		_, err := test.description.Faults(test.of)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
}

// Every set works with only its name, at each dependency to which it applies.
func TestSetsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, set := range fault.Sets() {
		if seen[set.Name] || set.Purpose == "" || len(set.Of) == 0 {
			t.Errorf("set %q is doubled or says too little", set.Name)
		}
		seen[set.Name] = true
		for _, of := range set.Of {
			schedule, err := fault.Description{Fault: set.Name, At: time.Second, For: time.Minute, Probability: 0.5}.Faults(of)
			if err != nil || len(schedule) != len(set.Faults) {
				t.Errorf("%s of %s: %v", set.Name, of, err)
			}
			for _, f := range schedule {
				if f.At != time.Second || f.For != time.Minute || f.Probability != 0.5 || f.String() != set.Name {
					t.Errorf("%s of %s became %+v", set.Name, of, f)
				}
			}
		}
	}
}
