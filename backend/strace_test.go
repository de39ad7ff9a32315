//go:build linux && crash

package backend_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// needStrace skips the test if processes cannot be traced.
func needStrace(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed; install the package strace")
	}
	if out, err := exec.Command("strace", "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace processes here: %v: %s", err, out)
	}
}

// call is a system call seen by strace. The fields begun and returned are positions in one order of events.
type call struct {
	thread             string
	name, args, result string
	begun, returned    int
}

var (
	wholeCall   = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (.+)$`)
	begunCall   = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	resumedCall = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (.+)$`)
)

// readTrace joins the two halves of interrupted calls.
func readTrace(t *testing.T, path string) (calls []call) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	under := map[string]call{} // by thread
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 8<<20)
	for at := 0; lines.Scan(); at++ {
		line := lines.Text()
		if m := begunCall.FindStringSubmatch(line); m != nil {
			under[m[1]] = call{thread: m[1], name: m[2], args: m[3], begun: at}
		} else if m := resumedCall.FindStringSubmatch(line); m != nil {
			c := under[m[1]]
			c.args, c.result, c.returned = c.args+m[3], m[4], at
			calls = append(calls, c)
		} else if m := wholeCall.FindStringSubmatch(line); m != nil {
			calls = append(calls, call{m[1], m[2], m[3], m[4], at, at})
		}
	}
	return calls
}

var (
	descriptor = regexp.MustCompile(`^\d+<(TCP:\[.*?\])>`)
	address    = regexp.MustCompile(`p\.\d+\.\d+@example\.test`)
)

// early returns the answers sent before their row was on disk, and the number of all answers.
func early(calls []call, onDisk func(calls []call, email string, before int) bool) (answers int, faults []string) {
	asked := map[string]string{} // by socket: the e-mail address in the request
	for _, c := range inOrder(calls) {
		of := descriptor.FindStringSubmatch(c.args)
		if of == nil {
			continue
		}
		if email := address.FindString(c.args); c.name == "read" && email != "" {
			asked[of[1]] = email
		}
		if c.name == "write" && strings.Contains(c.args, "HTTP/1.1 202") {
			answers++
			if !onDisk(calls, asked[of[1]], c.begun) {
				faults = append(faults, fmt.Sprintf("the answer to %s left before its row was on the disk", asked[of[1]]))
			}
		}
	}
	return answers, faults
}

// inOrder orders reads by their return and writes by their begin, which is the order that the other side sees.
func inOrder(calls []call) []call {
	ordered := make([]call, 0, len(calls))
	at := map[int]call{}
	last := 0
	for _, c := range calls {
		place := c.begun
		if c.name == "read" {
			place = c.returned
		}
		at[place] = c
		last = max(last, place)
	}
	for place := 0; place <= last; place++ {
		if c, known := at[place]; known {
			ordered = append(ordered, c)
		}
	}
	return ordered
}

// synced reports whether a sync of SQLite's log began after the row was written and returned before the answer.
func synced(calls []call, email string, before int) bool {
	written := -1
	for _, c := range calls {
		if c.name == "pwrite64" && strings.Contains(c.args, "-wal>") && strings.Contains(c.args, email) && (written < 0 || c.returned < written) {
			written = c.returned
		}
	}
	if written < 0 || email == "" {
		return false
	}
	for _, c := range calls {
		if (c.name == "fdatasync" || c.name == "fsync") && strings.Contains(c.args, "-wal>") && strings.HasPrefix(c.result, "0") && c.begun > written && c.returned < before {
			return true
		}
	}
	return false
}

// syncs counts the successful syncs of the log.
func syncs(calls []call) (n int) {
	for _, c := range calls {
		if (c.name == "fdatasync" || c.name == "fsync") && strings.Contains(c.args, "-wal>") && strings.HasPrefix(c.result, "0") {
			n++
		}
	}
	return n
}

