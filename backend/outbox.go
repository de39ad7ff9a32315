package backend

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/ombak-sim/ombak/backend/store"
)

// mailBatch is how many mails are read from, and noted in, the outbox at once.
const mailBatch = 512

// outbox sends the mails that the store holds. The rows are the truth: who is at work on which is
// known in memory only, so after a crash an unsent mail is found again, and one that was sent but
// not noted is sent twice.
type outbox struct {
	config MailConfig
	store  *store.Store
	link   func(store.Mail) string
	log    *slog.Logger
	wake   chan struct{} // one place: there is something new
	depth  atomic.Int64
	sent   atomic.Uint64
	again  atomic.Uint64
	dead   atomic.Uint64
}

// added tells that a mail has been put into the outbox.
func (o *outbox) added() {
	o.depth.Add(1)
	o.rouse()
}

func (o *outbox) rouse() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// outcome is what has become of an attempt.
type outcome struct {
	mail  store.Mail
	state store.MailState
}

// run sends until ctx is cancelled; then the mails in hand are finished and noted.
func (o *outbox) run(ctx context.Context) {
	if o.config.SMTP == "" {
		return
	}
	mails, outcomes, repeats := make(chan store.Mail), make(chan outcome, mailBatch), make(chan store.Mail)
	var all, workers sync.WaitGroup
	all.Go(func() { o.dispatch(ctx, mails, repeats) })
	for range o.config.Connections {
		workers.Go(func() { o.work(ctx, mails, outcomes) })
	}
	all.Go(func() { o.settle(ctx, outcomes, repeats) })
	workers.Wait()
	close(outcomes)
	all.Wait()
}

// dispatch reads the outbox in order and hands the mails out; those to be repeated wait here.
func (o *outbox) dispatch(ctx context.Context, mails chan<- store.Mail, repeats <-chan store.Mail) {
	defer close(mails)
	var ready []store.Mail
	var cursor int64
	later := newWaitingMails()
	defer later.timer.Stop()
	unread := true
	for {
		if len(ready) == 0 && unread {
			ready, unread = o.read(ctx, cursor)
			if len(ready) > 0 {
				cursor = ready[len(ready)-1].ID
			}
		}
		var next store.Mail
		var out chan<- store.Mail // nil, so never chosen, when nothing is ready
		if len(ready) > 0 {
			next, out = ready[0], mails
		}
		select {
		case <-ctx.Done():
			return
		case out <- next:
			ready = ready[1:]
		case <-o.wake:
			unread = true
		case mail := <-repeats:
			later.add(mail, time.Now().Add(o.pause(mail.Attempts)))
		case <-later.timer.C:
			ready = append(later.due(time.Now()), ready...)
		}
	}
}

// read returns the next mails and whether there may be more. After a failure it is roused again soon.
func (o *outbox) read(ctx context.Context, cursor int64) ([]store.Mail, bool) {
	mails, err := o.store.PendingMails(ctx, cursor, mailBatch)
	if err != nil && ctx.Err() == nil {
		o.log.Error("outbox unreadable", "error", err)
		time.AfterFunc(o.config.Backoff, o.rouse)
	}
	return mails, len(mails) == mailBatch
}

// pause returns how long to wait after so many attempts.
func (o *outbox) pause(attempts int) time.Duration {
	pause := o.config.Backoff
	for range attempts - 1 {
		if pause *= 2; pause >= o.config.BackoffMax {
			return o.config.BackoffMax
		}
	}
	return pause
}

// work sends mails over one connection.
func (o *outbox) work(ctx context.Context, mails <-chan store.Mail, outcomes chan<- outcome) {
	line := &mailLine{config: o.config}
	defer line.quit()
	for mail := range mails {
		if result, known := o.attempt(ctx, line, mail); known {
			outcomes <- result
		}
	}
}

// attempt sends one mail, as often as the connection breaks, until the server has answered it. The
// result is unknown only when ctx is cancelled before.
func (o *outbox) attempt(ctx context.Context, line *mailLine, mail store.Mail) (outcome, bool) {
	for breaks := 1; ; breaks++ {
		err := line.send(ctx, mail.Email, message(o.config.From, o.link(mail), mail, time.Now()))
		var no *smtp.SMTPError
		if err == nil || errors.As(err, &no) {
			mail.Attempts++
			return outcome{mail, o.judge(no, mail.Attempts)}, true
		}
		if ctx.Err() != nil {
			return outcome{}, false
		}
		o.log.Warn("mail server in trouble", "error", err)
		select {
		case <-time.After(o.pause(breaks)):
		case <-ctx.Done():
			return outcome{}, false
		}
	}
}

// judge tells what becomes of a mail after the server's answer; nil is a yes.
func (o *outbox) judge(no *smtp.SMTPError, attempts int) store.MailState {
	switch {
	case no == nil:
		return store.MailSent
	case no.Temporary() && attempts < o.config.Attempts:
		return store.MailPending
	}
	o.log.Warn("mail refused for good", "code", no.Code, "attempts", attempts)
	return store.MailDead
}

// settle notes outcomes, as many at once as there are, and sends back what is to be repeated.
func (o *outbox) settle(ctx context.Context, outcomes <-chan outcome, repeats chan<- store.Mail) {
	for first := range outcomes {
		batch := gatherOutcomes(first, outcomes)
		settlements := make([]store.Settlement, len(batch))
		for i, done := range batch {
			settlements[i] = store.Settlement{Mail: done.mail.ID, State: done.state, Attempts: done.mail.Attempts}
		}
		if err := o.store.SettleMails(settlements, time.Now()); err != nil {
			o.log.Error("mails could not be noted; after a restart they are sent again", "mails", len(batch), "error", err)
		}
		for _, done := range batch {
			o.count(done.state)
			if done.state == store.MailPending {
				select {
				case repeats <- done.mail:
				case <-ctx.Done():
				}
			}
		}
	}
}

// gatherOutcomes returns the first and those that wait behind it.
func gatherOutcomes(first outcome, outcomes <-chan outcome) []outcome {
	batch := []outcome{first}
	for len(batch) < mailBatch {
		select {
		case next, open := <-outcomes:
			if !open {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (o *outbox) count(state store.MailState) {
	switch state {
	case store.MailSent:
		o.sent.Add(1)
		o.depth.Add(-1)
	case store.MailDead:
		o.dead.Add(1)
		o.depth.Add(-1)
	case store.MailPending:
		o.again.Add(1)
	}
}
