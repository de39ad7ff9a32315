//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/report"
)

const (
	backendBegins = "<!-- make bench-backend writes what follows -->"
	backendEnds   = "<!-- until here: bench-backend -->"
)

// backendBench measures sign-ups alone on each store, acknowledged and written to disk.
type backendBench struct {
	bench
	empty, full time.Duration // length of each measurement on an empty and on a filled database
	rows        int           // rows in the filled database
	people      int           // people under way in a closed loop
	plays       int           // measurements so far; each uses people of its own
	lines       []string      // lines of the table
}

// runBackend runs the program under the name backend and returns the exit code.
func runBackend(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench backend", flag.ContinueOnError)
	flags.SetOutput(errOut)
	b := backendBench{bench: bench{log: errOut}}
	flags.StringVar(&b.ombak, "ombak", "", "the ombak `PROGRAM`")
	file := flags.String("into", "", "write the table into this `FILE`; by default to standard output")
	flags.DurationVar(&b.empty, "empty", 30*time.Second, "length of each measurement from an empty database")
	flags.DurationVar(&b.full, "full", time.Minute, "length of each measurement on the filled database")
	flags.IntVar(&b.rows, "rows", 1_400_000, "sign-ups to fill a database with")
	flags.IntVar(&b.people, "people", 2048, "people under way in a closed loop")
	place := flags.String("place", "", "the `FOLDER` for databases; by default a temporary one")
	if err := flags.Parse(arguments); err != nil || b.ombak == "" {
		fmt.Fprintln(errOut, "ombak-bench backend: -ombak is missing; give the program, or run make "+
			"bench-backend")
		return 2
	}
	if err := b.measureAll(ctx, *place, *file, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench backend: %v\n", err)
		return 1
	}
	return 0
}

