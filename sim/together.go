package sim

import (
	"fmt"
	"time"
)

// Together describes work that requests share which come soon after one another: a window begins with a request that finds
// none open, and those that come within it belong to it. At the rate λ, windows begin λ/(1 + λ·Within) times per second.
type Together struct {
	Within time.Duration // length of a window; 0 means that nothing is shared
	Work   time.Duration // work of each window, which queues like a request, and for which nobody waits
	Saved  float64       // share of their work that the requests after the first are spared
}

func (t Together) validate(station string) error {
	if t.Within < 0 || t.Work < 0 || !(t.Saved >= 0 && t.Saved <= 1) || t.Within == 0 && (t.Work > 0 || t.Saved > 0) {
		return fmt.Errorf("station %s: shared work needs Within above 0, Work of 0 or more, and Saved from 0 to 1", station)
	}
	return nil
}

// joins returns the work of a request, less what it shares with those before it, and whether it begins a window.
func (s *Station) joins(work time.Duration) (left time.Duration, first bool) {
	if now := s.floor.engine.now; now >= s.shut {
		s.shut = now + s.Together.Within
		return work, true
	}
	return time.Duration(float64(work) * (1 - s.Together.Saved)), false
}

// shareWork starts the work of a window for which nobody waits.
func (s *Station) shareWork() {
	if s.Together.Work > 0 {
		_, _ = s.floor.Enter(int(s.number), nobody, 0, s.Together.Work) // a rejection has no effect
	}
}
