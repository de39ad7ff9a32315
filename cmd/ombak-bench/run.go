//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// bench is one comparison in progress.
type bench struct {
	ombak, peers, folder string
	target               string // URL
	log                  io.Writer
}

// run runs the program and returns the exit code.
func run(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	if len(arguments) == 1 && arguments[0] == "target" {
		return serveTarget(out, errOut)
	}
	if len(arguments) == 2 && arguments[0] == "echo" {
		return serveEcho(arguments[1], errOut)
	}
	if len(arguments) > 0 && arguments[0] == "sockets" {
		return runSockets(ctx, arguments[1:], out, errOut)
	}
	if len(arguments) > 0 && arguments[0] == "backend" {
		return runBackend(ctx, arguments[1:], out, errOut)
	}
	if len(arguments) > 0 && arguments[0] == "wire" {
		return runWire(ctx, arguments[1:], out, errOut)
	}
	if code, known := playRole(ctx, arguments, os.Stdin, out, errOut); known {
		return code
	}
	if len(arguments) > 0 && arguments[0] == "fleet" {
		return runFleet(ctx, arguments[1:], out, errOut)
	}
	if len(arguments) > 0 && arguments[0] == "siege" {
		return runSiege(ctx, arguments[1:], out, errOut)
	}
	if len(arguments) > 0 && arguments[0] == "live" {
		return runLive(ctx, arguments[1:], out, errOut)
	}
	if len(arguments) > 0 && arguments[0] == "validation" {
		return runValidation(ctx, arguments[1:], out, errOut)
	}
	if len(arguments) > 0 && arguments[0] == "accuracy" {
		return runAccuracy(ctx, arguments[1:], out, errOut)
	}
	flags := flag.NewFlagSet("ombak-bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	b := bench{log: errOut}
	flags.StringVar(&b.ombak, "ombak", "", "the ombak `PROGRAM`")
	flags.StringVar(&b.peers, "peers", "", "a `FOLDER` of other generators, besides those on the PATH")
	file := flags.String("into", "", "write the table into this `FILE`; by default to standard output")
	million := flags.Bool("million", true, "let a million people think at once, which takes 100 s")
	if err := flags.Parse(arguments); err != nil || b.ombak == "" {
		fmt.Fprintln(errOut, "ombak-bench: -ombak is missing; give the program, or run make bench-load")
		return 2
	}
	if err := b.compare(ctx, *file, *million, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench: %v\n", err)
		return 1
	}
	return 0
}

func (b *bench) compare(ctx context.Context, file string, million bool, out io.Writer) error {
	var err error
	for _, path := range []*string{&b.ombak, &b.peers} { // tools run in another working directory
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if b.folder, err = os.MkdirTemp("", "ombak-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.folder) }()
	stop, err := b.startTarget(ctx)
	if err != nil {
		return err
	}
	defer stop()
	results, err := b.playAll(ctx, million)
	if err != nil {
		return err
	}
	table := results.markdown(machine())
	if file == "" {
		_, err = io.WriteString(out, table)
		return err
	}
	return replaceBetween(file, table, begins, ends)
}

// serveTarget answers every request with a small JSON text until its input ends.
func serveTarget(out, errOut io.Writer) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(errOut, err)
		return 1
	}
	fmt.Fprintln(out, listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = listener.Close()
	}()
	answer := []byte(`{"status":"ok","token":"4f1c9a","items":[1,2,3]}`)
	_ = fasthttp.Serve(listener, func(c *fasthttp.RequestCtx) { c.SetBody(answer) }) // until the listener closes
	return 0
}

// startTarget starts this program as the target.
func (b *bench) startTarget(ctx context.Context) (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, self, "target")
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(output).ReadString('\n')
	b.target = "http://" + strings.TrimSpace(address)
	return func() {
		_ = input.Close()  // ends the target
		_ = command.Wait() // its figures are valid whatever its exit code
	}, err
}

// find returns the path of a tool, or "" if it is not installed.
func (b *bench) find(name string) string {
	if path := filepath.Join(b.peers, name); b.peers != "" {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// usage is what a tool's process used.
type usage struct {
	output string
	cpu    time.Duration
	rss    int64 // bytes
}

// play runs a tool to its end. A tool whose requests fail may exit with a code other than 0.
func (b *bench) play(ctx context.Context, name string, arguments ...string) (usage, error) {
	const patience = 3 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	fmt.Fprintf(b.log, "%s %s\n", filepath.Base(name), strings.Join(arguments, " "))
	command := exec.CommandContext(ctx, name, arguments...)
	var output bytes.Buffer
	command.Stdout, command.Stderr, command.Dir = &output, &output, b.folder
	err := command.Run()
	if command.ProcessState == nil || ctx.Err() != nil {
		return usage{}, fmt.Errorf("%s: %w", name, err)
	}
	s := usage{output: output.String(), cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.rss = usage.Maxrss * 1024
	}
	return s, nil
}
