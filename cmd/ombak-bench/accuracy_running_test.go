//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestServiceThatEnds: whoever waits for a service learns what it said before it ended.
func TestServiceThatEnds(t *testing.T) {
	b := bench{log: io.Discard}
	r, err := b.launch(t.Context(), t.TempDir(), "", "sh", "-c", "echo no such database; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	r.target = "http://127.0.0.1:1" // where nothing listens
	if err := r.await(t.Context(), "/"); err == nil || !strings.Contains(err.Error(), "ended before it answered: no such database") {
		t.Error(err)
	}
	if _, err := b.launch(t.Context(), t.TempDir(), "", "/nonexistent/program"); err == nil {
		t.Error("a program that does not exist was started")
	}
}

// TestServiceIsWarmed: a service that answers is asked many times, its children's CPU can be watched, and it is stopped.
func TestServiceIsWarmed(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	b := bench{log: io.Discard}
	r, err := b.launch(t.Context(), t.TempDir(), "0", "sh", "-c", "exec sleep 600") // the first core is there everywhere
	if err != nil {
		t.Skip(err) // no taskset
	}
	r.target = server.URL
	if err := r.await(t.Context(), "/"); err != nil {
		t.Fatal(err)
	}
	if err := r.warm(t.Context(), "/page", ""); err != nil || asked.Load() < 100 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
	url, err := r.meterBelow(r.pid())
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if response.Body.Close(); err != nil || !strings.Contains(string(text), "process_cpu_seconds_total 0") {
		t.Errorf("%v: %s", err, text)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

// TestAccuracyFlags: what cannot be measured is refused before anything is started.
func TestAccuracyFlags(t *testing.T) {
	for _, test := range []struct {
		why, want string
		arguments []string
		code      int
	}{
		{"no program", "-ombak", nil, 2},
		{"one run has no noise", "at least 2 -runs", []string{"-ombak", "ombak", "-runs", "1"}, 2},
		{"an unknown service", `-services names "nginx"; choose among backend-sqlite`, []string{"-ombak", "ombak", "-services", "nginx"}, 1},
	} {
		var errOut bytes.Buffer
		if code := run(t.Context(), append([]string{"accuracy"}, test.arguments...), io.Discard, &errOut); code != test.code || !strings.Contains(errOut.String(), test.want) {
			t.Errorf("%s: code %d, %s", test.why, code, &errOut)
		}
	}
}

// TestPageIsMadeAgain: without services, the page follows from accuracy.json, and what is written by hand stays.
func TestPageIsMadeAgain(t *testing.T) {
	folder := t.TempDir()
	page := filepath.Join(folder, "accuracy.md")
	if err := os.WriteFile(page, fmt.Appendf(nil, "# Before\n\n%s\nstale text\n%s\n\n## After\n", accuracyBegins, accuracyEnds), 0o600); err != nil {
		t.Fatal(err)
	}
	board := accuracyBoard{Schema: boardSchema, Services: []accuracyService{{Name: "shop", Version: "v1", KneePerS: []float64{5}}}}
	if err := board.write(filepath.Join(folder, boardFile)); err != nil {
		t.Fatal(err)
	}
	var errOut bytes.Buffer
	if code := run(t.Context(), []string{"accuracy", "-ombak", "ombak", "-services", "none", "-data", folder, "-into", page}, io.Discard, &errOut); code != 0 {
		t.Fatalf("code %d: %s", code, &errOut)
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "| shop | v1 | 5 |") || strings.Contains(string(text), "stale text") || !strings.HasPrefix(string(text), "# Before") || !strings.HasSuffix(string(text), "## After\n") {
		t.Errorf("%v:\n%s", err, text)
	}
}
