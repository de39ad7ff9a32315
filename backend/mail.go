package backend

import (
	"context"
	"errors"
	"log/slog"
	"net/textproto"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// mailWorker sends mails over one connection.
type mailWorker struct {
	line    *mailLine
	retries retries
	letter  func(store.Job) []byte
	log     *slog.Logger
	breaks  int // connections that broke, one after another
}

var _ worker = (*mailWorker)(nil)

// attempt sends mails. While the server is away they stay pending, however often.
func (w *mailWorker) attempt(ctx context.Context, mails []store.Job) []outcome {
	letters := make([]letter, len(mails))
	for i, mail := range mails {
		letters[i] = letter{mail.Email, w.letter(mail)}
	}
	outcomes := make([]outcome, len(mails))
	var gone error
	for i, err := range w.line.send(ctx, letters) {
		var no *textproto.Error
		switch {
		case err == nil || errors.As(err, &no):
			mails[i].Attempts++
			outcomes[i] = outcome{mails[i], w.judge(no, mails[i].Attempts), w.retries.pause(mails[i].Attempts)}
		case gone == nil: // it may be this mail that the server breaks at; the others go first
			gone = err
			w.breaks++
			outcomes[i] = outcome{mails[i], store.JobPending, w.retries.pause(w.breaks)}
		default:
			outcomes[i] = outcome{job: mails[i], state: store.JobPending}
		}
	}
	if gone == nil {
		w.breaks = 0
	} else if ctx.Err() == nil {
		w.log.Warn("mail server in trouble", "error", gone)
		wait(ctx, w.retries.pause(w.breaks))
	}
	return outcomes
}

// judge tells what becomes of a mail after the server's answer; nil is a yes.
func (w *mailWorker) judge(no *textproto.Error, attempts int) store.JobState {
	switch {
	case no == nil:
		return store.JobDone
	case no.Code/100 == 4 && w.retries.next(attempts) == store.JobPending:
		return store.JobPending
	}
	w.log.Warn("mail refused for good", "code", no.Code, "attempts", attempts)
	return store.JobDead
}

func (w *mailWorker) quit() { w.line.quit() }

// mailsAtOnce is how many mails go over a connection together, where the server takes them so: the answer to
// the first waits for the last.
const mailsAtOnce = 64

// openOutbox makes the queue of mails.
func (s *Server) openOutbox(ctx context.Context) (err error) {
	c := s.config.Mail
	if s.outbox, err = newQueue(ctx, store.JobMail, "mail", s.store, s.config.Log); err != nil || c.SMTP == "" {
		return err
	}
	letter := func(mail store.Job) []byte {
		return message(c.From, s.link(mail), s.links.code(mail.LinkNonce), mail, time.Now())
	}
	s.outbox.workers, s.outbox.hand = c.Connections, mailsAtOnce
	s.outbox.hire = func() worker {
		return &mailWorker{line: &mailLine{config: c}, retries: retries{c.Backoff, c.BackoffMax, c.Attempts}, letter: letter, log: s.config.Log}
	}
	return nil
}
