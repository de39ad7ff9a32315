//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
)

// playedWatched is a run of a drill with a p99 and a lag.
func playedWatched(p99, lag float64) watched {
	text := fmt.Sprintf(`{"schema":"ombak.report/v1","engine":"live","verdict":"pass","scenario":{"name":"smoke","seed":1},
		"offered":{"scheduled":400,"by_step":{"sign-up":{"scheduled":400}}},"funnel":[{"step":"sign-up","entered":400,"passed":400}],
		"steps":[{"step":"sign-up","requests":400,"goodput_per_s":40,"response_time_s":{"p50":0.01,"p95":0.02,"p99":%[1]v},"response_time_passed_s":{"p50":0.01,"p95":0.02,"p99":%[1]v}}],
		"generator":{"schedule_lag_s":{"p50":0.001,"p99":%[2]v,"max":0.1},"cpu_s":1},"processes":[{"name":"twin","cpu_s":0.25}]}`, p99, lag)
	r, err := report.Read(strings.NewReader(text))
	if err != nil {
		panic(err)
	}
	return watched{report: r}
}

// Six pairs tell a drill that is as fast with a viewer from one that is not. Runs come in the order of make bench-live.
func TestCompareWatched(t *testing.T) {
	for _, row := range []struct {
		why         string
		times, lags float64 // of the watched runs, as factors
		verdict     string
	}{
		{"watching costs nothing", 1.001, 1.001, "verdict: pass"},
		{"answers come later", 1.4, 1.001, "verdict: fail"},
		{"requests are sent later", 1.001, 1.4, "verdict: fail"},
	} {
		var runs []watched
		for pair := range 6 {
			spread := 1 + 0.002*float64(pair)
			neither, both := playedWatched(0.1*spread, 0.01*spread), playedWatched(0.1*spread*row.times*(1+0.0001*float64(pair)), 0.01*spread*row.lags*(1+0.0001*float64(pair)))
			if pair%2 == 0 {
				runs = append(runs, neither, both)
			} else {
				runs = append(runs, both, neither)
			}
		}
		var out bytes.Buffer
		if err := compareWatched(&out, runs); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); !strings.Contains(text, row.verdict) || !strings.Contains(text, "pair 2: p99 100 ms without") || !strings.Contains(text, "twin 250 ms") {
			t.Errorf("%s: the comparison says\n%s", row.why, text)
		}
	}
}

// A viewer looks to the end of a run. A stream that is cut is no end.
func TestAViewerLooksToTheEnd(t *testing.T) {
	says := "id: 1-1\ndata: {}\n\nevent: end\ndata: {}\n\n"
	asked := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked += r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization") + "\n"
		_, _ = w.Write([]byte(says))
	}))
	defer server.Close()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "live.json"), []byte(`{"url":"`+server.URL+`","token":"secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := look(t.Context(), folder, nil); err != nil {
		t.Error(err)
	}
	if err := leave(t.Context(), folder); err != nil {
		t.Error(err)
	}
	if want := "GET /v1/feed Bearer secret\nPOST /v1/end Bearer secret\n"; asked != want {
		t.Errorf("the run was asked\n%s", asked)
	}
	says = "id: 1-1\ndata: {}\n\n"
	if err := look(t.Context(), folder, nil); err == nil {
		t.Error("a stream that was cut is taken for the end")
	}
	gone := make(chan struct{})
	close(gone)
	if err := look(t.Context(), t.TempDir(), gone); err == nil {
		t.Error("somebody has looked at a run without a page")
	}
}

// The CPU of a process is measured without its children.
func TestCoresOfAProcess(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if cores := coresOf(ctx, os.Getpid()); cores < 0 {
		t.Errorf("%v cores", cores)
	}
	if cores := coresOf(ctx, 1<<22+1); cores != 0 {
		t.Errorf("a process that does not exist uses %v cores", cores)
	}
}
