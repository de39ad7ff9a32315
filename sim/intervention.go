package sim

import (
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Intervention changes a run at one instant, before anything else happens then. The fields that are not nil or empty
// take effect.
type Intervention struct {
	journey.Turn              // when, and who comes from now on
	Faults       []FaultStart // that begin
	Ends         []FaultEnd
	Set          []Setting
	Policies     []PolicySetting
	Stop         bool // the run ends
}

// FaultStart is the beginning of faults of a dependency.
type FaultStart struct {
	To     int            // index in Calls
	Name   string         // see FaultEnd
	Faults fault.Schedule // in scenario time
	WarmUp fault.WarmUp   // after outages
}

// FaultEnd ends every fault of a name that interventions began at a dependency.
type FaultEnd struct {
	To   int    // index in Calls
	Name string // empty means all
}

// Setting gives a station or dependency some of the terms of a service. The other terms stay as other settings, changes and
// scalers have left them.
type Setting struct {
	Kind    HopKind // AtStation or Call
	To      int     // index in Stations or Calls
	Terms   Terms   // which of them, at least one
	Service workload.Service
}

// Terms are terms of a service.
type Terms uint8

// The terms.
const (
	ServersTerm Terms = 1 << iota
	ServiceTimeTerm
	QueueTerm
	DeadlineTerm
	RateTerm
	QuotaTerm
)

// over returns a service after the setting.
func (s Setting) over(now workload.Service) workload.Service {
	if s.Terms&ServersTerm != 0 {
		now.Servers = s.Service.Servers
	}
	if s.Terms&ServiceTimeTerm != 0 {
		now.ServiceTime = s.Service.ServiceTime
	}
	if s.Terms&QueueTerm != 0 {
		now.Queue = s.Service.Queue
	}
	if s.Terms&DeadlineTerm != 0 {
		now.Deadline = s.Service.Deadline
	}
	if s.Terms&RateTerm != 0 {
		now.RateLimit = s.Service.RateLimit
	}
	if s.Terms&QuotaTerm != 0 {
		now.Quota = s.Service.Quota
	}
	return now
}

// hand is a fault that an intervention began.
type hand struct {
	FaultStart
	ended bool
}

// validate returns the first mistake in an intervention.
func (i Intervention) validate(c *Config) error {
	for _, start := range i.Faults {
		if start.To < 0 || start.To >= len(c.Calls) {
			return fmt.Errorf("a fault begins at dependency %d of %d", start.To, len(c.Calls))
		}
		if err := start.Faults.Validate(); err != nil {
			return err
		}
	}
	for _, end := range i.Ends {
		if end.To < 0 || end.To >= len(c.Calls) {
			return fmt.Errorf("a fault ends at dependency %d of %d", end.To, len(c.Calls))
		}
	}
	for _, setting := range i.Set {
		if places := c.places(setting.Kind); setting.To < 0 || setting.To >= places {
			return fmt.Errorf("station %d of %d is set", setting.To, places)
		}
		if setting.Terms == 0 {
			return fmt.Errorf("a setting of %s names no term", c.station(setting).Name)
		}
		if err := setting.Service.Validate(); err != nil {
			return err
		}
		if before := c.station(setting); setting.Service.Discipline != before.Discipline {
			return fmt.Errorf("the discipline of %s is set to %q; requests that wait are in the order of %q", before.Name, setting.Service.Discipline, before.Discipline)
		}
	}
	for _, setting := range i.Policies {
		if err := setting.validate(c); err != nil {
			return err
		}
	}
	if i.Factor != nil && *i.Factor > 1 && !c.Crowd().RoomFor() {
		return fmt.Errorf("the population of %d is too small for the people whom a factor on arrivals may add", c.People)
	}
	return nil
}

// station returns what a setting changes.
func (c *Config) station(of Setting) StationConfig {
	if of.Kind == AtStation {
		return c.Stations[of.To]
	}
	return c.Calls[of.To].StationConfig
}

// intervene applies an intervention now.
func (m *model) intervene(i Intervention) {
	if i.Factor != nil || i.Hold != nil {
		m.turns = append(m.turns, i.Turn)
	}
	for _, start := range i.Faults {
		m.hands = append(m.hands, hand{FaultStart: start})
		m.refault(start.To)
	}
	for _, end := range i.Ends {
		m.endFaults(end)
	}
	for _, setting := range i.Set {
		m.set(setting)
	}
	for _, setting := range i.Policies {
		m.setPolicy(setting)
	}
}

// refault computes the faults of a dependency: those of the config, and those that interventions began.
func (m *model) refault(call int) {
	m.faults[call] = slices.Clone(m.config.Calls[call].Faults)
	for _, hand := range m.hands {
		if hand.To == call {
			m.faults[call] = append(m.faults[call], hand.Faults.WarmingUp(hand.WarmUp)...)
		}
	}
	if len(m.faults[call]) == 0 {
		m.floor.stations[call+len(m.config.Stations)].CutQuota(1)
	}
}

// endFaults ends faults now, as if that had been their planned end.
func (m *model) endFaults(end FaultEnd) {
	now := m.config.Journey.Clock.Scenario(m.engine.now)
	for k := range m.hands {
		hand := &m.hands[k]
		if hand.To != end.To || hand.ended || end.Name != "" && hand.Name != end.Name {
			continue
		}
		hand.ended = true
		kept := fault.Schedule{}
		for _, f := range hand.Faults {
			if until, ends := f.End(); ends && until <= now {
				kept = append(kept, f)
			} else if f.At < now {
				f.For = now - f.At
				kept = append(kept, f)
			}
		}
		hand.Faults = kept
	}
	m.refault(end.To)
}

// set changes what a station is like. Requests in service keep their servers and their work.
func (m *model) set(setting Setting) {
	station := setting.To
	if setting.Kind != AtStation {
		station += len(m.config.Stations)
	}
	s := m.floor.stations[station]
	service := s.Service
	service.Servers = s.servers
	service = setting.over(service)
	servers := service.ServerCount()
	s.become(service)
	work := newSampler(service.ServiceTime)
	for i := range m.steps {
		for _, hop := range m.steps[i].route {
			hop.serveFor(station, work)
		}
	}
	for _, hop := range m.nested {
		hop.serveFor(station, work)
	}
	if servers != s.servers {
		m.change(Change{At: m.engine.now, Kind: setting.Kind, To: setting.To, Servers: servers, Acted: true})
	}
}

// serveFor gives the hop another service time of its station, unless it has a work of its own.
func (h *hop) serveFor(station int, work sampler) {
	if h.station == station && h.Work.IsZero() {
		h.work = work
	}
}

// become changes all of a station but the number of its servers. Requests that wait beyond a shorter queue stay.
func (s *Station) become(service workload.Service) {
	before := s.Service
	s.Service, s.limit = service, -1
	if service.Queue != nil {
		s.limit = *service.Queue
	}
	if service.RateLimit != before.RateLimit {
		s.rate = workload.NewRateWindow(service.RateLimit)
	}
	if service.Quota != before.Quota {
		s.quota.Change(service.Quota)
	}
	s.plain = s.isPlain()
}
