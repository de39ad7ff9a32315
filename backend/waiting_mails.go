package backend

import (
	"container/heap"
	"math"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// waitingMails holds the mails to be repeated until their time has come.
type waitingMails struct {
	heap  mailHeap
	timer *time.Timer // fires when the first is due
}

func newWaitingMails() *waitingMails {
	return &waitingMails{timer: time.NewTimer(math.MaxInt64)}
}

func (w *waitingMails) add(mail store.Mail, at time.Time) {
	heap.Push(&w.heap, waitingMail{mail, at})
	w.timer.Reset(time.Until(w.heap[0].at))
}

// due takes out those whose time has come.
func (w *waitingMails) due(now time.Time) (mails []store.Mail) {
	for len(w.heap) > 0 && !w.heap[0].at.After(now) {
		mails = append(mails, heap.Pop(&w.heap).(waitingMail).mail)
	}
	if len(w.heap) > 0 {
		w.timer.Reset(time.Until(w.heap[0].at))
	}
	return mails
}

type waitingMail struct {
	mail store.Mail
	at   time.Time
}

type mailHeap []waitingMail

var _ heap.Interface = (*mailHeap)(nil)

func (h mailHeap) Len() int { return len(h) }
func (h mailHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].mail.ID < h[j].mail.ID
	}
	return h[i].at.Before(h[j].at)
}
func (h mailHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *mailHeap) Push(m any)   { *h = append(*h, m.(waitingMail)) }
func (h *mailHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
