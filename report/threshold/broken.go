package threshold

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// Broken returns the first broken threshold that has to end the run, judged by what is recorded so far. It
// returns false if there is none. A threshold without a measurement, or with too few values, is not broken.
func Broken(recording *recorder.Recording, conditions []Condition, at time.Duration) (report.Judgement, bool) {
	var r *report.Report // assembled only if a threshold is due
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
