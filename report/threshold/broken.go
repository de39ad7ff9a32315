package threshold

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// Broken returns the first threshold that is to end a run and is broken by what was recorded until now;
// false if there is none. A threshold that was not measured yet, or of which too little is known, is not
// broken.
func Broken(recording *recorder.Recording, conditions []Condition, at time.Duration) (report.Judgement, bool) {
	var r *report.Report // put together only if a threshold is due
	for _, condition := range conditions {
		if condition.Abort == 0 || at < condition.Abort || condition.Severity == funnel.Warn {
			continue
		}
		if r == nil {
			soFar := recorder.SoFar(recording, at)
			r = &soFar
		}
		if judged := condition.Judge(*r); judged.Verdict == report.Fail && judged.Value != nil {
			return judged, true
		}
	}
	return report.Judgement{}, false
}
