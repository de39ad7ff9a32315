//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// errMissing is returned if a server is not installed.
var errMissing = errors.New("grpc-go's interop server is not installed; make bench-load builds it")

// calledMethod is a unary method of grpc-go's interop server.
const calledMethod = "grpc.testing.TestService/EmptyCall"

// calledProto describes it.
const calledProto = "syntax = \"proto3\";\npackage grpc.testing;\nmessage Empty {}\nservice TestService { rpc EmptyCall(Empty) returns (Empty); }\n"

// wireTools are the generators that only the wires are compared with.
func wireTools() []tool {
	return []tool{
		{name: "h2load", program: "h2load", requests: regexp.MustCompile(`(\d+) succeeded`)},
		{name: "ghz", program: "ghz", requests: regexp.MustCompile(`\[OK\]\s+(\d+) responses`)},
	}
}

// secondArguments returns how the tools that speak HTTP/2 are called, by name.
func (b *wireBench) secondArguments(one wireCase) map[string]func(*bench) []string {
	length := fmt.Sprintf("%ds", int(b.length.Seconds()))
	if one.call {
		return map[string]func(*bench) []string{"ghz": func(b *bench) []string {
			return []string{"--insecure", "--proto", "test.proto", "--call", calledMethod, "--rps", fmt.Sprint(one.rate), "--duration", length, "--concurrency", fmt.Sprint(connections), "--connections", "4", strings.TrimPrefix(b.target, "http://")}
		}}
	}
	const clients = connections / streams
	return map[string]func(*bench) []string{
		"h2load": func(b *bench) []string {
			return []string{"-c", fmt.Sprint(clients), "-m", fmt.Sprint(streams), "--rps", fmt.Sprint(one.rate / clients), "-D", strings.TrimSuffix(length, "s"), b.target}
		},
		"vegeta": func(*bench) []string {
			return []string{"attack", "-http2", "-insecure", "-targets", "vegeta.txt", "-rate", fmt.Sprint(one.rate), "-duration", length, "-output", "vegeta.bin"}
		},
	}
}

// startCallee starts grpc-go's interop server and makes it the target.
func (b *bench) startCallee(ctx context.Context) (stop func(), err error) {
	program := b.find("grpc-interop")
	if program == "" {
		return nil, errMissing
	}
	if err := os.WriteFile(filepath.Join(b.folder, "test.proto"), []byte(calledProto), 0o600); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, program, "-port", port)
	command.Stderr = nil // it logs every start
	if err := command.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may be gone
		_ = command.Wait()                          // whatever it says, the figures are there
	}
	b.target = "http://" + address
	return stop, await(ctx, address, stop)
}
