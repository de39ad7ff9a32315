package backend

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ombak-sim/ombak/backend/outbox"
	"github.com/ombak-sim/ombak/backend/registry"
)

// instruments are the metrics updated as events happen; collector exports the rest.
type instruments struct {
	answered  *prometheus.CounterVec // requests, by route and status
	calls     *prometheus.CounterVec // to registries, by outcome
	doors     *prometheus.CounterVec // requests at doors, by outcome
	soldOut   *prometheus.CounterVec // bookings that were refused, by stock
	batchRows prometheus.Histogram
	commits   prometheus.Histogram
}

func newInstruments() instruments {
	return instruments{
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ombak_backend_answers_total", Help: "Requests answered.",
		}, []string{"route", "status"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ombak_backend_registry_calls_total", Help: "Calls to registries, by outcome.",
		}, []string{"registry", "outcome"}),
		doors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ombak_backend_door_requests_total", Help: "Requests at the doors in front of the service, by policy, place and outcome.",
		}, []string{"policy", "at", "outcome"}),
		soldOut: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ombak_backend_stock_sold_out_total", Help: "Bookings refused because nothing was left of a stock.",
		}, []string{"stock"}),
		batchRows: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ombak_backend_store_batch_rows", Help: "Operations in one transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ombak_backend_store_commit_seconds", Help: "Duration of a commit, including fsync.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 13),
		}),
	}
}

// statusLabels holds the text of every status, so that answering a request allocates none.
var statusLabels = func() (all [600]string) {
	for status := range all {
		all[status] = strconv.Itoa(status)
	}
	return all
}()

func statusLabel(status int) string { return statusLabels[min(status, len(statusLabels)-1)] }

// doorCounts counts the requests at one door.
type doorCounts struct{ passed, turnedAway prometheus.Counter }

func (i instruments) door(config DoorConfig) doorCounts {
	return doorCounts{i.doors.WithLabelValues(config.Policy.Name, config.place(), "passed"), i.doors.WithLabelValues(config.Policy.Name, config.place(), "turned_away")}
}

// transaction records a transaction of the store.
func (i instruments) transaction(rows int, commit time.Duration) {
	i.batchRows.Observe(float64(rows))
	i.commits.Observe(commit.Seconds())
}

// register registers every metric, including those evaluated at scrape time.
func (s *Server) register(metrics *prometheus.Registry) {
	i := s.instruments
	metrics.MustRegister(i.answered, i.calls, i.doors, i.soldOut, i.batchRows, i.commits, newCollector(s.Stats), newStockCollector(s.store.Stocks))
	labelled := func(name, help string, labels prometheus.Labels, value func() float64) {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ombak_backend_" + name, Help: help, ConstLabels: labels}, value))
	}
	gauge := func(name, help string, value func() float64) { labelled(name, help, nil, value) }
	for _, q := range []*outbox.Queue{s.outbox, s.sms, s.questions} {
		gauge("queue_"+q.Name+"_age_seconds", "How long the oldest due job has been due.", func() float64 { return s.queueAge(q) })
	}
	metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "ombak_backend_connections_shed_total", Help: "Idle connections closed to make room for others."},
		func() float64 { return float64(s.bound.Shed()) }))
	gauge("connections", "Open connections.", func() float64 { return float64(s.bound.Open()) })
	s.registerProtection(labelled)
	gauge("readers_in_use", "Connections with a read in progress.", func() float64 { return float64(s.store.Readers().InUse) })
	gauge("readers_waits", "Reads that had to wait for a connection.", func() float64 { return float64(s.store.Readers().WaitCount) })
	gauge("password_slots_in_use", "Passwords being hashed.", func() float64 { return float64(len(s.passwords.slots)) })
	gauge("password_waiting", "Passwords waiting to be hashed.", func() float64 { return float64(s.passwords.waiting.Load()) })
}

// registerProtection registers the state of every gate and breaker.
func (s *Server) registerProtection(gauge func(name, help string, labels prometheus.Labels, value func() float64)) {
	gates := func(at, door string, g *registry.Gate) {
		labels := prometheus.Labels{"at": at, "door": door}
		gauge("gate_limit", "Concurrency limit of the gate. Adaptive policies change it; without a policy it is very large.", labels, func() float64 { return float64(g.Limit()) })
		gauge("gate_in_use", "Requests in service behind the gate.", labels, func() float64 { return float64(g.Stats().InUse) })
		gauge("gate_queued", "Requests waiting at the gate.", labels, func() float64 { return float64(g.Stats().Queued) })
	}
	for i, guard := range s.doors {
		if gated, isGate := guard.door.(*gateDoor); isGate {
			gates(s.config.Doors[i].place(), strconv.Itoa(i+1), gated.gate)
		}
	}
	for _, r := range s.registries() {
		gates(r.Name(), "call", r.Gate())
		if open, shown := r.Open(); shown {
			gauge("breaker_open", "Whether the circuit breaker is open: 1 if calls to the registry fail at once.", prometheus.Labels{"registry": r.Name()}, open)
		}
	}
}

// queueAge returns how long the oldest due job of a queue has been due, in seconds. It returns 0 if no job is
// due and NaN if the database does not answer.
func (s *Server) queueAge(q *outbox.Queue) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n, due, err := s.store.PendingJobs(ctx, q.Kind)
	if err != nil {
		return math.NaN()
	}
	if n == 0 {
		return 0
	}
	return max(0, time.Since(due).Seconds())
}
