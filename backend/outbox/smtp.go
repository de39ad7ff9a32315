package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ombak-sim/ombak/backend/registry"
)

// mailLine is a connection to the mail server (RFC 5321), kept for many mails. If the server supports
// PIPELINING (RFC 2920), a mail costs two round trips instead of four. If it also supports CHUNKING (RFC 3030),
// several mails share one round trip.
//
// Note: the client of go-smtp waits for the answer to each command. Against one go-smtp server on this machine,
// with two busy cores, a mail takes 28 µs here and 180 to 520 µs there, 6 to 19 times as long
// (BenchmarkSMTP).
type mailLine struct {
	config     MailConfig
	conn       net.Conn // nil if not connected
	text       *textproto.Conn
	replies    *io.LimitedReader // limits the answers to the commands under way
	pipelining bool
	chunking   bool
	body       string // parameter of MAIL, if the server supports it
}

// maxReply limits the answers to one exchange, in bytes.
const maxReply = 64 << 10

// letter is a mail and its recipient.
type letter struct {
	to   string
	text []byte
}

// send delivers mails and returns the result of each. A *textproto.Error means that the server rejected the
// mail. After any other error the connection is gone and the fate of the mail is unknown.
func (l *mailLine) send(ctx context.Context, letters []letter) []error {
	errs := make([]error, len(letters))
	kept := l.conn != nil
	done, err := 0, l.connect(ctx)
	for done < len(letters) && err == nil {
		var answered int
		answered, err = l.transact(letters[done:], errs[done:])
		if answered == 0 && kept && closed(err) { // the server ended the connection while it was idle
			kept = false
			l.drop()
			err = l.connect(ctx)
			continue
		}
		if answered == 0 {
			break
		}
		kept = false
		if done += answered; errs[done-1] != nil && err == nil {
			err = l.reset()
		}
	}
	if err != nil {
		l.drop()
	}
	for i := range errs[done:] {
		errs[done+i] = describeLoss(err)
	}
	return errs
}

// closed reports whether a connection was closed by the server, with or without a word.
func closed(err error) bool {
	no := (*textproto.Error)(nil)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.As(err, &no) && no.Code == 421
}

// describeLoss describes what broke the connection, without the server's text, which may name the person.
func describeLoss(err error) error {
	if no := (*textproto.Error)(nil); errors.As(err, &no) {
		return fmt.Errorf("the mail server answered %d", no.Code)
	}
	return errors.New("mail connection: " + registry.Plainly(err))
}

// transact sends the first mail, or all mails in one round trip if the server supports it. It returns how many
// were answered and stores the first rejection of each mail in errs. After an error the connection is unusable.
func (l *mailLine) transact(letters []letter, errs []error) (answered int, err error) {
	if l.pipelining && l.chunking {
		return l.transactTogether(letters, errs)
	}
	no, err := judge(l.transactAlone(letters[0]))
	if err != nil {
		return 0, err
	}
	errs[0] = no
	return 1, nil
}

// judge separates the rejection of a mail from errors that end the connection: any other error, and 421.
func judge(err error) (no, gone error) {
	if refusal := (*textproto.Error)(nil); errors.As(err, &refusal) && refusal.Code != 421 {
		return refusal, nil
	}
	return nil, err
}

// transactTogether writes all mails and then reads the answers. Each mail starts with a reset, so that a
// rejected mail does not affect the next.
func (l *mailLine) transactTogether(letters []letter, errs []error) (answered int, err error) {
	l.extend()
	groups := make([][]envelope, len(letters))
	for i, mail := range letters {
		if i > 0 {
			groups[i] = append(groups[i], envelope{yes: 250, text: "RSET"})
		}
		groups[i] = append(groups[i], l.from(), rcpt(mail), envelope{yes: 250, text: fmt.Sprintf("BDAT %d LAST", len(mail.text)), message: mail.text})
		if err := l.put(groups[i]); err != nil {
			return 0, err
		}
	}
	if err := l.text.W.Flush(); err != nil {
		return 0, err
	}
	for i, group := range groups {
		no, err := judge(l.answers(group))
		if err != nil {
			return i, err
		}
		errs[i] = no
	}
	return len(letters), nil
}

func (l *mailLine) from() envelope {
	return envelope{yes: 250, text: "MAIL FROM:<" + l.config.From + ">" + l.body}
}

func rcpt(mail letter) envelope { return envelope{yes: 250, text: "RCPT TO:<" + mail.to + ">"} }

// transactAlone sends one mail and returns the first rejection. The message follows once the server has asked
// for it.
func (l *mailLine) transactAlone(mail letter) error {
	if err := l.exchange(l.from(), rcpt(mail), envelope{yes: 354, text: "DATA"}); err != nil {
		return err
	}
	l.extend()
	data := l.text.DotWriter()
	if _, err := data.Write(mail.text); err != nil {
		return err
	}
	if err := data.Close(); err != nil {
		return err
	}
	_, _, err := l.text.ReadResponse(250)
	return err
}

// envelope is a command and its success code.
type envelope struct {
	yes     int
	text    string
	message []byte // sent along with the command
}

// exchange sends commands, pipelined if the server supports it, and returns the first rejection. Without
// pipelining it stops at the first rejection.
func (l *mailLine) exchange(commands ...envelope) error {
	l.extend()
	group := 1
	if l.pipelining {
		group = len(commands)
	}
	for part := range slices.Chunk(commands, group) {
		if err := l.put(part); err != nil {
			return err
		}
		if err := l.text.W.Flush(); err != nil {
			return err
		}
		if no := l.answers(part); no != nil {
			return no
		}
	}
	return nil
}

// put buffers commands; Flush sends them.
func (l *mailLine) put(commands []envelope) error {
	for _, command := range commands {
		if strings.ContainsAny(command.text, "\r\n") {
			return errors.New("an address with a line break")
		}
		l.text.W.WriteString(command.text + "\r\n") //nolint:errcheck // Flush returns the error
		l.text.W.Write(command.message)             //nolint:errcheck // Flush returns the error
	}
	return nil
}

// answers reads the server's answers to the commands sent and returns the first rejection.
func (l *mailLine) answers(commands []envelope) (no error) {
	for _, command := range commands {
		code, _, err := l.text.ReadResponse(command.yes)
		if refusal := (*textproto.Error)(nil); err != nil && !errors.As(err, &refusal) {
			return err
		}
		if no == nil {
			no = err
		} else if code == 354 { // the server expects a message although it rejected the recipient; send an empty one
			if err := l.text.PrintfLine("."); err != nil {
				return err
			}
			if _, _, err := l.text.ReadResponse(0); err != nil {
				return err
			}
		}
	}
	return no
}

// extend renews the deadline and the size limit for the next exchange.
func (l *mailLine) extend() {
	l.replies.N = maxReply
	l.conn.SetDeadline(time.Now().Add(l.config.Timeout)) //nolint:errcheck // a broken connection fails at its next use
}

// reset makes the server forget a rejected mail.
func (l *mailLine) reset() error { return l.exchange(envelope{yes: 250, text: "RSET"}) }

// connect opens a connection if there is none.
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

// greet introduces the client and learns the server's extensions.
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
		return l.exchange(envelope{yes: 250, text: "HELO localhost"}) // a server older than RFC 1869
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
		l.conn.Close() // it is already broken
		l.conn = nil
	}
}

// quit ends the session with the server.
func (l *mailLine) quit() {
	if l.conn == nil {
		return
	}
	l.config.Timeout = min(l.config.Timeout, time.Second)
	_ = l.exchange(envelope{yes: 221, text: "QUIT"}) // all mails have been answered
	l.drop()
}
