package report

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Broken returns the first threshold that is to end a run which has come so far, and is broken by
// what was recorded; false where there is none. What was not measured yet, and what too little is
// known of, breaks nothing.
func Broken(recording *Recording, conditions []Condition, at time.Duration) (Judgement, bool) {
	var report *Report // put together where anything is to be looked at
	for _, condition := range conditions {
		if condition.Abort == 0 || at < condition.Abort || condition.Severity == funnel.Warn {
			continue
		}
		if report == nil {
			facts := Facts{Duration: at}.withDefaults()
			report = &Report{
				Offered: offered(recording, nil), Funnel: funnelRows(recording), Steps: stepRows(recording, at),
				Series: series(recording, facts), Generator: generator(recording, facts),
			}
		}
		if judged := condition.Judge(*report); judged.Verdict == Fail && judged.Value != nil {
			return judged, true
		}
	}
	return Judgement{}, false
}
