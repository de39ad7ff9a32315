package mocks

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// A station that is changed at any time loses nobody: everybody who came is answered, refused or still there, and no more
// are in service than there are servers, once those that were removed have finished.
func TestChangeLosesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		service := func() workload.Service {
			queue := rapid.IntRange(0, 5).Draw(t, "queue")
			return workload.Service{
				Servers: rapid.IntRange(1, 4).Draw(t, "servers"), ServiceTime: workload.ConstantTime(time.Duration(rapid.IntRange(0, 3).Draw(t, "work")) * time.Second), Queue: &queue,
				Quota: workload.QuotaTerms{Most: rapid.SampledFrom([]int{0, 5, 50}).Draw(t, "quota")}, RateLimit: rapid.SampledFrom([]workload.Rate{0, 2, 1}).Draw(t, "rate"),
			}
		}
		queue, err := NewQueue(service(), time.Time{}, workload.Stream{})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			now += time.Duration(rapid.IntRange(0, 2000).Draw(t, "pause")) * time.Millisecond
			if rapid.IntRange(0, 4).Draw(t, "what") == 0 {
				if err := queue.Change(now, service()); err != nil {
					t.Fatal(err)
				}
			} else {
				queue.Arrive(now, now, fault.NoEffect())
			}
			reading := queue.Reading(now)
			if inside := uint64(reading.Busy + reading.Queued); reading.Arrivals != reading.Completions+reading.Rejections+inside {
				t.Fatalf("of %d arrivals %d were completed, %d refused and %d are inside", reading.Arrivals, reading.Completions, reading.Rejections, inside)
			}
			if reading.Queued > 0 && reading.Busy < reading.Servers {
				t.Fatalf("%d wait though %d of %d servers are in use", reading.Queued, reading.Busy, reading.Servers)
			}
		}
		if reading := queue.Reading(now + time.Hour); reading.Busy+reading.Queued > 0 {
			t.Fatalf("after an hour %d are still inside", reading.Busy+reading.Queued)
		}
	})
}

// A day's requests stay counted if the quota changes.
func TestChangeKeepsTheQuotaUsed(t *testing.T) {
	queue, err := NewQueue(workload.Service{Quota: workload.QuotaTerms{Most: 3}}, time.Time{}, workload.Stream{})
	if err != nil {
		t.Fatal(err)
	}
	arrive := func() Refusal { return queue.Arrive(0, 0, fault.NoEffect()).Refusal }
	for range 3 {
		if refusal := arrive(); refusal != Served {
			t.Fatalf("refused: %v", refusal)
		}
	}
	for _, row := range []struct {
		most int
		want Refusal
		why  string
	}{{3, QuotaUsedUp, "it is used up"}, {4, Served, "one more is allowed"}, {2, QuotaUsedUp, "more are used than allowed"}} {
		if err := queue.Change(0, workload.Service{Quota: workload.QuotaTerms{Most: row.most}}); err != nil {
			t.Fatal(err)
		}
		if refusal := arrive(); refusal != row.want {
			t.Errorf("%s: %v", row.why, refusal)
		}
	}
}
