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
	"time"

	"github.com/ombak-sim/ombak/backend/registry"
)

// mailLine is a connection to the mail server (RFC 5321) that is kept over many mails. Where the server
// lets commands come together (PIPELINING, RFC 2920), a mail costs two round trips instead of four; where it
// takes the message beside them (CHUNKING, RFC 3030), several mails cost one.
//
// Note: the client of go-smtp waits for the answer to each command. Against one go-smtp server on this machine, two
// busy cores, a mail takes 28 µs here and 180 to 520 µs there, 6 to 19 times as long (BenchmarkSMTP).
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

// letter is a mail and whom it is for.
type letter struct {
	to   string
	text []byte
}

// send delivers mails and returns what became of each. A *textproto.Error is the server's no to that mail;
// after any other error the connection is gone and nothing is known of the mail.
func (l *mailLine) send(ctx context.Context, letters []letter) []error {
	errs := make([]error, len(letters))
	done, err := 0, l.connect(ctx)
	for done < len(letters) && err == nil {
		var answered int
		if answered, err = l.transact(letters[done:], errs[done:]); answered == 0 {
			break
		}
		if done += answered; errs[done-1] != nil && err == nil {
			err = l.reset()
		}
	}
	if err != nil {
		l.drop()
	}
	for i := range errs[done:] {
		errs[done+i] = lost(err)
	}
	return errs
}

// lost words what broke the connection, without the server's text, which may name the person.
func lost(err error) error {
	if no := (*textproto.Error)(nil); errors.As(err, &no) {
		return fmt.Errorf("the mail server says %d", no.Code)
	}
	return errors.New("mail connection: " + registry.Plainly(err))
}

// transact hands over the first mail, or all in one round trip where the server takes them so, and returns how many
// were answered; the first no to a mail is left in its place. After an error the connection is of no more use.
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

// judge tells a no to the mail from what ends the connection: any other error, and 421.
func judge(err error) (no, gone error) {
	if refusal := (*textproto.Error)(nil); errors.As(err, &refusal) && refusal.Code != 421 {
		return refusal, nil
	}
	return nil, err
}

// transactTogether writes all mails and then reads what the server says to each. What a refused mail leaves behind
// must not befall the next: each begins with a clean slate.
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

// transactAlone hands over one mail, its message when the server has asked for it; the first no counts.
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

// envelope is a command and the code of the yes to it.
type envelope struct {
	yes     int
	text    string
	message []byte // that the command brings along
}

// exchange sends commands, together if the server takes them so, and returns the first no. Without
// pipelining nothing follows a no.
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

// put writes commands, which Flush sends.
func (l *mailLine) put(commands []envelope) error {
	for _, command := range commands {
		if strings.ContainsAny(command.text, "\r\n") {
			return errors.New("an address with a line break")
		}
		l.text.W.WriteString(command.text + "\r\n") //nolint:errcheck // Flush tells
		l.text.W.Write(command.message)             //nolint:errcheck // likewise
	}
	return nil
}

// answers reads the server's answers to commands that were sent and returns the first no.
func (l *mailLine) answers(commands []envelope) (no error) {
	for _, command := range commands {
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
	return no
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
