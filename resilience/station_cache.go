package resilience

import (
	"errors"
	"time"
)

// HitConfig describes a cache at a station by its hit rate. A request hits with this probability, independent of all
// others; it then takes the time of a hit, instead of its service, and no server of the station. The others pass
// the station as if there were no cache.
//
// Note: which answers such a cache holds is not modelled, so its hit rate stays the same however the load changes. At a
// call, [Cache] models the answers themselves.
type HitConfig struct {
	Rate float64       `json:"hit_rate"` // share of requests, from 0 to 1
	Time time.Duration `json:"time"`     // of each hit
}

// Validate returns the first mistake in the description.
func (c HitConfig) Validate() error {
	if !(c.Rate >= 0 && c.Rate <= 1) || c.Time < 0 {
		return errors.New("a cache at a station needs a hit_rate from 0 to 1 and a time of 0 or more")
	}
	return nil
}

func stationCache() Descriptor {
	return Descriptor{
		Name: "station-cache", Does: "answers a share of the requests of a station without its servers.", Source: "Hennessy and Patterson 1990",
		Places: only(AtStation), Needs: words("hit_rate"), Takes: words("time"),
		Changes: changing("hit_rate time", "Those whom it is answering keep the time that they were given.", ""),
		Config:  func(s Settings) Config { return HitConfig{Rate: float64(s.HitRate), Time: s.Time} },
	}
}
