package funnel_test

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// What the timeline says of actions, and how long their marks are.
func TestMarksOfActions(t *testing.T) {
	const s = time.Second
	fault := func(on string, at, length time.Duration) funnel.Action {
		return funnel.Action{At: at, For: length, Do: funnel.StartFault, On: on, With: map[string]string{"fault": "outage", "status": "500"}, By: "Rina"}
	}
	double := func(scenario time.Duration) time.Duration { return 2 * scenario }
	for _, row := range []struct {
		why     string
		actions []funnel.Action
		want    funnel.Mark // of the first
	}{
		{"a fault has its length, in real time", []funnel.Action{fault("mail", s, 3*s)}, funnel.Mark{At: 2 * s, For: 6 * s, Kind: funnel.FaultMark, Text: "outage of mail status 500 for 3s, by Rina", Do: funnel.StartFault, On: "mail", What: "outage"}},
		{"it is cut where it is ended", []funnel.Action{fault("mail", s, 3*s), {At: 2 * s, Do: funnel.EndFault, On: "mail"}}, funnel.Mark{At: 2 * s, For: 2 * s, Kind: funnel.FaultMark, Text: "outage of mail status 500 for 3s, by Rina", Do: funnel.StartFault, On: "mail", What: "outage"}},
		{"one that is ended at once has an end too", []funnel.Action{fault("mail", s, 3*s), {At: s, Do: funnel.EndFault, On: "mail"}}, funnel.Mark{At: 2 * s, For: time.Millisecond, Kind: funnel.FaultMark, Text: "outage of mail status 500 for 3s, by Rina", Do: funnel.StartFault, On: "mail", What: "outage"}},
		{"the end of another does not cut it", []funnel.Action{fault("mail", s, 3*s), {At: 2 * s, Do: funnel.EndFault, On: "sms"}}, funnel.Mark{At: 2 * s, For: 6 * s, Kind: funnel.FaultMark, Text: "outage of mail status 500 for 3s, by Rina", Do: funnel.StartFault, On: "mail", What: "outage"}},
		{"a setting is a change of the plan", []funnel.Action{{Do: funnel.SetService, On: "mail", With: map[string]string{"servers": "3", "queue": "5"}}}, funnel.Mark{Kind: funnel.PlanMark, Text: "mail: queue 5 servers 3", Do: funnel.SetService, On: "mail"}},
		{"a policy is named with its place", []funnel.Action{{Do: funnel.SetService, On: "call:mail", With: map[string]string{"policy": "bulkhead", "limit": "3", "enabled": "true"}}}, funnel.Mark{Kind: funnel.PlanMark, Text: "bulkhead at call:mail: enabled true limit 3", Do: funnel.SetService, On: "call:mail", What: "bulkhead"}},
		{"a factor is a note", []funnel.Action{{Do: funnel.Arrive, With: map[string]string{"factor": "2"}}}, funnel.Mark{Kind: funnel.NoteMark, Text: "arrivals × 2", Do: funnel.Arrive, What: "2"}},
	} {
		marks := funnel.MarksOf(row.actions, double, func(a funnel.Action) string { return a.On })
		if len(marks) != len(row.actions) || marks[0] != row.want {
			t.Errorf("%s: the marks are %v, want %v", row.why, marks, row.want)
		}
	}
}
