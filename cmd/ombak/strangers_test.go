//go:build !windows

package main

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Strangers who take every connection and say nothing do not end a server, and do not keep others out.
func TestStrangersDoNotEndAServer(t *testing.T) {
	scenario := filepath.Join(t.TempDir(), "plain.yaml")
	if err := os.WriteFile(scenario, []byte("schema: ombak.scenario/v1\nname: plain\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\n"+
		"arrivals: {step: go, people: [{for: 1s, rate: 1/s}]}\njourney: [{name: go, request: {target: backend, path: /}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ part, address, path string }{
		{"backend --scenario " + scenario + " --store sqlite:" + t.TempDir() + "/people.db", "backend", "/"},
		{"mocks", "dukcapil", "/healthz"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		server := exec.CommandContext(ctx, "sh", "-c", "ulimit -n 256; exec "+ombakBinary(t)+" serve "+test.part)
		server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
		server.WaitDelay = time.Minute
		output, err := server.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		address := ""
		for lines := bufio.NewScanner(output); address == "" && lines.Scan(); {
			if name, at, found := strings.Cut(lines.Text(), " "); found && name == test.address {
				address = at
			}
		}
		if address == "" {
			t.Fatalf("serve %s names no address", test.part)
		}
		for range 400 {
			stranger, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer stranger.Close()
		}
		for range 10 {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			answer, err := client.Get("http://" + address + test.path)
			if err != nil {
				t.Fatalf("serve %s: %v", test.part, err)
			}
			answer.Body.Close()
		}
		cancel()
		if err := server.Wait(); server.ProcessState.ExitCode() != exitDone && server.ProcessState.ExitCode() != exitInterrupted {
			t.Errorf("serve %s ended with %v", test.part, err)
		}
	}
}
