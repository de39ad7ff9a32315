package backend

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ombak-sim/ombak/backend/store"
)

// metric is one number of Stats as a Prometheus metric; times are in seconds.
type metric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(T) float64
}

// collector exports Stats to Prometheus.
type collector struct {
	stats      func() Stats
	service    []metric[Stats]
	registries []metric[RegistryStats]
}

var _ prometheus.Collector = (*collector)(nil)

func newCollector(stats func() Stats) *collector {
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	one := func(name, help string, kind prometheus.ValueType, value func(Stats) float64) metric[Stats] {
		return metric[Stats]{prometheus.NewDesc("ombak_backend_"+name, help, nil, nil), kind, value}
	}
	each := func(name, help string, kind prometheus.ValueType, value func(RegistryStats) float64) metric[RegistryStats] {
		return metric[RegistryStats]{prometheus.NewDesc("ombak_backend_registry_"+name, help, []string{"registry"}, nil), kind, value}
	}
	return &collector{
		stats: stats,
		service: []metric[Stats]{
			one("requests_in_flight", "HTTP requests being answered.", gauge, func(s Stats) float64 { return float64(s.InFlight) }),
			one("store_batches_total", "Transactions committed.", counter, func(s Stats) float64 { return float64(s.Store.Batches) }),
			one("store_rows_total", "Operations committed.", counter, func(s Stats) float64 { return float64(s.Store.Rows) }),
			one("store_failures_total", "Transactions rolled back.", counter, func(s Stats) float64 { return float64(s.Store.Failures) }),
			one("store_busy_seconds_total", "Time in transactions.", counter, func(s Stats) float64 { return s.Store.BusyTime.Seconds() }),
			one("store_commit_seconds_total", "Time in commits, including fsync.", counter, func(s Stats) float64 { return s.Store.CommitTime.Seconds() }),
			one("outbox_depth", "Mails waiting to be sent.", gauge, func(s Stats) float64 { return float64(s.Outbox.Depth) }),
			one("mails_sent_total", "Mails that the mail server accepted.", counter, func(s Stats) float64 { return float64(s.Outbox.Sent) }),
			one("mails_repeated_total", "Mails scheduled for a retry.", counter, func(s Stats) float64 { return float64(s.Outbox.Repeats) }),
			one("mails_dead_total", "Mails that the mail server refused permanently.", counter, func(s Stats) float64 { return float64(s.Outbox.Dead) }),
		},
		registries: []metric[RegistryStats]{
			each("arrivals_total", "Calls that arrived at the gate.", counter, func(r RegistryStats) float64 { return float64(r.Arrivals) }),
			each("completions_total", "Calls made.", counter, func(r RegistryStats) float64 { return float64(r.Completions) }),
			each("rejections_total", "Calls rejected at the gate.", counter, func(r RegistryStats) float64 { return float64(r.Rejections) }),
			each("failures_total", "Calls without a usable answer.", counter, func(r RegistryStats) float64 { return float64(r.Failures) }),
			each("in_use", "Calls under way.", gauge, func(r RegistryStats) float64 { return float64(r.InUse) }),
			each("queued", "Calls waiting at the gate.", gauge, func(r RegistryStats) float64 { return float64(r.Queued) }),
			each("queue_max", "Largest number of calls waiting at once.", gauge, func(r RegistryStats) float64 { return float64(r.QueueMax) }),
			each("busy_seconds_total", "Calls under way, integrated over time.", counter, func(r RegistryStats) float64 { return r.BusyTime.Seconds() }),
			each("queue_seconds_total", "Calls waiting at the gate, integrated over time.", counter, func(r RegistryStats) float64 { return r.QueueTime.Seconds() }),
		},
	}
}

// stockCollector exports the stocks to Prometheus. It reads the database at each scrape, because replicas share the stocks.
type stockCollector struct {
	stocks       func(context.Context) ([]store.Stock, error)
	left, booked *prometheus.Desc
}

var _ prometheus.Collector = stockCollector{}

func newStockCollector(stocks func(context.Context) ([]store.Stock, error)) stockCollector {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("ombak_backend_stock_"+name, help, []string{"stock"}, nil)
	}
	return stockCollector{stocks, describe("left", "How many of a stock nobody has booked."), describe("booked", "How many of a stock are booked.")}
}

// Describe implements prometheus.Collector.
func (c stockCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- c.left
	descs <- c.booked
}

// Collect implements prometheus.Collector. It exports nothing if the database does not answer.
func (c stockCollector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	stocks, err := c.stocks(ctx)
	if err != nil {
		return
	}
	for _, stock := range stocks {
		metrics <- prometheus.MustNewConstMetric(c.left, prometheus.GaugeValue, float64(stock.Left), stock.Name)
		metrics <- prometheus.MustNewConstMetric(c.booked, prometheus.GaugeValue, float64(stock.Opened-stock.Left), stock.Name)
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range c.service {
		descs <- m.desc
	}
	for _, m := range c.registries {
		descs <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	stats := c.stats()
	for _, m := range c.service {
		metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(stats))
	}
	for _, m := range c.registries {
		for _, r := range stats.Registries {
			metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(r), r.Name)
		}
	}
}
