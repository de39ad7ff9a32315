//go:build crash

package backend_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/store"
)

// The environment of the server that the tests kill.
const (
	crashDatabase   = "OMBAK_TEST_CRASH_DATABASE" // makes TestCrashedServer run as that server
	crashDurability = "OMBAK_TEST_CRASH_DURABILITY"
	childConfig     = "OMBAK_TEST_CHILD_CONFIG" // its other settings, as JSON
	crashRounds     = "OMBAK_CRASH_ROUNDS"      // how often each store is crashed; default 10
)

// TestCrashedServer does nothing unless another test runs it in its own process.
func TestCrashedServer(t *testing.T) {
	location := os.Getenv(crashDatabase)
	if location == "" {
		t.Skip("only as a child of other tests")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server, err := backend.New(ctx, backend.Config{
		Database: location, Key: testKey(), PhotoDir: os.TempDir(), Durability: os.Getenv(crashDurability), ConnectionsPerClient: 0,
		Guests: true, Stocks: map[string]int{"sale": crashStock},
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\naddress %s %d\n", server.Addr(), os.Getpid())
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	select {
	case err := <-served:
		t.Fatal(err)
	case <-ctx.Done():
	}
	if err := server.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// child is a server in its own process.
type child struct {
	*exec.Cmd
	address string
	pid     int // of the server itself
}

// startChild starts a server, wrapped in the given program, if any.
func startChild(t *testing.T, location, durability string, wrap ...string) *child {
	t.Helper()
	args := append(wrap, os.Args[0], "-test.run=^TestCrashedServer$")
	c := &child{Cmd: exec.Command(args[0], args[1:]...)}
	c.Env = append(os.Environ(), crashDatabase+"="+location, crashDurability+"="+durability)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.signal(syscall.SIGKILL)
		c.Process.Kill()
		c.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if n, _ := fmt.Sscanf(lines.Text(), "address %s %d", &c.address, &c.pid); n == 2 {
			go func() { // the final output is discarded
				for lines.Scan() {
				}
			}()
			return c
		}
	}
	t.Fatal("the child did not start")
	return nil
}

// ledger is a file outside the server that lists its acknowledgements. Each entry is on disk before the next
// request.
type ledger struct {
	mutex sync.Mutex
	file  *os.File
	lines map[string]bool
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &ledger{file: file, lines: map[string]bool{}}
}

// note records an address and returns the number of addresses recorded.
func (l *ledger) note(t *testing.T, email string) int {
	l.mutex.Lock()
	l.lines[email] = true
	n := len(l.lines)
	_, err := fmt.Fprintln(l.file, email)
	l.mutex.Unlock()
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		t.Error(err)
	}
	return n
}

// offer signs people up until the server is gone. Each worker sends one request after another and calls
// answered for each answer.
func offer(address, prefix string, workers int, answered func(email string, status int) (goOn bool)) {
	offerAt(address, prefix, workers, func(int) string { return "/v1/signups" }, answered)
}

// offerAt is offer with a path for each worker.
func offerAt(address, prefix string, workers int, path func(worker int) string, answered func(email string, status int) (goOn bool)) {
	client := &fasthttp.HostClient{Addr: address, MaxConns: workers, MaxIdemponentCallAttempts: 1}
	defer client.CloseIdleConnections()
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := 0; ; i++ {
				email := fmt.Sprintf("%s.%d.%d@example.test", prefix, w, i)
				request, response := &fasthttp.Request{}, &fasthttp.Response{}
				request.SetRequestURI("http://people.test" + path(w))
				request.Header.SetMethod("POST")
				request.SetBodyString(fmt.Sprintf(`{"name":"Siti","email":%q,"phone":"08123456789"}`, email))
				if client.Do(request, response) != nil || !answered(email, response.StatusCode()) {
					return
				}
			}
		})
	}
	wait.Wait()
}

// crashOnce starts a server, ends it by a signal or a call after enough further acknowledgements, and notes all
// of them.
func crashOnce(t *testing.T, location, durability, prefix string, notes *ledger, enough int, end func(*child)) {
	t.Helper()
	server := startChild(t, location, durability)
	enough += len(notes.lines)
	var once sync.Once
	offer(server.address, prefix, 32, func(email string, status int) bool {
		if status == 202 && notes.note(t, email) >= enough {
			once.Do(func() { end(server) })
		}
		return true
	})
	server.Wait()
}

// signal sends a signal to the server once its process id is known.
func (c *child) signal(what syscall.Signal) {
	if c.pid > 0 && c.ProcessState == nil {
		syscall.Kill(c.pid, what)
	}
}

func kill(c *child) { c.signal(syscall.SIGKILL) }

// check compares the database with the ledger and returns the differences: every acknowledged person exists
// exactly once, and nobody exists twice or without the mail.
func check(t *testing.T, location string, notes *ledger) (faults []string) {
	t.Helper()
	awaitQuiet(t, location)
	rows := auditEmails(t, location)
	for email := range notes.lines {
		if rows[email] != 1 {
			faults = append(faults, fmt.Sprintf("%s was acknowledged and has %d rows", email, rows[email]))
		}
	}
	for email, n := range rows {
		if n > 1 {
			faults = append(faults, fmt.Sprintf("%s has %d rows", email, n))
		}
	}
	if mails := pendingMails(t, location); mails != len(rows) {
		faults = append(faults, fmt.Sprintf("%d mails for %d people", mails, len(rows)))
	}
	return faults
}

