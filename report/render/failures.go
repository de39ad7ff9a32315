package render

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// failureWords says what became of an attempt, by the reason in a report, and what to look at first.
var failureWords = map[string]string{
	funnel.ReasonDial.String():  "no connection could be opened: see whether the service listens there and accepts as fast as people come",
	funnel.ReasonTLS.String():   "the TLS handshake failed: name the certificate's authority in connections.tls.ca, or see which protocols the service offers",
	funnel.ReasonReset.String(): "the connection closed before the answer was complete: the service's log may say why",
	funnel.ReasonStale.String(): "the service closed a connection that was in use: let it keep idle connections longer, or set connections.idle below its time",
	funnel.ReasonBody.String():  "the answer could not be read, is of another protocol, or lacks a value that extract names",
	funnel.ReasonCheck.String(): "the answer failed a check of its expect",
	funnel.ReasonLink.String():  "a link or redirect was missing, led to no target, or too far",
	funnel.ReasonLocal.String(): "the attempt was never sent, because this machine ran out of descriptors, ports or memory",
}

// failures says as what attempts failed, if that explains most who did not pass. It is "" otherwise.
func failures(row report.FunnelRow, result report.Report) string {
	half := (row.Entered - row.Passed) / 2
	if row.Failed <= half {
		return ""
	}
	for _, step := range result.Steps {
		if step.Step != row.Step {
			continue
		}
		reason, most := "", 0.0
		for name, count := range step.Reasons {
			if count > most || count == most && name < reason {
				reason, most = name, count
			}
		}
		words := failureWords[reason]
		if status, err := strconv.Atoi(reason); err == nil {
			words = http.StatusText(status)
		}
		switch {
		case most <= half || reason == funnel.ReasonTimeout.String():
			return ""
		case words == "":
			return fmt.Sprintf("%s attempts ended as %s", units.Count(most), reason)
		}
		return fmt.Sprintf("%s attempts ended as %s (%s)", units.Count(most), reason, words)
	}
	return ""
}
