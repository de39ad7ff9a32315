//go:build unix

package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Cluster is a running server.
type Cluster struct {
	owner    *os.File // locked while this process lives
	folder   string   // holds the data, the socket and the log
	programs string
	user     *account // the account that the server runs as; nil means that of this process
	server   *exec.Cmd
	lifeline io.Closer // the server ends when this is closed
	ended    chan struct{}
}

// socket is the file name of the server's Unix socket at the default port.
const socket = ".s.PGSQL.5432"

// timeout is how long starting or stopping the server may take.
const timeout = 30 * time.Second

// Start creates an empty cluster in a new temporary folder and starts its server.
func Start(ctx context.Context) (_ *Cluster, err error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	c := &Cluster{programs: programs}
	if c.user, err = unprivileged(); err != nil {
		return nil, err
	}
	_ = sweep(c.user.place()) // another user's folders cannot be removed
	if c.folder, err = os.MkdirTemp(c.user.place(), folderPattern); err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(c.folder)
			c.owner.Close()
		}
	}()
	if err := c.own(); err != nil {
		return nil, fmt.Errorf("lock the folder of PostgreSQL: %w", err)
	}
	if c.user != nil {
		if err := os.Chown(c.folder, c.user.uid, c.user.gid); err != nil {
			return nil, fmt.Errorf("give the folder of PostgreSQL to %s: %w", c.user.name, err)
		}
	}
	initdb := c.command(ctx, "initdb", "--pgdata="+c.data(), "--username=ombak", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	return c, c.Restart(ctx)
}

// data returns the data folder.
func (c *Cluster) data() string { return filepath.Join(c.folder, "data") }

// command returns a command that runs one of PostgreSQL's programs as the unprivileged user.
func (c *Cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(c.programs, program), args...)
	command.Dir = c.folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	command.SysProcAttr = c.user.attributes()
	return command
}

// runScript is a shell script that starts the program in its arguments and stops it at the end of standard input.
const runScript = `exec 3<&0; "$@" 3<&- </dev/null & pid=$!
{ read _ <&3; kill -INT $pid; } 2>/dev/null & wait $pid`

// Restart starts the server again on the existing data, after Kill.
func (c *Cluster) Restart(ctx context.Context) error {
	server := c.command(context.WithoutCancel(ctx), "postgres", "-D", c.data(), "-k", c.folder,
		"-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=128MB", "-c", "max_wal_size=2GB")
	server.Args = append([]string{"sh", "-c", runScript, "sh", server.Path}, server.Args[1:]...)
	server.Path = "/bin/sh"
	log, err := os.OpenFile(filepath.Join(c.folder, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of PostgreSQL: %w", err)
	}
	defer log.Close()
	server.Stdout, server.Stderr = log, log
	if c.lifeline, err = server.StdinPipe(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	c.server, c.ended = server, make(chan struct{})
	go func() {
		defer close(c.ended)
		server.Wait() //nolint:errcheck // the log says more than the exit status
	}()
	if err := c.await(ctx); err != nil {
		c.end()
		return err
	}
	return nil
}

// await waits until the server takes connections.
func (c *Cluster) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-c.ended:
			return fmt.Errorf("PostgreSQL did not start: %s", c.logTail())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start: %w: %s", ctx.Err(), c.logTail())
		case <-ticker.C:
		}
		if c.ready(ctx) {
			return nil
		}
	}
}

// ready reports whether the server accepts connections.
func (c *Cluster) ready(ctx context.Context) bool {
	conn, err := net.Dial("unix", filepath.Join(c.folder, socket))
	if err != nil {
		return false
	}
	conn.Close()
	return c.command(ctx, "pg_isready", "--quiet", "--host="+c.folder, "--username=ombak", "--dbname=postgres").Run() == nil
}

// URL returns the URL of the server's database.
func (c *Cluster) URL() string { return "postgres://ombak@/postgres?host=" + c.folder }

// Ended returns a channel that is closed when the server has ended, by itself or by Stop.
func (c *Cluster) Ended() <-chan struct{} { return c.ended }

// Cause says why the server has ended, in the words of its log.
func (c *Cluster) Cause() error {
	return fmt.Errorf("PostgreSQL ended (%s): %s", c.server.ProcessState, c.logTail())
}

// Folder returns the folder that holds the data.
func (c *Cluster) Folder() string { return c.folder }

// Stop stops the server and removes its data. The returned state holds the CPU time of the server and its
// children.
func (c *Cluster) Stop() (*os.ProcessState, error) {
	c.end()
	defer c.owner.Close()
	if err := os.RemoveAll(c.folder); err != nil {
		return c.server.ProcessState, fmt.Errorf("remove the data of PostgreSQL: %w", err)
	}
	return c.server.ProcessState, nil
}

// end closes the lifeline, and kills the server if that does not stop it.
func (c *Cluster) end() {
	c.lifeline.Close() // an error means that the server has already stopped
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
		c.Kill() //nolint:errcheck // nothing else is left to try
	}
}

// logTail returns the end of the server's log.
func (c *Cluster) logTail() string {
	log, err := os.ReadFile(filepath.Join(c.folder, "log"))
	if err != nil {
		return err.Error()
	}
	return lastLine(log)
}

func lastLine(text []byte) string {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(lines[len(lines)-1])
}

// ErrNotInstalled is returned by [Start] if no PostgreSQL server is installed.
var ErrNotInstalled = errors.New("PostgreSQL is not installed; install the package postgresql (15 or later), or give the URL of a running server")

// findPrograms returns the folder of initdb, postgres and pg_isready: the newest of Debian's folders, or else the
// folder of the postgres in PATH.
func findPrograms() (string, error) {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(folders, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(b, a)) }) // 15 before 9
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	for _, folder := range folders {
		if hasPrograms(folder) {
			return folder, nil
		}
	}
	return "", ErrNotInstalled
}

func hasPrograms(folder string) bool {
	for _, program := range []string{"initdb", "postgres", "pg_isready"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
			return false
		}
	}
	return true
}
