package outbox

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
	retries Retries
	letter  func(store.Job) []byte
	log     *slog.Logger
	breaks  int // consecutive broken connections
}

var _ Worker = (*mailWorker)(nil)

// Attempt sends mails. While the server is unreachable they stay pending, whatever the number of attempts.
func (w *mailWorker) Attempt(ctx context.Context, mails []store.Job) []Outcome {
	letters := make([]letter, len(mails))
	for i, mail := range mails {
		letters[i] = letter{mail.Email, w.letter(mail)}
	}
	outcomes := make([]Outcome, len(mails))
	var gone error
	for i, err := range w.line.send(ctx, letters) {
		var no *textproto.Error
		switch {
		case err == nil || errors.As(err, &no):
			mails[i].Attempts++
			outcomes[i] = Outcome{mails[i], w.judge(no, mails[i].Attempts), w.retries.Pause(mails[i].Attempts)}
		case gone == nil: // the server may break at this mail, so the others go first
			gone = err
			w.breaks++
			outcomes[i] = Outcome{mails[i], store.JobPending, w.retries.Pause(w.breaks)}
		default:
			outcomes[i] = Outcome{Job: mails[i], State: store.JobPending}
		}
	}
	if gone == nil {
		w.breaks = 0
	} else if ctx.Err() == nil {
		w.log.Warn("mail server failed", "error", gone)
		wait(ctx, w.retries.Pause(w.breaks))
	}
	return outcomes
}

// judge returns the state of a mail after the server's answer. A nil reply means that the server accepted the
// mail.
func (w *mailWorker) judge(no *textproto.Error, attempts int) store.JobState {
	switch {
	case no == nil:
		return store.JobDone
	case no.Code/100 == 4 && w.retries.Next(attempts) == store.JobPending:
		return store.JobPending
	}
	w.log.Warn("mail rejected permanently", "code", no.Code, "attempts", attempts)
	return store.JobDead
}

// Quit closes the session with the server.
func (w *mailWorker) Quit() { w.line.quit() }

// mailsAtOnce is the largest number of mails sent together over a connection, if the server supports it. The
// answer to the first mail waits for the last.
const mailsAtOnce = 64

// NewMail returns the queue of mails. The function proof returns the link and the code that prove the address.
func NewMail(ctx context.Context, config MailConfig, s *store.Store, proof func(store.Job) (link, code string), wall func() time.Time, log *slog.Logger) (*Queue, error) {
	letter := func(mail store.Job) []byte {
		link, code := proof(mail)
		return message(wordsOf(config.Locale), config.From, link, code, mail, wall())
	}
	crew := Crew{Workers: config.Connections, Hand: mailsAtOnce, Hire: func() Worker {
		return &mailWorker{line: &mailLine{config: config}, retries: Retries{config.Backoff, config.BackoffMax, config.Attempts}, letter: letter, log: log}
	}}
	if config.SMTP == "" {
		crew = Crew{}
	}
	crew.Wall = wall
	return New(ctx, store.JobMail, "mail", s, crew, log)
}
