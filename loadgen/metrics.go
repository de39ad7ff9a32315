package loadgen

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Metrics exposes a run to Prometheus while it lasts. Times are native histograms for a scraper that accepts the protobuf
// format, and have classic buckets for all.
type Metrics struct {
	registry           *prometheus.Registry
	steps              funnel.Journey
	response, service  *prometheus.HistogramVec
	lag                prometheus.Histogram
	scheduled, started prometheus.Counter
	dropped, finished  prometheus.Counter
}

// NewMetrics returns the metrics of a journey. The func underWay returns the number of requests in flight.
func NewMetrics(steps funnel.Journey, underWay func() int) *Metrics {
	const growth = 1.02 // of bucket widths: quantiles are exact to 1 %
	times := func(name, help string) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{
			Namespace: "ombak", Subsystem: "load", Name: name, Help: help, Buckets: funnel.TimeBounds(),
			NativeHistogramBucketFactor: growth, NativeHistogramMaxBucketNumber: 1000,
		}
	}
	people := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "ombak", Subsystem: "load", Name: name, Help: help})
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(), steps: steps,
		response:  prometheus.NewHistogramVec(times("response_time_seconds", "From the intended instant to the end of an attempt."), []string{"step", "outcome"}),
		service:   prometheus.NewHistogramVec(times("service_time_seconds", "From sending to the end of an attempt."), []string{"step", "outcome"}),
		lag:       prometheus.NewHistogram(times("schedule_lag_seconds", "From the intended instant to sending.")),
		scheduled: people("people_scheduled_total", "People whom the arrivals scheduled."),
		started:   people("people_started_total", "People whose first request was handed over for sending."),
		dropped:   people("people_dropped_total", "People who could not start because the generator was overloaded."),
		finished:  people("people_finished_total", "People whose journey ended, completed or not."),
	}
	inFlight := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "ombak", Subsystem: "load", Name: "requests_in_flight", Help: "Requests under way.",
	}, func() float64 { return float64(underWay()) })
	m.registry.MustRegister(m.response, m.service, m.lag, m.scheduled, m.started, m.dropped, m.finished, inFlight)
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Watcher is an observer that counts people too, and follows them.
type Watcher interface {
	funnel.Observer
	funnel.Crowd
	funnel.Moves
}

// Beside returns an observer that updates the metrics and calls inner. It belongs to one goroutine.
func (m *Metrics) Beside(inner Watcher) Watcher {
	o := &metered{Watcher: inner, metrics: m}
	for range m.steps {
		o.response = append(o.response, [funnel.OutcomeCount]prometheus.Observer{})
		o.service = append(o.service, [funnel.OutcomeCount]prometheus.Observer{})
	}
	return o
}

type metered struct {
	Watcher
	metrics           *Metrics
	response, service [][funnel.OutcomeCount]prometheus.Observer // by step, created when first needed
}

func (o *metered) Observe(sample funnel.Sample) {
	o.Watcher.Observe(sample)
	if sample.Outcome == funnel.Dropped {
		return
	}
	if o.response[sample.Step][sample.Outcome] == nil {
		step, outcome := o.metrics.steps[sample.Step].Name, sample.Outcome.String()
		o.response[sample.Step][sample.Outcome] = o.metrics.response.WithLabelValues(step, outcome)
		o.service[sample.Step][sample.Outcome] = o.metrics.service.WithLabelValues(step, outcome)
	}
	o.response[sample.Step][sample.Outcome].Observe(sample.ResponseTime().Seconds())
	o.service[sample.Step][sample.Outcome].Observe(sample.ServiceTime().Seconds())
	if o.metrics.steps[sample.Step].Kind != funnel.Await {
		o.metrics.lag.Observe(sample.Wait().Seconds())
	}
}

func (o *metered) Scheduled(at time.Duration) { o.metrics.scheduled.Inc(); o.Watcher.Scheduled(at) }
func (o *metered) Started()                   { o.metrics.started.Inc(); o.Watcher.Started() }
func (o *metered) DroppedPerson()             { o.metrics.dropped.Inc(); o.Watcher.DroppedPerson() }
func (o *metered) Finished(at time.Duration)  { o.metrics.finished.Inc(); o.Watcher.Finished(at) }
