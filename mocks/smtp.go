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

// MailCounts holds the outcomes of messages, by recipient.
type MailCounts struct {
	Delivered uint64 `json:"delivered"` // to the inbox
	Spam      uint64 `json:"spam"`      // to the spam folder, which people do not read
	Lost      uint64 `json:"lost"`      // accepted for a mistyped domain and never delivered
	Full      uint64 `json:"full"`      // rejected: the mailbox is full
	Unknown   uint64 `json:"unknown"`   // rejected: the address does not exist
	Dropped   uint64 `json:"dropped"`   // delivered, then dropped unread for lack of memory; if above 0, raise the limit
}

// post accepts messages by SMTP.
//
// Note: a mistyped domain accepts mail and drops it, as owners of such domains do. An immediate rejection would
// give the service information that it does not have in reality.
type post struct {
	context  context.Context
	people   population.Population
	station  *Station
	boxes    *mailboxes
	clock    *runClock
	seed     workload.Seed
	delivery workload.Distribution
	purpose  workload.Purpose
	board    *board
	journal  *journal
	grey     *greylist
	buffers  messages

	delivered, spam, lost, full, unknown atomic.Uint64
}

func (p *post) counts() MailCounts {
	return MailCounts{p.delivered.Load(), p.spam.Load(), p.lost.Load(), p.full.Load(), p.unknown.Load(), p.boxes.dropped()}
}

// server returns the SMTP server of the post.
func (p *post) server() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{post: p, conn: c.Conn()}, nil
	}))
	server.Domain = "mail.example"
	server.AllowInsecureAuth = true
	server.MaxMessageBytes = 1 << 20
	server.MaxRecipients = 100
	server.ReadTimeout = 10 * time.Minute
	server.WriteTimeout = time.Minute
	server.ErrorLog = log.New(io.Discard, "", 0) // callers count broken connections themselves
	return server
}

// deliver sends a message on its way to a mailbox. The delivery time depends on the person and on the number of
// their earlier messages.
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
