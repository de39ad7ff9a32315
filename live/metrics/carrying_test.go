package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/s2"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ombak-sim/ombak/report"
)

// A receiver that is away delays nobody. It is told of once when it goes and once when it is back; what it missed comes
// then, and counters lose nothing.
func TestAReceiverThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		away, sent := false, []float64{}
		send := func(_ context.Context, families []*dto.MetricFamily, _ time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			if away {
				return errors.New("connection refused")
			}
			for _, family := range families {
				if family.GetName() == "ombak_run_people_total" {
					sent = append(sent, family.Metric[len(family.Metric)-1].Counter.GetValue()) // of those who started
				}
			}
			return nil
		}
		m := New(Run{})
		courier := newCourier(send, func(says string) { told = append(told, says) }, time.Second)
		m.Carry(courier)
		second := func(is bool) {
			mu.Lock()
			away = is
			mu.Unlock()
			before := time.Now()
			m.Post(report.Second{Started: 1})
			if time.Since(before) > 0 {
				t.Fatal("a row waits for the receiver")
			}
			time.Sleep(time.Second)
		}
		for range 3 {
			second(false)
		}
		for range 2 * kept {
			second(true)
		}
		second(false)
		courier.Close()
		if len(told) != 2 || !strings.Contains(told[0], "connection refused") || told[1] != "answers again" {
			t.Errorf("it is told %q", told)
		}
		if last := sent[len(sent)-1]; last != 2*kept+4 {
			t.Errorf("the last metrics count %v people, want %d", last, 2*kept+4)
		}
		if len(sent) < kept || len(sent) > kept+6 {
			t.Errorf("%d seconds were sent, of which %d were kept meanwhile", len(sent), kept)
		}
	})
}

// The end waits at most five seconds for a receiver that does not answer.
func TestTheEndWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(Run{})
		courier := NewCourier(func(ctx context.Context, _ []*dto.MetricFamily, _ time.Time) error {
			<-ctx.Done()
			return ctx.Err()
		}, func(string) {})
		m.Carry(courier)
		for range 50 {
			m.Post(report.Second{})
		}
		began := time.Now()
		if courier.Close(); time.Since(began) > lastPatience {
			t.Errorf("the end takes %v", time.Since(began))
		}
	})
}

// What is refused is not sent again.
func TestRefusedMetricsAreNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		m := New(Run{})
		courier := NewCourier(func(context.Context, []*dto.MetricFamily, time.Time) error {
			tries++
			return fmt.Errorf("%w: out of order", ErrRefused)
		}, func(string) {})
		m.Carry(courier)
		m.Post(report.Second{})
		m.Post(report.Second{})
		courier.Close()
		if tries != 2 {
			t.Errorf("two rows are sent %d times", tries)
		}
	})
}

// series is a time series as a receiver reads it.
type series struct {
	labels string
	value  float64
	at     int64
	native bool
}

// decode reads a WriteRequest, field by field as the specification numbers them.
func decode(t *testing.T, message []byte) (all []series) {
	t.Helper()
	fields(t, message, func(number protowire.Number, one []byte, _ uint64) {
		var s series
		fields(t, one, func(number protowire.Number, inner []byte, _ uint64) {
			switch number {
			case 1:
				var pair []string
				fields(t, inner, func(_ protowire.Number, text []byte, _ uint64) { pair = append(pair, string(text)) })
				s.labels += strings.Join(pair, "=") + " "
			case 2:
				fields(t, inner, func(number protowire.Number, _ []byte, value uint64) {
					if number == 1 {
						s.value = math.Float64frombits(value)
					} else {
						s.at = int64(value)
					}
				})
			case 4:
				s.native = true
			}
		})
		all = append(all, s)
	})
	return all
}

func fields(t *testing.T, message []byte, visit func(number protowire.Number, inner []byte, value uint64)) {
	t.Helper()
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			t.Fatal("a message is damaged")
		}
		message = message[n:]
		switch kind {
		case protowire.BytesType:
			inner, n := protowire.ConsumeBytes(message)
			visit(number, inner, 0)
			message = message[n:]
		case protowire.Fixed64Type:
			value, n := protowire.ConsumeFixed64(message)
			visit(number, nil, value)
			message = message[n:]
		default:
			value, n := protowire.ConsumeVarint(message)
			visit(number, nil, value)
			message = message[n:]
		}
	}
}

// Remote write says what protocol it speaks, sorts labels, and leaves native histograms out where a receiver has none.
func TestRemoteWrite(t *testing.T) {
	var got []series
	refused := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		packed, _ := io.ReadAll(r.Body)
		message, err := s2.Decode(nil, packed)
		if err != nil || r.Header.Get("Content-Encoding") != "snappy" || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("X-Prometheus-Remote-Write-Version") != "0.1.0" {
			t.Errorf("%v, %v", err, r.Header)
		}
		got = decode(t, message)
		for _, s := range got {
			if s.native {
				refused++
				http.Error(w, "native histograms are disabled", http.StatusBadRequest)
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	writer, err := NewRemoteWriter(receiver.URL, map[string]string{"job": "ombak", "instance": "try"})
	if err != nil {
		t.Fatal(err)
	}
	m := New(Run{Command: "drill", Scenario: "smoke"})
	m.Post(report.Second{Started: 4, Times: []report.SecondTimes{{Step: "go", Outcome: "completed", Bins: []report.TimeBin{{S: 0.02, Count: 2}}}}})
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1_700_000_000_123)
	for range 2 {
		if err := writer.Send(t.Context(), families, at); err != nil {
			t.Fatal(err)
		}
	}
	if refused != 1 {
		t.Errorf("native histograms were sent %d times to a receiver that has none", refused)
	}
	found := map[string]series{}
	for _, s := range got {
		found[s.labels] = s
	}
	for labels, value := range map[string]float64{
		"__name__=ombak_run_people_total event=started instance=try job=ombak ":                                      4,
		"__name__=ombak_run_info command=drill instance=try job=ombak scenario=smoke ":                               1,
		"__name__=ombak_run_response_time_seconds_bucket instance=try job=ombak le=0.025 outcome=completed step=go ": 2,
		"__name__=ombak_run_response_time_seconds_bucket instance=try job=ombak le=0.01 outcome=completed step=go ":  0,
		"__name__=ombak_run_response_time_seconds_bucket instance=try job=ombak le=+Inf outcome=completed step=go ":  2,
		"__name__=ombak_run_response_time_seconds_count instance=try job=ombak outcome=completed step=go ":           2,
		"__name__=ombak_run_response_time_seconds_sum instance=try job=ombak outcome=completed step=go ":             0.04,
	} {
		if s, sent := found[labels]; !sent || s.value != value || s.at != at.UnixMilli() {
			t.Errorf("%s: %+v, want %v", labels, s, value)
		}
	}
}

// What a receiver answers decides whether it is tried again.
func TestAnswersOfAReceiver(t *testing.T) {
	for status, refused := range map[int]bool{200: false, 400: true, 404: true, 429: false, 500: false, 503: false} {
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "so it is", status) }))
		writer, err := NewRemoteWriter(receiver.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = writer.Send(t.Context(), nil, time.Now())
		receiver.Close()
		if (err != nil) != (status >= 400) || errors.Is(err, ErrRefused) != refused || err != nil && !strings.Contains(err.Error(), "so it is") {
			t.Errorf("status %d: %v", status, err)
		}
	}
}
