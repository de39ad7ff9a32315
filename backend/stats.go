package backend

import (
	"github.com/ombak-sim/ombak/backend/outbox"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/resilience"
)

// Stats holds the counts and the current state of the service, to be sampled.
type Stats struct {
	InFlight   int             `json:"in_flight"` // HTTP requests being answered
	Registries []RegistryStats `json:"registries"`
	Store      store.Stats     `json:"store"`
	Outbox     outbox.Stats    `json:"outbox"`
	SMS        outbox.Stats    `json:"sms"`
	Questions  outbox.Stats    `json:"questions"` // deferred checks for the population registry
	Rooms      []RoomStats     `json:"rooms,omitempty"`
}

// RoomStats is about one waiting room: places given, turns reached, and people waiting.
type RoomStats struct {
	Name string `json:"name"`
	resilience.Stats
}

// RegistryStats is about one registry and the gate in front of it. A call is in service from its admission to
// its answer.
type RegistryStats struct {
	Name string `json:"name"`
	resilience.Stats
	Failures uint64 `json:"failures"` // calls without a usable answer
	Servers  int    `json:"servers"`  // concurrency limit that was set last; 0 means no limit
}

// Stats returns the counts up to now.
func (s *Server) Stats() Stats {
	stats := Stats{
		InFlight: int(s.inFlight.Load()),
		Store:    s.store.Stats(),
		Outbox:   s.outbox.Stats(), SMS: s.sms.Stats(), Questions: s.questions.Stats(),
	}
	for _, r := range s.registries() {
		stats.Registries = append(stats.Registries, RegistryStats{r.Name(), r.Gate().Stats(), r.Failures(), r.Limit()})
	}
	for _, guard := range s.doors {
		if room, isRoom := guard.door.(*roomDoor); isRoom {
			stats.Rooms = append(stats.Rooms, RoomStats{guard.name, room.stats()})
		}
	}
	return stats
}
