package store

import "time"

// Latest returns the latest end that something with a lifetime can have, if the clock was right. A later end was stamped
// while the clock was ahead. Clocks may go back by two hours without harm. A lifetime of 0 has no latest end.
func Latest(now time.Time, life time.Duration) time.Time {
	if life <= 0 {
		return now.AddDate(1000, 0, 0)
	}
	return now.Add(life + max(life, 2*time.Hour))
}
