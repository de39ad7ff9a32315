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

// attempt sends one mail. While the server is away mails stay pending, however often.
func (w *mailWorker) attempt(ctx context.Context, mail store.Job) outcome {
	err := w.line.send(ctx, mail.Email, w.letter(mail))
	var no *textproto.Error
	if err != nil && !errors.As(err, &no) {
		w.breaks++
		if ctx.Err() == nil {
			w.log.Warn("mail server in trouble", "error", err)
			wait(ctx, w.retries.pause(w.breaks))
		}
		return outcome{job: mail, state: store.JobPending}
	}
	w.breaks = 0
	mail.Attempts++
	return outcome{mail, w.judge(no, mail.Attempts), w.retries.pause(mail.Attempts)}
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

// openOutbox makes the queue of mails.
func (s *Server) openOutbox(ctx context.Context) (err error) {
	c := s.config.Mail
	if s.outbox, err = newQueue(ctx, store.JobMail, "mail", s.store, s.config.Log); err != nil || c.SMTP == "" {
		return err
	}
	letter := func(mail store.Job) []byte {
		return message(c.From, s.link(mail), s.links.code(mail.LinkNonce), mail, time.Now())
	}
	s.outbox.workers = c.Connections
	s.outbox.hire = func() worker {
		return &mailWorker{line: &mailLine{config: c}, retries: retries{c.Backoff, c.BackoffMax, c.Attempts}, letter: letter, log: s.config.Log}
	}
	return nil
}
