package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/ombak-sim/ombak/backend/postgres"
)

// server is the PostgreSQL server shared by all tests, each with its own schema. It is nil if PostgreSQL is not
// installed.
var server *postgres.Cluster

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

func withServer(m *testing.M) int {
	var err error
	if server, err = postgres.Start(context.Background()); err != nil && !errors.Is(err, postgres.ErrNotInstalled) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if server != nil {
		defer server.Stop()
	}
	return m.Run()
}

var schemas atomic.Int64

// freshLocation returns a new, empty location for an engine.
func freshLocation(t testing.TB, engine string) string {
	t.Helper()
	if engine == "sqlite" {
		folder, err := os.MkdirTemp(t.TempDir(), "") //nolint:usetesting // a test may need several
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, "people.db")
	}
	if server == nil {
		t.Skip(postgres.ErrNotInstalled)
	}
	schema := fmt.Sprintf("t%d", schemas.Add(1))
	execSQL(t, server.URL(), "CREATE SCHEMA "+schema)
	return server.URL() + "&search_path=" + schema
}

func execSQL(t testing.TB, url, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err == nil {
		_, err = db.Exec(statement)
		db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// onEach runs a test on every engine, because the contract is the same.
func onEach(t *testing.T, test func(t *testing.T, location string)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { test(t, freshLocation(t, engine)) })
	}
}
