package metrics_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live/metrics"
	"github.com/ombak-sim/ombak/report"
)

// full is a row in which everything is known.
func full() report.Second {
	p, room := 0.2, 0.4
	return report.Second{
		AtS: 3, ForS: 1, ScenarioS: 30, Phase: "arrivals", Scheduled: 5, Started: 4, Dropped: 1, Finished: 2,
		Lag:        &report.SecondLag{P50: 0.001, P99: 0.01, Max: 0.02},
		Steps:      []report.SecondStep{{Step: "sign-up", Entered: 4, Passed: 2, Rejected: 1, Requests: 3, Waiting: 1, P99: &p}},
		Stations:   []report.SecondStation{{Name: "dukcapil", Servers: 8, Busy: 3.5, Queued: 2, Completions: 7, Rejections: 1}},
		Thresholds: []report.Standing{{Source: "lost == 0", Severity: funnel.Fail, Verdict: report.Fail, Room: &room}},
		Machine:    &report.SecondMachine{CPUShare: 0.5, MemoryAvailable: 1000},
		Processes:  []report.SecondProcess{{Name: "backend", CPU: 0.7, RSSBytes: 2000}},
		Agents:     []report.SecondAgent{{Agent: "east", Scheduled: 2, SilentS: 1.5, Lost: "cut", Lag: &report.SecondLag{P99: 0.3}}},
		Marks:      []report.SecondMark{{Event: report.Event{Kind: funnel.FaultMark, Text: "outage"}}},
		Doubts:     []string{"late"},
		Times:      []report.SecondTimes{{Step: "sign-up", Outcome: "completed", Bins: []report.TimeBin{{S: 0.02, Count: 2}}}},
	}
}

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func ExampleMetrics() {
	m := metrics.New(metrics.Run{Command: "drill", Scenario: "smoke", Plan: "calm"})
	m.Post(report.Second{Started: 4})
	m.Post(report.Second{Started: 3})
	families, _ := m.Gather()
	for _, family := range families {
		for _, metric := range family.Metric {
			if family.GetName() == "ombak_run_people_total" && metric.Label[0].GetValue() == "started" {
				fmt.Println(family.GetName(), metric.Counter.GetValue())
			}
		}
	}
	// Output: ombak_run_people_total 7
}

// Every metric has its row on the page of metrics, and each figure of a row is in one.
func TestDocumentedMetrics(t *testing.T) {
	m := metrics.New(metrics.Run{Command: "drill", Scenario: "smoke", Plan: "calm"})
	m.Post(full())
	text := scrape(t, m)
	page, err := os.ReadFile("../../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`(?m)^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n[^{\n]*(\{.*\})?`).FindAllStringSubmatch(text, -1) {
		var labels []string
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(match[4], -1) {
			if label[1] != "le" {
				labels = append(labels, label[1])
			}
		}
		row := fmt.Sprintf("| `%s` | %s | %s | %s |", match[1], match[3], strings.Join(labels, ", "), match[2])
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/reference/metrics.md lacks the row\n%s", row)
		}
	}
	for _, want := range []string{
		`info{command="drill",plan="calm",scenario="smoke"} 1`, `phase{phase="arrivals"} 1`, `elapsed_seconds 3`, `scenario_seconds 30`, `remaining_seconds 0`,
		`people_total{event="scheduled"} 5`, `people_total{event="dropped"} 1`, `schedule_lag_seconds{quantile="0.99"} 0.01`,
		`step_people_total{outcome="rejected",step="sign-up"} 1`, `step_requests_total{step="sign-up"} 3`, `step_waiting{step="sign-up"} 1`,
		`station_busy{station="dukcapil"} 3.5`, `station_rejections_total{station="dukcapil"} 1`, `station_queued{station="dukcapil"} 2`,
		`threshold_broken{severity="fail",threshold="lost == 0"} 1`, `threshold_room{severity="fail",threshold="lost == 0"} 0.4`, `doubts 1`,
		`machine_cpu_share 0.5`, `process_cpu_cores{process="backend"} 0.7`, `process_memory_bytes{process="backend"} 2000`,
		`agent_people_total{agent="east",event="scheduled"} 2`, `agent_lost{agent="east"} 1`, `agent_silent_seconds{agent="east"} 1.5`, `agent_lag_seconds{agent="east"} 0.3`,
		`marks_total{kind="fault"} 1`, `response_time_seconds_bucket{outcome="completed",step="sign-up",le="0.025"} 2`, `response_time_seconds_bucket{outcome="completed",step="sign-up",le="0.01"} 0`,
	} {
		if !strings.Contains(text, "\nombak_run_"+want+"\n") {
			t.Errorf("the metrics lack ombak_run_%s", want)
		}
	}
	m.Post(report.Second{Phase: "drain"})
	if text = scrape(t, m); strings.Contains(text, "step_waiting{") || !strings.Contains(text, `phase{phase="drain"} 1`) || strings.Contains(text, `phase="arrivals"`) {
		t.Error("what the next row does not have stays")
	}
}

