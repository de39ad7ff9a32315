package resilience

import (
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

// Retry says whether one more attempt may be made.
func (b *Budget) Retry() bool {
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// hopeless is how long to wait before the same may succeed when nobody who waits now would still be there:
// a quota is used up for the day, an account is closed.
const hopeless = time.Minute

// RetryAfter says whether one more attempt may be made after one that was answered with how long to wait
// before the next. What is told to come back much later is not repeated, and the budget is left as it is.
func (b *Budget) RetryAfter(told time.Duration) bool { return told < hopeless && b.Retry() }
