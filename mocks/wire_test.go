package mocks_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// exchange is the result that a client saw.
type exchange struct {
	status  int
	body    string
	date    time.Time
	err     error
	elapsed time.Duration
}

// fetch sends one request over a new connection.
func fetch(t *testing.T, url string, patience time.Duration) exchange {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	begun := time.Now()
	response, err := client.Get(url)
	if err != nil {
		return exchange{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	date, _ := http.ParseTime(response.Header.Get("Date"))
	return exchange{response.StatusCode, string(body), date, err, time.Since(begun)}
}

// isReset reports whether the connection was cut: before the request was written, or after.
func isReset(seen exchange) bool {
	return errors.Is(seen.err, syscall.ECONNRESET) || errors.Is(seen.err, syscall.EPIPE) || errors.Is(seen.err, io.EOF)
}

// TestFaultsOfTheWire checks each fault of the wire as a client sees it, and that the counters account for
// every request.
func TestFaultsOfTheWire(t *testing.T) {
	isJSON := func(text string) bool { return json.Valid([]byte(text)) }
	for _, test := range []struct {
		kind fault.Kind
		with map[string]any
		why  string
		is   func(exchange) bool
	}{
		{fault.Outage, map[string]any{"status": 500}, "an error status", func(s exchange) bool { return s.status == 500 && isJSON(s.body) }},
		{fault.BlackHole, nil, "no answer", func(s exchange) bool { return s.err != nil && strings.Contains(s.err.Error(), "Client.Timeout") }},
		{fault.Refused, nil, "a connection cut at once", isReset},
		{fault.Reset, nil, "a reset", isReset},
		{fault.Garbage, nil, "a body that is not JSON", func(s exchange) bool { return s.status == 200 && len(s.body) > 0 && !isJSON(s.body) }},
		{fault.Truncated, nil, "an answer that breaks off", func(s exchange) bool { return s.status == 200 && errors.Is(s.err, io.ErrUnexpectedEOF) }},
		{fault.SlowBody, map[string]any{"delay": "60ms"}, "a slow body", func(s exchange) bool { return isJSON(s.body) && s.elapsed >= 60*time.Millisecond }},
		{fault.WrongContent, nil, "an HTML page", func(s exchange) bool { return s.status == 200 && strings.HasPrefix(s.body, "<!DOCTYPE html>") }},
		{fault.ClockSkew, map[string]any{"skew": "-1h"}, "a date an hour ago", func(s exchange) bool {
			behind := time.Since(s.date)
			return isJSON(s.body) && behind > 59*time.Minute && behind < 61*time.Minute
		}},
		{fault.Stale, map[string]any{"age": "720h"}, "the opposite of what is true", func(s exchange) bool { return strings.Contains(s.body, `"registered":true`) }},
		{fault.Slow, map[string]any{"delay": "60ms"}, "a slower server", func(s exchange) bool { return isJSON(s.body) && s.elapsed >= 60*time.Millisecond }},
		{fault.BrownOut, map[string]any{"capacity": "10%"}, "a tenth of the speed", func(s exchange) bool { return isJSON(s.body) && s.elapsed >= 50*time.Millisecond }},
		{fault.QuotaCut, map[string]any{"quota": 0}, "no quota left", func(s exchange) bool { return s.status == 429 }},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			t.Parallel()
			described := config()
			described.Registries = aid(mocks.Registry{Service: workload.Service{Servers: 8, ServiceTime: workload.ConstantTime(5 * time.Millisecond), Quota: workload.QuotaTerms{Most: 1000}}})
			running := start(t, described)
			running.Begin(time.Now(), workload.Clock{})
			if _, err := running.StartFault(fault.Description{Fault: string(test.kind), With: test.with}, "dtks", 0, ""); err != nil {
				t.Fatal(err)
			}
			person := find(t, lacking(population.Welfare))
			url := "http://" + running.Addresses()["dtks"] + "/dtks/households/" + person.NIK
			patience := time.Minute
			if test.kind == fault.BlackHole {
				patience = 3 * time.Second // long enough to read each request first, even on a busy machine
			}
			if seen := fetch(t, url, patience); !test.is(seen) {
				t.Errorf("%s gave status %d, error %v, body %q after %v, want %s", test.kind, seen.status, seen.err, seen.body, seen.elapsed, test.why)
			}
			const more = 20
			var callers sync.WaitGroup
			for range more {
				callers.Go(func() { fetch(t, url, patience) })
			}
			callers.Wait()
			reading := reading(running, "dtks")
			arrived := uint64(more + 1)
			if test.kind == fault.Refused {
				arrived = 0 // no request was read
			}
			if reading.Arrivals != arrived || reading.Arrivals != reading.Completions+reading.Rejections+uint64(reading.Busy+reading.Queued) {
				t.Errorf("a request is lost: %+v, want %d arrivals", reading, arrived)
			}
		})
	}
}

func reading(running *mocks.Mocks, station string) mocks.Reading {
	for _, reading := range running.Readings() {
		if reading.Station == station {
			return reading
		}
	}
	return mocks.Reading{}
}

// TestFaultsCompose checks that faults combine: noise that comes slowly and breaks off.
func TestFaultsCompose(t *testing.T) {
	running := start(t, config())
	running.Begin(time.Now(), workload.Clock{})
	for _, d := range []fault.Description{{Fault: "garbage"}, {Fault: "truncated"}, {Fault: "slow-body", With: map[string]any{"delay": "50ms"}}} {
		if _, err := running.StartFault(d, "dtks", 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	seen := fetch(t, "http://"+running.Addresses()["dtks"]+"/dtks/households/1", time.Minute)
	if !errors.Is(seen.err, io.ErrUnexpectedEOF) || json.Valid([]byte(seen.body)) || seen.elapsed < 50*time.Millisecond {
		t.Errorf("got %+v", seen)
	}
}

func TestConnectionsAreCapped(t *testing.T) {
	capped := config()
	capped.Registries = aid(mocks.Registry{Service: workload.Service{ServiceTime: workload.ConstantTime(time.Hour)}, Trouble: mocks.Trouble{Connections: 1}})
	running := start(t, capped)
	url := "http://" + running.Addresses()["dtks"] + "/dtks/households/1"
	ctx, leave := context.WithCancel(t.Context())
	var held sync.WaitGroup
	held.Go(func() { holdConnection(ctx, t, url) })
	for reading(running, "dtks").Busy == 0 {
		runtime.Gosched()
	}
	if seen := fetch(t, url, time.Minute); !isReset(seen) {
		t.Errorf("the second connection: %+v, want a reset", seen)
	}
	leave()
	held.Wait()
}

// holdConnection sends a request and waits for the answer until the context ends.
func holdConnection(ctx context.Context, t *testing.T, url string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Error(err)
		return
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Error("the first connection got an answer")
	}
}
