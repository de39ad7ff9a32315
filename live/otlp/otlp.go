// Package otlp sends the metrics of a run as OpenTelemetry metrics, by OTLP over HTTP.
//
//  1. [New] opens an exporter of OpenTelemetry to a receiver, such as a collector.
//  2. A metrics.Courier calls [Sender.Send] after each row of the feed.
package otlp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/url"
	"time"

	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/ombak-sim/ombak/live/metrics"
)

// Sender sends metrics to one receiver.
type Sender struct {
	exporter *otlpmetrichttp.Exporter
	from     *resource.Resource
	began    time.Time // of the sums
}

// defaultPath is where receivers take metrics, by the specification of OTLP.
const defaultPath = "/v1/metrics"

// New returns a sender to a URL, whose path is /v1/metrics by default. The attributes describe the run.
func New(ctx context.Context, location string, attributes map[string]string) (*Sender, error) {
	parsed, err := url.Parse(location)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return nil, fmt.Errorf("%q is no URL of a receiver; write for example http://127.0.0.1:4318", location)
	}
	if parsed.Path == "" || parsed.Path == "/" {
		parsed.Path = defaultPath
	}
	options := []otlpmetrichttp.Option{otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{Enabled: false})}
	if login := parsed.User; login != nil {
		options = append(options, otlpmetrichttp.WithHeaders(map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(nameAndPassword(login)))}))
		parsed.User = nil
	}
	exporter, err := otlpmetrichttp.New(ctx, append(options, otlpmetrichttp.WithEndpointURL(parsed.String()))...)
	if err != nil {
		return nil, err
	}
	described := []attribute.KeyValue{attribute.String("service.name", "ombak")}
	for name, value := range attributes {
		described = append(described, attribute.String(name, value))
	}
	return &Sender{exporter: exporter, from: resource.NewSchemaless(described...), began: time.Now()}, nil
}

func nameAndPassword(login *url.Userinfo) string {
	password, _ := login.Password()
	return login.Username() + ":" + password
}

var _ metrics.Send = (*Sender)(nil).Send

// Send implements metrics.Send.
func (s *Sender) Send(ctx context.Context, families []*dto.MetricFamily, at time.Time) error {
	all := make([]metricdata.Metrics, 0, len(families))
	for _, family := range families {
		if data := s.data(family, at); data != nil {
			all = append(all, metricdata.Metrics{Name: family.GetName(), Description: family.GetHelp(), Data: data})
		}
	}
	return plain(s.exporter.Export(ctx, &metricdata.ResourceMetrics{
		Resource:     s.from,
		ScopeMetrics: []metricdata.ScopeMetrics{{Scope: instrumentation.Scope{Name: "github.com/ombak-sim/ombak"}, Metrics: all}},
	}))
}

// Close ends the connections.
func (s *Sender) Close() error { return s.exporter.Shutdown(context.Background()) }

// plain leaves the parts of an error that people need.
func plain(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// data returns the points of a family, or nil if it is of a type that runs do not have.
func (s *Sender) data(family *dto.MetricFamily, at time.Time) metricdata.Aggregation {
	switch family.GetType() {
	case dto.MetricType_COUNTER:
		sum := metricdata.Sum[float64]{Temporality: metricdata.CumulativeTemporality, IsMonotonic: true}
		for _, metric := range family.Metric {
			sum.DataPoints = append(sum.DataPoints, metricdata.DataPoint[float64]{Attributes: labels(metric), StartTime: s.began, Time: at, Value: metric.Counter.GetValue()})
		}
		return sum
	case dto.MetricType_GAUGE:
		var gauge metricdata.Gauge[float64]
		for _, metric := range family.Metric {
			gauge.DataPoints = append(gauge.DataPoints, metricdata.DataPoint[float64]{Attributes: labels(metric), Time: at, Value: metric.Gauge.GetValue()})
		}
		return gauge
	case dto.MetricType_HISTOGRAM:
		times := metricdata.Histogram[float64]{Temporality: metricdata.CumulativeTemporality}
		for _, metric := range family.Metric {
			times.DataPoints = append(times.DataPoints, s.histogram(metric, at))
		}
		return times
	}
	return nil
}

// histogram returns a histogram with explicit bounds.
func (s *Sender) histogram(metric *dto.Metric, at time.Time) metricdata.HistogramDataPoint[float64] {
	h := metric.GetHistogram()
	point := metricdata.HistogramDataPoint[float64]{Attributes: labels(metric), StartTime: s.began, Time: at, Count: h.GetSampleCount(), Sum: h.GetSampleSum()}
	below := uint64(0)
	for _, bucket := range h.Bucket {
		if math.IsInf(bucket.GetUpperBound(), 1) {
			continue
		}
		point.Bounds = append(point.Bounds, bucket.GetUpperBound())
		point.BucketCounts = append(point.BucketCounts, bucket.GetCumulativeCount()-below)
		below = bucket.GetCumulativeCount()
	}
	point.BucketCounts = append(point.BucketCounts, h.GetSampleCount()-below)
	return point
}

func labels(metric *dto.Metric) attribute.Set {
	var pairs []attribute.KeyValue
	for _, pair := range metric.GetLabel() {
		pairs = append(pairs, attribute.String(pair.GetName(), pair.GetValue()))
	}
	return attribute.NewSet(pairs...)
}
