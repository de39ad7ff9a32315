package backend_test

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

// answerWith runs a server that answers each connection with the given function.
func answerWith(t *testing.T, answer func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// TestGarbageNamesNobody checks that a registry and a mail server that echo their input outside any protocol do
// not put personal data in the log.
func TestGarbageNamesNobody(t *testing.T) {
	var log lockedBuffer
	seen := make(chan string, 100)
	s := startService(t, func(s *service) {
		s.config.Log = slog.New(slog.NewTextHandler(&log, nil))
		s.config.Dukcapil.URL = "http://" + answerWith(t, func(conn net.Conn) {
			request := make([]byte, 4096)
			n, _ := conn.Read(request)
			fmt.Fprintf(conn, "%s\r\n\r\n", request[:n])
			seen <- string(request[:n])
		})
		s.config.Mail.Attempts = 2
	})
	session := s.sessionsOf(1)[0]
	s.want("garbage", s.post("/v1/identity", session, identityOf(1)), 503, "registry_busy")
	if question := <-seen; !strings.Contains(question, "9901014101000001") {
		t.Fatalf("the registry received %q", question)
	}
	s.stop()
	mail := startService(t, func(s *service) {
		s.config.Log = slog.New(slog.NewTextHandler(&log, nil))
		s.config.Mail.SMTP = answerWith(t, func(conn net.Conn) {
			fmt.Fprint(conn, "220 mail.test\r\n")
			lines := bufio.NewScanner(conn)
			for lines.Scan() {
				if to, is := strings.CutPrefix(lines.Text(), "RCPT TO:"); is {
					fmt.Fprintf(conn, "oops unknown user %s\r\n", to)
					seen <- to
					return
				}
				fmt.Fprint(conn, "250 well\r\n")
			}
		})
	})
	mail.signUp("siti@example.test")
	if to := <-seen; to != "<siti@example.test>" {
		t.Fatalf("the mail server received %q", to)
	}
	for !strings.Contains(log.String(), "mail server failed") {
		mail.send("GET", "/", "", "", nil) // a short delay
	}
	mail.stop()
	text := log.String()
	for _, part := range []string{"registry call failed", "mail server failed"} {
		if !strings.Contains(text, part) {
			t.Errorf("the log lacks %q:\n%s", part, text)
		}
	}
	for _, secret := range []string{"example.test", "Siti", "99010141", "PASSWORD"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log contains %q:\n%s", secret, text)
		}
	}
}

// TestReadyRequiresDatabase checks that a service without its database is not ready.
func TestReadyRequiresDatabase(t *testing.T) {
	server := startCluster(t)
	s := startService(t, func(s *service) { s.config.Database, s.config.Admin = server.URL(), "127.0.0.1:0" })
	ask := func() int {
		t.Helper()
		answer, err := http.Get("http://" + s.server.AdminAddr().String() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	s.send("GET", "/", "", "", nil)
	if status := ask(); status != 200 {
		t.Errorf("with its database: %d", status)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if status := ask(); status != 503 {
		t.Errorf("without its database: %d", status)
	}
	if metrics := s.metrics(); !strings.Contains(metrics, "ombak_backend_queue_mail_age_seconds NaN") {
		t.Error("the metrics show a queue age although the database does not answer")
	}
}
