//go:build !windows

package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ombak-sim/ombak/drill"
)

// serve-mocks ARGUMENT… runs ombak serve until the script ends. It puts the addresses into the environment
// (dukcapil becomes $DUKCAPIL, mail-smtp $MAIL_SMTP), and the control URL and token into control.json.
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
	stop := sync.OnceFunc(func() { stopServing(command) })
	ts.Defer(stop)
	serving.Store(ts.MkAbs("."), stop)
	token := tokenOf(bufio.NewScanner(errOut))
	buffer := make([]byte, 1<<16)
	n, err := out.Read(buffer) // all addresses are written before the token
	ts.Check(err)
	for line := range strings.Lines(string(buffer[:n])) {
		name, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		ts.Setenv(strings.ToUpper(strings.ReplaceAll(name, "-", "_")), address)
	}
	ts.Setenv("URL", "http://"+ts.Getenv("ADMIN"))
	ts.Setenv("TOKEN", token)
	ts.Check(drill.WriteControl(ts.MkAbs("."), drill.Control{URL: ts.Getenv("URL"), Token: token}))
}

// tokenOf reads up to the line with the token. All addresses precede it.
func tokenOf(scanner *bufio.Scanner) string {
	for scanner.Scan() {
		if _, token, found := strings.Cut(scanner.Text(), "--token "); found {
			return token
		}
	}
	return ""
}

// serving holds, by the script's folder, the function that stops the mocks started last.
var serving sync.Map

// stop-serving stops the mocks that were started last and waits for them.
func stopServingScript(ts *testscript.TestScript, neg bool, args []string) {
	stop, known := serving.Load(ts.MkAbs("."))
	if neg || len(args) > 0 || !known {
		ts.Fatalf("usage: stop-serving, after serve-mocks")
	}
	stop.(func())()
}

// falls-and-recovers FOLDER STEP AT FOR requires that in the report of FOLDER fewer than half as many people
// pass STEP per second during the fault as before and after it. The fault begins AT seconds after the first
// arrival and lasts FOR seconds. Its first second and the one in which it ends are ignored.
func fallsAndRecovers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: falls-and-recovers FOLDER STEP AT FOR")
	}
	at, err := strconv.ParseFloat(args[2], 64)
	ts.Check(err)
	length, err := strconv.ParseFloat(args[3], 64)
	ts.Check(err)
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0] + "/series.csv"))).ReadAll()
	ts.Check(err)
	place := map[string]int{}
	for i, name := range rows[0] {
		place[name] = i
	}
	var sum, n [3]float64 // before, during and after
	for _, row := range rows[1:] {
		scenario, _ := strconv.ParseFloat(row[place["scenario_s"]], 64)
		passed, _ := strconv.ParseFloat(row[place[args[1]+".passed"]], 64)
		switch {
		case scenario >= 0.2 && scenario+1 <= at:
			sum[0], n[0] = sum[0]+passed, n[0]+1
		case scenario >= at && scenario+1 <= at+length:
			sum[1], n[1] = sum[1]+passed, n[1]+1
		case scenario >= at+length && scenario+1 <= at+length+2.5:
			sum[2], n[2] = sum[2]+passed, n[2]+1
		}
	}
	b, d, a := sum[0]/n[0], sum[1]/n[1], sum[2]/n[2]
	if !(d < b/2 && d < a/2) {
		ts.Fatalf("%s passed %v a second before the fault, %v during it and %v after it", args[1], b, d, a)
	}
}

func stopServing(command *exec.Cmd) {
	_ = command.Process.Signal(os.Interrupt)
	_ = command.Wait()
}

// wait-for-fault ended NAME waits until no fault of the name is active.
func waitForFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || args[0] != "ended" {
		ts.Fatalf("usage: wait-for-fault ended NAME")
	}
	control, err := drill.ReadControl(ts.MkAbs("."))
	ts.Check(err)
	for range generous {
		var list json.RawMessage
		ts.Check(ask(context.Background(), control, "GET", "/v1/faults", nil, &list))
		if !strings.Contains(string(list), `"fault":"`+args[1]+`"`) {
			return
		}
		<-time.After(pause)
	}
	ts.Fatalf("the fault %s did not end within %v", args[1], generous*pause)
}
