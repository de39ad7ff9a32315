package render_test

import (
	"fmt"
	"os"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/report/threshold"
)

func Example() {
	journey := funnel.Journey{{Name: funnel.SignUp, Kind: funnel.Request}, {Name: funnel.Identity, Kind: funnel.Request}}
	recording := recorder.NewRecording(journey)
	observers := recorder.NewRecorder(journey, 1, recording.Add)

	observer := observers.Observer(0)
	for person := range uint64(1200) {
		at := time.Duration(person) * time.Millisecond
		observer.Scheduled(at)
		observer.Started()
		observer.Enter(0, at)
		observer.Observe(funnel.Sample{Session: person, Attempt: 1, Intended: at, Start: at, End: at + 41*time.Millisecond, Final: true})
		observer.Finished(at + 41*time.Millisecond)
	}
	observers.Close()

	condition, err := threshold.Parse("sign-up.response_time_passed.p99 < 250ms")
	if err != nil {
		fmt.Println(err)
		return
	}
	facts := recorder.Facts{Scenario: report.Scenario{Name: "rush"}, Plan: "none", Duration: 2 * time.Second}
	rules := threshold.Rules{Conditions: []threshold.Condition{condition}}
	result := rules.Judge(recorder.Assemble(recording, facts), recording, nil)
	if err := render.Text(os.Stdout, result); err != nil {
		fmt.Println(err)
	}
	fmt.Println(render.Conclusion(result, ""))
	// Output:
	// rush · none · live · 2 s
	//
	//                          peak    de-    re-        timed aban- unfin-
	// step     entered passed  /min clined jected failed   out doned  ished retries    p50    p99
	// sign-up    1,200  1,200 1,200      0      0      0     0     0      0       0  41 ms  41 ms
	// identity       0      0     0      0      0      0     0     0      0       0      -      -
	// p50, p99: response time of passed and timed-out attempts, from the intended instant
	// offered: 1,200 people, 1,200 sent, 0 dropped; sent late by 1 µs (p99), 1 µs at most
	//
	// verdict: pass
	//   pass         sign-up.response_time_passed.p99 < 250ms
	// Sign-up held: 1,200 of 1,200 passed, at most 1,200 in one minute, p99 41 ms.
}
