package mocks

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

func liveStation(t *testing.T, service workload.Service) *Station {
	t.Helper()
	station, err := newStation("test", service, time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC), workload.Seed{Value: 1}, newRunClock())
	if err != nil {
		t.Fatal(err)
	}
	return station
}

// TestStationDelaysByItsQueue sends ten requests at once to two servers of 100 ms: the answers come in pairs,
// 100 ms apart.
func TestStationDelaysByItsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		station := liveStation(t, workload.Service{Servers: 2, ServiceTime: workload.ConstantTime(100 * time.Millisecond)})
		begun := time.Now()
		answers := make(chan time.Duration, 10)
		var visitors sync.WaitGroup
		for range 10 {
			visitors.Go(func() {
				refusal, err := station.Visit(t.Context(), nil)
				if refusal != Served || err != nil {
					t.Errorf("got %v, %v", refusal, err)
				}
				answers <- time.Since(begun)
			})
		}
		visitors.Wait()
		close(answers)
		got := map[time.Duration]int{}
		for after := range answers {
			got[after]++
		}
		for i := range 5 {
			if after := time.Duration(i+1) * 100 * time.Millisecond; got[after] != 2 {
				t.Errorf("%d answers after %v, want 2: %v", got[after], after, got)
			}
		}
		reading := station.Reading()
		if reading.Completions != 10 || reading.BusyTime != time.Second || reading.QueueMax != 8 {
			t.Errorf("%+v", reading)
		}
		// The pairs waited 0, 100, 200, 300 and 400 ms.
		if reading.QueueTime != 2*time.Second {
			t.Errorf("queue time %v, want 2s", reading.QueueTime)
		}
	})
}

func TestStationOfNoServiceTimeDoesNotSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		station, begun := liveStation(t, workload.Service{}), time.Now()
		for range 1000 {
			if refusal, err := station.Visit(t.Context(), nil); refusal != Served || err != nil {
				t.Fatalf("got %v, %v", refusal, err)
			}
		}
		if slept := time.Since(begun); slept != 0 {
			t.Errorf("slept %v", slept)
		}
	})
}

func TestStationRefusesAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		station := liveStation(t, workload.Service{ServiceTime: workload.ConstantTime(time.Minute), Deadline: time.Second})
		var first sync.WaitGroup
		first.Go(func() { _, _ = station.Visit(t.Context(), nil) })
		synctest.Wait()
		begun := time.Now()
		refusal, err := station.Visit(t.Context(), nil)
		if refusal != DeadlineMissed || err != nil || time.Since(begun) != time.Second {
			t.Errorf("got %v, %v after %v; want %v after 1s", refusal, err, time.Since(begun), DeadlineMissed)
		}
		first.Wait()
	})
}

func TestStationReleasesOnStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		station := liveStation(t, workload.Service{ServiceTime: workload.ConstantTime(time.Hour)})
		ctx, cancel := context.WithCancel(t.Context())
		var visitor sync.WaitGroup
		visitor.Go(func() {
			if _, err := station.Visit(ctx, nil); err == nil {
				t.Error("no error")
			}
		})
		synctest.Wait()
		begun := time.Now()
		cancel()
		visitor.Wait()
		if time.Since(begun) != 0 {
			t.Errorf("held for %v", time.Since(begun))
		}
	})
}

func TestReadingsCountFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		station := liveStation(t, workload.Service{})
		time.Sleep(time.Minute)
		if at := station.Reading().At; at != 0 {
			t.Errorf("at %v before the run", at)
		}
		station.clock.begin(time.Now(), workload.Clock{})
		time.Sleep(3 * time.Second)
		if at := station.Reading().At; at != 3*time.Second {
			t.Errorf("at %v, want 3s", at)
		}
	})
}
