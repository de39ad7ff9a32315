//go:build unix

package backend_test

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkMail measures a mail's way from the outbox to an SMTP server in the same process. The server's own
// time is included.
func BenchmarkMail(b *testing.B) {
	s := startService(b, func(s *service) {
		s.config.Mail.SMTP = ""
		s.mail.taken = make(chan string, b.N)
	})
	var wait sync.WaitGroup
	for w := range 64 {
		wait.Go(func() {
			for i := w; i < b.N; i += 64 {
				s.signUp(fmt.Sprintf("p%d@example.test", i))
			}
		})
	}
	wait.Wait()
	s.stop()
	b.ResetTimer()
	next := startService(b, func(n *service) { n.config.Database = s.config.Database; n.mail.taken = make(chan string, b.N) })
	for range b.N {
		<-next.mail.taken
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// BenchmarkSignUp measures a sign-up from the HTTP request to the disk. The client's time is included.
func BenchmarkSignUp(b *testing.B) {
	s := startService(b, func(s *service) { s.config.Mail.SMTP = "" })
	var wait sync.WaitGroup
	for w := range 256 {
		wait.Go(func() {
			for i := w; i < b.N; i += 256 {
				s.signUp(fmt.Sprintf("p%d@example.test", i))
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sign-ups/s")
}

// BenchmarkWholeWay takes people from sign-up to their batch. The CPU time is that of the whole process,
// including clients, registries and mail server.
func BenchmarkWholeWay(b *testing.B) {
	s := startService(b, func(s *service) { s.mail.taken = make(chan string, b.N) })
	began := cpuTime(b)
	b.ResetTimer()
	var wait sync.WaitGroup
	for w := range 128 {
		wait.Go(func() {
			for i := w; i < b.N; i += 128 {
				s.signUp(fmt.Sprintf("p%d@example.test", i))
				_, token := s.nextMail()
				session := s.verify(token)
				s.want("identity", s.post("/v1/identity", session, identityOf(i)), 200, "")
				s.want("eligibility", s.post("/v1/eligibility", session, nil), 200, "")
				s.want("join", s.post("/v1/batches/current/members", session, nil), 201, "")
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "people/s")
	b.ReportMetric(float64((cpuTime(b)-began).Microseconds())/float64(b.N), "cpu-µs/person")
	stats := s.server.Stats().Store
	b.ReportMetric(float64(stats.Rows)/float64(stats.Batches), "rows/batch")
}

// cpuTime returns the CPU time that the process has used.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
