package journey_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

func constant(d time.Duration) workload.Distribution { return workload.ConstantTime(d) }

func steps() []journey.Step {
	return []journey.Step{
		{Name: "landing", Kind: funnel.Request, Continue: 1, Timeout: time.Second},
		{
			Name: "sign-up", Kind: funnel.Request, Think: constant(3 * time.Second), Continue: 1, Timeout: 2 * time.Second,
			Retry: journey.Retry{Attempts: 3, Base: time.Second, Cap: 10 * time.Second, Even: true, RetryAfter: true, Visits: 2, Return: constant(time.Minute)},
		},
		{Name: "mail", Kind: funnel.Await, Think: constant(time.Second), Continue: 1, Every: constant(2 * time.Second), Patience: constant(5 * time.Second)},
		{Name: "verify", Kind: funnel.Request, Think: constant(time.Second), Continue: 1, Timeout: time.Second, Patience: constant(500 * time.Millisecond)},
	}
}

func newJourney(change func(*journey.Config)) *journey.Journey {
	config := journey.Config{Seed: workload.Seed{Value: 1}, Steps: steps(), Arrival: 1}
	if change != nil {
		change(&config)
	}
	return journey.New(config, nil, nil)
}

func ExampleJourney() {
	j := newJourney(nil)
	walk, action := j.Begin(42, 10*time.Second, nil)
	fmt.Println("signs up at", action.At)
	result, action := j.Next(&walk, nil, journey.Answer{Outcome: funnel.Rejected, RetryAfter: 4 * time.Second}, 11*time.Second)
	fmt.Println(result.Outcome, "final:", result.Final, "- tries again at", action.At)
	result, action = j.Next(&walk, nil, journey.Answer{Outcome: funnel.Completed}, 16*time.Second)
	fmt.Println(result.Outcome, "final:", result.Final, "- looks for mail at", action.At)
	// Output:
	// signs up at 10s
	// rejected final: false - tries again at 15s
	// completed final: true - looks for mail at 17s
}

// answer is an answer of a service and its expected effect.
type answer struct {
	outcome funnel.Outcome
	pending bool
	at      time.Duration // when it comes
	final   bool
	next    time.Duration // when the person acts next; 0 if the walk is over
}

func TestWalks(t *testing.T) {
	const s = time.Second
	for _, test := range []struct {
		why     string
		answers []answer
	}{
		{"a correct no ends the walk", []answer{{funnel.Declined, false, 11 * s, true, 0}}},
		{"three attempts, back a minute later, three more, then gives up", []answer{
			{funnel.TimedOut, false, 12 * s, false, 13 * s},
			{funnel.Failed, false, 14 * s, false, 16 * s},
			{funnel.Rejected, false, 17 * s, false, 77 * s},
			{funnel.Failed, false, 78 * s, false, 79 * s},
			{funnel.Failed, false, 80 * s, false, 82 * s},
			{funnel.Failed, false, 83 * s, true, 0},
		}},
		{"mail is looked for every 2 s until patience of 5 s ends, then the person leaves", []answer{
			{funnel.Completed, false, 10 * s, true, 11 * s},
			{funnel.Completed, true, 11 * s, false, 13 * s},
			{funnel.Completed, true, 13 * s, false, 15 * s},
			{funnel.Completed, true, 15 * s, false, 16 * s},
			{funnel.Completed, true, 16 * s, true, 0},
		}},
		{"nobody goes beyond the last step", []answer{
			{funnel.Completed, false, 10 * s, true, 11 * s}, {funnel.Completed, false, 12 * s, true, 13 * s}, {funnel.Completed, false, 13 * s, true, 0},
		}},
		{"a dropped attempt is not tried again", []answer{{funnel.Dropped, false, 10 * s, true, 0}}},
	} {
		j := newJourney(nil)
		walk, _ := j.Begin(1, 10*s, nil)
		for i, a := range test.answers {
			result, action := j.Next(&walk, nil, journey.Answer{Outcome: a.outcome, Pending: a.pending}, a.at)
			if result.Final != a.final || action.Done != (a.next == 0) || !action.Done && action.At != a.next {
				t.Errorf("%s: answer %d gives %+v %+v, want final %v and %v", test.why, i, result, action, a.final, a.next)
			}
		}
	}
}

func TestPatienceShorterThanTheTimeoutMeansLeaving(t *testing.T) {
	j := newJourney(func(c *journey.Config) { c.Arrival = 3 })
	_, action := j.Begin(1, time.Minute, nil)
	if action.Timeout != 500*time.Millisecond || !action.Leaves {
		t.Errorf("the action is %+v; want leaving after 500 ms", action)
	}
}

