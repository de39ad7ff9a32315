//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ombak-sim/ombak/backend/postgres"
	"github.com/ombak-sim/ombak/backend/store"
)

const (
	siegeBegins = "<!-- make siege writes what follows -->"
	siegeEnds   = "<!-- until here: siege -->"
)

// siege plays rounds against backends until its time is over. In each round people sign up while something happens to the
// backend, and then the database is compared with a ledger of its own.
type siege struct {
	bench
	durability string
	length     time.Duration
	chance     *mathrand.Rand
	key        []byte
	cluster    *postgres.Cluster // nil if PostgreSQL is not installed
	books      map[string]*siegeBooks
}

// The places at which people are kept under siege.
const (
	onSQLite   = "SQLite"
	onSmall    = "SQLite on a small disk"
	onPostgres = "PostgreSQL"
	onReplicas = "PostgreSQL, two replicas"
)

func places() []string { return []string{onSQLite, onPostgres, onSmall, onReplicas} }

// siegeBooks are the counts of one store.
type siegeBooks struct {
	rounds, acknowledged, lost, duplicates, orphans, hung int
	events                                                map[string]int
}

// runSiege runs the program under the name siege and returns the exit code: 1 if anything was lost.
func runSiege(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench siege", flag.ContinueOnError)
	flags.SetOutput(errOut)
	s := siege{bench: bench{log: io.Discard}, books: map[string]*siegeBooks{}, key: make([]byte, store.KeySize)}
	flags.StringVar(&s.ombak, "ombak", "", "the ombak `PROGRAM`")
	flags.DurationVar(&s.length, "for", time.Hour, "how long rounds are begun")
	flags.StringVar(&s.durability, "durability", string(store.GroupFsync), "async shows that the ledger finds losses")
	seed := flags.Uint64("seed", 20200411, "the seed of what happens when")
	file := flags.String("into", "", "write the table into this `FILE`; by default to standard output")
	if err := flags.Parse(arguments); err != nil || s.ombak == "" {
		fmt.Fprintln(errOut, "ombak-bench siege: -ombak is missing; give the program, or run make siege")
		return 2
	}
	s.chance = mathrand.New(mathrand.NewPCG(*seed, 1))
	rand.Read(s.key) // crypto/rand.Read never fails since Go 1.24
	if err := s.play(ctx, errOut); err != nil {
		fmt.Fprintf(errOut, "ombak-bench siege: %v\n", err)
		return 1
	}
	if err := s.tell(*file, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench siege: %v\n", err)
		return 1
	}
	for _, b := range s.books {
		if b.lost+b.duplicates+b.orphans+b.hung > 0 {
			return 1
		}
	}
	return 0
}

func (s *siege) play(ctx context.Context, progress io.Writer) (err error) {
	if s.ombak, err = filepath.Abs(s.ombak); err != nil {
		return err
	}
	if s.folder, err = os.MkdirTemp("", "ombak-siege-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.folder)) }()
	scenario := strings.Replace(alone, "backend: {", "backend: {durability: "+s.durability+", ", 1)
	if err := errors.Join(os.WriteFile(filepath.Join(s.folder, "alone.yaml"), []byte(scenario), 0o600),
		os.WriteFile(s.keyFile(), []byte(base64.StdEncoding.EncodeToString(s.key)+"\n"), 0o600)); err != nil {
		return err
	}
	stores := []string{onSQLite}
	if err := os.Mkdir(s.smallDisk(), 0o700); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", s.smallDisk(), "tmpfs", 0, "size=48m"); err == nil {
		stores = append(stores, onSmall)
		defer syscall.Unmount(s.smallDisk(), syscall.MNT_DETACH) //nolint:errcheck // the machine's next start ends it too
	} else {
		fmt.Fprintf(progress, "no small disk: mounting one needs root (%v)\n", err)
	}
	if s.cluster, err = postgres.Start(ctx); err == nil {
		defer s.cluster.Stop() //nolint:errcheck // what is left is in the folder for temporary files
		if err := s.makeSchema(ctx); err != nil {
			return err
		}
		stores = append(stores, onPostgres, onReplicas)
	} else if !errors.Is(err, postgres.ErrNotInstalled) {
		return err
	}
	ledger, err := openLedger(filepath.Join(s.folder, "ledger"))
	if err != nil {
		return err
	}
	defer ledger.close()
	for began, round := time.Now(), 0; time.Since(began) < s.length && ctx.Err() == nil; round++ {
		where := stores[round%len(stores)]
		if err := s.round(ctx, where, round, ledger); err != nil {
			return fmt.Errorf("round %d on %s: %w", round, where, err)
		}
		fmt.Fprintf(progress, "\rround %d", round+1)
	}
	fmt.Fprintln(progress)
	return ctx.Err()
}

