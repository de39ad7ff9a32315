package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ombak-sim/ombak/drill"
)

// serve-mocks ARGUMENT… runs ombak serve until the script ends. Its addresses go to the environment
// (dukcapil becomes $DUKCAPIL, mail-smtp $MAIL_SMTP), and how to control it into control.json.
func serveMocksScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serve-mocks ARGUMENT…")
	}
	command := exec.Command("ombak", append([]string{"serve"}, args...)...)
	command.Dir, command.Env = ts.MkAbs("."), scriptEnvironment(ts)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := command.StdoutPipe()
	ts.Check(err)
	errOut, err := command.StderrPipe()
	ts.Check(err)
	ts.Check(command.Start())
	ts.Defer(func() { stopServing(command) })
	token := tokenOf(bufio.NewScanner(errOut))
	buffer := make([]byte, 1<<16)
	n, err := out.Read(buffer) // all addresses were written before the token
	ts.Check(err)
	for line := range strings.Lines(string(buffer[:n])) {
		name, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		ts.Setenv(strings.ToUpper(strings.ReplaceAll(name, "-", "_")), address)
	}
	ts.Setenv("URL", "http://"+ts.Getenv("ADMIN"))
	ts.Setenv("TOKEN", token)
	ts.Check(drill.WriteControl(ts.MkAbs("."), drill.Control{URL: ts.Getenv("URL"), Token: token}))
}

// tokenOf reads up to the line that tells the token; by then all addresses are written.
func tokenOf(scanner *bufio.Scanner) string {
	for scanner.Scan() {
		if _, token, found := strings.Cut(scanner.Text(), "--token "); found {
			return token
		}
	}
	return ""
}

func stopServing(command *exec.Cmd) {
	_ = command.Process.Signal(os.Interrupt)
	_ = command.Wait()
}

// wait-for-fault ended NAME waits until no fault of the name is there.
func waitForFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || args[0] != "ended" {
		ts.Fatalf("usage: wait-for-fault ended NAME")
	}
	control, err := drill.ReadControl(ts.MkAbs("."))
	ts.Check(err)
	for range 200 {
		var list json.RawMessage
		ts.Check(ask(context.Background(), control, "GET", "/v1/faults", nil, &list))
		if !strings.Contains(string(list), `"fault":"`+args[1]+`"`) {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	ts.Fatalf("the fault %s did not end within 10 s", args[1])
}
