//go:build foreign

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/live/metrics"
	"github.com/ombak-sim/ombak/report"
)

// promServer is a Prometheus of Debian that takes remote writes, and scrapes an address unless that is empty.
type promServer struct{ url string }

func startProm(t *testing.T, scraped string, flags ...string) promServer {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("Prometheus is not installed; make foreign installs it")
	}
	folder, address := t.TempDir(), freeAddress(t)
	config := "global: {scrape_interval: 1s}\n"
	if scraped != "" {
		config += fmt.Sprintf("scrape_configs: [{job_name: scraped, static_configs: [{targets: [%q]}]}]\n", scraped)
	}
	name := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := exec.Command(program, append(flags, "--config.file="+name, "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address,
		"--web.enable-remote-write-receiver", "--log.level=warn")...)
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("Prometheus wrote:\n%s", &log)
		}
	})
	p := promServer{"http://" + address}
	for !p.ready() {
		time.Sleep(50 * time.Millisecond) // go test's own time-out ends the wait
	}
	return p
}

func (p promServer) ready() bool {
	answer, err := http.Get(p.url + "/-/ready")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// values returns the numbers that a query answers with between two instants, of all series.
func (p promServer) values(t *testing.T, query string, from, to time.Time) (numbers []float64) {
	t.Helper()
	at := func(instant time.Time) string {
		return strconv.FormatFloat(float64(instant.UnixMilli())/1000, 'f', 3, 64)
	}
	answer, err := http.PostForm(p.url+"/api/v1/query_range", url.Values{"query": {query}, "start": {at(from)}, "end": {at(to)}, "step": {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	var told struct {
		Error string
		Data  struct {
			Result []struct{ Values [][2]any }
		}
	}
	if err := json.Unmarshal(text, &told); err != nil || told.Error != "" {
		t.Errorf("%s: %v %s", query, err, told.Error)
	}
	for _, series := range told.Data.Result {
		for _, pair := range series.Values {
			if number, err := strconv.ParseFloat(fmt.Sprint(pair[1]), 64); err == nil && !math.IsNaN(number) {
				numbers = append(numbers, number)
			}
		}
	}
	return numbers
}

// boardQueries returns the queries of the panels and annotations of the board, by title.
func boardQueries(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/grafana/ombak.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Type, Title string
			Targets     []struct{ Expr string }
		}
		Annotations struct{ List []struct{ Name, Expr string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	queries := map[string][]string{}
	for _, panel := range board.Panels {
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("the panel %s asks nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			queries[panel.Title] = append(queries[panel.Title], target.Expr)
		}
	}
	for _, annotation := range board.Annotations.List {
		queries[annotation.Name] = append(queries[annotation.Name], annotation.Expr)
	}
	return queries
}

// TestGrafanaBoard plays a drill whose metrics one Prometheus scrapes, and another one with native histograms receives. Every
// query of the board answers with data at both. What was received adds up to the report.
func TestGrafanaBoard(t *testing.T) {
	scraped := freeAddress(t)
	scraper, prom := startProm(t, scraped), startProm(t, "", "--enable-feature=native-histograms")
	queries := boardQueries(t)
	if len(queries) < 20 {
		t.Errorf("the board has %d panels", len(queries))
	}
	folder := filepath.Join(t.TempDir(), "played")
	var out, errs bytes.Buffer
	from := time.Now()
	code := run(t.Context(), []string{
		"ombak", "drill", "smoke", "--plan", "brownout", "--out", folder, "--quiet", "--metrics", scraped, "--remote-write", prom.url + "/api/v1/write",
	}, strings.NewReader(""), &out, &errs)
	if code != exitDone && code != exitBreached && code != exitInvalid {
		t.Fatalf("the drill ends with %d:\n%s%s", code, &out, &errs)
	}
	if strings.Contains(errs.String(), "does not take the metrics") {
		t.Errorf("the receiver refused: %s", &errs)
	}
	to := time.Now()
	for instance, prom := range map[string]promServer{scraped: scraper, filepath.Base(folder): prom} {
		for title, asked := range queries {
			for _, query := range asked {
				filled := strings.NewReplacer("$instance", instance, "$__rate_interval", "4s").Replace(query)
				if len(prom.values(t, filled, from, to)) == 0 {
					t.Errorf("%s: no data for %s: %s", instance, title, filled)
				}
			}
		}
	}
	if native := `histogram_quantile(0.99, sum by (step) (rate(ombak_run_response_time_seconds[4s])))`; len(prom.values(t, native, from, to)) == 0 {
		t.Error("there is no native histogram")
	}
	file, err := os.Open(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	played, err := report.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	total := func(what string) float64 {
		values := prom.values(t, fmt.Sprintf(`sum(%s)`, strings.ReplaceAll(what, "INSTANCE", `instance="`+filepath.Base(folder)+`"`)), to, to) // steps of a second from the start would miss the last part of one
		if len(values) == 0 {
			return -1
		}
		return values[len(values)-1]
	}
	attempts := 0.0
	for _, step := range played.Steps {
		attempts += step.Requests
	}
	for what, want := range map[string]float64{
		`ombak_run_people_total{event="scheduled",INSTANCE}`: played.Offered.Scheduled, `ombak_run_people_total{event="started",INSTANCE}`: played.Offered.Sent,
		`ombak_run_step_people_total{outcome="passed",step="sign-up",INSTANCE}`: played.Funnel[1].Passed, `ombak_run_step_requests_total{INSTANCE}`: attempts,
		`ombak_run_response_time_seconds_count{INSTANCE}`: attempts,
	} {
		if got := total(what); got != want {
			t.Errorf("%s is %v, and the report says %v", what, got, want)
		}
	}
}

// TestReceiverWithoutNativeHistograms sends to a Prometheus that has them switched off: it gets the classic buckets.
func TestReceiverWithoutNativeHistograms(t *testing.T) {
	prom := startProm(t, "")
	writer, err := metrics.NewRemoteWriter(prom.url+"/api/v1/write", map[string]string{"job": "ombak"})
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.New(metrics.Run{Scenario: "smoke"})
	m.Post(report.Second{Started: 3, Times: []report.SecondTimes{{Step: "go", Outcome: "completed", Bins: []report.TimeBin{{S: 0.02, Count: 7}}}}})
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if err := writer.Send(t.Context(), families, now); err != nil {
		t.Fatal(err)
	}
	if values := prom.values(t, `ombak_run_response_time_seconds_bucket{le="0.025"}`, now, now.Add(time.Second)); len(values) == 0 || values[0] != 7 {
		t.Errorf("the bucket has %v", values)
	}
}