// The landing lies one think time before the scheduled sign-up. A typing error lies before the scheduled
// instant too, and the valid attempt stays at it.
func TestNothingMovesTheScheduledInstant(t *testing.T) {
	j := newJourney(func(c *journey.Config) {
		c.Steps[1].Typo = journey.Typo{Share: 1, Fix: constant(4 * time.Second)}
	})
	const scheduled = 60 * time.Second
	leads := j.Leads(1, scheduled, nil)
	if len(leads) != 1 || leads[0] != (journey.Lead{Step: 0, At: 53 * time.Second}) {
		t.Errorf("leads are %v; want the landing at 53 s", leads)
	}
	walk, action := j.Begin(1, scheduled, nil)
	if action.At != 56*time.Second || !action.Mistyped {
		t.Errorf("the faulty attempt is %+v; want it at 56 s", action)
	}
	result, action := j.Next(&walk, nil, journey.Answer{Outcome: funnel.Declined}, 57*time.Second)
	if result.Final || action.At != scheduled || action.Mistyped {
		t.Errorf("after the fault %+v %+v; want the valid attempt at 60 s", result, action)
	}
	if j.Lead() != 7*time.Second {
		t.Errorf("people are known %v ahead, want 7 s", j.Lead())
	}
}

func TestRepeatsAreTheSamePersonsNextAttempt(t *testing.T) {
	j := newJourney(func(c *journey.Config) {
		c.Steps[1].Repeat = journey.Repeat{Share: 1, After: constant(2 * time.Second)}
	})
	walk, _ := j.Begin(1, 10*time.Second, nil)
	result, action := j.Next(&walk, nil, journey.Answer{Outcome: funnel.Completed}, 11*time.Second)
	if result.Final || action.At != 13*time.Second || walk.Attempt != 2 {
		t.Fatalf("the first yes gives %+v %+v", result, action)
	}
	result, action = j.Next(&walk, nil, journey.Answer{Outcome: funnel.Failed}, 14*time.Second)
	if !result.Final || action.Done {
		t.Errorf("a failed repeat gives %+v %+v; the person was answered and goes on", result, action)
	}
}

func TestVisitorsTakeOneStep(t *testing.T) {
	j := newJourney(nil)
	walk, _ := j.Look(1, 0, time.Second, nil)
	result, action := j.Next(&walk, nil, journey.Answer{Outcome: funnel.Failed}, 2*time.Second)
	if !result.Final || !action.Done {
		t.Errorf("%+v %+v", result, action)
	}
}

func TestScenarioTimeIsWarpedAndBackoffIsNot(t *testing.T) {
	j := newJourney(func(c *journey.Config) { c.Clock = workload.NewClock(0, 10) })
	walk, _ := j.Begin(1, 10*time.Second, nil)
	_, action := j.Next(&walk, nil, journey.Answer{Outcome: funnel.Failed}, 11*time.Second)
	if action.At != 12*time.Second {
		t.Errorf("backoff of 1 s ends at %v, want 12 s: it is real time", action.At)
	}
	_, action = j.Next(&walk, nil, journey.Answer{Outcome: funnel.Completed}, 12*time.Second)
	if action.At != 12100*time.Millisecond {
		t.Errorf("a think time of 1 s at tenfold speed ends at %v, want 12.1 s", action.At)
	}
}

// Known answer 13: full jitter, base .1 s, cap 10 s has the means .05 .1 .2 .4 .8 1.6 3.2 5.0 s.
func TestFullJitterMeans(t *testing.T) {
	retry := journey.Retry{Base: 100 * time.Millisecond, Cap: 10 * time.Second}
	for n, want := range []float64{.05, .1, .2, .4, .8, 1.6, 3.2, 5.0} {
		const grid = 1000 // the mean over midpoints of a linear function is exact
		sum := 0.0
		for k := range grid {
			sum += retry.Delay(n+1, (float64(k)+.5)/grid).Seconds()
		}
		if math.Abs(sum/grid-want) > 1e-6*want {
			t.Errorf("mean delay before attempt %d is %v s, want %v", n+2, sum/grid, want)
		}
	}
	if delay := retry.Delay(60, 1); delay != 10*time.Second {
		t.Errorf("a late delay is %v; it must stay at the cap", delay)
	}
}

func TestSharesGoOn(t *testing.T) {
	j := newJourney(func(c *journey.Config) { c.Steps[1].Continue = 0.7423 })
	const people = 100_000
	went := 0
	for person := range uint64(people) {
		walk, _ := j.Begin(person, time.Minute, nil)
		if _, action := j.Next(&walk, nil, journey.Answer{Outcome: funnel.Completed}, time.Minute); !action.Done {
			went++
		}
	}
	if sd := math.Sqrt(people * .7423 * .2577); math.Abs(float64(went)-.7423*people) > 4*sd {
		t.Errorf("%d of %d went on, want 74.23%% ± %.0f", went, people, 4*sd)
	}
}

