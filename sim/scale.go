package sim

import (
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// scaler watches a station for its policy. Added servers boot first. Servers are removed without delay and finish the
// requests that they serve.
type scaler struct {
	resilience.Looks
	policy  resilience.Steerer
	place   int // index of the station
	station *Station
	wanted  int           // servers, including those that boot
	boots   []int         // servers of each boot under way, the earliest first
	looked  time.Duration // when the integrals below were read
	busy    time.Duration
	queue   time.Duration
}

func newScaler(config Scaler, floor *Floor) *scaler {
	steering, err := config.steering()
	if err != nil {
		panic(err) // Validate has checked it
	}
	station := floor.stations[config.Station]
	looks, policy := steering.Steer()
	return &scaler{Looks: looks, policy: policy, place: config.Station, station: station, wanted: station.servers}
}

// metric returns the mean per server since the last look.
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

// scale performs one look of a scaler.
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

// booted starts the servers of the earliest boot, as far as they are still wanted.
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
