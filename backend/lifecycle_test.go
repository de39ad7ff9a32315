package backend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/resilience"
)

func TestAddressInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := listener.Addr().String()
	_, err = backend.New(t.Context(), backend.Config{Listen: address, Database: filepath.Join(t.TempDir(), "people.db"), Key: testKey()})
	if err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "another port") {
		t.Errorf("%v; want the address and advice", err)
	}
}

func TestFreshDatabaseIsRefusedWhenUsed(t *testing.T) {
	s := startService(t, nil)
	s.signUp("siti@example.test")
	s.stop()
	_, err := backend.New(t.Context(), backend.Config{Fresh: true, Database: s.config.Database, Key: testKey()})
	if !errors.Is(err, store.ErrUsed) {
		t.Errorf("%v; want %v", err, store.ErrUsed)
	}
}

func TestAdmin(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Admin, s.config.Profiling = "127.0.0.1:0", true })
	s.signUp("siti@example.test")
	s.nextMail()
	s.want("identity", s.post("/v1/identity", s.sessionsOf(1)[0], identityOf(1)), 200, "")
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready",
		"/metrics":      `ombak_backend_answers_total{route="/v1/signups",status="202"} 2`,
		"/metrics?1":    `ombak_backend_registry_calls_total{outcome="answered",registry="dukcapil"} 1`,
		"/metrics?2":    "ombak_backend_queue_mail_age_seconds 0",
		"/metrics?3":    "ombak_backend_store_batch_rows_count",
		"/metrics?4":    "ombak_backend_store_commit_seconds_sum",
		"/metrics?5":    "ombak_backend_readers_in_use",
		"/metrics?6":    `ombak_backend_registry_in_use{registry="dukcapil"} 0`,
		"/debug/pprof/": "goroutine",
	} {
		request, err := http.NewRequest("GET", "http://"+s.server.AdminAddr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+adminToken)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %v\n%s", path, answer.StatusCode, err, body)
		}
	}
}

// TestShutdownLosesNothing stops the server under load. Every acknowledged person is in the database.
func TestShutdownLosesNothing(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Mail.SMTP = "" })
	var yes sync.Map
	var count atomic.Int64
	enough := make(chan bool)
	var wait sync.WaitGroup
	for w := range 50 {
		wait.Go(func() {
			for i := 0; ; i++ {
				email := fmt.Sprintf("p%d.%d@example.test", w, i)
				request, response := &fasthttp.Request{}, &fasthttp.Response{}
				request.SetRequestURI("http://people.test/v1/signups")
				request.Header.SetMethod("POST")
				request.SetBodyString(fmt.Sprintf(`{"name":"Siti","email":%q,"phone":"08123456789"}`, email))
				if err := s.client.Do(request, response); err != nil {
					return
				}
				if response.StatusCode() == 202 {
					yes.Store(email, true)
					if count.Add(1) == 500 {
						close(enough)
					}
				}
			}
		})
	}
	<-enough
	s.stop()
	wait.Wait()
	rows := auditEmails(t, s.config.Database)
	for email := range yes.Range {
		if rows[email.(string)] != 1 {
			t.Errorf("%s was acknowledged and has %d rows", email, rows[email.(string)])
		}
	}
}

// TestShutdownDoesNotWaitForever holds one call in the registry and another at the gate, and gives no time to
// drain. Both requests fail, because nothing of theirs was saved.
func TestShutdownDoesNotWaitForever(t *testing.T) {
	inside, release := make(chan bool, 1), make(chan bool)
	s := startService(t, func(s *service) {
		s.config.Dukcapil.Policies = []resilience.Policy{{Name: "bulkhead", Settings: resilience.Settings{Limit: 1, Queue: 1}}}
		s.registries.dukcapil = func(map[string]any) (int, string) {
			inside <- true
			<-release
			return 200, yesRow
		}
	})
	sessions := s.sessionsOf(2)
	var wait sync.WaitGroup
	wait.Go(func() { s.want("in the registry", s.post("/v1/identity", sessions[0], identityOf(0)), 503, "closing") })
	<-inside
	wait.Go(func() { s.want("at the gate", s.post("/v1/identity", sessions[1], identityOf(1)), 503, "closing") })
	for s.server.Stats().Registries[0].Queued == 0 {
		s.send("GET", "/", "", "", nil) // a short delay
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.stopped = true
	if err := s.server.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v; want an error about requests under way", err)
	}
	close(release)
	wait.Wait()
}

// TestLogsNameNobody provokes every logged problem and checks that no personal data is in the log, the metrics
// or the extra headers sent to registries: a trace passes through many systems.
func TestLogsNameNobody(t *testing.T) {
	var log lockedBuffer
	s := startService(t, func(s *service) {
		s.config.Admin = "127.0.0.1:0"
		s.config.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s.registries.dukcapil = func(q map[string]any) (int, string) {
			return 200, fmt.Sprintf(`{"content":[{"RESPON":"Halo %v"}]}`, q["NIK"])
		}
		s.mail.judge = func(to string, attempt int) error {
			if attempt == 1 && to != "p0@example.test" {
				return &smtp.SMTPError{Code: 421, Message: "closing for " + to}
			}
			if to == "wrong@example.test" {
				return &smtp.SMTPError{Code: 550, Message: "no mailbox " + to}
			}
			return nil
		}
	})
	session := s.sessionsOf(1)[0]
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	s.want("an unknown text", s.post("/v1/identity", session, identityOf(1), "traceparent", "00-"+trace+"-00f067aa0ba902b7-01", "tracestate", "siti=p0@example.test"), 503, "registry_busy")
	s.signUp("wrong@example.test")
	awaitDepth(s, 0)
	metrics := s.metrics()
	s.stop()
	text := log.String() + metrics + s.registries.heads.String()
	for _, part := range []string{trace, "registry call failed", "mail server failed", "mail rejected permanently"} {
		if !strings.Contains(text, part) {
			t.Errorf("the log lacks %q:\n%s", part, text)
		}
	}
	for _, secret := range []string{"example.test", "Siti", "99010141", "0812", session} {
		if strings.Contains(text, secret) {
			t.Errorf("the log contains %q:\n%s", secret, text)
		}
	}
}

// metrics returns the page that Prometheus scrapes.
func (s *service) metrics() string {
	answer, err := http.Get("http://" + s.server.AdminAddr().String() + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(body), "ombak_backend_answers_total") {
		s.t.Fatalf("metrics: %v\n%s", err, body)
	}
	return string(body)
}

// lockedBuffer is a buffer that is safe for concurrent use.
type lockedBuffer struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}
