package store_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// BenchmarkSignUp measures sign-ups alone, acknowledged once on disk, into an empty database and into one with
// 1.4 million rows, as many as the surge left (-benchtime decides for how long; -short skips the large one).
// Besides the rate it reports the bytes written per sign-up and the share of an fsync per sign-up.
func BenchmarkSignUp(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, rows := range []int{0, 1_400_000} {
			b.Run(fmt.Sprintf("%s/rows=%d", engine, rows), func(b *testing.B) { benchmarkSignUp(b, engine, rows) })
		}
	}
}

func benchmarkSignUp(b *testing.B, engine string, rows int) {
	if rows > 0 && testing.Short() {
		b.Skip("fills a large database")
	}
	location := freshLocation(b, engine)
	s := openStore(b, location, store.Options{MaxAge: 2 * time.Millisecond})
	var next atomic.Int64
	sign := func() {
		if _, err := s.SignUp(signUp(int(next.Add(1)))); err != nil {
			b.Error(err)
		}
	}
	fill(s, rows, sign)
	before, logged := s.Stats(), written(b, location)
	b.SetParallelism(256)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			sign()
		}
	})
	b.StopTimer()
	stats := s.Stats()
	batches := float64(stats.Batches - before.Batches)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sign-ups/s")
	b.ReportMetric(batches/float64(b.N), "fsyncs/sign-up")
	b.ReportMetric(float64(stats.CommitTime-before.CommitTime)/batches/1e6, "ms/commit")
	b.ReportMetric(float64(written(b, location)-logged)/float64(b.N), "written-B/sign-up")
}

// fill signs up the given number of people with 512 workers.
func fill(s *store.Store, rows int, sign func()) {
	const workers = 512
	done := make(chan bool)
	for w := range workers {
		go func() {
			for i := w; i < rows; i += workers {
				sign()
			}
			done <- true
		}()
	}
	for range workers {
		<-done
	}
}

// written returns the bytes written so far. On PostgreSQL it counts the log; on SQLite it counts what this
// process has written (proc(5)), including checkpoints.
func written(b *testing.B, location string) (n int64) {
	b.Helper()
	if store.IsFile(location) {
		text, err := os.ReadFile("/proc/self/io")
		if err != nil {
			return 0 // not Linux
		}
		_, rest, _ := strings.Cut(string(text), "wchar: ")
		fmt.Sscan(rest, &n)
		return n
	}
	db, err := sql.Open("pgx", location)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkDisk measures the disk's own fsync: 64 KiB, about a group commit, and 4 MiB at once.
func BenchmarkDisk(b *testing.B) {
	for _, size := range []int{64 << 10, 4 << 20} {
		b.Run(fmt.Sprintf("KiB=%d", size>>10), func(b *testing.B) {
			file, err := os.Create(filepath.Join(b.TempDir(), "synced"))
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			block := bytes.Repeat([]byte("ombak"), size/5)
			b.SetBytes(int64(len(block)))
			const ring = 64 << 20 // limit of the file's size
			for i := range b.N {
				if _, err := file.WriteAt(block, int64(i*len(block)%ring)); err != nil {
					b.Fatal(err)
				}
				if err := file.Sync(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
