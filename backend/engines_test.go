package backend_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/ombak-sim/ombak/backend/postgres"
)

// shared is the PostgreSQL server shared by tests, started at first use.
var shared = sync.OnceValues(func() (*postgres.Cluster, error) { return postgres.Start(context.Background()) })

var asked, schemas atomic.Int64

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

func withServer(m *testing.M) int {
	defer func() {
		if asked.Load() == 0 {
			return
		}
		if server, err := shared(); err == nil {
			server.Stop()
		}
	}()
	return m.Run()
}

// startCluster starts a PostgreSQL server for one test, or skips the test if PostgreSQL is not installed.
func startCluster(t testing.TB) *postgres.Cluster {
	t.Helper()
	server, err := postgres.Start(t.Context())
	if errors.Is(err, postgres.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	return server
}

// freshLocation returns a new, empty location for an engine.
func freshLocation(t testing.TB, engine string) string {
	t.Helper()
	if engine == "sqlite" {
		return filepath.Join(t.TempDir(), "people.db")
	}
	asked.Add(1)
	server, err := shared()
	if errors.Is(err, postgres.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	schema := fmt.Sprintf("t%d", schemas.Add(1))
	db, err := sql.Open("pgx", server.URL())
	if err == nil {
		_, err = db.Exec("CREATE SCHEMA " + schema)
		db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return server.URL() + "&search_path=" + schema
}

// onEach runs a test on every engine.
func onEach(t *testing.T, test func(t *testing.T, location string)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { test(t, freshLocation(t, engine)) })
	}
}
