package loadgen

import (
	"runtime"
	"testing"
)

// One processor is left for everything else, however many loops there are, and all are given back.
func TestLoopsLeaveAProcessor(t *testing.T) {
	before := keepers.Load()
	loops := make([]epoll, 4*runtime.GOMAXPROCS(0))
	keep := 0
	for i := range loops {
		if loops[i].keepProcessor(); loops[i].keeps {
			keep++
		}
	}
	if most := runtime.GOMAXPROCS(0) - 1; keep > most || keep < most-int(before) {
		t.Errorf("%d loops keep a processor of %d, of which %d were kept before", keep, most+1, before)
	}
	for i := range loops {
		loops[i].freeProcessor()
	}
	if after := keepers.Load(); after != before {
		t.Errorf("%d processors are kept afterwards, %d before", after, before)
	}
}
