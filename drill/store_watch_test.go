package drill

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// TestAStoreGoesAndComesBack looks at made counters, second by second.
func TestAStoreGoesAndComesBack(t *testing.T) {
	var watch storeWatch
	for second, row := range []struct {
		why               string
		batches, failures uint64
		want              *report.Gone
	}{
		{"nothing has happened yet", 0, 0, nil},
		{"writes", 10, 0, nil},
		{"one failed among others", 20, 1, nil},
		{"nobody asks", 20, 1, nil},
		{"all fail", 20, 5, &report.Gone{AtS: 4, Why: "disk full"}},
		{"all still fail", 20, 9, nil},
		{"nobody asks, so nobody knows", 20, 9, nil},
		{"it is back", 21, 9, &report.Gone{AtS: 4, ForS: 3, Back: true, Why: "disk full"}},
		{"it is gone again", 21, 10, &report.Gone{AtS: 8, Why: "disk full"}},
	} {
		gone, changed := watch.look(time.Duration(second)*time.Second, store.Stats{Batches: row.batches, Failures: row.failures, Failure: "disk\n full"})
		if changed != (row.want != nil) || changed && gone != *row.want {
			t.Errorf("%s: %+v, %v; want %+v", row.why, gone, changed, row.want)
		}
	}
	if long := oneLine(strings.Repeat("é", 500)); len(long) > 250 || !strings.HasSuffix(long, "…") {
		t.Errorf("a long error has %d bytes", len(long))
	}
}

// Who watches the run is told too.
func TestAbsencesAreInTheFeed(t *testing.T) {
	c := &conductor{rows: recorder.NewSeconds(nil, func(at time.Duration) time.Duration { return at })}
	c.addGone(report.Gone{AtS: 1, Why: "disk full"})
	c.addGone(report.Gone{AtS: 1, ForS: 2, Back: true})
	marks := c.rows.Cut(4*time.Second, "").Marks
	if len(marks) != 2 || marks[0].Text != "the store takes no writes: disk full" || marks[1].AtS != 3 {
		t.Errorf("the feed has the marks %+v", marks)
	}
}
