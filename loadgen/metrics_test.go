package loadgen_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// The Prometheus metrics equal what the observer saw, and times are histograms of both kinds.
func TestMetricsTellWhatTheObserverSaw(t *testing.T) {
	s := serve(t, nil)
	r := newRecorder()
	var metrics *loadgen.Metrics
	g, err := loadgen.New(config(s.url, nil), func(int) funnel.Observer { return metrics.Beside(shardRecorder{r}) })
	if err != nil {
		t.Fatal(err)
	}
	metrics = loadgen.NewMetrics(funnel.Journey{{Name: "go", Kind: funnel.Request}}, g.InFlight)
	if err := g.Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if r.outcomes()[funnel.Completed] != 50 || r.ended != 50 {
		t.Errorf("the inner observer saw %v", r.outcomes())
	}
	server := httptest.NewServer(metrics.Handler())
	defer server.Close()
	text := get(t, server.URL, "text/plain")
	for _, want := range []string{
		`ombak_load_response_time_seconds_count{outcome="completed",step="go"} 50`, `ombak_load_service_time_seconds_count{outcome="completed",step="go"} 50`,
		"ombak_load_schedule_lag_seconds_count 50", "ombak_load_people_scheduled_total 50", "ombak_load_people_started_total 50",
		"ombak_load_people_dropped_total 0", "ombak_load_people_finished_total 50", "ombak_load_requests_in_flight 0",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the metrics lack %q:\n%s", want, text)
		}
	}
	if !strings.Contains(text, `ombak_load_response_time_seconds_bucket{outcome="completed",step="go",le="60"} 50`) {
		t.Error("the histograms have no classic buckets")
	}
	if native := get(t, server.URL, "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"); len(native) < 500 || native == text || !strings.Contains(native, "\x28\x0c") { // schema 6 in zigzag: native buckets that grow by at most 2 %
		t.Errorf("the protobuf format has %d bytes", len(native))
	}
}

func get(t *testing.T, url, accept string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
