package report

import (
	"reflect"
	"testing"
)

// Two rows make one whose counts are sums, whose averages are weighted by length, and whose end is that of the later row.
func TestJoinedRows(t *testing.T) {
	number := func(x float64) *float64 { return &x }
	first := Second{
		Schema: SecondSchema, Row: 7, AtS: 7, ForS: 3, ScenarioS: 14, Phase: "lead-in", Scheduled: 1, Started: 2, Dropped: 3, Finished: 4,
		Lag: &SecondLag{P50: 0.1, P99: 0.9, Max: 1},
		Steps: []SecondStep{
			{Step: "go", Entered: 1, Passed: 2, Declined: 3, Rejected: 4, Failed: 5, TimedOut: 6, Left: 7, Requests: 8, Waiting: 9, P50: number(0.5), P95: number(1), P99: number(2)},
			{Step: "left", Waiting: 3, Requests: 1, P50: number(0.5)},
		},
		Stations:   []SecondStation{{Name: "web", Servers: 2, Busy: 1, Queued: 5, Completions: 10, Rejections: 1}},
		Thresholds: []Standing{{Source: "lost == 0"}}, Doubts: []string{"late"},
		Machine: &SecondMachine{CPUShare: 0.25, MemoryAvailable: 9}, Processes: []SecondProcess{{Name: "backend", CPU: 1, RSSBytes: 5}},
		Agents: []SecondAgent{{Agent: "one", Scheduled: 1, Started: 2, Dropped: 3, Finished: 4, Lag: &SecondLag{P99: 2}, CPU: number(1), CPUShare: number(0.1), ClockBoundS: number(0.01), SilentS: 2}},
		Marks:  []SecondMark{{Event: Event{AtS: 5, Text: "a"}}},
	}
	second := Second{
		Schema: SecondSchema, Row: 8, AtS: 8, ForS: 1, ScenarioS: 16, Phase: "arrivals", Scheduled: 10, Started: 20, Dropped: 30, Finished: 40,
		Lag:       &SecondLag{P50: 0.2, P99: 0.3, Max: 2},
		Steps:     []SecondStep{{Step: "new", Entered: 1, Waiting: 1}, {Step: "go", Entered: 10, Passed: 20, Declined: 30, Rejected: 40, Failed: 50, TimedOut: 60, Left: 70, Requests: 80, Waiting: 2, P50: number(0.25), P95: number(4)}},
		Stations:  []SecondStation{{Name: "mail", Servers: 1}, {Name: "web", Servers: 4, Busy: 3, Queued: 2, Completions: 20, Rejections: 2}},
		Machine:   &SecondMachine{CPUShare: 0.5, MemoryAvailable: 8},
		Processes: []SecondProcess{{Name: "backend", CPU: 3, RSSBytes: 6}},
		Agents:    []SecondAgent{{Agent: "one", Scheduled: 10, Started: 20, Dropped: 30, Finished: 40, CPU: number(5), Lost: "killed"}},
		Marks:     []SecondMark{{Event: Event{AtS: 8, Text: "b"}}},
	}
	want := Second{
		Schema: SecondSchema, Row: 8, AtS: 8, ForS: 4, ScenarioS: 16, Phase: "arrivals", Scheduled: 11, Started: 22, Dropped: 33, Finished: 44,
		Lag: &SecondLag{P50: 0.2, P99: 0.9, Max: 2},
		Steps: []SecondStep{
			{Step: "go", Entered: 11, Passed: 22, Declined: 33, Rejected: 44, Failed: 55, TimedOut: 66, Left: 77, Requests: 88, Waiting: 2, P50: number(0.5), P95: number(4), P99: number(2)},
			{Step: "left", Requests: 1, P50: number(0.5)},
			{Step: "new", Entered: 1, Waiting: 1},
		},
		Stations:   []SecondStation{{Name: "web", Servers: 4, Busy: 1.5, Queued: 2, Completions: 30, Rejections: 3}, {Name: "mail", Servers: 1}},
		Thresholds: []Standing{{Source: "lost == 0"}},
		Machine:    &SecondMachine{CPUShare: 0.3125, MemoryAvailable: 8}, Processes: []SecondProcess{{Name: "backend", CPU: 1.5, RSSBytes: 6}},
		Agents: []SecondAgent{{Agent: "one", Scheduled: 11, Started: 22, Dropped: 33, Finished: 44, Lag: &SecondLag{P99: 2}, CPU: number(2), CPUShare: number(0.1), ClockBoundS: number(0.01), Lost: "killed"}},
		Marks:  []SecondMark{{Event: Event{AtS: 5, Text: "a"}}, {Event: Event{AtS: 8, Text: "b"}}},
	}
	if got := first.Join(second); !reflect.DeepEqual(got, want) {
		t.Errorf("joined:\n%+v\nwant:\n%+v", got, want)
	}
	if first.Steps[0].Entered != 1 || second.Steps[1].Entered != 10 {
		t.Error("joining has changed a row")
	}
}
