package drill

import (
	"fmt"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// storeWatch notices from the store's counters when it takes no writes.
type storeWatch struct {
	batches, failures uint64
	since             time.Duration // when it was first seen to take none
	gone              bool
}

// look compares the counters with those of the last look. It returns what to report when the store goes away, and again when
// it is back. A transaction that fails while others commit is no absence.
func (w *storeWatch) look(at time.Duration, now store.Stats) (report.Gone, bool) {
	commits, fails := now.Batches > w.batches, now.Failures > w.failures
	w.batches, w.failures = now.Batches, now.Failures
	switch {
	case !w.gone && fails && !commits:
		w.gone, w.since = true, at
		return report.Gone{AtS: at.Seconds(), Why: oneLine(now.Failure)}, true
	case w.gone && commits:
		w.gone = false
		return report.Gone{AtS: w.since.Seconds(), ForS: (at - w.since).Seconds(), Back: true, Why: oneLine(now.Failure)}, true
	}
	return report.Gone{}, false
}

// oneLine shortens an error to one line that a report can show.
func oneLine(text string) string {
	const longest = 200
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}

// addGone records that the store went away, or that it is back. The caller holds the lock.
func (c *conductor) addGone(gone report.Gone) {
	mark := funnel.Mark{At: time.Duration(gone.AtS * float64(time.Second)), Kind: funnel.NoteMark, Text: "the store takes no writes: " + gone.Why}
	if last := len(c.gone) - 1; gone.Back && last >= 0 {
		c.gone[last] = gone
		mark.At += time.Duration(gone.ForS * float64(time.Second))
		mark.Text = fmt.Sprintf("the store takes writes again, after %s", units.Time(gone.ForS))
	} else {
		c.gone = append(c.gone, gone)
	}
	c.addMark(mark)
}

// absences returns the stretches without the store in a run of this length.
func (c *conductor) absences(length time.Duration) []report.Gone {
	if last := len(c.gone) - 1; last >= 0 && !c.gone[last].Back {
		c.gone[last].ForS = max(0, length.Seconds()-c.gone[last].AtS)
	}
	return c.gone
}

// unread records that the store could not be read at the end, whose books that leaves unknown, and that it is gone, unless that is
// known.
func (c *conductor) unread(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.store != nil {
		c.store.Unread, c.store.UnknownPeople = oneLine(err.Error()), float64(len(distinct(c.acknowledged)))
	}
	if last := len(c.gone) - 1; last >= 0 && !c.gone[last].Back {
		return
	}
	c.gone = append(c.gone, report.Gone{AtS: max(0, time.Since(c.began)).Seconds(), Why: oneLine(err.Error())})
}
