package funnel

import "fmt"

// Outcome is how one attempt at a step ended.
type Outcome uint8

// The outcomes.
const (
	Completed    Outcome = iota // the service said yes
	Declined                    // a correct no: NIK mismatch, not eligible, quota full; no error
	Rejected                    // turned away by protection: 429, 503, waiting room closed
	Failed                      // an error: another status, a broken answer, a lost connection
	TimedOut                    // no answer within the step's timeout
	Abandoned                   // the person left while waiting
	Dropped                     // never sent, because the generator could not
	Unfinished                  // still under way when the run ended: its times are lower bounds
	OutcomeCount int     = iota
)

var outcomeNames = [OutcomeCount]string{"completed", "declined", "rejected", "failed", "timed_out", "abandoned", "dropped", "unfinished"}

// String returns the name used in files.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// MarshalText implements encoding.TextMarshaler.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Outcome) UnmarshalText(text []byte) error {
	for i, name := range outcomeNames {
		if name == string(text) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("outcome %q is unknown", text)
}