// Times that are counted in bins make the histogram that the library of Prometheus makes of the times one by one.
func TestHistogramsAgainstTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(1e-6, 3600), 1, 60).Draw(t, "times")
		oracle := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x", Buckets: funnel.TimeBounds(), NativeHistogramBucketFactor: 1.03, NativeHistogramZeroThreshold: 1e-9})
		m := metrics.New(metrics.Run{})
		var sum float64
		for _, value := range values {
			oracle.Observe(value)
			sum += value
			m.Post(report.Second{Times: []report.SecondTimes{{Step: "s", Outcome: "completed", Bins: []report.TimeBin{{S: value, Count: 1}}}}})
		}
		var want dto.Metric
		if err := oracle.Write(&want); err != nil {
			t.Fatal(err)
		}
		got := timesOf(t, m)
		if got.GetSchema() != want.Histogram.GetSchema() || got.GetSampleCount() != uint64(len(values)) || math.Abs(got.GetSampleSum()-sum) > 1e-6*sum {
			t.Fatalf("schema %d, %d times, sum %v; want schema %d, %d, %v", got.GetSchema(), got.GetSampleCount(), got.GetSampleSum(), want.Histogram.GetSchema(), len(values), sum)
		}
		for i, bucket := range want.Histogram.Bucket {
			if got.Bucket[i].GetCumulativeCount() != bucket.GetCumulativeCount() {
				t.Fatalf("%d are at most %v, want %d", got.Bucket[i].GetCumulativeCount(), bucket.GetUpperBound(), bucket.GetCumulativeCount())
			}
		}
		if have, wanted := nativeBuckets(got), nativeBuckets(want.Histogram); !reflect.DeepEqual(have, wanted) {
			t.Fatalf("native buckets %v, want %v", have, wanted)
		}
	})
}

func timesOf(t interface{ Fatal(...any) }, m *metrics.Metrics) *dto.Histogram {
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == "ombak_run_response_time_seconds" })
	return families[at].Metric[0].Histogram
}

// nativeBuckets returns the counts of native buckets by index.
func nativeBuckets(h *dto.Histogram) map[int32]int64 {
	counts, index, count, at := map[int32]int64{}, int32(0), int64(0), 0
	for _, span := range h.PositiveSpan {
		index += span.GetOffset()
		for range span.GetLength() {
			count += h.PositiveDelta[at]
			if at++; count != 0 {
				counts[index] = count
			}
			index++
		}
	}
	return counts
}

// The metrics of a generator stand beside those of the run. One that has ended has none.
func TestGeneratorBeside(t *testing.T) {
	own := prometheus.NewRegistry()
	made := prometheus.NewCounter(prometheus.CounterOpts{Name: "ombak_load_made_total", Help: "made"})
	own.MustRegister(made)
	made.Add(3)
	registry := metrics.New(metrics.Run{})
	generator := new(metrics.Generator)
	if families, err := generator.Gather(); len(families) > 0 || err != nil {
		t.Errorf("before it serves: %v, %v", families, err)
	}
	server := httptest.NewServer(promHandler(own))
	generator.Serves(strings.TrimPrefix(server.URL, "http://"))
	beside := httptest.NewServer(registry.Handler(generator))
	defer beside.Close()
	answer, err := http.Get(beside.URL)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if !strings.Contains(string(text), "ombak_load_made_total 3") || !strings.Contains(string(text), "ombak_run_info") {
		t.Errorf("the metrics are\n%s", text)
	}
	server.Close()
	if families, err := generator.Gather(); len(families) > 0 || err != nil {
		t.Errorf("after its end: %v, %v", families, err)
	}
}

func promHandler(gatherer prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{})
}