// awaitQuiet waits until PostgreSQL has finished the work of clients that are gone, so that people and mails
// are counted in one state.
func awaitQuiet(t *testing.T, location string) {
	t.Helper()
	if store.IsFile(location) {
		return
	}
	db, err := sql.Open("pgx", location)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	const sessions = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`
	for others := 1; others > 0; {
		if err := db.QueryRowContext(t.Context(), sessions).Scan(&others); err != nil {
			t.Fatal(err)
		}
	}
}

func pendingMails(t *testing.T, location string) int {
	t.Helper()
	s, err := store.Open(t.Context(), location, store.Options{Key: testKey()})
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

func rounds() int {
	if n, err := strconv.Atoi(os.Getenv(crashRounds)); err == nil {
		return n
	}
	return 10
}

// TestCrash kills the server under load at random points, repeatedly. On PostgreSQL, every third round also
// kills the database with all its processes.
func TestCrash(t *testing.T) {
	chance := rand.New(rand.NewPCG(20200411, 1))
	t.Run("sqlite", func(t *testing.T) {
		location, notes := freshLocation(t, "sqlite"), newLedger(t)
		for round := range rounds() {
			crashOnce(t, location, "", fmt.Sprintf("p%d", round), notes, 1+chance.IntN(300), kill)
			if faults := check(t, location, notes); len(faults) > 0 {
				t.Fatalf("round %d: %d faults, such as: %s", round, len(faults), faults[0])
			}
		}
	})
	t.Run("postgres", func(t *testing.T) {
		server, notes := startCluster(t), newLedger(t)
		for round := range rounds() {
			end := kill
			if round%3 == 2 {
				end = func(c *child) {
					if err := server.Kill(); err != nil {
						t.Error(err)
					}
					kill(c)
				}
			}
			crashOnce(t, server.URL(), "", fmt.Sprintf("p%d", round), notes, 1+chance.IntN(300), end)
			if round%3 == 2 {
				if err := server.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if faults := check(t, server.URL(), notes); len(faults) > 0 {
				t.Fatalf("round %d: %d faults, such as: %s", round, len(faults), faults[0])
			}
		}
	})
}

// crashStock is how many guests can book until the stock of the killed server is sold out, in the middle of ten rounds.
const crashStock = 400

// TestCrashLosesNoBooking kills the server while guests book and others sign up. Every booking that was acknowledged is
// there, no person has two, and no more are given than there are.
func TestCrashLosesNoBooking(t *testing.T) {
	chance := rand.New(rand.NewPCG(20210608, 1))
	onEach(t, func(t *testing.T, location string) {
		notes := newLedger(t)
		for round := range rounds() {
			crashBooking(t, location, "", fmt.Sprintf("p%d", round), notes, 1+chance.IntN(300))
			if faults := checkBookings(t, location, notes); len(faults) > 0 {
				t.Fatalf("round %d: %d faults, such as: %s", round, len(faults), faults[0])
			}
		}
	})
}

// TestCheckerOfBookingsIsTrusted crashes a server that answers before it writes. The checker must detect the loss.
func TestCheckerOfBookingsIsTrusted(t *testing.T) {
	onEach(t, func(t *testing.T, location string) {
		notes := newLedger(t)
		crashBooking(t, location, string(store.Async), "p", notes, 300)
		if faults := checkBookings(t, location, notes); len(faults) == 0 {
			t.Errorf("none of %d bookings is missing, although the server answers before it writes", len(notes.lines))
		}
	})
}

// crashBooking starts a server, kills it after enough yeses to guests and others, and notes the bookings.
func crashBooking(t *testing.T, location, durability, prefix string, notes *ledger, enough int) {
	t.Helper()
	server := startChild(t, location, durability)
	var once sync.Once
	var yes atomic.Int64
	path := func(worker int) string { return []string{"/v1/signups", "/v1/stocks/sale/bookings"}[worker%2] }
	offerAt(server.address, prefix, 32, path, func(email string, status int) bool {
		if status == 201 {
			notes.note(t, email)
		}
		if status/100 == 2 && int(yes.Add(1)) >= enough {
			once.Do(func() { kill(server) })
		}
		return true
	})
	server.Wait()
}

// checkBookings compares the bookings in the database with the ledger.
func checkBookings(t *testing.T, location string, notes *ledger) (faults []string) {
	t.Helper()
	awaitQuiet(t, location)
	bookings, err := store.AuditBookings(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]int{}
	for _, booking := range bookings {
		held[booking.Email]++
	}
	for email := range notes.lines {
		if held[email] != 1 {
			faults = append(faults, fmt.Sprintf("the booking of %s was acknowledged, and there are %d", email, held[email]))
		}
	}
	stocks, err := store.AuditStocks(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	for _, stock := range stocks {
		if !stock.Sound() || stock.Opened != crashStock {
			faults = append(faults, fmt.Sprintf("%+v", stock))
		}
	}
	return faults
}

// TestCrashCheckerIsTrusted crashes a server that answers before it writes. The checker must detect the loss.
func TestCrashCheckerIsTrusted(t *testing.T) {
	onEach(t, func(t *testing.T, location string) {
		notes := newLedger(t)
		crashOnce(t, location, string(store.Async), "p", notes, 300, kill)
		if faults := check(t, location, notes); len(faults) == 0 {
			t.Errorf("none of %d acknowledgements is missing, although the server answers before it writes", len(notes.lines))
		}
	})
}

// TestTerminationUnderLoad ends the server as an operator does. No acknowledged sign-up is missing.
func TestTerminationUnderLoad(t *testing.T) {
	onEach(t, func(t *testing.T, location string) {
		notes := newLedger(t)
		crashOnce(t, location, "", "p", notes, 300, func(c *child) { c.signal(syscall.SIGTERM) })
		if faults := check(t, location, notes); len(faults) > 0 {
			t.Errorf("%d faults, such as: %s", len(faults), faults[0])
		}
	})
}
