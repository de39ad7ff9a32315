package backend_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

func TestMailIsRepeatedUntilTaken(t *testing.T) {
	s := startService(t, func(s *service) {
		s.mail.judge = func(to string, attempt int) error {
			switch {
			case strings.HasPrefix(to, "grey") && attempt < 4:
				return &smtp.SMTPError{Code: 451, Message: "later"}
			case strings.HasPrefix(to, "wrong"):
				return &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
			case strings.HasPrefix(to, "full"):
				return &smtp.SMTPError{Code: 452, Message: "mailbox full"}
			}
			return nil
		}
		s.config.Mail.Attempts = 6
	})
	for _, email := range []string{"wrong@example.test", "grey@example.test", "full@example.test", "good@example.test"} {
		s.signUp(email)
	}
	taken := map[string]bool{}
	for range 2 {
		to, token := s.nextMail()
		taken[to] = true
		s.verify(token)
	}
	if !taken["grey@example.test"] || !taken["good@example.test"] {
		t.Errorf("taken: %v", taken)
	}
	awaitDepth(s, 0)
	if got := s.server.Stats().Outbox; got.Sent != 2 || got.Dead != 2 || got.Repeats != 3+5 {
		t.Errorf("%+v; want 2 sent, 2 dead, 8 repeats", got)
	}
	s.mail.mutex.Lock()
	defer s.mail.mutex.Unlock()
	if s.mail.attempts["wrong@example.test"] != 1 || s.mail.attempts["full@example.test"] != 6 {
		t.Errorf("attempts %v", s.mail.attempts)
	}
}

// awaitDepth polls until the outbox holds the given number of mails.
func awaitDepth(s *service, depth int) {
	for s.server.Stats().Outbox.Depth != depth {
		s.signUp("not an address") // a short delay
	}
}

// TestOutboxOutlivesTheServer accepts sign-ups without a mail server and sends the mails after a restart.
func TestOutboxOutlivesTheServer(t *testing.T) {
	const people = 700 // more than one lease
	s := startService(t, func(s *service) { s.config.Mail.SMTP = "" })
	var wait sync.WaitGroup
	for i := range people {
		wait.Go(func() { s.signUp(fmt.Sprintf("p%d@example.test", i)) })
	}
	wait.Wait()
	s.stop()
	next := startService(t, func(n *service) { n.config.Database = s.config.Database })
	seen := map[string]bool{}
	for range people {
		to, token := next.nextMail()
		if seen[to] {
			t.Errorf("%s has two mails", to)
		}
		seen[to] = true
		if len(seen) == people {
			next.verify(token)
		}
	}
	awaitDepth(next, 0)
	next.stop()
	last := startService(t, func(l *service) { l.config.Database = s.config.Database })
	if depth := last.server.Stats().Outbox.Depth; depth != 0 {
		t.Errorf("%d mails after all were sent", depth)
	}
}

// TestMailServerComesBack breaks each of the first connections in the middle of a mail.
func TestMailServerComesBack(t *testing.T) {
	s := startService(t, func(s *service) {
		real := s.config.Mail.SMTP
		s.config.Mail.SMTP = breakingProxy(t, real, 6)
		s.config.Mail.Connections = 2
	})
	for i := range 20 {
		s.signUp(fmt.Sprintf("p%d@example.test", i))
	}
	seen := map[string]bool{}
	for len(seen) < 20 {
		to, _ := s.nextMail() // at least once each: a mail comes twice if only the answer was lost
		seen[to] = true
	}
	awaitDepth(s, 0)
}

// breakingProxy forwards connections to an address and closes each of the first few after its first kilobyte.
func breakingProxy(t *testing.T, address string, breaks int) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 0; ; n++ {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			limit := 1 << 30
			if n < breaks {
				limit = 1 << 10
			}
			wait.Go(func() { pass(server, client, limit) })
			wait.Go(func() { pass(client, server, 1<<30) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wait.Wait()
	})
	return listener.Addr().String()
}

// pass copies up to limit bytes and closes both ends.
func pass(to, from net.Conn, limit int) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 256)
	for limit > 0 {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
		limit -= n
	}
}

// TestDepthIsThatOfAllReplicas checks that a job queued by one replica and done by another leaves both queues'
// depth.
func TestDepthIsThatOfAllReplicas(t *testing.T) {
	location := freshLocation(t, "postgres")
	other := startService(t, func(s *service) { s.config.Database, s.config.Mail.SMTP = location, "" })
	const people = 5
	for i := range people {
		other.signUp(fmt.Sprintf("p%d@example.test", i))
	}
	s := startService(t, func(s *service) { s.config.Database = location })
	for range people {
		s.nextMail()
	}
	awaitDepth(s, 0)
	awaitDepth(other, 0)
}
