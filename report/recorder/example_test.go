package recorder_test

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
)

func Example() {
	journey := funnel.Journey{{Name: funnel.SignUp, Kind: funnel.Request}}
	recording := recorder.NewRecording(journey)
	shards := recorder.NewRecorder(journey, 1, recording.Add)

	observer := shards.Observer(0)
	for person := range uint64(1200) {
		at := time.Duration(person) * time.Millisecond
		observer.Scheduled(at)
		observer.Started()
		observer.Enter(0, at)
		observer.Observe(funnel.Sample{Session: person, Attempt: 1, Intended: at, Start: at, End: at + 41*time.Millisecond, Final: true})
		observer.Finished(at + 41*time.Millisecond)
	}
	shards.Close()

	result := recorder.Assemble(recording, recorder.Facts{Duration: 2 * time.Second})
	fmt.Println(result.Offered.Sent, "people,", result.Funnel[0].Passed, "passed,", result.Steps[0].GoodputPerS, "per second")
	fmt.Println("p99", result.Steps[0].ResponseTimeS.P99, "s; seconds", result.Series.TS, "passed", result.Series.Steps[0].Passed)
	// Output:
	// 1200 people, 1200 passed, 600 per second
	// p99 0.041023 s; seconds [0 1] passed [959 241]
}
