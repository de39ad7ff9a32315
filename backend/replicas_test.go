package backend_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestReplicasBehindABalancer lets people come through nginx to three processes that share nothing but
// PostgreSQL: of each e-mail and each NIK there is one winner, and a quota is never exceeded.
func TestReplicasBehindABalancer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	const people, quota = 24, 5
	s := startService(t, func(s *service) {
		s.config.Database = freshLocation(t, "postgres")
		s.config.Quota = quota
	})
	t.Setenv(childConfig, childJSON(t, s))
	var addresses []string
	for range 3 {
		addresses = append(addresses, startChild(t, s.config.Database, "").address)
	}
	balancer, log := startBalancer(t, addresses)
	s.client = &fasthttp.HostClient{Addr: balancer, MaxConns: 1000, MaxIdemponentCallAttempts: 1}

	var wait sync.WaitGroup
	for range 200 {
		wait.Go(func() { s.want("the same address", s.signUp("one@example.test"), 202, "") })
	}
	wait.Wait()
	if rows := auditEmails(t, s.config.Database); len(rows) != 1 || rows["one@example.test"] != 1 {
		t.Errorf("%v after 200 sign-ups of one address", rows)
	}
	s.nextMail()

	sessions := s.sessionsOf(people)
	var claimed atomic.Int64
	for i, session := range sessions {
		for range 2 {
			wait.Go(func() {
				if a := s.post("/v1/identity", session, identityOf(i/2)); a.status == 200 { // two people name each NIK
					claimed.Add(1)
				} else {
					s.want("a NIK that is another's", a, 409, "nik_taken")
				}
			})
		}
	}
	wait.Wait()
	if claimed.Load() != people { // the winner's two requests for each of the half as many NIKs
		t.Errorf("%d claims were answered yes, want %d", claimed.Load(), people)
	}
	var joined atomic.Int64
	for _, session := range sessions {
		wait.Go(func() {
			if s.post("/v1/eligibility", session, nil).status != 200 {
				return // who has no NIK
			}
			if a := s.post("/v1/batches/current/members", session, nil); a.status == 201 {
				joined.Add(1)
			} else {
				s.want("a full batch", a, 409, "batch_full")
			}
		})
	}
	wait.Wait()
	if joined.Load() != quota {
		t.Errorf("%d joined; the quota is %d", joined.Load(), quota)
	}
	everyReplicaWorked(t, log, addresses)
}

// childJSON returns the settings that a process shares with a service.
func childJSON(t *testing.T, s *service) string {
	t.Helper()
	config := s.config
	config.Listener = nil
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// startBalancer starts nginx in front of replicas, round robin, and returns its address and log.
func startBalancer(t *testing.T, replicas []string) (address, log string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed; install the package nginx")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, folder := listener.Addr().String(), t.TempDir()
	listener.Close()
	servers := strings.Join(replicas, "; server ")
	config := fmt.Sprintf(`daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 4096; }
http {
  log_format replica '$upstream_addr';
  access_log access.log replica;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream people { server %s; }
  server {
    listen %s;
    location / { proxy_pass http://people; proxy_next_upstream off; }
  }
}
`, servers, address)
	if err := os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := exec.Command(program, "-p", folder, "-e", "error.log", "-c", "nginx.conf")
	nginx.Stderr = os.Stderr
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		nginx.Wait()
	}()
	t.Cleanup(func() {
		nginx.Process.Kill()
		<-ended
	})
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address, filepath.Join(folder, "access.log")
		}
		select {
		case <-ended:
			t.Fatal("nginx did not start; what it says is above")
		default:
		}
	}
}

// everyReplicaWorked demands that the balancer's log names each replica.
func everyReplicaWorked(t *testing.T, log string, replicas []string) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, replica := range replicas {
		if !slices.Contains(lines, replica) {
			t.Errorf("%s was never asked", replica)
		}
	}
}
