package mocks

import (
	"github.com/prometheus/client_golang/prometheus"
)

// gauge records the requests of one station for Prometheus. A nil gauge records nothing.
type gauge struct {
	wait, service prometheus.Observer
	outcomes      []prometheus.Counter // by Refusal
}

func (g *gauge) observe(visit *Visit) {
	if g == nil {
		return
	}
	g.refuse(visit.Refusal)
	switch visit.Refusal {
	case Served:
		g.wait.Observe((visit.Start - visit.Arrived).Seconds())
		g.service.Observe((visit.End - visit.Start).Seconds())
	case DeadlineMissed:
		g.wait.Observe((visit.End - visit.Arrived).Seconds())
	}
}

// refuse counts a request by its outcome.
func (g *gauge) refuse(refusal Refusal) {
	if g != nil {
		g.outcomes[refusal].Inc()
	}
}

// metrics are the metrics of all mocks for Prometheus.
type metrics struct {
	registry      *prometheus.Registry
	wait, service *prometheus.HistogramVec
	outcomes      *prometheus.CounterVec
}

func newMetrics() *metrics {
	buckets := prometheus.ExponentialBuckets(0.0005, 2, 16) // 0.5 ms to 16 s
	m := &metrics{
		registry: prometheus.NewRegistry(),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ombak_mock_wait_seconds", Help: "Time that requests waited for a server.", Buckets: buckets,
		}, []string{"mock"}),
		service: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ombak_mock_service_seconds", Help: "Time that servers spent on requests.", Buckets: buckets,
		}, []string{"mock"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ombak_mock_requests_total", Help: "Requests by outcome.",
		}, []string{"mock", "outcome"}),
	}
	m.registry.MustRegister(m.wait, m.service, m.outcomes)
	return m
}

// gauge returns the gauge of one mock.
func (m *metrics) gauge(mock string) *gauge {
	g := &gauge{wait: m.wait.WithLabelValues(mock), service: m.service.WithLabelValues(mock)}
	for _, refusal := range refusals() {
		g.outcomes = append(g.outcomes, m.outcomes.WithLabelValues(mock, refusal.String()))
	}
	return g
}

// looks collects the metrics that are read from the stations at scrape time.
type looks struct {
	stations                                       func() []*Station
	arrivals, queued, busy, servers, quota, faulty *prometheus.Desc
	faults                                         func(mock string) int
}

var _ prometheus.Collector = (*looks)(nil)

func newLooks(stations func() []*Station, faults func(mock string) int) *looks {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("ombak_mock_"+name, help, []string{"mock"}, nil)
	}
	return &looks{
		stations: stations, faults: faults,
		arrivals: describe("arrivals_total", "Requests that arrived."),
		queued:   describe("queue_length", "Requests waiting for a server."),
		busy:     describe("servers_busy", "Servers in use."),
		servers:  describe("servers", "Servers."),
		quota:    describe("quota_left", "Requests that the daily quota still allows."),
		faulty:   describe("faults", "Active faults of the mock."),
	}
}

// Describe implements prometheus.Collector.
func (l *looks) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(l, out) }

// Collect implements prometheus.Collector.
func (l *looks) Collect(out chan<- prometheus.Metric) {
	for _, station := range l.stations() {
		reading := station.Reading()
		tell := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64) {
			out <- prometheus.MustNewConstMetric(desc, kind, value, station.name)
		}
		tell(l.arrivals, prometheus.CounterValue, float64(reading.Arrivals))
		tell(l.queued, prometheus.GaugeValue, float64(reading.Queued))
		tell(l.busy, prometheus.GaugeValue, float64(reading.Busy))
		tell(l.servers, prometheus.GaugeValue, float64(reading.Servers))
		tell(l.faulty, prometheus.GaugeValue, float64(l.faults(station.name)))
		if left, limited := station.quotaLeft(); limited {
			tell(l.quota, prometheus.GaugeValue, float64(left))
		}
	}
}
