//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"debug/buildinfo"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
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
// backend or to what it needs, and then the database is compared with a ledger of its own.
type siege struct {
	bench
	durability string
	length     time.Duration
	chance     *mathrand.Rand
	key        []byte
	cluster    *postgres.Cluster // nil if PostgreSQL is not installed
	mocks      *siegeMocks
	ledger     *ledger
	books      map[string]*siegeBooks
}

// The places at which people are kept under siege, and the runs that are besieged themselves.
const (
	onSQLite         = "SQLite"
	onSmall          = "SQLite on a small disk"
	onMocked         = "SQLite, with mail and a registry"
	onPostgres       = "PostgreSQL"
	onReplicas       = "PostgreSQL, two replicas"
	onMockedPostgres = "PostgreSQL, with mail and a registry"
	onRun            = "a run against silent services"
)

func places() []string {
	return []string{onSQLite, onPostgres, onSmall, onReplicas, onMocked, onMockedPostgres, onRun}
}

// hasMocks reports whether the backends of a place have a mail server and a registry.
func hasMocks(place string) bool { return place == onMocked || place == onMockedPostgres }

// siegeBooks are the counts of one place.
type siegeBooks struct {
	rounds, acknowledged, lost, duplicates, orphans, hung int
	events                                                map[string]int
}

// bad reports whether anything was lost, twice, left over or hung.
func (b *siegeBooks) bad() bool { return b.lost+b.duplicates+b.orphans+b.hung > 0 }

// runSiege runs the program under the name siege and returns the exit code: 1 if anything was lost.
func runSiege(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench siege", flag.ContinueOnError)
	flags.SetOutput(errOut)
	s := siege{bench: bench{log: io.Discard}}
	flags.StringVar(&s.ombak, "ombak", "", "the ombak `PROGRAM`, built with -tags siege")
	flags.DurationVar(&s.length, "for", time.Hour, "how long rounds are begun")
	flags.StringVar(&s.durability, "durability", string(store.GroupFsync), "async shows that the ledger finds losses")
	seed := flags.Uint64("seed", 20200411, "the seed of what happens when")
	file := flags.String("into", "", "write the table into this `FILE`; by default to standard output")
	if err := flags.Parse(arguments); err != nil || s.ombak == "" {
		fmt.Fprintln(errOut, "ombak-bench siege: -ombak is missing; give the program, or run make siege")
		return 2
	}
	s.chance = mathrand.New(mathrand.NewPCG(*seed, 1))
	if err := s.play(ctx, errOut); err != nil {
		fmt.Fprintf(errOut, "ombak-bench siege: %v\n", err)
		return 1
	}
	if err := s.tell(*file, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench siege: %v\n", err)
		return 1
	}
	for _, b := range s.books {
		if b.bad() {
			return 1
		}
	}
	return 0
}

