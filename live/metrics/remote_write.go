package metrics

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/s2"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
)

// RemoteWriter sends metrics by Prometheus remote write 1.0. Histograms go as classic buckets, and as native histograms unless
// the receiver does not take those.
//
// The messages are prometheus.WriteRequest of prompb (Prometheus Remote-Write Specification 1.0, 2023). Note: the module
// prometheus/prometheus has them too, but brings hundreds of others along for six small messages.
type RemoteWriter struct {
	url     string
	labels  []label // of every series
	client  *http.Client
	classic atomic.Bool // the receiver takes no native histograms
}

type label struct{ name, value string }

// NewRemoteWriter returns a writer to a URL. The labels are added to every series.
func NewRemoteWriter(location string, labels map[string]string) (*RemoteWriter, error) {
	parsed, err := url.Parse(location)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return nil, fmt.Errorf("%q is no URL of a receiver; write for example http://127.0.0.1:9090/api/v1/write", location)
	}
	w := &RemoteWriter{url: location, client: &http.Client{}}
	for name, value := range labels {
		w.labels = append(w.labels, label{name, value})
	}
	return w, nil
}

var _ Send = (*RemoteWriter)(nil).Send

// Send implements [Send].
func (w *RemoteWriter) Send(ctx context.Context, families []*dto.MetricFamily, at time.Time) error {
	native := !w.classic.Load()
	err := w.post(ctx, w.request(families, at.UnixMilli(), native))
	if err != nil && native && strings.Contains(err.Error(), "native histogram") {
		w.classic.Store(true)
		return w.post(ctx, w.request(families, at.UnixMilli(), false))
	}
	return err
}

func (w *RemoteWriter) post(ctx context.Context, message []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(s2.EncodeSnappy(nil, message)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("Content-Encoding", "snappy")
	request.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	request.Header.Set("User-Agent", "ombak")
	response, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	switch status := response.StatusCode; {
	case status < 300:
		return nil
	case status >= 500 || status == http.StatusTooManyRequests:
		return fmt.Errorf("status %d: %s", status, firstLine(text))
	default:
		return fmt.Errorf("%w with status %d: %s", ErrRefused, status, firstLine(text))
	}
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line
}

// request returns a WriteRequest with all metrics at an instant.
func (w *RemoteWriter) request(families []*dto.MetricFamily, at int64, native bool) (message []byte) {
	series := func(name string, metric *dto.Metric, more []label, rest func([]byte) []byte) {
		var one []byte
		for _, l := range w.labelsOf(name, metric, more) {
			var pair []byte
			pair = appendText(pair, 1, l.name)
			pair = appendText(pair, 2, l.value)
			one = appendMessage(one, 1, pair)
		}
		message = appendMessage(message, 1, rest(one))
	}
	sample := func(name string, metric *dto.Metric, value float64, more ...label) {
		series(name, metric, more, func(one []byte) []byte {
			var s []byte
			s = protowire.AppendTag(s, 1, protowire.Fixed64Type)
			s = protowire.AppendFixed64(s, math.Float64bits(value))
			return appendMessage(one, 2, appendInt(s, 2, at))
		})
	}
	for _, family := range families {
		name := family.GetName()
		for _, metric := range family.GetMetric() {
			switch {
			case metric.Counter != nil:
				sample(name, metric, metric.Counter.GetValue())
			case metric.Gauge != nil:
				sample(name, metric, metric.Gauge.GetValue())
			case metric.Histogram != nil:
				h := metric.Histogram
				for _, bucket := range h.Bucket {
					sample(name+"_bucket", metric, float64(bucket.GetCumulativeCount()), label{"le", strconv.FormatFloat(bucket.GetUpperBound(), 'g', -1, 64)})
				}
				sample(name+"_bucket", metric, float64(h.GetSampleCount()), label{"le", "+Inf"})
				sample(name+"_sum", metric, h.GetSampleSum())
				sample(name+"_count", metric, float64(h.GetSampleCount()))
				if native {
					series(name, metric, nil, func(one []byte) []byte { return appendMessage(one, 4, nativeOf(h, at)) })
				}
			}
		}
	}
	return message
}

// labelsOf returns the labels of a series in order of their names, as the specification demands.
func (w *RemoteWriter) labelsOf(name string, metric *dto.Metric, more []label) []label {
	labels := append([]label{{"__name__", name}}, w.labels...)
	for _, pair := range metric.GetLabel() {
		if pair.GetValue() != "" { // an empty label is none
			labels = append(labels, label{pair.GetName(), pair.GetValue()})
		}
	}
	labels = append(labels, more...)
	slices.SortFunc(labels, func(a, b label) int { return cmp.Compare(a.name, b.name) })
	return labels
}

// nativeOf returns a prompb.Histogram.
func nativeOf(h *dto.Histogram, at int64) (m []byte) {
	m = appendInt(m, 1, int64(h.GetSampleCount()))
	m = protowire.AppendTag(m, 3, protowire.Fixed64Type)
	m = protowire.AppendFixed64(m, math.Float64bits(h.GetSampleSum()))
	m = appendSigned(m, 4, int64(h.GetSchema()))
	m = protowire.AppendTag(m, 5, protowire.Fixed64Type)
	m = protowire.AppendFixed64(m, math.Float64bits(h.GetZeroThreshold()))
	m = appendInt(m, 6, int64(h.GetZeroCount()))
	for _, span := range h.PositiveSpan {
		var s []byte
		s = appendSigned(s, 1, int64(span.GetOffset()))
		m = appendMessage(m, 11, appendInt(s, 2, int64(span.GetLength())))
	}
	var deltas []byte
	for _, delta := range h.PositiveDelta {
		deltas = protowire.AppendVarint(deltas, protowire.EncodeZigZag(delta))
	}
	return appendInt(appendMessage(m, 12, deltas), 15, at)
}

func appendMessage(m []byte, field protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), inner)
}

func appendText(m []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), text)
}

func appendInt(m []byte, field protowire.Number, value int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(value))
}

func appendSigned(m []byte, field protowire.Number, value int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), protowire.EncodeZigZag(value))
}
