package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// The twin rests while the generator is behind, and goes on when it is not.
func TestTheTwinRests(t *testing.T) {
	late := func(p99 float64) report.Second { return report.Second{Lag: &report.SecondLag{P99: p99}} }
	for _, row := range []struct {
		why   string
		row   report.Second
		limit time.Duration
		rests bool
	}{
		{"nothing was sent", report.Second{}, 0, false},
		{"in time", late(0.001), 0, false},
		{"late by half of the usual limit", late(0.05), 0, true},
		{"the run has a limit of its own", late(0.05), time.Second, false},
		{"people were dropped", report.Second{Dropped: 1}, time.Second, true},
	} {
		if got := isBehind(row.row, row.limit); got != row.rests {
			t.Errorf("%s: behind is %v", row.why, got)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		own := &twin{limit: 100 * time.Millisecond}
		worked := make(chan time.Duration, 100)
		began := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			for {
				if err := own.rest(ctx); err != nil {
					done <- err
					return
				}
				worked <- time.Since(began)
				time.Sleep(time.Second)
			}
		}()
		for second := range 30 {
			lag := 0.001
			if second >= 10 && second < 20 {
				lag = 0.09
			}
			own.seen(late(lag))
			time.Sleep(time.Second)
		}
		own.seen(late(1))
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("a twin that rests ends with %v", err)
		}
		close(worked)
		count := 0
		for at := range worked {
			if count++; at > 11*time.Second && at < 20*time.Second {
				t.Errorf("it works at %v, while the generator is behind", at)
			}
		}
		if count < 19 || count > 22 {
			t.Errorf("it worked in %d seconds of about 20", count)
		}
		var none *twin
		if none.seen(late(1)); none.cost() != nil {
			t.Error("there is a cost without a twin")
		}
	})
}

// What the twin has used is a process of its own, on systems that know it.
func TestTheTwinHasACost(t *testing.T) {
	own, spent := &twin{}, make(chan time.Duration)
	go onIdleThread(func() {
		before, known := threadTime()
		for used := before; known && used-before < 20*time.Millisecond; used, _ = threadTime() {
			continue
		}
		_ = own.rest(context.Background())
		used, _ := threadTime()
		spent <- used
	})
	used := <-spent
	cost := own.cost()
	if used == 0 && cost == nil {
		t.Skip("this system does not say what a thread has used")
	}
	if len(cost) != 1 || cost[0].Name != "twin" || *cost[0].CPUS < 0.02 || *cost[0].CPUS > used.Seconds() {
		t.Errorf("of %v, the twin says %+v", used, cost)
	}
}

// A board of accuracy beside the model of the twin is heard. One that cannot be used says why, and nothing is said without.
func TestTheTwinHearsABoard(t *testing.T) {
	folder := t.TempDir()
	model, board := filepath.Join(folder, "shop.yaml"), filepath.Join(folder, accuracyName)
	says := func(text string) string {
		if text != "" {
			if err := os.WriteFile(board, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		own := &twin{}
		own.hear(model)
		return own.wider()
	}
	if got := says(""); got != "" {
		t.Errorf("without a board: %q", got)
	}
	if got := says(`{"schema": "ombak.accuracy/v1", "services": [{"name": "shop", "knee_per_s": [9]}]}`); !strings.Contains(got, "by the errors that accuracy.json gives for shop") {
		t.Errorf("with a board: %q", got)
	}
	if got := says(`{}`); !strings.Contains(got, "accuracy.json beside the model is not used: its schema is") {
		t.Errorf("with another file: %q", got)
	}
}
