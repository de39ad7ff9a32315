package backend

import (
	"testing"
	"time"
)

// TestSessionsOfAClockThatWasAhead checks that a session given while the clock was a year ahead does not live for a year,
// and that a step back by an hour ends none.
func TestSessionsOfAClockThatWasAhead(t *testing.T) {
	s := newSessions(newSigner([]byte("key")))
	now := time.Unix(1_600_000_000, 0)
	for _, row := range []struct {
		why   string
		ahead time.Duration
		want  bool
	}{
		{"the clock was right", 0, true},
		{"the clock went back by an hour", time.Hour, true},
		{"the clock was a year ahead", 365 * 24 * time.Hour, false},
		{"the clock was a day behind", -24 * time.Hour, false},
	} {
		session := s.issue(7, now.Add(row.ahead+time.Hour))
		if _, err := s.check(session, now, time.Hour); (err == nil) != row.want {
			t.Errorf("%s: %v", row.why, err)
		}
	}
	if holdsBy(now.Add(time.Hour), now, time.Second) || !holdsBy(now.Add(time.Second), now, time.Second) {
		t.Error("a score waits for a clock that went back")
	}
}
