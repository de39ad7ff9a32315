//go:build foreign

package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// foreignTools is where make foreign installs the services.
const foreignTools = "../../.tools/foreign"

// TestPocketBase takes a service written by others from the first run to a plan.
func TestPocketBase(t *testing.T) {
	folder, program := t.TempDir(), filepath.Join(foreignTools, "base")
	if _, err := os.Stat(program); err != nil {
		t.Skip("PocketBase is not installed; make foreign installs it")
	}
	data := "--dir=" + filepath.Join(folder, "data")
	if output, err := exec.Command(program, "superuser", "upsert", "operator@pocketbase.example", "only-for-the-test", data).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	address := freeAddress(t)
	fromRunToPlan(t, folder, "pocketbase", address, "register,sign-in", exec.Command(program, "serve", "--http="+address, data))
}

// TestJSONServer does the same with a service that is not written in Go.
func TestJSONServer(t *testing.T) {
	folder, program := t.TempDir(), filepath.Join(foreignTools, "node_modules/json-server/lib/cli/bin.js")
	program, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("json-server is not installed; make foreign installs it")
	}
	database := filepath.Join(folder, "db.json")
	if err := os.WriteFile(database, []byte(`{"posts":[{"id":1,"title":"first"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	fromRunToPlan(t, folder, "json-server", address, "create,change", exec.Command("node", program, "--host", "127.0.0.1", "--port", port, "--quiet", database))
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// fromRunToPlan starts a service, checks and plays its scenario twice, plays another mix, fits a model to the runs,
// validates it and compares plans.
func fromRunToPlan(t *testing.T, folder, name, address, costly string, service *exec.Cmd) {
	var log bytes.Buffer
	service.Stdout, service.Stderr = &log, &log
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = service.Process.Kill()
		_ = service.Wait()
		if t.Failed() {
			t.Logf("the service wrote:\n%s", &log)
		}
	})
	for !answers(address) {
		time.Sleep(50 * time.Millisecond) // go test's own time-out ends the wait
	}
	scenario, err := filepath.Abs(filepath.Join("testdata/foreign", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(codes string, arguments ...string) string {
		t.Helper()
		command := exec.Command(ombakBinary(t), arguments...)
		command.Dir = folder
		output, err := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); !strings.Contains(codes, strconv.Itoa(code)) {
			t.Fatalf("ombak %s: %v, want exit code %s\n%s", strings.Join(arguments, " "), err, codes, output)
		}
		return string(output)
	}
	watch := "api=" + strconv.Itoa(service.Process.Pid)
	load := func(out string, more ...string) string {
		return run("0", append([]string{"load", scenario, "--target", "http://" + address, "--watch", watch, "--out", out, "--quiet"}, more...)...)
	}
	run("0", "scenario", "check", scenario)
	load("one")
	load("two") // the same people again: nobody is refused
	run("0 3 99", "redline", scenario, "--target", "http://"+address, "--watch", watch, "--mix", otherMix(name), "--from", "1/s", "--for", "8s", "--most", "2", "--factor", "2", "--out", "levels")
	said := run("0", "calibrate", "one/report.json", "two/report.json", "levels/level-01/report.json", "levels/level-02/report.json", "--watch-name", "api", "--scenario", scenario, "-o", "model.yaml")
	for _, step := range strings.Split(costly, ",") {
		if !strings.Contains(said, step) {
			t.Errorf("calibrate says nothing of %s:\n%s", step, said)
		}
	}
	if said := run("0 3 99", "validate", scenario, "two/report.json", "--model", "model.yaml"); !strings.Contains(said, "predicted") {
		t.Errorf("validate says:\n%s", said)
	}
	if said := run("0 3 99", "plan", scenario, "--model", "model.yaml", "--replications", "4", "--out", "plans"); !strings.Contains(said, "as-is") {
		t.Errorf("plan says:\n%s", said)
	}
}

func otherMix(name string) string {
	if name == "pocketbase" {
		return "guests=20,members=80"
	}
	return "readers=20,writers=80"
}

func answers(address string) bool {
	answer, err := http.Get("http://" + address + "/")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return true
}
