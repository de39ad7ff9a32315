package backend

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// instruments are the metrics that are counted as things happen; collector shows the rest.
type instruments struct {
	answered  *prometheus.CounterVec // requests, by route and status
	calls     *prometheus.CounterVec // of registries, by outcome
	batchRows prometheus.Histogram
	commits   prometheus.Histogram
}

func newInstruments() instruments {
	return instruments{
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ombak_backend_answers_total", Help: "Requests answered.",
		}, []string{"route", "status"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ombak_backend_registry_calls_total", Help: "Calls of registries, by what became of them.",
		}, []string{"registry", "outcome"}),
		batchRows: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ombak_backend_store_batch_rows", Help: "Operations in one transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ombak_backend_store_commit_seconds", Help: "Time of a commit, its fsync included.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 13),
		}),
	}
}

// transaction is told of each by the store.
func (i instruments) transaction(rows int, commit time.Duration) {
	i.batchRows.Observe(float64(rows))
	i.commits.Observe(commit.Seconds())
}

// register enters everything that there is to see, what is asked for at each look included.
func (s *Server) register(registry *prometheus.Registry) {
	i := s.instruments
	registry.MustRegister(i.answered, i.calls, i.batchRows, i.commits, newCollector(s.Stats))
	gauge := func(name, help string, value func() float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ombak_backend_" + name, Help: help}, value))
	}
	s.registerDoors(registry)
	for _, q := range []*queue{s.outbox, s.sms, s.questions} {
		gauge("queue_"+q.name+"_age_seconds", "How long the first job has been due.", func() float64 { return s.queueAge(q) })
	}
	gauge("readers_in_use", "Connections that read now.", func() float64 { return float64(s.store.Readers().InUse) })
	gauge("readers_waits", "Reads that had to wait for a connection.", func() float64 { return float64(s.store.Readers().WaitCount) })
	gauge("password_slots_in_use", "Passwords being hashed.", func() float64 { return float64(len(s.passwords.slots)) })
	gauge("password_waiting", "Passwords that wait to be hashed.", func() float64 { return float64(s.passwords.waiting.Load()) })
}

// queueAge returns for how long the first job of a queue has been due, in seconds; 0 when none is.
func (s *Server) queueAge(q *queue) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n, due, err := s.store.PendingJobs(ctx, q.kind)
	if err != nil || n == 0 {
		return 0
	}
	return max(0, time.Since(due).Seconds())
}
