package store

import (
	"context"
	"fmt"
	"time"
)

// Mail is a mail that waits to be sent.
type Mail struct {
	ID          int64 // rises with the time it was put into the outbox
	Attempts    int   // made before
	Person      int64
	Email, Name string
	LinkNonce   []byte
}

// MailState is what has become of a mail.
type MailState int

// The states, as numbers in the database.
const (
	MailPending MailState = iota // to be sent, or sent again
	MailSent
	MailDead // refused for good
)

// Settlement is what to note of a mail.
type Settlement struct {
	Mail     int64
	State    MailState
	Attempts int
}

// PendingMails returns up to limit mails to be sent with an ID above after, in the order of their ID.
func (s *Store) PendingMails(ctx context.Context, after int64, limit int) ([]Mail, error) {
	rows, err := s.engine.read[selectPending].QueryContext(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("%w: read the outbox: %w", ErrStorage, err)
	}
	defer rows.Close()
	var mails []Mail
	for rows.Next() {
		var m Mail
		if err := rows.Scan(&m.ID, &m.Attempts, &m.Person, &m.Email, &m.Name, &m.LinkNonce); err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		mails = append(mails, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%w: read the outbox: %w", ErrStorage, err)
	}
	return mails, nil
}

// CountPendingMails returns how many mails are to be sent.
func (s *Store) CountPendingMails(ctx context.Context) (n int, err error) {
	if err := s.engine.read[countPending].QueryRowContext(ctx).Scan(&n); err != nil {
		return 0, fmt.Errorf("%w: count the outbox: %w", ErrStorage, err)
	}
	return n, nil
}

type settle struct {
	mails []Settlement
	at    time.Time
}

// SettleMails notes what has become of mails, all in one operation.
func (s *Store) SettleMails(mails []Settlement, at time.Time) error {
	return s.do(&settle{mails, at})
}

func (o *settle) apply(e *engine) error {
	for _, m := range o.mails {
		if _, err := e.exec(settleMail, int(m.State), m.Attempts, o.at.UnixMilli(), m.Mail); err != nil {
			return err
		}
	}
	return nil
}
