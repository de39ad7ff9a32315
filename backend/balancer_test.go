package backend_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// TestReplicasBehindABalancer runs three replicas on one PostgreSQL, behind nginx, which sends each request to
// the next replica. A link or session from one replica is valid at the others. Of many requests for one
// address, one NIK or the last places, exactly the allowed number succeed.
func TestReplicasBehindABalancer(t *testing.T) {
	const people, places = 24, 7
	location := freshLocation(t, "postgres")
	replicas, addresses := startReplicas(t, location, places)
	s := replicas[0]
	s.client = &fasthttp.HostClient{Addr: startBalancer(t, addresses), MaxConns: 256}

	var wait sync.WaitGroup
	for range 3 {
		for i := range people {
			wait.Go(func() { s.want("sign-up", s.signUp(fmt.Sprintf("p%d@example.test", i)), 202, "") })
		}
	}
	wait.Wait()
	sessions := make([]string, people)
	for i := range people { // one mail each, so one row each
		_, token := s.nextMail()
		var used atomic.Int64
		for range 3 {
			wait.Go(func() {
				a := s.post("/v1/email-verifications", "", fields{"token": token})
				if a.status == 200 {
					used.Add(1)
					sessions[i] = strings.Split(a.body, `"`)[3]
				}
			})
		}
		wait.Wait()
		if used.Load() != 1 {
			t.Fatalf("a link was used %d times", used.Load())
		}
	}
	var identified, joined atomic.Int64
	for i, session := range sessions {
		wait.Go(func() { // two people claim each NIK
			if a := s.post("/v1/identity", session, identityOf(i/2)); a.status != 200 {
				s.want("another person's NIK", a, 409, "nik_taken")
				return
			}
			identified.Add(1)
			if s.joins(session) {
				joined.Add(1)
			}
		})
	}
	wait.Wait()
	if identified.Load() != people/2 || joined.Load() != places {
		t.Errorf("%d people have a NIK and %d joined; want %d and %d", identified.Load(), joined.Load(), people/2, places)
	}
	select {
	case mail := <-s.mail.taken:
		t.Errorf("an address received a second mail:\n%s", mail)
	default:
	}
}

// startReplicas starts three servers that share a database, its key and their dependencies.
func startReplicas(t *testing.T, location string, places int) ([]*service, []string) {
	var replicas []*service
	var addresses []string
	for i := range 3 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		replicas = append(replicas, startService(t, func(s *service) {
			s.config.Database, s.config.Quota, s.config.Listener = location, places, listener
			if i > 0 {
				first := replicas[0].config
				s.config.Mail, s.config.SMS = first.Mail, first.SMS
				s.config.Dukcapil.URL, s.config.Registries = first.Dukcapil.URL, first.Registries
			}
		}))
		addresses = append(addresses, listener.Addr().String())
	}
	return replicas, addresses
}

// startBalancer starts nginx in front of the addresses and returns its own address.
func startBalancer(t *testing.T, addresses []string) string {
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed; make test installs it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own, folder := free.Addr().String(), t.TempDir()
	_ = free.Close() // nginx listens there next
	text := fmt.Sprintf(`daemon off; master_process off; pid nginx.pid; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream replicas { server %s; keepalive 64; }
  server { listen %s; location / { proxy_pass http://replicas; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
`, strings.Join(addresses, "; server "), own)
	if err := os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := exec.Command(program, "-p", folder, "-c", "nginx.conf", "-e", "stderr")
	nginx.Stderr = os.Stderr
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = nginx.Wait(); close(gone) }() // nginx reports errors on stderr
	t.Cleanup(func() {
		for { // without a master process, nginx may miss a signal that comes just before it waits for events
			_ = nginx.Process.Signal(syscall.SIGTERM) // it may have ended already
			select {
			case <-gone:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	for look := time.NewTicker(10 * time.Millisecond); ; {
		if conn, err := net.DialTimeout("tcp", own, time.Second); err == nil {
			_ = conn.Close()
			return own
		}
		select {
		case <-look.C:
		case <-gone:
			t.Fatal("nginx has ended")
		}
	}
}
