package resilience

import (
	"cmp"
	"errors"
	"time"
)

// BudgetConfig describes a [Budget].
type BudgetConfig struct {
	Ratio float64 `json:"ratio"` // retries that each first attempt pays for, 0 to 1
	Burst float64 `json:"burst"` // retries that can be saved, and are there at first
}

// Validate returns the first fault of the description.
func (c BudgetConfig) Validate() error {
	if !(c.Ratio >= 0 && c.Ratio <= 1) || !(c.Burst >= 0) {
		return errors.New("a retry budget needs a ratio from 0 to 1 and a burst of 0 or more")
	}
	return nil
}

// Budget lets retries be no more than a share of first attempts, so that they cannot keep a service
// down: with ratio r the load is at most 1 + r times that of the people, whatever fails.
//
// Beyer et al., "Site Reliability Engineering" (2016), ch. 21, "Deciding to Retry" (10 %); the bucket
// is that of gRPC (proposal A6, "Client Retries", 2017) and Finagle's RetryBudget. Why it cures a
// metastable failure: Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021.
type Budget struct {
	config BudgetConfig
	tokens float64
}

// NewBudget returns a full budget. The configuration must be valid.
func NewBudget(config BudgetConfig) *Budget { return &Budget{config, config.Burst} }

// First notes a first attempt.
func (b *Budget) First() { b.tokens = min(b.config.Burst, b.tokens+b.config.Ratio) }

// Retry reports whether one more attempt may be made.
func (b *Budget) Retry() bool {
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// RetryConfig describes a budget for repeated attempts: those of people in front of the service, or the service's
// own at a call.
type RetryConfig struct {
	BudgetConfig
	Calls   int           `json:"calls"`   // at a call: most calls for one request, the first included
	Pause   time.Duration `json:"pause"`   // before the second call, doubled before each further one
	Longest time.Duration `json:"longest"` // no pause is longer
}

// Validate returns the first fault of the description.
func (c RetryConfig) Validate() error {
	if c.Pause <= 0 || c.Longest < c.Pause {
		return errors.New("a retry budget needs a pause above 0 and a longest one not below it")
	}
	return c.BudgetConfig.Validate()
}

// Filter bounds people's repeated attempts.
func (c RetryConfig) Filter() Filter { return attempts{NewBudget(c.BudgetConfig)} }

// attempts lets first attempts pass, and repeated ones within the budget.
type attempts struct{ budget *Budget }

func (a attempts) Allow(_ time.Duration, whom Asker) (wait time.Duration, ok bool) {
	if whom.Attempt > 1 {
		return 0, a.budget.Retry()
	}
	a.budget.First()
	return 0, true
}

// Repeater repeats calls that failed.
func (c RetryConfig) Repeater() Repeater {
	return &repeats{Budget: NewBudget(c.BudgetConfig), most: c.Calls, pauses: DeferConfig{Pause: c.Pause, Longest: c.Longest}}
}

// repeats bounds the calls for each request and, by the budget, those of all.
type repeats struct {
	*Budget
	most   int
	pauses DeferConfig
}

func (r *repeats) Again(calls int, told time.Duration) (pause time.Duration, ok bool) {
	if calls >= r.most || !r.RetryAfter(told) {
		return 0, false
	}
	return r.pauses.Again(calls), true
}

// hopeless is how long to wait before the same may succeed when nobody who waits now would still be there:
// a quota is used up for the day, an account is closed.
const hopeless = time.Minute

// RetryAfter reports whether one more attempt may be made after one that was answered with how long to wait
// before the next. What is told to come back much later is not repeated, and the budget is left as it is.
func (b *Budget) RetryAfter(told time.Duration) bool { return told < hopeless && b.Retry() }

func retryBudget() Descriptor {
	return Descriptor{
		Name: "retry-budget", Does: "bounds repeated attempts to a share of first ones.", Source: "Beyer et al. 2016, ch. 21; gRPC A6",
		Places: anywhere(), Live: only(AtCall), // a live service cannot tell who has tried before
		Takes: words("ratio burst attempts pause longest"), AtCall: words("attempts pause longest"),
		Default: func(s Settings) Settings {
			s.Ratio, s.Burst, s.Attempts = cmp.Or(s.Ratio, 0.1), cmp.Or(s.Burst, 10), cmp.Or(s.Attempts, 3)
			s.Pause = cmp.Or(s.Pause, 100*time.Millisecond)
			s.Longest = cmp.Or(s.Longest, max(time.Second, s.Pause))
			return s
		},
		Config: func(s Settings) Config {
			return RetryConfig{BudgetConfig: BudgetConfig{Ratio: float64(s.Ratio), Burst: float64(s.Burst)}, Calls: s.Attempts, Pause: s.Pause, Longest: s.Longest}
		},
		Asks: AsksAttempt,
	}
}

var (
	_ Filtering = RetryConfig{}
	_ Repeating = RetryConfig{}
)