func (b *backendBench) measureAll(ctx context.Context, place, file string, out io.Writer) (err error) {
	if b.ombak, err = filepath.Abs(b.ombak); err != nil {
		return err
	}
	if b.folder, err = os.MkdirTemp(place, "ombak-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.folder)) }()
	for _, step := range []func(context.Context) error{b.disk, b.filled, b.steady, b.postgres} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	table := fmt.Sprintf("%s\n\nMeasured on %s, on %s. Backend and generator ran on the same cores, with "+
		"sign-ups alone, each written to disk before it was acknowledged. Closed loops keep %d people under "+
		"way.\n\n| figure | bound | measured | |\n|---|---|---|---|\n%s\n%s\n",
		backendBegins, machine(), time.Now().UTC().Format("2006-01-02"), b.people, strings.Join(b.lines, ""), backendEnds)
	if file == "" {
		_, err = io.WriteString(out, table)
		return err
	}
	return replaceBetween(file, table, backendBegins, backendEnds)
}

// note adds a line without a bound.
func (b *backendBench) note(figure, format string, values ...any) {
	b.lines = append(b.lines, fmt.Sprintf("| %s | | %s | |\n", figure, fmt.Sprintf(format, values...)))
}

// goal adds a line with a bound.
func (b *backendBench) goal(figure, bound, measured string, holds bool) {
	mark := "reached"
	if !holds {
		mark = "**not reached**"
	}
	b.lines = append(b.lines, fmt.Sprintf("| %s | %s | %s | %s |\n", figure, bound, measured, mark))
}

func (b *backendBench) disk(context.Context) error {
	for _, block := range []int{64 << 10, 4 << 20} {
		speed, err := syncedPerSecond(b.folder, block, 3*time.Second)
		if err != nil {
			return err
		}
		b.note(fmt.Sprintf("the disk itself, %d KiB at a time, each synced", block>>10), "%.0f MB/s, %.0f syncs/s", speed/1e6, speed/float64(block))
	}
	return nil
}

// filled measures SQLite from an empty database, fills it, and measures again.
func (b *backendBench) filled(ctx context.Context) (err error) {
	s, err := b.startService(ctx, "sqlite:filled.db")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := b.closed(ctx, s, "SQLite from empty", b.empty, 30_000); err != nil {
		return err
	}
	now, err := b.fill(ctx, s)
	if err != nil {
		return err
	}
	b.goal(fmt.Sprintf("SQLite: peak memory of the backend after %.2f million sign-ups", now.rows/1e6), "300 MB", fmt.Sprintf("%.0f MB", now.rss/1e6), now.rss < 300e6)
	if err := b.closed(ctx, s, fmt.Sprintf("SQLite with %d rows", b.rows), b.full, 10_000); err != nil {
		return err
	}
	return b.open(ctx, s, fmt.Sprintf("SQLite with %d rows", b.rows), b.full, 5_000, 100*time.Millisecond)
}

// fill signs people up until the database has enough rows.
func (b *backendBench) fill(ctx context.Context, s *service) (books, error) {
	for before := -1.; ; {
		now, err := s.read()
		if err != nil || now.rows >= float64(b.rows) {
			return now, err
		}
		if now.rows == before {
			return now, errors.New("the database does not fill: nobody signed up; see the backend's output " +
				"above")
		}
		before = now.rows
		if _, err := b.load(ctx, s, min(20*time.Second, b.empty), 0); err != nil {
			return now, err
		}
	}
}

// steady measures the response time of sign-ups on an empty SQLite database.
func (b *backendBench) steady(ctx context.Context) (err error) {
	s, err := b.startService(ctx, "sqlite:steady.db")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return b.open(ctx, s, "SQLite from empty", b.empty, 15_000, 50*time.Millisecond)
}

// postgres measures a temporary PostgreSQL server.
func (b *backendBench) postgres(ctx context.Context) (err error) {
	s, err := b.startService(ctx, "postgres")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return b.closed(ctx, s, "PostgreSQL from empty", b.empty, 10_000)
}

// closed signs people up in a closed loop.
func (b *backendBench) closed(ctx context.Context, s *service, where string, length time.Duration, bound float64) error {
	before, err := s.read()
	if err != nil {
		return err
	}
	played, err := b.load(ctx, s, length, 0)
	if err != nil {
		return err
	}
	after, err := s.read()
	if err != nil {
		return err
	}
	rate := played.Funnel[0].Passed / length.Seconds()
	b.goal(fmt.Sprintf("%s, %v: sign-ups per second", where, length), fmt.Sprintf("%.0f", bound), fmt.Sprintf("%.0f", rate), rate >= bound)
	rows, commits := after.rows-before.rows, after.commits-before.commits
	if strings.HasPrefix(where, "SQLite") {
		b.note(where+": written to the disk per sign-up, checkpoints included", "%.1f kB", (after.written-before.written)/rows/1e3)
	}
	b.note(where+": commits, each with its fsync, per sign-up", "%.4f (%.0f rows each, %.1f ms)", commits/rows, rows/commits, (after.commitS-before.commitS)/commits*1e3)
	return nil
}

// open signs people up at a rate.
func (b *backendBench) open(ctx context.Context, s *service, where string, length time.Duration, rate int, bound time.Duration) error {
	played, err := b.load(ctx, s, length, rate)
	if err != nil {
		return err
	}
	p99 := time.Duration(played.Steps[0].ResponseTimeS.P99 * float64(time.Second))
	b.goal(fmt.Sprintf("%s, %v at %d/s: p99 of the response time", where, length, rate), bound.String(), fmt.Sprintf("%.1f ms (%.0f of %.0f signed up)", p99.Seconds()*1e3, played.Funnel[0].Passed, played.Offered.Scheduled),
		p99 <= bound && played.Funnel[0].Passed >= 0.999*played.Offered.Scheduled)
	return nil
}

// load plays sign-ups at a rate, or in a closed loop if the rate is 0.
func (b *backendBench) load(ctx context.Context, s *service, length time.Duration, rate int) (r report.Report, err error) {
	b.plays++
	name := fmt.Sprintf("play-%d", b.plays)
	scenario := filepath.Join(b.folder, name+".yaml")
	text := fmt.Sprintf(head, name) + fmt.Sprintf("arrivals: {step: sign-up, mode: poisson, signups: [{for: %v, rate: %d/s}]}\n", length, max(1, rate)) +
		fmt.Sprintf("journey: [{name: sign-up, request: {target: web, method: POST, path: /v1/signups, json: {name: \"${person.name}\", email: \"p%d.${person.email}\", phone: \"${person.phone}\"}}, expect: {completed: [202]}, timeout: 10s}]\n", b.plays)
	if err := os.WriteFile(scenario, []byte(text), 0o600); err != nil {
		return r, err
	}
	out := filepath.Join(b.folder, name)
	arguments := []string{"load", scenario, "--target", s.target, "--out", out, "--quiet"}
	if rate == 0 {
		arguments = append(arguments, "--closed", fmt.Sprint(b.people))
	}
	played, err := b.play(ctx, b.ombak, arguments...)
	if err != nil {
		return r, err
	}
	written, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		return r, fmt.Errorf("%w: %s", err, played.output)
	}
	if err := json.Unmarshal(written, &r); err != nil {
		return r, err
	}
	if len(r.Funnel) == 0 || len(r.Steps) == 0 || r.Steps[0].ResponseTimeS == nil {
		return r, fmt.Errorf("the report of %s is empty: %s", name, played.output)
	}
	return r, nil
}