// play plays rounds at one place after the other.
func (s *siege) play(ctx context.Context, progress io.Writer) (err error) {
	stores, stop, err := s.prepare(ctx, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for began, round := time.Now(), 0; time.Since(began) < s.length && ctx.Err() == nil; round++ {
		where := stores[round%len(stores)]
		possible := slices.DeleteFunc(events(), func(e event) bool { return !e.happensAt(where) })
		chosen := possible[s.chance.IntN(len(possible))]
		if err := s.round(ctx, where, round, chosen); err != nil {
			return fmt.Errorf("round %d on %s: %s: %w", round, where, chosen.name, err)
		}
		fmt.Fprintf(progress, "\rround %d", round+1)
	}
	fmt.Fprintln(progress)
	return ctx.Err()
}

// prepare makes everything that outlives the backends, and returns the places that there are.
func (s *siege) prepare(ctx context.Context, progress io.Writer) (stores []string, stop func() error, err error) {
	var ends []func() error
	stop = func() (err error) {
		for _, end := range slices.Backward(ends) {
			err = errors.Join(err, end())
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, stop())
		}
	}()
	if s.ombak, err = filepath.Abs(s.ombak); err != nil {
		return nil, stop, err
	}
	if !hasTag(s.ombak, "siege") {
		return nil, stop, fmt.Errorf("the clock of %s cannot be set; build it with -tags siege, or run make siege", s.ombak)
	}
	if s.folder, err = os.MkdirTemp("", "ombak-siege-"); err != nil {
		return nil, stop, err
	}
	ends = append(ends, func() error { return os.RemoveAll(s.folder) })
	s.books, s.key = map[string]*siegeBooks{}, make([]byte, store.KeySize)
	rand.Read(s.key) // crypto/rand.Read never fails since Go 1.24
	if err := errors.Join(s.writeScenarios(), os.Mkdir(s.smallDisk(), 0o700)); err != nil {
		return nil, stop, err
	}
	stores = []string{onSQLite, onMocked, onRun}
	if err := syscall.Mount("tmpfs", s.smallDisk(), "tmpfs", 0, "size=48m"); err == nil {
		stores = append(stores, onSmall)
		ends = append(ends, func() error { return syscall.Unmount(s.smallDisk(), syscall.MNT_DETACH) })
	} else {
		fmt.Fprintf(progress, "no small disk: mounting one needs root (%v)\n", err)
	}
	if s.cluster, err = postgres.Start(ctx); err == nil {
		ends = append(ends, func() error { s.cluster.Stop(); return nil }) //nolint:errcheck // what is left is in the folder for temporary files
		if err := s.makeSchemas(ctx); err != nil {
			return nil, stop, err
		}
		stores = append(stores, onPostgres, onReplicas, onMockedPostgres)
	} else if !errors.Is(err, postgres.ErrNotInstalled) {
		return nil, stop, err
	}
	if s.mocks, err = newSiegeMocks(); err != nil {
		return nil, stop, err
	}
	ends = append(ends, s.mocks.close)
	if s.ledger, err = openLedger(filepath.Join(s.folder, "ledger")); err != nil {
		return nil, stop, err
	}
	ends = append(ends, s.ledger.close)
	return stores, stop, nil
}

// hasTag reports whether a program was built with a tag.
func hasTag(program, tag string) bool {
	info, err := buildinfo.ReadFile(program)
	return err == nil && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "-tags" && slices.Contains(strings.Split(s.Value, ","), tag)
	})
}

// writeScenarios writes the scenarios of the backends and the key.
func (s *siege) writeScenarios() error {
	scenario := strings.Replace(alone, "backend: {", "backend: {durability: "+s.durability+", ", 1)
	return errors.Join(
		os.WriteFile(filepath.Join(s.folder, "alone.yaml"), []byte(scenario), 0o600),
		os.WriteFile(filepath.Join(s.folder, "needy.yaml"), []byte(scenario+needs), 0o600),
		os.WriteFile(filepath.Join(s.folder, "silence.yaml"), []byte(silence), 0o600),
		os.WriteFile(s.keyFile(), []byte(base64.StdEncoding.EncodeToString(s.key)+"\n"), 0o600),
	)
}

func (s *siege) keyFile() string { return filepath.Join(s.folder, "key") }

// makeSchemas makes room for the other backends on PostgreSQL, beside that of the single one.
func (s *siege) makeSchemas(ctx context.Context) error {
	db, err := sql.Open("pgx", s.cluster.URL())
	if err != nil {
		return err
	}
	for _, schema := range []string{"replicas", "mocked"} {
		_, failed := db.ExecContext(ctx, "CREATE SCHEMA "+schema)
		err = errors.Join(err, failed)
	}
	return errors.Join(err, db.Close())
}

func (s *siege) smallDisk() string { return filepath.Join(s.folder, "small") }

// location returns where the people of a place are kept.
func (s *siege) location(where string) string {
	switch where {
	case onPostgres:
		return s.cluster.URL()
	case onReplicas:
		return s.cluster.URL() + "&search_path=replicas"
	case onMockedPostgres:
		return s.cluster.URL() + "&search_path=mocked"
	case onSmall:
		return filepath.Join(s.smallDisk(), "people.db")
	case onMocked:
		return filepath.Join(s.folder, "mocked.db")
	}
	return filepath.Join(s.folder, "people.db")
}

// tell writes the table.
func (s *siege) tell(file string, out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nMeasured on %s, on %s, for %v, with durability %s.\n\n", siegeBegins, machine(), time.Now().UTC().Format("2006-01-02"), s.length, s.durability)
	b.WriteString("| place | rounds | acknowledged | lost | duplicates | people without a mail or mails without one | hung | what happened |\n|---|---|---|---|---|---|---|---|\n")
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
