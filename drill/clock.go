package drill

import "time"

// domainClock returns the scenario's own time: opens plus the scenario time since the run began.
func domainClock(opens time.Time, scenarioTime func() time.Duration) func() time.Time {
	return func() time.Time { return opens.Add(scenarioTime()) }
}