// Whatever a service answers, a walk ends, attempts count up by one, and time never runs backwards.
func TestEveryWalkEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := newJourney(func(c *journey.Config) {
			c.Steps[1].Typo = journey.Typo{Share: .3, Fix: constant(time.Second)}
			c.Steps[1].Repeat = journey.Repeat{Share: .3, After: constant(time.Second)}
		})
		walk, action := j.Begin(rapid.Uint64().Draw(t, "person"), time.Minute, nil)
		for range 200 {
			if action.Done {
				return
			}
			now := action.At + time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms"))*time.Millisecond
			step, attempt := walk.Step, walk.Attempt
			pending := rapid.Bool().Draw(t, "pending") && step == 2
			outcome := funnel.Outcome(rapid.IntRange(0, funnel.OutcomeCount-1).Draw(t, "outcome"))
			var result journey.Result
			result, action = j.Next(&walk, nil, journey.Answer{Outcome: outcome, Pending: pending}, now)
			if !action.Done && action.At < now {
				t.Fatalf("acts at %v after an answer at %v", action.At, now)
			}
			if !action.Done && walk.Step == step && result.Ended && walk.Attempt != attempt+1 {
				t.Fatalf("attempt %d follows attempt %d", walk.Attempt, attempt)
			}
			if result.Ended && result.Final != (action.Done || walk.Step != step) {
				t.Fatalf("%+v, but next is %+v at step %d", result, action, walk.Step)
			}
		}
		t.Fatal("200 answers and no end")
	})
}

// TestLookLaterIsManyLooks: LookLater returns the poll that single pending answers lead to.
func TestLookLaterIsManyLooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := newJourney(func(c *journey.Config) {
			c.Steps = []journey.Step{{
				Name: "mail", Kind: funnel.Await, Every: constant(time.Duration(rapid.IntRange(1, 3000).Draw(t, "every")) * time.Millisecond),
				Patience: constant(time.Duration(rapid.IntRange(0, 20).Draw(t, "patience")) * time.Second),
			}}
			c.Arrival = 0
		})
		until := time.Duration(rapid.IntRange(0, 30_000).Draw(t, "until")) * time.Millisecond
		pending := journey.Answer{Outcome: funnel.Completed, Pending: true}
		walk, action := j.Begin(1, 0, nil)
		result, first := j.Next(&walk, nil, pending, action.At)
		if result.Ended {
			return
		}
		short := j.LookLater(&walk, first, until)
		long := first
		for long.At < until {
			before := long
			if result, long = j.Next(&walk, nil, pending, long.At); result.Ended {
				long = before // the poll at which patience ends
				break
			}
		}
		if short != long {
			t.Fatalf("the short cut leads to %+v, looks one by one to %+v", short, long)
		}
	})
}

// A person's budget of retries holds over steps and visits. Each step uses what the steps before it left.
func TestRetryBudgetHoldsOverTheWholeWay(t *testing.T) {
	j := newJourney(func(c *journey.Config) {
		c.RetryBudget = 3
		c.Steps[2] = c.Steps[1]
		c.Steps[2].Name = "again"
	})
	const s = time.Second
	walk, _ := j.Begin(1, 10*s, nil)
	finals := []bool{}
	for i, outcome := range []funnel.Outcome{funnel.Failed, funnel.Failed, funnel.Completed, funnel.Failed, funnel.Failed} {
		result, _ := j.Next(&walk, nil, journey.Answer{Outcome: outcome}, time.Duration(100*(i+1))*s)
		finals = append(finals, result.Final)
	}
	if want := []bool{false, false, true, false, true}; !slices.Equal(finals, want) {
		t.Errorf("attempts are final %v, want %v: two retries, a pass, one retry, and no more", finals, want)
	}
}

// TestInterest: with interest, the number of visits is geometric up to the bound, each person's are the same when walked
// again, and another seed changes them. Without interest, everybody comes back.
func TestInterest(t *testing.T) {
	visits := func(seed, person uint64, interest float64) (n int) {
		j := newJourney(func(c *journey.Config) {
			c.Seed.Value = seed
			c.Steps[1].Retry = journey.Retry{Visits: 20, Interest: interest, Return: constant(time.Minute)}
		})
		walk, action := j.Begin(person, 10*time.Second, nil)
		for n = 1; ; n++ {
			if _, action = j.Next(&walk, nil, journey.Answer{Outcome: funnel.Rejected}, action.At+time.Second); action.Done {
				return n
			}
		}
	}
	const people, interest = 4000, 0.75
	var sum float64
	longest, differ := 0, 0
	for person := range uint64(people) {
		n := visits(1, person, interest)
		sum += float64(n)
		longest = max(longest, n)
		if n != visits(1, person, interest) {
			t.Fatalf("person %d does not do the same again", person)
		}
		if n != visits(2, person, interest) {
			differ++
		}
	}
	// (1 − 0.75²⁰)/(1 − 0.75) visits on average, with a deviation of 3.4 each.
	if mean := sum / people; math.Abs(mean-(1-math.Pow(interest, 20))/(1-interest)) > 4*3.4/math.Sqrt(people) {
		t.Errorf("people make %v visits on average", mean)
	}
	if longest != 20 {
		t.Errorf("the most visits are %d, not 20", longest)
	}
	if differ < people/2 {
		t.Errorf("another seed changes the visits of %d people only", differ)
	}
	if n := visits(1, 1, 0); n != 20 {
		t.Errorf("without interest there are %d visits", n)
	}
}
