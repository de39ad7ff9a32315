//go:build linux

package main

import (
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

	"github.com/ombak-sim/ombak/backend/postgres"
)

// running is a service, or a gate, in a process of its own.
type running struct {
	command *exec.Cmd
	target  string   // URL
	watch   []string // values of --watch
	log     *os.File
	meter   *http.Server // of the CPU of a database; nil if nobody asks for it
	beside  func() error // stops what it needs beside it; nil if nothing
	ended   chan struct{}
}

// launch starts a program in a folder, on some cores or on all.
func (b *bench) launch(ctx context.Context, folder, cores, program string, arguments ...string) (*running, error) {
	program, arguments = onCores(cores, program, arguments)
	log, err := os.Create(filepath.Join(folder, filepath.Base(program)+".log"))
	if err != nil {
		return nil, err
	}
	r := &running{command: exec.CommandContext(ctx, program, arguments...), log: log, ended: make(chan struct{})}
	r.command.Dir, r.command.Stdout, r.command.Stderr = folder, log, log
	r.command.Cancel = func() error { return r.command.Process.Signal(syscall.SIGTERM) }
	if err := r.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", program, err), log.Close())
	}
	go func() {
		_ = r.command.Wait() // it is told to end; its log says more than its exit code
		close(r.ended)
	}()
	return r, nil
}

// onCores returns the command that runs a program on some cores, or on all if none are named.
func onCores(cores, program string, arguments []string) (string, []string) {
	if cores == "" {
		return program, arguments
	}
	return "taskset", append([]string{"-c", cores, program}, arguments...)
}

func (r *running) pid() int { return r.command.Process.Pid }

// await waits until the service answers. It stops a service that does not.
func (r *running) await(ctx context.Context, path string) error {
	const patience = 30 * time.Second
	deadline := time.Now().Add(patience)
	for {
		if err := ask(ctx, r.target+path, ""); err == nil {
			return nil
		}
		select {
		case <-r.ended:
			return errors.Join(fmt.Errorf("the service ended before it answered: %s", r.lastWords()), r.stop())
		case <-time.After(50 * time.Millisecond):
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("the service does not answer at %s%s: %s", r.target, path, r.lastWords()), r.stop())
		}
	}
}

// lastWords returns the end of the log, whose folder is removed.
func (r *running) lastWords() string {
	const most = 400
	text, err := os.ReadFile(r.log.Name())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}

// warm asks for a page, or sends it a body if there is one, until caches are filled and compilers have run.
func (r *running) warm(ctx context.Context, path, body string) error {
	const times = 500
	for range times {
		if err := ask(ctx, r.target+path, body); err != nil {
			return fmt.Errorf("the service stopped answering while it was warmed: %w", err)
		}
	}
	return nil
}

// ask asks for a page, or sends it a body of JSON if there is one, and reads the answer, whatever it says.
func ask(ctx context.Context, url, body string) error {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// stop ends the process, by force if it does not end by itself.
func (r *running) stop() error {
	const patience = 15 * time.Second
	_ = r.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-r.ended:
	case <-time.After(patience):
		_ = r.command.Process.Kill()
		<-r.ended
	}
	if r.meter != nil {
		_ = r.meter.Close() // nothing is written through it
	}
	err := r.log.Close()
	if r.beside != nil {
		err = errors.Join(err, r.beside())
	}
	return err
}

// meterBelow serves the CPU time of all processes below one, because a database has one process for each connection. It
// returns the address for --watch.
func (r *running) meterBelow(process int) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	r.meter = &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %g\n", cpuBelow("/proc", process))
	})}
	go func() { _ = r.meter.Serve(listener) }() // until it is closed
	return "http://" + listener.Addr().String() + "/metrics", nil
}

// cpuBelow returns the CPU seconds of all descendants of a process, those that have ended included.
func cpuBelow(proc string, root int) (seconds float64) {
	files, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat")) // the pattern is well formed
	parents, times := map[int]int{}, map[int]float64{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		if pid, parent, cpu, err := parseStat(string(text)); err == nil {
			parents[pid], times[pid] = parent, cpu
		}
	}
	for pid, cpu := range times {
		for above := parents[pid]; above > 0; above = parents[above] {
			if above == root {
				seconds += cpu
				break
			}
		}
	}
	return seconds
}

// parseStat reads a line of /proc/PID/stat: its own CPU time, and that of children it has waited for.
func parseStat(line string) (pid, parent int, seconds float64, err error) {
	const ticksPerSecond = 100
	before, after, found := strings.Cut(line, " (")
	end := strings.LastIndex(after, ") ")
	if !found || end < 0 {
		return 0, 0, 0, fmt.Errorf("%q is no line of /proc/PID/stat", line)
	}
	fields := strings.Fields(after[end+2:])
	if len(fields) < 15 {
		return 0, 0, 0, fmt.Errorf("%q has too few fields", line)
	}
	if pid, err = strconv.Atoi(before); err != nil {
		return 0, 0, 0, err
	}
	if parent, err = strconv.Atoi(fields[1]); err != nil {
		return 0, 0, 0, err
	}
	for _, field := range fields[11:15] {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, 0, 0, err
		}
		seconds += ticks / ticksPerSecond
	}
	return pid, parent, seconds, nil
}

// postgresVersion starts a server for a moment and asks it.
func postgresVersion(ctx context.Context) (string, error) {
	cluster, err := postgres.Start(ctx)
	if err != nil {
		return "", fmt.Errorf("PostgreSQL is not to be had here: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(cluster.Folder(), "data", "PG_VERSION"))
	_, stopped := cluster.Stop()
	return "PostgreSQL " + strings.TrimSpace(string(text)), errors.Join(err, stopped)
}
