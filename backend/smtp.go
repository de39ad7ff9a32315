package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// mailLine is a connection to the mail server that is kept over many mails.
type mailLine struct {
	config MailConfig
	client *smtp.Client // nil when there is none
}

// send delivers one mail. An *smtp.SMTPError is the server's no to this mail; after any other error
// the connection is gone and nothing is known of the mail.
func (l *mailLine) send(ctx context.Context, to string, message []byte) error {
	if err := l.connect(ctx); err != nil {
		return err
	}
	err := l.transact(to, message)
	var no *smtp.SMTPError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no) && no.Code != 421: // 421: the server closes the connection
		if reset := l.client.Reset(); reset != nil {
			l.drop()
		}
		return no
	case no != nil:
		l.drop()
		return fmt.Errorf("the mail server says %d", no.Code) // its text may name the person
	default:
		l.drop()
		return fmt.Errorf("mail connection: %w", err)
	}
}

func (l *mailLine) transact(to string, message []byte) error {
	if err := l.client.Mail(l.config.From, nil); err != nil {
		return err
	}
	if err := l.client.Rcpt(to, nil); err != nil {
		return err
	}
	data, err := l.client.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(message); err != nil {
		return err
	}
	return data.Close()
}

// connect opens a connection unless there is one.
func (l *mailLine) connect(ctx context.Context) error {
	if l.client != nil {
		return nil
	}
	dialer := net.Dialer{Timeout: l.config.Timeout}
	conn, err := dialer.DialContext(ctx, "tcp", l.config.SMTP)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	l.client = smtp.NewClient(conn)
	l.client.CommandTimeout, l.client.SubmissionTimeout = l.config.Timeout, l.config.Timeout
	return nil
}

// drop closes the connection at once.
func (l *mailLine) drop() {
	if l.client != nil {
		l.client.Close() // it is broken already
		l.client = nil
	}
}

// quit takes leave of the server.
func (l *mailLine) quit() {
	if l.client != nil {
		l.client.CommandTimeout = time.Second
		_ = l.client.Quit() // all mails have been answered
		l.drop()
	}
}
