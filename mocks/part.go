package mocks

import (
	"fmt"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// part is one mock: a station behind a door, and its faults.
type part struct {
	name, kind string
	listen     string
	trouble    Trouble
	station    *Station
	board      *board
	journal    *journal
	handler    fasthttp.RequestHandler // over HTTP; faults of the mail mock act on SMTP instead
	generic    *generic                // answers by its routes; nil if it does not
	callee     *callee                 // answers gRPC instead of HTTP; nil if it does not
	outage     func(*fasthttp.RequestCtx, fault.Strike)
}

// add creates a mock's station and its faults.
func (m *Mocks) add(config Config, name, kind, listen string, service workload.Service, trouble Trouble) (*part, error) {
	if err := trouble.validate(kind); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	station, err := newStation(name, service, config.Opens, config.Seed, m.clock)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	made := &part{
		name: name, kind: kind, listen: listen, trouble: trouble, station: station,
		board: newBoard(name, kind, config.Seed, trouble), journal: new(journal),
	}
	station.suffer = made.board.effect
	station.gauge = m.metrics.gauge(name)
	m.parts = append(m.parts, made)
	return made, nil
}