// TestNoAnswerBeforeTheSync traces the server's system calls. A test with kill -9 cannot show this, because the
// kernel keeps written data. The check itself is tested on a server that answers early.
func TestNoAnswerBeforeTheSync(t *testing.T) {
	needStrace(t)
	for _, durability := range []string{"group-fsync", "per-request-fsync", "async"} {
		t.Run(durability, func(t *testing.T) {
			trace := filepath.Join(t.TempDir(), "trace")
			server := startChild(t, freshLocation(t, "sqlite"), durability,
				"strace", "-f", "-yy", "-s", "8192", "-e", "trace=read,write,pwrite64,fdatasync,fsync", "-o", trace)
			var answered atomic.Int64
			offer(server.address, "p", 8, func(string, int) bool { return answered.Add(1) < 100 })
			server.signal(syscall.SIGTERM)
			server.Wait()
			calls := readTrace(t, trace)
			answers, faults := early(calls, synced)
			if int64(answers) < answered.Load() {
				t.Errorf("%d answers in the trace; the clients had %d", answers, answered.Load())
			}
			if (len(faults) > 0) != (durability == "async") {
				t.Errorf("%d of %d answers were early: %v", len(faults), answers, faults)
			}
			if n := syncs(calls); durability == "per-request-fsync" && n < answers {
				t.Errorf("%d syncs of the log for %d answers; each must have its own", n, answers)
			}
		})
	}
}

// TestFailingSync makes every sync fail from some moment on. From then on no request succeeds, and every person
// acknowledged before is in the database.
func TestFailingSync(t *testing.T) {
	needStrace(t)
	location, notes := freshLocation(t, "sqlite"), newLedger(t)
	server := startChild(t, location, "")
	const workers = 8
	var attached, failed atomic.Bool
	var sentLate [workers]atomic.Bool // whether the worker sent its latest request after a failure was seen
	var attach sync.Once
	var refused atomic.Int64
	var injector *exec.Cmd
	offer(server.address, "p", workers, func(email string, status int) bool {
		worker, _ := strconv.Atoi(strings.Split(email, ".")[1]) // the numbers that offer assigns
		defer func() { sentLate[worker].Store(failed.Load()) }()
		switch {
		case status == 202:
			if sentLate[worker].Load() {
				t.Errorf("%s was acknowledged although syncs had begun to fail before the request", email)
			}
			if notes.note(t, email) >= 100 {
				attach.Do(func() {
					injector = failSyncs(t, server.Process.Pid)
					attached.Store(true)
				})
			}
		case attached.Load():
			failed.Store(true)
			return refused.Add(1) < 100
		}
		return true
	})
	kill(server)
	server.Wait()
	injector.Wait()
	if faults := check(t, location, notes); len(faults) > 0 {
		t.Errorf("%d faults, such as: %s", len(faults), faults[0])
	}
}

// failSyncs makes every later sync of the processes fail on return.
func failSyncs(t *testing.T, pids ...int) *exec.Cmd {
	return watch(t, pids, "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO", "-o", os.DevNull)
}

// watch attaches strace to running processes and returns once it traces all of them.
func watch(t *testing.T, pids []int, args ...string) *exec.Cmd {
	args = append([]string{"-f"}, args...)
	for _, pid := range pids {
		args = append(args, "-p", strconv.Itoa(pid))
	}
	strace := exec.Command("strace", args...)
	said, err := strace.StderrPipe()
	if err == nil {
		err = strace.Start()
	}
	if err != nil {
		t.Error(err)
		return strace
	}
	lines := bufio.NewScanner(said)
	attached, gone := 0, 0 // a process may end in the meantime
	for attached+gone < len(pids) && lines.Scan() {
		if strings.Contains(lines.Text(), "attached") {
			attached++
		} else if strings.Contains(lines.Text(), "attach:") {
			gone++
		}
	}
	if attached == 0 {
		t.Errorf("strace traces none of %v", pids)
	}
	go func() { // output about further threads is discarded
		for lines.Scan() {
		}
	}()
	return strace
}
