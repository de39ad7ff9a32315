package backend

import (
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// Wrong codes of all people and clients together: a burst, and then a rate per second. A code has a million values, so
// guessing at this rate takes over 0.17 accounts a day, however many addresses are tried from however many machines.
const (
	wrongBurst = 10_000
	wrongRate  = 2.
)

// wrongCodes limits wrong codes. The zero value allows the whole burst.
type wrongCodes struct {
	mutex sync.Mutex // guards the fields below
	used  float64    // of the burst
	at    time.Duration
}

// try takes an attempt, or refuses. An attempt that was right is given back.
func (w *wrongCodes) try(now time.Duration) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.used = max(0, w.used-wrongRate*(now-w.at).Seconds())
	w.at = now
	if w.used+1 > wrongBurst {
		return &fault{status: fasthttp.StatusTooManyRequests, code: "too_many_requests", message: "too many wrong codes; open the link instead, or try again later", retryAfter: time.Minute}
	}
	w.used++
	return nil
}

// right gives an attempt back.
func (w *wrongCodes) right() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.used = max(0, w.used-1)
}
