package sim

import (
	"fmt"

	"github.com/ombak-sim/ombak/resilience"
)

// StationCache answers a share of the requests that come to a station. A hit takes its time and no server, and the
// station does not count it.
type StationCache struct {
	Station int // index in Stations
	resilience.HitConfig
}

func (c Config) validateCaches() error {
	cached := map[int]bool{}
	for _, cache := range c.Caches {
		if cache.Station < 0 || cache.Station >= len(c.Stations) || cached[cache.Station] {
			return fmt.Errorf("a cache at station %d of %d; give each station at most one", cache.Station, len(c.Stations))
		}
		cached[cache.Station] = true
		if err := cache.Validate(); err != nil {
			return fmt.Errorf("station %s: %w", c.Stations[cache.Station].Name, err)
		}
	}
	return nil
}

// cacheAt returns the cache of a station, or nil.
func (m *model) cacheAt(station int) *StationCache {
	for i := range m.config.Caches {
		if m.config.Caches[i].Station == station {
			return &m.config.Caches[i]
		}
	}
	return nil
}

// hits reports whether the cache of a station answers a request, and if so schedules the answer. The draw belongs to the
// person, the step, the attempt and the stop, and plans share it.
func (m *model) hits(number int32, h *hop) bool {
	if h.cache == nil {
		return false
	}
	r := &m.requests[number]
	stream := h.luck.Of(r.person, m.keyOf(r), r.drawKey())
	if !stream.Chance(h.cache.Rate) {
		return false
	}
	m.engine.After(h.cache.Time, NewEvent(resumeKind, number))
	return true
}

// resume continues a request that a cache has answered, or whose wait is over.
func (m *model) resume(number int32) {
	r := &m.requests[number]
	if hop := m.steps[r.step].route[r.hop]; !m.decide(number, hop) {
		m.advance(number, 0)
	}
}
