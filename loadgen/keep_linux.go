package loadgen

import (
	"runtime"
	"sync/atomic"
	"time"
)

// keepers is the number of loops that keep a processor of Go's scheduler while they wait.
var keepers atomic.Int64

// keepProcessor lets the loop keep its processor during short waits, if one is left for everything else. When a loop
// gives it up for each wait, the scheduler looks every 20 µs whether to take it, which at 2,000 requests a second is a
// quarter of the generator's CPU time. The signal with which the scheduler stops goroutines interrupts the wait.
func (e *epoll) keepProcessor() {
	if int(keepers.Add(1)) < runtime.GOMAXPROCS(0) {
		e.keeps = true
		return
	}
	keepers.Add(-1)
}

func (e *epoll) freeProcessor() {
	if e.keeps {
		keepers.Add(-1)
	}
}

// longWait is a wait in which the processor is given up: then the scheduler rests, too.
const longWait = 10 * time.Millisecond
