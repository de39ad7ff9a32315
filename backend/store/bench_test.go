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

// BenchmarkSignUp measures sign-ups alone, acknowledged when they are on the disk, into an empty
// database and, with 1.4 million rows, into one as large as the surge left it (-benchtime decides for
// how long; -short leaves the large one out). Beside the rate stand the bytes written for a
// sign-up and its share of an fsync.
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

// fill signs so many up with 512 workers.
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

// written returns how many bytes have been written so far: PostgreSQL counts its log; with SQLite it is
// what this process has written (proc(5)), checkpoints included.
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

// BenchmarkDisk measures what the disk itself syncs: 64 KiB, about a group commit, and 4 MiB at once.
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
			const ring = 64 << 20 // the file grows no further
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
