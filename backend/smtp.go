package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// mailLine is a connection to the mail server (RFC 5321) that is kept over many mails. Where the server
// lets commands come together (PIPELINING, RFC 2920), a mail costs two round trips instead of four, and one
// where it takes the message beside them (CHUNKING, RFC 3030).
//
// Note: the client of go-smtp waits for the answer to each command.
type mailLine struct {
	config     MailConfig
	conn       net.Conn // nil when there is none
	text       *textproto.Conn
	replies    *io.LimitedReader // what may still come in answer to the commands under way
	pipelining bool
	chunking   bool
	body       string // parameter of MAIL, where the server takes it
}

// mostReply bounds the answers to one exchange, in bytes.
const mostReply = 64 << 10

// send delivers one mail. A *textproto.Error is the server's no to this mail; after any other error
// the connection is gone and nothing is known of the mail.
func (l *mailLine) send(ctx context.Context, to string, message []byte) error {
	err := l.connect(ctx)
	if err == nil {
		err = l.transact(to, message)
	}
	var no *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no) && no.Code != 421 && l.reset() == nil: // 421: the server closes the connection
		return no
	case no != nil:
		l.drop()
		return fmt.Errorf("the mail server says %d", no.Code) // its text may name the person
	default:
		l.drop()
		return fmt.Errorf("mail connection: %w", err)
	}
}

// transact hands over one mail; the first no counts.
func (l *mailLine) transact(to string, message []byte) error {
	from, rcpt := envelope{yes: 250, text: "MAIL FROM:<" + l.config.From + ">" + l.body}, envelope{yes: 250, text: "RCPT TO:<" + to + ">"}
	if l.pipelining && l.chunking {
		return l.exchange(from, rcpt, envelope{yes: 250, text: fmt.Sprintf("BDAT %d LAST", len(message)), message: message})
	}
	if err := l.exchange(from, rcpt, envelope{yes: 354, text: "DATA"}); err != nil {
		return err
	}
	l.extend()
	data := l.text.DotWriter()
	if _, err := data.Write(message); err != nil {
		return err
	}
	if err := data.Close(); err != nil {
		return err
	}
	_, _, err := l.text.ReadResponse(250)
	return err
}

// envelope is a command and the code of the yes to it.
type envelope struct {
	yes     int
	text    string
	message []byte // that the command brings along
}

// exchange sends commands, together if the server takes them so, and returns the first no. Without
// pipelining nothing follows a no.
func (l *mailLine) exchange(commands ...envelope) (no error) {
	l.extend()
	group := 1
	if l.pipelining {
		group = len(commands)
	}
	for part := range slices.Chunk(commands, group) {
		for _, command := range part {
			if strings.ContainsAny(command.text, "\r\n") {
				return errors.New("an address with a line break")
			}
			l.text.W.WriteString(command.text + "\r\n") //nolint:errcheck // Flush tells
			l.text.W.Write(command.message)             //nolint:errcheck // likewise
		}
		if err := l.text.W.Flush(); err != nil {
			return err
		}
		for _, command := range part {
			code, _, err := l.text.ReadResponse(command.yes)
			if refusal := (*textproto.Error)(nil); err != nil && !errors.As(err, &refusal) {
				return err
			}
			if no == nil {
				no = err
			} else if code == 354 { // a mail for nobody is wanted: it gets an empty one
				if err := l.text.PrintfLine("."); err != nil {
					return err
				}
				if _, _, err := l.text.ReadResponse(0); err != nil {
					return err
				}
			}
		}
		if no != nil {
			return no
		}
	}
	return nil
}

// extend gives the server its time and its bytes for the next exchange.
func (l *mailLine) extend() {
	l.replies.N = mostReply
	l.conn.SetDeadline(time.Now().Add(l.config.Timeout)) //nolint:errcheck // a broken connection is noticed by who uses it
}

// reset makes the server forget a mail that it refused.
func (l *mailLine) reset() error { return l.exchange(envelope{yes: 250, text: "RSET"}) }

// connect opens a connection unless there is one.
func (l *mailLine) connect(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	dialer := net.Dialer{Timeout: l.config.Timeout}
	conn, err := dialer.DialContext(ctx, "tcp", l.config.SMTP)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	l.conn, l.replies, l.pipelining, l.chunking, l.body = conn, &io.LimitedReader{R: conn}, false, false, ""
	l.text = textproto.NewConn(struct {
		io.Reader
		io.WriteCloser
	}{l.replies, conn})
	return l.greet()
}

// greet tells the server who is there and learns what it is able to.
func (l *mailLine) greet() error {
	l.extend()
	if _, _, err := l.text.ReadResponse(220); err != nil {
		return err
	}
	if err := l.text.PrintfLine("EHLO localhost"); err != nil {
		return err
	}
	_, answer, err := l.text.ReadResponse(250)
	if err != nil {
		return l.exchange(envelope{yes: 250, text: "HELO localhost"}) // a server of before RFC 1869
	}
	able := strings.Split(answer, "\n")
	l.pipelining, l.chunking = slices.Contains(able, "PIPELINING"), slices.Contains(able, "CHUNKING")
	if slices.Contains(able, "8BITMIME") {
		l.body = " BODY=8BITMIME"
	}
	return nil
}

// drop closes the connection at once.
func (l *mailLine) drop() {
	if l.conn != nil {
		l.conn.Close() // it is broken already
		l.conn = nil
	}
}

// quit takes leave of the server.
func (l *mailLine) quit() {
	if l.conn == nil {
		return
	}
	l.config.Timeout = min(l.config.Timeout, time.Second)
	_ = l.exchange(envelope{yes: 221, text: "QUIT"}) // all mails have been answered
	l.drop()
}