func (s *siege) keyFile() string { return filepath.Join(s.folder, "key") }

// makeSchema makes room for the replicas, beside that of the single backend.
func (s *siege) makeSchema(ctx context.Context) error {
	db, err := sql.Open("pgx", s.cluster.URL())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "CREATE SCHEMA replicas")
	return errors.Join(err, db.Close())
}

func (s *siege) smallDisk() string { return filepath.Join(s.folder, "small") }

// event is something that happens to a backend under load.
type event struct {
	name   string
	at     []string // the places where it happens; empty means all but the small disk
	happen func(*siege, *exec.Cmd, string) error
}

func (e event) happensAt(place string) bool {
	return slices.Contains(e.at, place) || len(e.at) == 0 && place != onSmall
}

const postmasterKilled = "postmaster killed"

// events lists what happens. After each the backend is killed, unless it has ended.
func events() []event {
	return []event{
		{"SIGKILL", places(), func(*siege, *exec.Cmd, string) error { return nil }},
		{"SIGTERM", nil, func(_ *siege, c *exec.Cmd, _ string) error { return c.Process.Signal(syscall.SIGTERM) }},
		{"SIGSTOP", nil, func(s *siege, c *exec.Cmd, _ string) error {
			err := c.Process.Signal(syscall.SIGSTOP)
			time.Sleep(time.Second + time.Duration(s.chance.Int64N(int64(2*time.Second))))
			return errors.Join(err, c.Process.Signal(syscall.SIGCONT))
		}},
		{"strangers", nil, func(_ *siege, _ *exec.Cmd, address string) error { return crowd(address, "") }},
		{"half-sent requests", nil, func(_ *siege, c *exec.Cmd, address string) error {
			err := crowd(address, "POST /v1/signups HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
			return errors.Join(err, c.Process.Signal(syscall.SIGTERM))
		}},
		{"slow readers", nil, func(_ *siege, _ *exec.Cmd, address string) error {
			return crowd(address, strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 64))
		}},
		{"full disk", []string{onSmall}, (*siege).fillDisk},
		{postmasterKilled, []string{onPostgres, onReplicas}, func(s *siege, _ *exec.Cmd, _ string) error { return s.cluster.Kill() }},
	}
}

// fillDisk fills the small disk for a while and makes room again.
func (s *siege) fillDisk(*exec.Cmd, string) error {
	ballast := filepath.Join(s.smallDisk(), "ballast")
	_ = os.WriteFile(ballast, make([]byte, 64<<20), 0o600) // fails when the disk is full, as it should
	time.Sleep(200*time.Millisecond + time.Duration(s.chance.Int64N(int64(time.Second))))
	err := os.Remove(ballast)
	time.Sleep(time.Duration(s.chance.Int64N(int64(500 * time.Millisecond)))) // some people sign up again
	return err
}

// crowd opens more connections than the backend has descriptors for, and sends the same on each. They stay open for a while.
func crowd(address, text string) error {
	for range siegeDescriptors + 44 {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			continue // refused: the backend defends itself
		}
		time.AfterFunc(3*time.Second, func() { conn.Close() })
		if _, err := io.WriteString(conn, text); err != nil {
			continue
		}
	}
	return nil
}

