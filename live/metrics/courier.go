package metrics

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Send hands the metrics of an instant to a receiver. An error that is [ErrRefused] is not tried again.
type Send func(ctx context.Context, families []*dto.MetricFamily, at time.Time) error

// ErrRefused marks an answer of a receiver that does not want what it got.
var ErrRefused = errors.New("refused")

// parcel is what a run had come to at an instant.
type parcel struct {
	families []*dto.MetricFamily
	at       time.Time
}

// Courier carries metrics to a receiver on a goroutine of its own. While the receiver is away it keeps the latest minute or
// two and tries again; it says once that the receiver is away, and once that it is back.
type Courier struct {
	send    Send
	tell    func(string)
	parcels chan parcel
	working sync.WaitGroup
	stop    context.CancelFunc
	pause   time.Duration
}

// kept is how many parcels wait for a receiver that is away.
const kept = 120

// How long a receiver may take, how long a courier waits before it tries again, and how long it tries after the end.
const (
	sendPatience = 5 * time.Second
	retryPause   = time.Second
	lastPatience = 5 * time.Second
)

// NewCourier returns a courier to a receiver. The func tell takes sentences about the receiver, which name it.
func NewCourier(send Send, tell func(string)) *Courier {
	return newCourier(send, tell, retryPause)
}

func newCourier(send Send, tell func(string), pause time.Duration) *Courier {
	ctx, stop := context.WithCancel(context.Background())
	c := &Courier{send: send, tell: tell, parcels: make(chan parcel, kept), stop: stop, pause: pause}
	c.working.Go(func() { c.work(ctx) })
	return c
}

// take keeps a parcel. If too many wait, the oldest is left out: counters of the next one hold it.
func (c *Courier) take(p parcel) {
	for {
		select {
		case c.parcels <- p:
			return
		default:
		}
		select {
		case <-c.parcels:
		default:
		}
	}
}

// Close hands over what is left, for at most five seconds. Call it after the last row.
func (c *Courier) Close() {
	close(c.parcels)
	timer := time.AfterFunc(lastPatience, c.stop)
	defer timer.Stop()
	c.working.Wait()
	c.stop()
}

func (c *Courier) work(ctx context.Context) {
	away := false
	for p := range c.parcels {
		for {
			err := c.try(ctx, p)
			if err == nil && away {
				c.tell("answers again")
			}
			if err != nil && !away && ctx.Err() == nil {
				c.tell(fmt.Sprintf("does not take the metrics (%v); the run goes on, and it is tried again", err))
			}
			away = err != nil
			if err == nil || errors.Is(err, ErrRefused) || !c.rest(ctx) {
				break
			}
		}
	}
}

func (c *Courier) try(ctx context.Context, p parcel) error {
	ctx, cancel := context.WithTimeout(ctx, sendPatience)
	defer cancel()
	return c.send(ctx, p.families, p.at)
}

// rest waits before another try. It returns false if there is none.
func (c *Courier) rest(ctx context.Context) bool {
	timer := time.NewTimer(c.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
