package drill

import (
	"errors"
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/threshold"
)

// ErrBroken marks a run that was ended by a broken threshold.
var ErrBroken = errors.New("a threshold was broken")

// broken returns an error if a broken threshold ends the run now.
func (c *conductor) broken() error {
	c.mu.Lock()
	judged, broken := threshold.Broken(c.recording, c.run.Conditions, time.Since(c.began))
	c.mu.Unlock()
	if !broken {
		return nil
	}
	c.note(funnel.NoteMark, "ended: "+judged.Source+" is broken")
	return fmt.Errorf("%w: %s (%s), so the run was ended", ErrBroken, judged.Source, judged.Reason)
}
