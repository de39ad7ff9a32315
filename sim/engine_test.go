package sim

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
)

// TestEngineAgainstAList drives the engine and a plain sorted list with the same random calls. Both must return
// the same events at the same times. It covers the heap, delays, revoking and renumbering. It also checks that
// Reset clears an engine with pending events.
func TestEngineAgainstAList(t *testing.T) {
	e := NewEngine()
	rapid.Check(t, func(t *rapid.T) {
		e.Reset()
		e.sequence = sequenceEnd - uint64(rapid.IntRange(1, 200).Draw(t, "until renumbering"))
		delays := []*Delay{e.Delay(3), e.Delay(7), e.Delay(3)}
		type pending struct {
			at       time.Duration
			sequence int
			event    Event
		}
		var list []pending
		var alarms []func() (bool, Event)
		made := 0
		note := func(at time.Duration) Event {
			made++
			event := NewEvent(Kind(made%5), int32(made))
			list = append(list, pending{max(at, e.Now()), made, event})
			return event
		}
		for range rapid.IntRange(1, 400).Draw(t, "calls") {
			switch rapid.IntRange(0, 4).Draw(t, "call") {
			case 0:
				at := e.Now() + time.Duration(rapid.IntRange(-2, 12).Draw(t, "after"))
				e.At(at, note(at))
			case 1:
				delay := delays[rapid.IntRange(0, 2).Draw(t, "delay")]
				event := note(e.Now() + delay.length)
				alarm := e.Arm(delay, event)
				alarms = append(alarms, func() (bool, Event) { return e.Disarm(delay, alarm), event })
			case 2:
				at := e.Now() + time.Duration(rapid.IntRange(0, 12).Draw(t, "after"))
				event := note(at)
				handle := e.Schedule(at, event)
				alarms = append(alarms, func() (bool, Event) { return e.Revoke(handle), event })
			case 3:
				if len(alarms) == 0 {
					continue
				}
				revoked, event := alarms[rapid.IntRange(0, len(alarms)-1).Draw(t, "which")]()
				at := slices.IndexFunc(list, func(p pending) bool { return p.event == event })
				if revoked != (at >= 0) {
					t.Fatalf("Revoke returned %v, but pending is %v", revoked, at >= 0)
				}
				if revoked {
					list = slices.Delete(list, at, at+1)
				}
			default:
				event, any := e.Next()
				if any != (len(list) > 0) {
					t.Fatalf("Next returned %v with %d pending", any, len(list))
				}
				if !any {
					continue
				}
				first := 0
				for i, p := range list {
					if p.at < list[first].at || p.at == list[first].at && p.sequence < list[first].sequence {
						first = i
					}
				}
				if list[first].event != event || list[first].at != e.Now() {
					t.Fatalf("got event %d at %d, want %d at %d", event, e.Now(), list[first].event, list[first].at)
				}
				list = slices.Delete(list, first, first+1)
			}
		}
	})
}

// TestFarEventsAgainstAList keeps enough events pending that most of them are far. It takes some of them and
// schedules others, near and far. All must come in order of (time, sequence). The engine is reused from the
// previous check after a Reset.
func TestFarEventsAgainstAList(t *testing.T) {
	e := NewEngine()
	rapid.Check(t, func(t *rapid.T) {
		e.Reset()
		const second, hour = int64(time.Second), int64(time.Hour)
		stream := workload.Seed{Value: rapid.Uint64().Draw(t, "seed")}.Stream(0, 0, 0, 0)
		spread := time.Duration(rapid.SampledFrom([]int64{second / 100, 3 * second, 60 * second, 30 * hour}).Draw(t, "spread"))
		grain := time.Duration(rapid.SampledFrom([]int64{1, second / 10, 5 * second}).Draw(t, "grain")) // many at the same instant
		var list []entry
		schedule := func() {
			at := e.Now() + time.Duration(stream.Float64()*stream.Float64()*float64(spread))
			at = max(e.Now(), at/grain*grain)
			list = append(list, newEntry(at, uint64(len(list)+1), NewEvent(0, int32(len(list)))))
			e.At(at, NewEvent(0, int32(len(list)-1)))
		}
		for range rapid.IntRange(1, 3*smallHeap).Draw(t, "pending") {
			schedule()
		}
		if rapid.Bool().Draw(t, "renumber") {
			e.sequence = sequenceEnd - 100
		}
		var came []entry
		for {
			event, any := e.Next()
			if !any {
				break
			}
			if e.Now() != list[event.Subject()].at {
				t.Fatalf("event %d came at %v instead of %v", event.Subject(), e.Now(), list[event.Subject()].at)
			}
			came = append(came, list[event.Subject()])
			for range int(3 * stream.Float64()) {
				if len(list) < 5*smallHeap {
					schedule()
				}
			}
		}
		if len(came) != len(list) || !slices.IsSortedFunc(came, entry.compare) {
			t.Fatalf("%d of %d events came, in order: %v", len(came), len(list), slices.IsSortedFunc(came, entry.compare))
		}
	})
}

// TestNextBeforeKeepsToItsEnd checks that an event revoked before the end does not let the next event pass the
// end. That event stays pending.
func TestNextBeforeKeepsToItsEnd(t *testing.T) {
	e := NewEngine()
	delay := e.Delay(time.Second)
	alarm := e.Arm(delay, NewEvent(1, 1))
	e.Revoke(e.Schedule(time.Second, NewEvent(2, 2)))
	e.At(3*time.Second, NewEvent(3, 3))
	e.Disarm(delay, alarm)
	if event, any := e.NextBefore(2 * time.Second); any {
		t.Errorf("event %d of kind %d came at %v, after the end", event.Subject(), event.Kind(), e.Now())
	}
	if event, any := e.Next(); !any || event.Kind() != 3 || e.Now() != 3*time.Second {
		t.Errorf("the next event was %v %v at %v, want the event of kind 3 at 3s", event, any, e.Now())
	}
}
