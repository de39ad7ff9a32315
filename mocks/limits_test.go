package mocks_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

func TestQueueLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		service := drawService(t)
		queue, err := mocks.NewQueue(service, opens(), stream(2, "service"))
		if err != nil {
			t.Fatal(err)
		}
		var now time.Duration
		var taken []time.Duration
		var visits []*mocks.Visit
		for range 80 {
			now += time.Duration(rapid.IntRange(0, 200).Draw(t, "gap ms")) * time.Millisecond
			visit := queue.Arrive(now, now, fault.NoEffect())
			if visit.Refusal == mocks.Served || visit.Refusal == mocks.DeadlineMissed {
				taken, visits = append(taken, now), append(visits, visit)
			}
			reading := queue.Reading(now)
			switch {
			case service.Queue != nil && reading.Queued > *service.Queue:
				t.Fatalf("%d requests wait, the limit is %d", reading.Queued, *service.Queue)
			case service.Quota.Most > 0 && len(taken) > service.Quota.Most:
				t.Fatalf("accepted %d on one day, the quota is %d", len(taken), service.Quota.Most)
			}
		}
		queue.Advance(farFuture)
		for _, visit := range visits {
			switch {
			case service.Deadline > 0 && visit.Refusal == mocks.Served && visit.Start-visit.Arrived > service.Deadline:
				t.Fatalf("waited %v beyond the deadline %v", visit.Start-visit.Arrived, service.Deadline)
			case visit.Refusal == mocks.DeadlineMissed && visit.End != visit.Arrived+service.Deadline:
				t.Fatalf("refused after %v, the deadline is %v", visit.End-visit.Arrived, service.Deadline)
			}
		}
		if rate := service.RateLimit.PerSecond(); rate >= 1 {
			for i := int(rate); i < len(taken); i++ {
				if taken[i]-taken[i-int(rate)] < time.Second {
					t.Fatalf("accepted more than %v within a second: %v", rate, taken)
				}
			}
		}
	})
}

func TestQuotaFollowsTheDayOfWIB(t *testing.T) {
	queue := newQueue(t, workload.Service{Quota: workload.QuotaTerms{Most: 2}}, 1)
	for _, row := range []struct {
		why      string
		scenario time.Duration // since 19:00 WIB
		want     mocks.Refusal
	}{
		{"the first of two", 0, mocks.Served},
		{"the second of two", time.Hour, mocks.Served},
		{"a second before midnight WIB", 5*time.Hour - time.Second, mocks.QuotaUsedUp},
		{"midnight WIB", 5 * time.Hour, mocks.Served},
		{"midnight UTC does not start a new day", 12 * time.Hour, mocks.Served},
		{"used up again", 20 * time.Hour, mocks.QuotaUsedUp},
		{"three days on", 77 * time.Hour, mocks.Served},
	} {
		// Real time stands still: the quota must follow scenario time only.
		if got := queue.Arrive(0, row.scenario, fault.NoEffect()).Refusal; got != row.want {
			t.Errorf("%s: got %v, want %v", row.why, got, row.want)
		}
	}
}

func TestRateOfAFractionHoldsInTheLongRun(t *testing.T) {
	queue := newQueue(t, workload.Service{RateLimit: 1.5}, 1)
	served := 0
	for now := time.Duration(0); now < 1000*time.Second; now += 50 * time.Millisecond {
		if queue.Arrive(now, now, fault.NoEffect()).Refusal == mocks.Served {
			served++
		}
	}
	// 1.5 per second for 1000 seconds; arrivals on a grid of 50 ms lose at most a tenth of that.
	if served < 1400 || served > 1501 {
		t.Errorf("served %d in 1000 s at 1.5/s", served)
	}
}
