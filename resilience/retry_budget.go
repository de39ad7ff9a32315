package resilience

import (
	"cmp"
	"errors"
	"time"
)

// BudgetConfig describes a [Budget].
type BudgetConfig struct {
	Ratio float64 `json:"ratio"` // retries earned by each first attempt, 0 to 1
	Burst float64 `json:"burst"` // most retries saved; also the number at the start
}

// Validate returns the first mistake in the description.
func (c BudgetConfig) Validate() error {
	if !(c.Ratio >= 0 && c.Ratio <= 1) || !(c.Burst >= 0) {
		return errors.New("a retry budget needs a ratio from 0 to 1 and a burst of 0 or more")
	}
	return nil
}

// Budget limits retries to a share of first attempts, so that they cannot keep a service down. With ratio r
// the load is at most 1 + r times that of the people, whatever fails.
//
// Beyer et al., "Site Reliability Engineering" (2016), ch. 21, "Deciding to Retry" (10 %). The bucket is that
// of gRPC (proposal A6, "Client Retries", 2017) and Finagle's RetryBudget. Why it ends a metastable failure:
// Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021.
type Budget struct {
	config BudgetConfig
	tokens float64
}

// NewBudget returns a full budget. The configuration must be valid.
func NewBudget(config BudgetConfig) *Budget { return &Budget{config, config.Burst} }

// First records a first attempt.
func (b *Budget) First() { b.tokens = min(b.config.Burst, b.tokens+b.config.Ratio) }

// Retry reports whether one more attempt may be made, and takes it from the budget.
func (b *Budget) Retry() bool {
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// RetryConfig describes a budget for repeated attempts: those of people in front of the service, or those of
// the service at a call.
type RetryConfig struct {
	BudgetConfig
	Calls   int           `json:"calls"`   // at a call: most calls for one request, the first included
	Pause   time.Duration `json:"pause"`   // pause before the second call; doubles before each further one
	Longest time.Duration `json:"longest"` // upper bound of the pause
}

// Validate returns the first mistake in the description.
func (c RetryConfig) Validate() error {
	if c.Pause <= 0 || c.Longest < c.Pause {
		return errors.New("a retry budget needs a pause above 0, and a longest pause that is not shorter")
	}
	return c.BudgetConfig.Validate()
}

// Filter limits people's repeated attempts.
func (c RetryConfig) Filter() Filter { return &attempts{budget: NewBudget(c.BudgetConfig)} }

// attempts allows first attempts, and repeated attempts within the budget.
type attempts struct {
	budget *Budget
	off    bool
}

func (a *attempts) Allow(_ time.Duration, whom Asker) (wait time.Duration, ok bool) {
	if a.off {
		return 0, true
	}
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

// repeats limits the calls for each request and, by the budget, the repeated calls of all requests.
type repeats struct {
	*Budget
	most   int
	pauses DeferConfig
	off    bool // repeats nothing
}

func (r *repeats) Again(calls int, told time.Duration) (pause time.Duration, ok bool) {
	if r.off || calls >= r.most || !r.RetryAfter(told) {
		return 0, false
	}
	return r.pauses.Again(calls), true
}

// longestRetryWait is the wait from which a retry is pointless, because nobody who waits now would still be
// there. Such an answer means that a quota is used up for the day, or that an account is closed.
const longestRetryWait = time.Minute

// RetryAfter reports whether to make one more attempt after an answer that asked for a wait. If the wait is
// much too long, it returns false and leaves the budget as it is.
func (b *Budget) RetryAfter(told time.Duration) bool { return told < longestRetryWait && b.Retry() }

func retryBudget() Descriptor {
	return Descriptor{
		Name: "retry-budget", Does: "limits repeated attempts to a share of first ones.", Source: "Beyer et al. 2016, ch. 21; gRPC A6",
		Places: anywhere(), Live: only(AtCall), // a live service cannot recognize who has tried before
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
		Changes: changing("ratio burst attempts pause longest", "A repeat whose pause has begun is made, and repeats that were saved stay, up to the burst.", ""),
		Asks:    AsksAttempt,
	}
}

var (
	_ Filtering = RetryConfig{}
	_ Repeating = RetryConfig{}
)
