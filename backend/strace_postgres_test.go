//go:build linux && crash

package backend_test

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ombak-sim/ombak/backend/postgres"
)

// processesOf returns PostgreSQL's postmaster and its children (proc(5)).
func processesOf(t *testing.T, server *postgres.Cluster) []int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(server.Folder(), "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	children, err := os.ReadFile(filepath.Join("/proc", first, "task", first, "children"))
	if err != nil {
		t.Skipf("this kernel does not list the children of a process: %v", err)
	}
	var pids []int
	for _, text := range append([]string{first}, strings.Fields(string(children))...) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// syncedByPostgres reports whether these steps completed in order before the answer: the server sent the row to
// PostgreSQL, PostgreSQL wrote and synced its log, and the server read the result of the commit.
func syncedByPostgres(calls []call, email string, before int) bool {
	sent, done := -1, -1
	session := "" // the PostgreSQL process that has the row
	for _, c := range calls {
		has := email != "" && strings.Contains(c.args, email)
		switch {
		case c.name == "write" && has && strings.Contains(c.args, "<UNIX") && sent < 0:
			sent = c.begun
		case c.name == "recvfrom" && has && session == "":
			session = c.thread
		}
	}
	for _, c := range calls {
		committed := c.name == "read" && strings.Contains(c.args, "<UNIX") && strings.Contains(c.args, `COMMIT\0`)
		if committed && c.begun > sent && c.returned < before && (done < 0 || c.returned < done) {
			done = c.returned
		}
	}
	return sent >= 0 && done >= 0 && session != "" && logSynced(calls, session, sent, done)
}

// logSynced reports whether, between two points, PostgreSQL's log was synced after the last write that a
// session made to it. Writes by other processes on behalf of the session count too.
func logSynced(calls []call, session string, from, to int) bool {
	own, others := -1, -1
	for _, c := range calls {
		if c.name != "pwrite64" || !strings.Contains(c.args, "/pg_wal/") || c.begun < from || c.returned > to {
			continue
		}
		if c.thread == session {
			own = max(own, c.returned)
		} else if others < 0 {
			others = c.returned
		}
	}
	written := own
	if own < 0 {
		written = others
	}
	if written < 0 {
		return false
	}
	for _, c := range calls {
		isSync := (c.name == "fdatasync" || c.name == "fsync") && strings.Contains(c.args, "/pg_wal/") && strings.HasPrefix(c.result, "0")
		if isSync && c.begun > written && c.returned < to {
			return true
		}
	}
	return false
}

// TestNoAnswerBeforePostgresSyncs traces the server and PostgreSQL together. The check itself is tested on a
// server that answers early and on a PostgreSQL whose fsync is turned off while it is in use.
func TestNoAnswerBeforePostgresSyncs(t *testing.T) {
	needStrace(t)
	for _, row := range []struct {
		name, durability, setting string
		early                     bool
	}{
		{name: "group-fsync"},
		{name: "async", durability: "async", early: true},
		{name: "PostgreSQL without fsync", setting: "fsync = off", early: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := startCluster(t)
			child := startChild(t, server.URL(), row.durability)
			if row.setting != "" {
				set(t, server, row.setting)
			}
			trace := filepath.Join(t.TempDir(), "trace")
			strace := watch(t, append(processesOf(t, server), child.pid), "-yy", "-s", "65536",
				"-e", "trace=read,write,recvfrom,pwrite64,fdatasync,fsync", "-o", trace)
			var answered atomic.Int64
			offer(child.address, "p", 8, func(string, int) bool { return answered.Add(1) < 40 })
			child.signal(syscall.SIGTERM)
			child.Wait()
			letGo(t, strace)
			answers, faults := early(readTrace(t, trace), syncedByPostgres)
			if int64(answers) < answered.Load() {
				t.Errorf("%d answers in the trace; the clients had %d", answers, answered.Load())
			}
			if (len(faults) > 0) != row.early {
				t.Errorf("%d of %d answers were early: %v", len(faults), answers, faults)
			}
		})
	}
}

// set changes a setting of a running PostgreSQL.
func set(t *testing.T, server *postgres.Cluster, setting string) {
	t.Helper()
	db, err := sql.Open("pgx", server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"ALTER SYSTEM SET " + setting, "SELECT pg_reload_conf()"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	name, value, _ := strings.Cut(setting, " = ")
	for now := ""; now != value; { // each new session inherits the settings of the postmaster
		if err := db.QueryRow("SHOW " + name).Scan(&now); err != nil {
			t.Fatal(err)
		}
	}
}

// letGo detaches strace and leaves the traced processes running.
func letGo(t *testing.T, strace *exec.Cmd) {
	t.Helper()
	if err := strace.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	strace.Wait()
}

// TestFailingSyncOfPostgres makes every sync of PostgreSQL fail from some moment on. From then on no request
// succeeds, and every person acknowledged before is in the database once the disk works again.
func TestFailingSyncOfPostgres(t *testing.T) {
	needStrace(t)
	server := startCluster(t)
	child := startChild(t, server.URL(), "")
	notes := newLedger(t)
	const workers = 8
	var failing atomic.Bool // whether syncs fail from now on
	var late [workers]atomic.Bool
	var attach sync.Once
	var refused atomic.Int64
	var injector *exec.Cmd
	offer(child.address, "p", workers, func(email string, status int) bool {
		worker, _ := strconv.Atoi(strings.Split(email, ".")[1]) // the numbers that offer assigns
		defer func() { late[worker].Store(failing.Load()) }()
		if status != 202 {
			return refused.Add(1) < 100 || !failing.Load()
		}
		if late[worker].Load() {
			t.Errorf("%s was acknowledged although syncs had begun to fail before the request", email)
		}
		if notes.note(t, email) >= 100 {
			attach.Do(func() {
				injector = failSyncs(t, processesOf(t, server)...)
				failing.Store(true)
			})
		}
		return true
	})
	kill(child)
	child.Wait()
	letGo(t, injector)
	if err := server.Kill(); err != nil {
		t.Log("PostgreSQL stopped:", err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if faults := check(t, server.URL(), notes); len(faults) > 0 {
		t.Errorf("%d faults, such as: %s", len(faults), faults[0])
	}
}
