//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// service is a reference backend under measurement, in a process of its own.
type service struct {
	command *exec.Cmd
	target  string // URL
	admin   string // URL
}

// alone is a scenario of sign-ups and nothing else, with larger batches than prakerja-2020-peak.
const alone = "schema: ombak.scenario/v1\nname: alone\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\n" +
	"arrivals: {step: sign-up, signups: [{for: 1s, rate: 1/s}]}\njourney: [{name: sign-up, request: {target: backend, path: /}}]\n" +
	"backend: {batch_rows: 1024, batch_age: 4ms}\n"

// startService starts a backend over a database, without a mail server and without registries.
func (b *bench) startService(ctx context.Context, database string) (*service, error) {
	admin, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(b.folder, "alone.yaml"), []byte(alone), 0o600); err != nil {
		return nil, err
	}
	s := &service{admin: "http://" + admin}
	s.command = exec.CommandContext(ctx, b.ombak, "serve", "backend", "--scenario", "alone.yaml", "--store", database, "--listen", "admin="+admin)
	s.command.Dir, s.command.Stderr = b.folder, b.log
	output, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "backend ")
	if err != nil || !found {
		return nil, errors.Join(fmt.Errorf("the backend said %q", line), err, s.stop())
	}
	s.target = "http://" + address
	return s, nil
}

// freeAddress returns an unused address.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// stop ends the backend after it drains.
func (s *service) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := s.command.Wait(); err != nil && !errors.As(err, &exit) { // 105: it was interrupted
		return err
	}
	return nil
}

// books are the backend's counts.
type books struct {
	rows, commits, commitS float64
	written                float64 // bytes that the process wrote to disk (proc(5): write_bytes)
	rss                    float64 // peak memory in bytes
}

// read asks the backend and the kernel for the counts.
func (s *service) read() (b books, err error) {
	response, err := http.Get(s.admin + "/metrics")
	if err != nil {
		return b, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return b, err
	}
	const prefix = "ombak_backend_store_"
	for name, into := range map[string]*float64{"rows_total ": &b.rows, "batches_total ": &b.commits, "commit_seconds_total ": &b.commitS} {
		if *into, err = numberAfter(string(text), "\n"+prefix+name); err != nil {
			return b, err
		}
	}
	proc := "/proc/" + strconv.Itoa(s.command.Process.Pid)
	for file, field := range map[string]struct {
		name string
		into *float64
		unit float64
	}{"/io": {"\nwrite_bytes:", &b.written, 1}, "/status": {"\nVmHWM:", &b.rss, 1 << 10}} {
		text, err := os.ReadFile(proc + file)
		if err != nil {
			return b, err
		}
		if *field.into, err = numberAfter(string(text), field.name); err != nil {
			return b, err
		}
		*field.into *= field.unit
	}
	return b, nil
}

// numberAfter returns the number that follows a name.
func numberAfter(text, name string) (float64, error) {
	_, rest, found := strings.Cut(text, name)
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("missing %s", strings.TrimSpace(name))
	}
	return strconv.ParseFloat(fields[0], 64)
}

// syncedPerSecond measures the bytes that the disk of a folder takes per second if each block is synced
// before the next.
func syncedPerSecond(folder string, block int, length time.Duration) (float64, error) {
	file, err := os.CreateTemp(folder, "synced-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	text := make([]byte, block)
	const ring = 64 << 20 // the file does not grow beyond this
	began, n := time.Now(), 0
	for time.Since(began) < length {
		if _, err := file.WriteAt(text, int64(n*block%ring)); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n*block) / time.Since(began).Seconds(), nil
}
