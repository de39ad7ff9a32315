package sim

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestEngineAgainstAList drives the engine and a plain sorted list with the same random calls; both
// must name the same events at the same times. It covers heap, delays, revoking and renumbering.
func TestEngineAgainstAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := NewEngine()
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
					t.Fatalf("revoking said %v, but pending is %v", revoked, at >= 0)
				}
				if revoked {
					list = slices.Delete(list, at, at+1)
				}
			default:
				event, any := e.Next()
				if any != (len(list) > 0) {
					t.Fatalf("Next said %v with %d pending", any, len(list))
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
