package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ombak-sim/ombak/report"
)

// received keeps what a receiver of metrics got.
type received struct {
	mu       sync.Mutex
	messages [][]byte
}

func (r *received) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	switch request.Header.Get("Content-Encoding") {
	case "snappy":
		body, err = s2.Decode(nil, body)
	case "gzip":
		unzipped, failed := gzip.NewReader(bytes.NewReader(body))
		if err = failed; err == nil {
			body, err = io.ReadAll(unzipped)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, body)
}

// last returns the last message.
func (r *received) last(t *testing.T) []byte {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.messages) == 0 {
		t.Fatal("nothing was received")
	}
	return r.messages[len(r.messages)-1]
}

// fieldsOf returns the fields of a number in a message of protobuf.
func fieldsOf(message []byte, number protowire.Number) (fields [][]byte) {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return fields
		}
		message = message[size:]
		var value []byte
		if kind == protowire.BytesType {
			value, size = protowire.ConsumeBytes(message)
		} else {
			size = protowire.ConsumeFieldValue(n, kind, message)
			value = message[:max(0, size)]
		}
		if size < 0 {
			return fields
		}
		message = message[size:]
		if n == number {
			fields = append(fields, value)
		}
	}
	return fields
}

// written returns the value of a series with these labels in a message of remote write: a series is field 1, its labels are
// its field 1 and its samples its field 2, whose value is field 1.
func written(message []byte, labels map[string]string) (value float64, found bool) {
	for _, series := range fieldsOf(message, 1) {
		matches := 0
		for _, label := range fieldsOf(series, 1) {
			if labels[string(fieldsOf(label, 1)[0])] == string(fieldsOf(label, 2)[0]) {
				matches++
			}
		}
		if samples := fieldsOf(series, 2); matches == len(labels) && len(samples) == 1 {
			bits, _ := protowire.ConsumeFixed64(fieldsOf(samples[0], 1)[0])
			return math.Float64frombits(bits), true
		}
	}
	return 0, false
}

// A simulation that is watched sends its metrics to both kinds of receiver; the last message is what the report says.
func TestASimulationSendsMetrics(t *testing.T) {
	var prometheus, collector received
	write, otlp := httptest.NewServer(&prometheus), httptest.NewServer(&collector)
	defer write.Close()
	defer otlp.Close()
	folder := filepath.Join(t.TempDir(), "out")
	var said bytes.Buffer
	code := run(t.Context(), []string{
		"ombak", "simulate", "smoke", "--live", "--no-twin", "--pace", "max", "--quiet", "--out", folder,
		"--remote-write", write.URL + "/api/v1/write", "--otlp", otlp.URL,
	}, strings.NewReader(""), io.Discard, &said)
	if code != exitDone && code != exitBreached {
		t.Fatalf("%d: %s", code, said.String())
	}
	text, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]float64{"started": r.Offered.Sent, "finished": r.Offered.Completed} {
		got, found := written(prometheus.last(t), map[string]string{"__name__": "ombak_run_people_total", "event": event, "job": "ombak"})
		if !found || got != want {
			t.Errorf("%v people %s by remote write (%v), %v by the report", got, event, found, want)
		}
	}
	for _, name := range []string{"ombak_run_people_total", "ombak_run_response_time_seconds", "dukcapil"} {
		if !bytes.Contains(collector.last(t), []byte(name)) {
			t.Errorf("the collector did not get %s", name)
		}
	}
}