// round plays one round: people sign up, something happens after a random number of acknowledgements, the backend ends.
func (s *siege) round(ctx context.Context, where string, number int, ledger *ledger) error {
	books := s.books[where]
	if books == nil {
		books = &siegeBooks{events: map[string]int{}}
		s.books[where] = books
	}
	possible := slices.DeleteFunc(events(), func(e event) bool { return !e.happensAt(where) })
	chosen := possible[s.chance.IntN(len(possible))]
	enough := 1 + s.chance.IntN(400)
	backend, address, err := s.besieged(ctx, where)
	if err != nil {
		return err
	}
	addresses, before := []string{address}, ledger.count(where)
	var other *exec.Cmd
	if where == onReplicas {
		if other, address, err = s.besieged(ctx, where); err != nil {
			s.end(backend, "")
			return err
		}
		addresses = append(addresses, address)
	}
	crew := signUpAt(ctx, addresses, where, number, ledger, enough)
	err = chosen.happen(s, backend, addresses[0])
	if hung := s.end(backend, chosen.name); hung {
		books.hung++
	}
	if other != nil {
		s.end(other, "")
	}
	crew.wait()
	if chosen.name == postmasterKilled {
		err = errors.Join(err, s.cluster.Restart(ctx))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", chosen.name, err)
	}
	books.rounds++
	books.events[chosen.name]++
	books.acknowledged += ledger.count(where) - before
	return s.check(ctx, where, ledger.of(where), books)
}

// end waits for a backend that was told to end, and kills any other. It reports whether the backend did not end in time.
func (s *siege) end(backend *exec.Cmd, event string) (hung bool) {
	ended := make(chan struct{})
	go func() {
		_ = backend.Wait() // it was killed
		close(ended)
	}()
	if event == "SIGTERM" || event == "half-sent requests" {
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Second):
			hung = true
		}
	}
	_ = backend.Process.Kill() // it may have ended
	<-ended
	return hung
}

// check compares the database with the ledger. The counts are of the whole database, so the last round's count.
func (s *siege) check(ctx context.Context, where string, acknowledged map[string]bool, books *siegeBooks) error {
	rows := map[string]int{}
	people := 0
	for row, err := range store.Audit(ctx, s.location(where), s.key) {
		if err != nil {
			return err
		}
		rows[row.Email]++
		people++
	}
	books.lost, books.duplicates = 0, people-len(rows)
	for email := range acknowledged {
		if rows[email] == 0 {
			books.lost++
		}
	}
	opened, err := store.Open(ctx, s.location(where), store.Options{Key: s.key})
	if err != nil {
		return err
	}
	mails, _, err := opened.PendingJobs(ctx, store.JobMail)
	books.orphans = max(mails-people, people-mails)
	return errors.Join(err, opened.Close())
}

func (s *siege) location(where string) string {
	switch where {
	case onPostgres:
		return s.cluster.URL()
	case onReplicas:
		return s.cluster.URL() + "&search_path=replicas"
	case onSmall:
		return filepath.Join(s.smallDisk(), "people.db")
	}
	return filepath.Join(s.folder, "people.db")
}

// tell writes the table.
func (s *siege) tell(file string, out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nMeasured on %s, on %s, for %v, with durability %s.\n\n", siegeBegins, machine(), time.Now().UTC().Format("2006-01-02"), s.length, s.durability)
	b.WriteString("| store | rounds | acknowledged | lost | duplicates | people without a mail or mails without one | did not end | what happened |\n|---|---|---|---|---|---|---|---|\n")
	for _, where := range places() {
		books := s.books[where]
		if books == nil {
			continue
		}
		var happened []string
		for _, e := range events() {
			if n := books.events[e.name]; n > 0 {
				happened = append(happened, fmt.Sprintf("%d %s", n, e.name))
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %s |\n", where, books.rounds, books.acknowledged, books.lost, books.duplicates, books.orphans, books.hung, strings.Join(happened, ", "))
	}
	fmt.Fprintf(&b, "\n%s\n", siegeEnds)
	if file == "" {
		_, err := io.WriteString(out, b.String())
		return err
	}
	return replaceBetween(file, b.String(), siegeBegins, siegeEnds)
}
