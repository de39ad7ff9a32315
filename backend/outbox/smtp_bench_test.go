package outbox

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/ombak-sim/ombak/backend/store"
)

// BenchmarkSMTP sends mails to one go-smtp server on this machine over one connection. It compares the outbox's
// client, which sends as many mails together as a worker takes, with go-smtp's client, which waits for the
// answer to each command.
func BenchmarkSMTP(b *testing.B) {
	const from = "no-reply@ombak.invalid"
	address := discardMail(b)
	mail := store.Job{ID: 1, Email: "siti@example.test", Name: "Siti", LinkNonce: make([]byte, 16)}
	text := message(wordsOf(""), from, "https://example.test/v1/email-verifications?token=0123456789", "123456", mail, time.Unix(0, 0))
	b.Run("outbox", func(b *testing.B) {
		line := &mailLine{config: MailConfig{SMTP: address, From: from, Timeout: time.Minute}}
		defer line.quit()
		letters := make([]letter, mailsAtOnce)
		for i := range letters {
			letters[i] = letter{mail.Email, text}
		}
		b.ResetTimer()
		for sent := 0; sent < b.N; sent += len(letters) {
			for _, err := range line.send(context.Background(), letters[:min(len(letters), b.N-sent)]) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("go-smtp", func(b *testing.B) {
		client, err := smtp.Dial(address)
		if err != nil {
			b.Fatal(err)
		}
		defer client.Close()
		b.ResetTimer()
		for range b.N {
			if err := client.SendMail(from, []string{mail.Email}, bytes.NewReader(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// discardMail runs a mail server that accepts everything.
func discardMail(b *testing.B) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := smtp.NewServer(discard{})
	server.Domain = "mail.test"
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	b.Cleanup(func() {
		server.Close()
		<-ended
	})
	return listener.Addr().String()
}

type discard struct{}

func (discard) NewSession(*smtp.Conn) (smtp.Session, error) { return discard{}, nil }
func (discard) Mail(string, *smtp.MailOptions) error        { return nil }
func (discard) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (discard) Reset()                                      {}
func (discard) Logout() error                               { return nil }
func (discard) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
