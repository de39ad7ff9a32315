package report

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Broken returns the first threshold that is to end a run and is broken by what was recorded until now;
// false if there is none. A threshold that was not measured yet, or of which too little is known, is not
// broken.
func Broken(recording *Recording, conditions []Condition, at time.Duration) (Judgement, bool) {
	var report *Report // put together only if a threshold is due
	for _, condition := range conditions {
		if condition.Abort == 0 || at < condition.Abort || condition.Severity == funnel.Warn {
			continue
		}
		if report == nil {
			soFar := SoFar(recording, at)
			report = &soFar
		}
		if judged := condition.Judge(*report); judged.Verdict == Fail && judged.Value != nil {
			return judged, true
		}
	}
	return Judgement{}, false
}
