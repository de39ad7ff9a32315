package otlp_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	data "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ombak-sim/ombak/live/metrics"
	"github.com/ombak-sim/ombak/live/otlp"
	"github.com/ombak-sim/ombak/report"
)

func Example() {
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { fmt.Println(r.Method, r.URL.Path) }))
	defer receiver.Close()
	sender, err := otlp.New(context.Background(), receiver.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	run := metrics.New(metrics.Run{Scenario: "smoke"})
	courier := metrics.NewCourier(sender.Send, func(says string) { fmt.Println(says) })
	run.Carry(courier)
	run.Post(report.Second{Started: 3})
	courier.Close()
	// Output: POST /v1/metrics
}

// A receiver reads the sums, gauges and histograms of a run.
func TestMetricsOfARun(t *testing.T) {
	var got collector.ExportMetricsServiceRequest
	status := http.StatusOK
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		message, err := io.ReadAll(body)
		if err == nil {
			err = proto.Unmarshal(message, &got)
		}
		name, password, _ := r.BasicAuth()
		if err != nil || r.URL.Path != "/otlp/v1/metrics" || name != "rina" || password != "secret" {
			t.Errorf("%s of %s: %v", r.URL.Path, name, err)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	sender, err := otlp.New(t.Context(), strings.Replace(receiver.URL, "://", "://rina:secret@", 1)+"/otlp/v1/metrics", map[string]string{"service.instance.id": "try"})
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	m := metrics.New(metrics.Run{Scenario: "smoke"})
	m.Post(report.Second{AtS: 7, Started: 4, Times: []report.SecondTimes{{Step: "go", Outcome: "completed", Bins: []report.TimeBin{{S: 0.02, Count: 2}, {S: 99, Count: 1}}}}})
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	if err := sender.Send(t.Context(), families, at); err != nil {
		t.Fatal(err)
	}
	if text := got.String(); !strings.Contains(text, "service.instance.id") || !strings.Contains(text, `"ombak"`) {
		t.Errorf("the resource is not named: %s", text)
	}
	found := map[string]*data.Metric{}
	for _, metric := range got.ResourceMetrics[0].ScopeMetrics[0].Metrics {
		found[metric.Name] = metric
	}
	people := 0.0
	for _, point := range found["ombak_run_people_total"].GetSum().GetDataPoints() {
		if point.TimeUnixNano != uint64(at.UnixNano()) || point.StartTimeUnixNano == 0 {
			t.Errorf("a sum is of %d since %d", point.TimeUnixNano, point.StartTimeUnixNano)
		}
		people += point.GetAsDouble()
	}
	if sum := found["ombak_run_people_total"].GetSum(); people != 4 || !sum.IsMonotonic || sum.AggregationTemporality != data.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE {
		t.Errorf("%v people, %v", people, sum)
	}
	if elapsed := found["ombak_run_elapsed_seconds"].GetGauge().GetDataPoints(); len(elapsed) != 1 || elapsed[0].GetAsDouble() != 7 {
		t.Errorf("the gauge is %v", elapsed)
	}
	times := found["ombak_run_response_time_seconds"].GetHistogram().GetDataPoints()[0]
	if times.Count != 3 || times.GetSum() != 99.04 || len(times.BucketCounts) != len(times.ExplicitBounds)+1 {
		t.Errorf("the times are %v", times)
	}
	for i, count := range times.BucketCounts {
		want := uint64(0)
		switch {
		case i < len(times.ExplicitBounds) && times.ExplicitBounds[i] == 0.025:
			want = 2
		case i == len(times.ExplicitBounds):
			want = 1
		}
		if count != want {
			t.Errorf("bucket %d has %d, want %d", i, count, want)
		}
	}
	status = http.StatusServiceUnavailable
	if err := sender.Send(t.Context(), families, at); err == nil {
		t.Error("a receiver that is not ready is taken for one that is")
	}
	if _, err := otlp.New(t.Context(), "127.0.0.1:4318", nil); err == nil || !strings.Contains(err.Error(), "is no URL of a receiver") {
		t.Errorf("%v", err)
	}
}
