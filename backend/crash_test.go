package backend_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/valyala/fasthttp"
)

// crashDatabase names the environment variable that makes TestCrashedServer the server to be killed.
const crashDatabase = "OMBAK_TEST_CRASH_DATABASE"

// TestCrashedServer is no test unless TestCrash runs it in a process of its own.
func TestCrashedServer(t *testing.T) {
	path := os.Getenv(crashDatabase)
	if path == "" {
		t.Skip("only as a child of TestCrash")
	}
	server, err := backend.New(context.Background(), backend.Config{Database: path, Key: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\naddress %s\n", server.Addr())
	t.Fatal(server.Serve())
}

// TestCrash kills the server under load again and again: every address that was acknowledged is in
// the database exactly once, and each has its mail in the outbox.
func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "people.db")
	acknowledged := map[string]bool{}
	for round := range 4 {
		for _, email := range crashOnce(t, path, round, 200+300*round) {
			acknowledged[email] = true
		}
		rows := auditEmails(t, path)
		for email := range acknowledged {
			if rows[email] != 1 {
				t.Errorf("round %d: %s was acknowledged and is there %d times", round, email, rows[email])
			}
		}
		for email, n := range rows {
			if n != 1 {
				t.Errorf("round %d: %s is there %d times", round, email, n)
			}
		}
		if mails := pendingMails(t, path); mails != len(rows) {
			t.Errorf("round %d: %d mails for %d people", round, mails, len(rows))
		}
	}
}

func pendingMails(t *testing.T, path string) int {
	t.Helper()
	s, err := store.Open(t.Context(), path, store.Options{Key: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n, _, err := s.PendingJobs(t.Context(), store.JobMail)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// crashOnce starts the server, kills it after so many acknowledgements and returns all of them.
func crashOnce(t *testing.T, path string, round, enough int) (acknowledged []string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestCrashedServer$")
	child.Env = append(os.Environ(), crashDatabase+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait() // it was killed
	defer child.Process.Kill()
	address := ""
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		address, _ = strings.CutPrefix(lines.Text(), "address ")
		if !strings.HasPrefix(lines.Text(), "address ") {
			address = ""
		}
	}
	if address == "" {
		t.Fatal("the child did not start")
	}
	var mutex sync.Mutex
	var wait sync.WaitGroup
	client := &fasthttp.HostClient{Addr: address, MaxConns: 64}
	for w := range 64 {
		wait.Go(func() {
			for i := 0; ; i++ {
				email := fmt.Sprintf("p%d.%d.%d@example.test", round, w, i)
				request, response := &fasthttp.Request{}, &fasthttp.Response{}
				request.SetRequestURI("http://people.test/v1/signups")
				request.Header.SetMethod("POST")
				request.SetBodyString(fmt.Sprintf(`{"name":"Siti","email":%q,"phone":"08123456789"}`, email))
				if err := client.Do(request, response); err != nil {
					return
				}
				mutex.Lock()
				if response.StatusCode() == 202 {
					acknowledged = append(acknowledged, email)
				}
				if len(acknowledged) == enough {
					child.Process.Kill() // Wait tells
				}
				mutex.Unlock()
			}
		})
	}
	wait.Wait()
	return acknowledged
}
