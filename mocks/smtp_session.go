package mocks

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload/fault"
)

// session is one SMTP connection.
type session struct {
	post       *post
	conn       net.Conn
	begun      time.Duration // of the current message
	strike     fault.Strike  // the faults that strike it
	from       string
	recipients []uint64
	lost       uint64
}

var _ smtp.Session = (*session)(nil)

// Reset implements smtp.Session.
func (s *session) Reset() { s.recipients, s.lost = s.recipients[:0], 0 }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// Mail implements smtp.Session. It draws the faults of the message.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.Reset()
	s.from, s.begun = from, s.post.clock.now()
	s.strike = s.post.board.strike(s.post.clock.scenarioAt(s.begun), s.conn.RemoteAddr())
	if !stops(s.strike) {
		return nil
	}
	s.post.station.strike() // counted before the sender can see it
	err := s.stop()
	s.note(err.Code)
	return err
}

// stop applies the faults that act before a message is accepted, and returns the answer to the sender.
func (s *session) stop() *smtp.SMTPError {
	switch {
	case s.strike.Has(fault.Refused), s.strike.Has(fault.Reset):
		cut(s.conn)
		return errStopping()
	case s.strike.Has(fault.BlackHole):
		s.hang()
		return errStopping()
	default:
		code := cmp.Or(s.strike.Status, 451)
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 3, 0}, Message: cmp.Or(s.strike.Text, "out of order")}
	}
}

// hang gives no answer until the client closes the connection or the mocks stop.
func (s *session) hang() {
	forget := context.AfterFunc(s.post.context, func() { _ = s.conn.Close() }) // the reader sees the error
	defer forget()
	_, _ = io.Copy(io.Discard, s.conn)
	_ = s.conn.Close() // it is already broken
}

func errStopping() *smtp.SMTPError {
	return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "shutting down"}
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.strike.Has(fault.Greylist) && !s.post.grey.passes(s.from, to, s.strike.Put, s.post.clock.now()) {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, try again later"}
	}
	person, known := population.IndexOfEmail(to)
	switch {
	case !known:
		s.post.unknown.Add(1)
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	case !population.Deliverable(to):
		s.lost++
	case s.post.people.Traits(person).Has(population.FullMailbox):
		s.post.full.Add(1)
		return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "mailbox full"}
	default:
		s.recipients = append(s.recipients, person)
	}
	return nil
}

// messages is a pool of buffers for reading messages.
//
// Note: a buffer for each connection would cost a gigabyte with 16,000 of them.
type messages struct{ pool sync.Pool }

func (m *messages) get() *bytes.Buffer {
	if buffer, ok := m.pool.Get().(*bytes.Buffer); ok {
		buffer.Reset()
		return buffer
	}
	return new(bytes.Buffer)
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	raw := s.post.buffers.get()
	defer s.post.buffers.pool.Put(raw)
	if _, err := raw.ReadFrom(io.LimitReader(r, messageRead)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	refusal, err := s.post.station.Visit(s.post.context, s.conn)
	if err != nil {
		return errStopping()
	}
	if answer := refusalOf(refusal); answer != nil {
		s.note(answer.Code)
		return answer
	}
	s.note(250)
	s.hand(raw.Bytes())
	return nil
}

// refusalOf returns the SMTP answer to a refusal of the station: 421, after which the connection is closed, if
// the sender sends too much, and 451 otherwise.
func refusalOf(refusal Refusal) *smtp.SMTPError {
	switch refusal {
	case Served:
		return nil
	case RateExceeded, QueueFull:
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "too many messages, try again later"}
	}
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: refusal.String()}
}

// hand sends an accepted message on its way.
func (s *session) hand(raw []byte) {
	s.post.lost.Add(s.lost)
	if s.strike.Has(fault.Loss) {
		s.post.lost.Add(uint64(len(s.recipients)))
		return
	}
	if len(s.recipients) == 0 {
		return
	}
	subject, body := readMessage(raw)
	for _, person := range s.recipients {
		s.post.deliver(person, subject, body)
	}
}

// note records the current message without its recipients.
func (s *session) note(status int) {
	s.post.journal.note(Entry{
		At: seconds(s.post.clock.sinceStartAt(s.begun)), Method: "DATA", Path: strconv.Itoa(len(s.recipients)) + " recipients",
		Status: status, Duration: seconds(s.post.clock.now() - s.begun), Fault: kindsOf(s.strike),
	})
}

// hangsUp closes a connection after a 421, as servers do (RFC 5321, section 3.8).
type hangsUp struct{ net.Listener }

// Accept implements net.Listener.
func (h hangsUp) Accept() (net.Conn, error) {
	conn, err := h.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lastWord{Conn: conn}, nil
}

// lastWord also buffers answers until the server waits for the next command, so that answers to pipelined
// commands are sent together (RFC 2920, section 3.2).
type lastWord struct {
	net.Conn
	mutex sync.Mutex // the server may be closed at any time
	held  []byte
}

// Unwrap returns the underlying connection.
func (l *lastWord) Unwrap() net.Conn { return l.Conn }

// Write implements net.Conn.
func (l *lastWord) Write(line []byte) (int, error) {
	l.mutex.Lock()
	l.held = append(l.held, line...)
	l.mutex.Unlock()
	if bytes.HasPrefix(line, []byte("421 ")) {
		return len(line), l.Close() // the reader sees the error
	}
	return len(line), nil
}

// Read implements net.Conn.
func (l *lastWord) Read(b []byte) (int, error) {
	if err := l.answer(); err != nil {
		return 0, err
	}
	return l.Conn.Read(b)
}

// Close implements net.Conn.
func (l *lastWord) Close() error { return errors.Join(l.answer(), l.Conn.Close()) }

// answer sends the buffered answers.
func (l *lastWord) answer() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.held) == 0 {
		return nil
	}
	_, err := l.Conn.Write(l.held)
	l.held = l.held[:0]
	return err
}
