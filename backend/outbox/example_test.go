package outbox_test

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/backend/outbox"
	"github.com/ombak-sim/ombak/backend/store"
)

// A failing job is retried after pauses that double, until its attempts are used up.
func ExampleRetries() {
	retries := outbox.Retries{Backoff: time.Second, BackoffMax: 3 * time.Second, Attempts: 4}
	for attempts := 1; attempts <= 4; attempts++ {
		fmt.Println(retries.Pause(attempts), retries.Next(attempts) == store.JobPending)
	}
	// Output:
	// 1s true
	// 2s true
	// 3s true
	// 3s false
}
