package mocks

import (
	"context"
	"io"
	"log"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// MailCounts says what became of the recipients of messages.
type MailCounts struct {
	Delivered uint64 `json:"delivered"` // to the inbox
	Spam      uint64 `json:"spam"`      // to the folder where people do not look
	Lost      uint64 `json:"lost"`      // accepted for a mistyped domain and never delivered
	Full      uint64 `json:"full"`      // refused, the mailbox is full
	Unknown   uint64 `json:"unknown"`   // refused, nobody has the address
	Dropped   uint64 `json:"dropped"`   // delivered, and dropped unread for want of memory: above 0, give more
}

// post takes messages by SMTP.
//
// Note: a mistyped domain accepts mail and drops it, as owners of such domains do; refusing it at
// once would tell the service what it cannot know in reality.
type post struct {
	context  context.Context
	people   population.Population
	station  *Station
	boxes    *mailboxes
	clock    *runClock
	seed     workload.Seed
	delivery workload.Distribution
	purpose  workload.Purpose

	delivered, spam, lost, full, unknown atomic.Uint64
}

func (p *post) counts() MailCounts {
	return MailCounts{p.delivered.Load(), p.spam.Load(), p.lost.Load(), p.full.Load(), p.unknown.Load(), p.boxes.dropped()}
}

// server returns the SMTP server in front of the post.
func (p *post) server() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{post: p, raw: make([]byte, messageRead)}, nil
	}))
	server.Domain = "mail.example"
	server.AllowInsecureAuth = true
	server.MaxMessageBytes = 1 << 20
	server.MaxRecipients = 100
	server.ReadTimeout = 10 * time.Minute
	server.WriteTimeout = time.Minute
	server.ErrorLog = log.New(io.Discard, "", 0) // broken connections are the callers' affair and are counted there
	return server
}

// session is one SMTP connection.
type session struct {
	post       *post
	raw        []byte // of the message under way
	recipients []uint64
	lost       uint64
}

var _ smtp.Session = (*session)(nil)

// Reset implements smtp.Session.
func (s *session) Reset() { s.recipients, s.lost = s.recipients[:0], 0 }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// Mail implements smtp.Session.
func (s *session) Mail(string, *smtp.MailOptions) error {
	s.Reset()
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
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

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	length, err := io.ReadFull(r, s.raw)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	refusal, err := s.post.station.Visit(s.post.context)
	if err != nil {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "shutting down"}
	}
	if refusal != Served {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: refusal.String()}
	}
	s.post.lost.Add(s.lost)
	if len(s.recipients) > 0 {
		subject, body := readMessage(s.raw[:length])
		for _, person := range s.recipients {
			s.post.deliver(person, subject, body)
		}
	}
	return nil
}

// deliver puts a message on its way to a mailbox. How long it takes depends on the person and on
// how many messages they were sent before.
func (p *post) deliver(person uint64, subject, body string) {
	stream := p.seed.Stream(p.purpose, person, 0, p.boxes.count(person))
	spam := p.people.Traits(person).Has(population.SpamFolder)
	p.boxes.put(person, letter{subject: subject, body: body, spam: spam, visible: p.clock.now() + p.delivery.Draw(&stream)})
	if spam {
		p.spam.Add(1)
	} else {
		p.delivered.Add(1)
	}
}
