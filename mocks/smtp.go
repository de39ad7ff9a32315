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
	board    *board
	journal  *journal
	grey     *greylist
	buffers  messages

	delivered, spam, lost, full, unknown atomic.Uint64
}

func (p *post) counts() MailCounts {
	return MailCounts{p.delivered.Load(), p.spam.Load(), p.lost.Load(), p.full.Load(), p.unknown.Load(), p.boxes.dropped()}
}

// server returns the SMTP server in front of the post.
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
	server.ErrorLog = log.New(io.Discard, "", 0) // broken connections are the callers' affair and are counted there
	return server
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
