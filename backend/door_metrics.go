package backend

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// registerDoors enters the state of what protects the service and its registries. Doors are numbered in
// the order in which people come to them.
func (s *Server) registerDoors(registry *prometheus.Registry) {
	gauge := func(name, help, label, value string, read func() float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ombak_backend_" + name, Help: help, ConstLabels: prometheus.Labels{label: value},
		}, read))
	}
	for i, guard := range s.doors {
		door := func(name, help string, read func() float64) {
			gauge("door_"+name, help, "door", strconv.Itoa(i+1), read)
		}
		switch d := guard.door.(type) {
		case *gateDoor:
			door("limit", "Most requests let in at once, as the policy has it now.", d.gate.limit)
			door("in_use", "Requests that are in.", func() float64 { return float64(d.gate.stats().InUse) })
			door("queued", "Requests that wait.", func() float64 { return float64(d.gate.stats().Queued) })
			registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
				Name: "ombak_backend_door_rejections_total", Help: "Requests turned away.", ConstLabels: prometheus.Labels{"door": strconv.Itoa(i + 1)},
			}, func() float64 { return float64(d.gate.stats().Rejections) }))
		case *bucketDoor:
			door("clients", "Clients without a full bucket, about.", d.clients)
		case *roomDoor:
			door("waiting", "Places whose turn has not come.", d.waiting)
		}
	}
	for _, r := range s.registries() {
		if r.outlet != nil && r.outlet.breaker != nil {
			gauge("registry_breaker_open", "1 while the circuit breaker lets nobody through.", "registry", r.name, r.outlet.open)
		}
	}
}

func (g *gate) limit() float64 {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return float64(g.policy.Limit())
}

func (d *bucketDoor) clients() float64 {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return float64(d.buckets.Len())
}

func (d *roomDoor) waiting() float64 {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.room.Waiting(time.Since(d.began))
}

func (o *outlet) open() float64 {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.breaker.Open() {
		return 1
	}
	return 0
}
