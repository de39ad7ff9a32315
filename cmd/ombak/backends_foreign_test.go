//go:build foreign

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend/postgres"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// TestBackendsBehindNginx plays a drill whose two backends are on two agents, behind Debian's nginx, on one PostgreSQL, and
// whose mocks and people are on two others. It is one drill: nobody is lost or twice in the store, and what the two backends
// say adds up to what the registries counted.
func TestBackendsBehindNginx(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed; make test installs it")
	}
	folder := t.TempDir()
	database := postgresOverTCP(t)
	balancer, first, second, server := freeAddress(t), freeAddress(t), freeAddress(t), freeAddress(t)
	text := fmt.Sprintf(`daemon off; master_process off; pid nginx.pid; error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off; client_max_body_size 10m;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream backends { server %s; server %s; keepalive 64; }
  server { listen %s; location / { proxy_pass http://backends; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
`, first, second, balancer)
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	patient := strings.NewReplacer("for: 8s, rate", "for: 3s, rate", "drain: 2s", "drain: 30s", "lag_p99: 1s", "lag_p99: 1h",
		"  - {expr: sign-up.response_time_passed.p95 < 1s}\n", "").Replace(string(smoke.Source()))
	err = errors.Join(os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(text), 0o600), os.WriteFile(filepath.Join(folder, "patient.yaml"), []byte(patient), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	running(t, folder, nginx, "-p", folder, "-c", "nginx.conf", "-e", "stderr")
	fleet := "nats://a-token-of-the-test@" + server
	running(t, folder, "ombak", "fleet", "serve", "--listen", server, "--token", "a-token-of-the-test")
	awaitListener(t, server)
	for _, agent := range [][]string{
		{"--name", "crowd"},
		{"--name", "stand", "--role", "mocks"},
		{"--name", "one", "--role", "backend", "--label", "kind=web", "--address", first},
		{"--name", "two", "--role", "backend", "--label", "kind=web", "--address", second},
	} {
		running(t, folder, "ombak", append([]string{"fleet", "join", fleet}, agent...)...)
	}
	awaitAgents(t, folder, fleet, 4)
	drill := exec.Command("ombak", "drill", "patient.yaml", "--fleet", fleet, "--place", "backend=kind=web", "--backends", "2",
		"--backend-url", "http://"+balancer, "--place", "mocks=stand", "--store", database, "--out", "out", "--quiet")
	drill.Dir = folder
	said, err := drill.CombinedOutput()
	r, failed := readReport(filepath.Join(folder, "out", "report.json"))
	if failed != nil {
		t.Fatalf("%v, %v: %s", err, failed, said)
	}
	if err != nil {
		t.Errorf("%v: %s", err, said)
	}
	checkTwoBackends(t, r)
}

func checkTwoBackends(t *testing.T, r report.Report) {
	t.Helper()
	busy := 0
	for _, row := range r.Placed {
		if row.Part == "backend" && row.CPUS != nil && *row.CPUS > 0 {
			busy++
		}
	}
	if len(r.Placed) != 3 || busy != 2 {
		t.Errorf("placed %+v", r.Placed)
	}
	if s := r.Reconciliation; s == nil || s.Lost != 0 || s.Duplicates != 0 || s.Persisted == 0 || s.Persisted != s.Acknowledged+s.Unacknowledged {
		t.Errorf("reconciled %+v", s)
	}
	if warned := strings.Join(r.Warnings, "\n"); strings.Contains(warned, "which counted") {
		t.Errorf("the calls of both backends do not add up: %s", warned)
	}
	var calls float64
	for _, station := range r.Stations {
		if station.Name == "call:dukcapil" {
			calls = station.Completions
		}
	}
	if calls == 0 {
		t.Error("no backend asked Dukcapil")
	}
	rows := 0
	for _, process := range r.Processes {
		if process.Name == "backend" {
			rows++
		}
	}
	if rows != 1 {
		t.Errorf("%d rows for the cost of the backend: %+v", rows, r.Processes)
	}
}

// postgresOverTCP starts a PostgreSQL that can be reached at an address.
func postgresOverTCP(t *testing.T) string {
	t.Helper()
	cluster, err := postgres.Start(t.Context())
	if errors.Is(err, postgres.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cluster.Stop() })
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
			socket, err := net.Dial("unix", filepath.Join(cluster.Folder(), ".s.PGSQL.5432"))
			if err != nil {
				conn.Close()
				continue
			}
			go func() { defer socket.Close(); _, _ = io.Copy(socket, conn) }()
			go func() { defer conn.Close(); _, _ = io.Copy(conn, socket) }()
		}
	}()
	return "postgres://ombak@" + listener.Addr().String() + "/postgres?sslmode=disable"
}

// running starts a program that runs until the test ends.
func running(t *testing.T, folder, name string, arguments ...string) {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Dir = folder
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGINT)
		_ = command.Wait()
	})
}

func awaitListener(t *testing.T, address string) {
	t.Helper()
	for range 300 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("nobody listens at %s", address)
}

func awaitAgents(t *testing.T, folder, fleet string, want int) {
	t.Helper()
	var text []byte
	for range 100 {
		list := exec.Command("ombak", "fleet", "list", fleet, "--json")
		list.Dir = folder
		if text, _ = list.Output(); strings.Count(string(text), "\n") == want {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatalf("not %d agents: %s", want, text)
}
