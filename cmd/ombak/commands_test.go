//go:build !windows

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A wait checks its condition every pause, and gives up after so many checks. Only a test that fails waits that
// long.
const (
	pause    = 50 * time.Millisecond
	generous = 6000
)

// code N COMMAND… runs a command and requires the exit code N, or one of several, as in 0|3. Its output goes to the
// files stdout and stderr.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND…")
	}
	command := exec.Command(args[1], args[2:]...)
	command.Dir, command.Env = ts.MkAbs("."), scriptEnvironment(ts)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	ts.Check(os.WriteFile(ts.MkAbs("stdout"), []byte(stdout.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), []byte(stderr.String()), 0o600))
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if got := command.ProcessState.ExitCode(); !slices.Contains(strings.Split(args[0], "|"), strconv.Itoa(got)) {
		ts.Fatalf("exit code %d, want %s\nstdout:\n%s\nstderr:\n%s", got, args[0], &stdout, &stderr)
	}
}

func scriptEnvironment(ts *testscript.TestScript) []string {
	var environment []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "WORK", "OMBAK_WIRE", "HTTP_PROXY", "NO_PROXY"} {
		environment = append(environment, name+"="+ts.Getenv(name))
	}
	return environment
}

// kill-part SIGNAL NAME FOLDER sends a signal to a process of the drill that writes into FOLDER: conductor,
// mocks, backend or generator. Parts are identified by the order in which they start.
func killPart(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: kill-part SIGNAL NAME FOLDER")
	}
	signals := map[string]syscall.Signal{"KILL": syscall.SIGKILL, "INT": syscall.SIGINT, "USR1": syscall.SIGUSR1}
	place, known := map[string]int{"conductor": -1, "mocks": 0, "backend": 1, "generator": 2}[args[1]]
	if !known {
		ts.Fatalf("no part %q", args[1])
	}
	conductor := processWith(ts.MkAbs(args[2]), args[2])
	target := conductor
	if place >= 0 {
		target = children(conductor)[place]
	}
	ts.Check(syscall.Kill(target, signals[args[0]]))
}

// wait-for gone FOLDER waits until no process of the drill is left, wait-for playing FOLDER until its parts run
// and people are recorded, and wait-for made FOLDER until the folder exists.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: wait-for gone|playing|made FOLDER, or wait-for listening|answering HOST:PORT")
	}
	switch args[0] {
	case "listening":
		waitForListener(ts, args[1])
		return
	case "answering":
		waitForListener(ts, args[1])
		waitForAnswer(ts, args[1])
		return
	}
	for range generous {
		conductor := processWith(ts.MkAbs(args[1]), args[1])
		switch {
		case args[0] == "playing" && conductor != 0 && len(children(conductor)) == 3 && size(ts.MkAbs(args[1])+"/ombak.db-wal") > 300_000:
			return
		case args[0] == "made" && exists(ts.MkAbs(args[1])):
			return
		case args[0] == "gone" && conductor == 0 && processWithEnvironment("WORK="+ts.Getenv("WORK")) == 0:
			return
		}
		<-time.After(pause)
	}
	ts.Fatalf("the drill of %s was not %s within %v", args[1], args[0], generous*pause)
}

func waitForListener(ts *testscript.TestScript, address string) {
	for range generous {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			ts.Check(conn.Close())
			return
		}
		<-time.After(pause)
	}
	ts.Fatalf("nobody listened at %s within %v", address, generous*pause)
}

// waitForAnswer asks once. A server that listens but does not serve yet answers when it does.
func waitForAnswer(ts *testscript.TestScript, address string) {
	client := http.Client{Timeout: generous * pause}
	answer, err := client.Get("http://" + address)
	ts.Check(err)
	ts.Check(answer.Body.Close())
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func size(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}

// processWith returns the process whose arguments contain one of the texts as a word, or 0.
func processWith(words ...string) int {
	return findProcess("cmdline", func(text string) bool {
		for _, word := range words {
			if strings.Contains(text, "\x00"+word+"\x00") {
				return true
			}
		}
		return false
	})
}

func processWithEnvironment(setting string) int {
	return findProcess("environ", func(text string) bool { return strings.Contains(text, setting+"\x00") })
}

func findProcess(file string, match func(string) bool) int {
	paths, _ := filepath.Glob("/proc/[0-9]*/" + file)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		if err == nil && pid != os.Getpid() && match(string(text)) {
			return pid
		}
	}
	return 0
}

// children returns the process's children in the order they were started.
func children(pid int) []int {
	var pids []int
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		_, rest, _ := strings.Cut(string(text), ") ") // after the name, which may contain spaces
		fields := strings.Fields(rest)
		child, _ := strconv.Atoi(strings.Split(path, "/")[2])
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			pids = append(pids, child)
		}
	}
	slices.Sort(pids)
	return pids
}

// freePort implements free-port NAME…: each variable becomes a port that nobody listens at, below those
// that the system gives to who asks for any.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: free-port NAME…")
	}
	const first, count, tries = 20000, 12000, 1000
	for _, name := range args {
		found := false
		for range tries {
			port := fmt.Sprint(first + rand.IntN(count))
			listener, err := net.Listen("tcp", "127.0.0.1:"+port)
			if err != nil {
				continue
			}
			ts.Check(listener.Close())
			ts.Setenv(name, port)
			found = true
			break
		}
		if !found {
			ts.Fatalf("no port is free")
		}
	}
}
