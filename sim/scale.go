package sim

import (
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// scaler watches a station for its policy. Servers that were asked for boot first; those
// that are not wanted any longer go at once and finish what they have.
type scaler struct {
	resilience.Looks
	policy  resilience.Steerer
	place   int // of the station
	station *Station
	wanted  int           // servers, those that boot included
	boots   []int         // servers of each boot under way, the earliest first
	looked  time.Duration // at the integrals below
	busy    time.Duration
	queue   time.Duration
}

func newScaler(config Scaler, floor *Floor) *scaler {
	steering, err := config.steering()
	if err != nil {
		panic(err) // Validate has seen to it
	}
	station := floor.stations[config.Station]
	looks, policy := steering.Steer()
	return &scaler{Looks: looks, policy: policy, place: config.Station, station: station, wanted: station.servers}
}

// metric returns the mean since the last look, for each server.
func (s *scaler) metric(now time.Duration) float64 {
	s.station.accrue()
	stats := &s.station.stats
	share := float64(now-s.looked) * float64(s.station.servers)
	busy, queue := float64(stats.busyTime-s.busy)/share, float64(stats.queueTime-s.queue)/share
	s.looked, s.busy, s.queue = now, stats.busyTime, stats.queueTime
	switch s.Metric {
	case resilience.ByUtilization:
		return busy
	case resilience.ByQueue:
		return queue
	}
	return busy + queue
}

// scale is one look of a scaler.
func (m *model) scale(which int32) {
	s := m.scalers[which]
	wanted := s.policy.Look(m.engine.now, s.metric(m.engine.now), s.station.servers, s.wanted)
	if more := wanted - s.wanted; more > 0 {
		s.boots = append(s.boots, more)
		m.engine.After(s.Boot, NewEvent(bootKind, which))
	}
	s.wanted = wanted
	m.resize(s, min(s.station.servers, wanted))
	m.engine.After(s.Every, NewEvent(scaleKind, which))
}

// booted puts the servers of the earliest boot to work, those that are still wanted.
func (m *model) booted(s *scaler) {
	more := s.boots[0]
	s.boots = append(s.boots[:0], s.boots[1:]...)
	m.resize(s, min(s.station.servers+more, s.wanted))
}

func (m *model) resize(s *scaler, servers int) {
	if servers != s.station.servers {
		m.change(Change{At: m.engine.now, Kind: AtStation, To: s.place, Servers: servers})
	}
}
