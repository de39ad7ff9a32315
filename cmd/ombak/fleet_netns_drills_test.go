//go:build drills && linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// island is a network namespace that one veth pair joins to this one.
type island struct {
	name  string
	link  string // the end of the pair that is here
	here  string // its address
	there string
}

// ip runs a command of iproute2.
func ip(arguments ...string) error {
	text, err := exec.Command("ip", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(arguments, " "), err, text)
	}
	return nil
}

// islandsMade counts, so that each has names and addresses of its own.
var islandsMade atomic.Int64

// islands makes network namespaces. The test is skipped if this machine has none.
func islands(t *testing.T, n int) (made []island) {
	t.Helper()
	for range n {
		i := int(islandsMade.Add(1))
		id, base := os.Getpid()%10_000, 4*(i+64*(os.Getpid()%64))
		isle := island{
			name: fmt.Sprintf("ombak-%d-%d", id, i), link: fmt.Sprintf("omb%d-%d", id, i),
			here: fmt.Sprintf("10.213.%d.%d", base/256, base%256+1), there: fmt.Sprintf("10.213.%d.%d", base/256, base%256+2),
		}
		if err := ip("netns", "add", isle.name); err != nil {
			t.Skipf("this machine has no network namespaces for the test: %v", err)
		}
		t.Cleanup(func() {
			_ = ip("link", "delete", isle.link) // the kernel takes its time to do so after the namespace is gone
			_ = ip("netns", "delete", isle.name)
		})
		err := errors.Join(
			ip("link", "add", isle.link, "type", "veth", "peer", "name", "eth0", "netns", isle.name),
			ip("address", "add", isle.here+"/30", "dev", isle.link),
			ip("link", "set", isle.link, "up"),
			ip("-n", isle.name, "address", "add", isle.there+"/30", "dev", "eth0"),
			ip("-n", isle.name, "link", "set", "eth0", "up"),
			ip("-n", isle.name, "link", "set", "lo", "up"),
			ip("-n", isle.name, "route", "add", "default", "via", isle.here),
		)
		if err != nil {
			t.Skipf("this machine has no veth pairs for the test: %v", err)
		}
		made = append(made, isle)
	}
	return made
}

// background starts a program and waits for a line on its standard output that begins with a word. It returns the rest of
// that line and of the next, and the process.
func background(t *testing.T, folder, word string, lines int, command ...string) ([]string, *os.Process) {
	t.Helper()
	started := exec.Command(command[0], command[1:]...)
	started.Dir = folder
	errors, err := os.CreateTemp(folder, "errors")
	if err != nil {
		t.Fatal(err)
	}
	started.Stderr = errors
	out, err := started.StdoutPipe()
	if err == nil {
		err = started.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = started.Process.Signal(syscall.SIGCONT)
		_ = started.Process.Signal(syscall.SIGINT)
		_ = started.Wait()
	})
	var said []string
	for scanner := bufio.NewScanner(out); len(said) < lines && scanner.Scan(); {
		if len(said) > 0 || strings.HasPrefix(scanner.Text(), word) {
			said = append(said, scanner.Text())
		}
	}
	if len(said) < lines {
		text, _ := os.ReadFile(errors.Name()) // what it said matters only if it said something
		t.Fatalf("%v said %q: %s", command, said, text)
	}
	return said, started.Process
}

// archipelago is a fleet whose agents are in network namespaces of their own, and a service.
type archipelago struct {
	folder  string
	url, ca string
	service string
	isles   []island
	agents  []*os.Process
}

func newArchipelago(t *testing.T, n int) archipelago {
	t.Helper()
	a := newSea(t, n)
	for i := range a.isles {
		a.join(t, i, "--allow-target", a.isles[0].here)
	}
	return a
}

// newSea is an archipelago without agents.
func newSea(t *testing.T, n int) archipelago {
	t.Helper()
	isles := islands(t, n)
	a := archipelago{folder: t.TempDir(), isles: isles}
	patient := strings.NewReplacer("timeout: 2s", "timeout: 50s", "drain: 3s", "drain: 60s").Replace(shopOfIslands) // on a busy machine too
	err := errors.Join(
		writeRelaxed(a.folder), os.WriteFile(filepath.Join(a.folder, "shop.yaml"), []byte(shopOfIslands), 0o600),
		os.WriteFile(filepath.Join(a.folder, "patient.yaml"), []byte(patient), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	said, _ := background(t, a.folder, "fleet ", 2, "ombak", "fleet", "serve", "--listen", isles[0].here+":0")
	a.url, a.ca = strings.Fields(said[0])[1], strings.Fields(said[1])[1]
	if !strings.HasPrefix(a.ca, "sha256:") {
		t.Fatalf("the server said %q", said)
	}
	said, _ = background(t, a.folder, "service ", 1, "ombak", "serve", "mocks", "--scenario", "shop.yaml", "--listen", "service="+isles[0].here+":0")
	a.service = "http://" + strings.Fields(said[0])[1]
	return a
}

// join starts an agent on an island.
func (a *archipelago) join(t *testing.T, i int, flags ...string) {
	t.Helper()
	_, agent := background(t, a.folder, "joined ", 1, append([]string{
		"ip", "netns", "exec", a.isles[i].name, "ombak", "fleet", "join", a.url, "--fleet-ca", a.ca, "--name", fmt.Sprint("isle-", i), "--send-rate", "100000/s",
	}, flags...)...)
	a.agents = append(a.agents, agent)
}

const shopOfIslands = `schema: ombak.scenario/v1
name: shop
opens: 2020-04-11T19:00:00+07:00
seed: 3
drain: 3s
arrivals: {step: look, totals: exact, signups: [{for: 6s, rate: 100/s}]}
targets: {web: {}}
journey:
  - {name: look, timeout: 2s, request: {target: web, path: /}}
  - {name: buy, think: 500ms, continue: 50%, timeout: 2s, request: {target: web, path: /buy}}
dependencies:
  service: {kind: generic, servers: 50, routes: [{path: '/*'}]}
thresholds: [{expr: look.failed == 0}]
validity: {lag_p99: 60s, dropped: 1, unsent: 1}
`

// play plays a scenario on the fleet and returns its report and the exit code.
func (a archipelago) play(t *testing.T, out string, during func(), arguments ...string) (report.Report, int) {
	t.Helper()
	command := exec.Command("ombak", append(arguments, "--fleet", a.url, "--fleet-ca", a.ca, "--out", out)...)
	command.Dir = a.folder
	var said strings.Builder
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if during != nil {
		time.Sleep(7 * time.Second) // looking for agents, two seconds of notice, a second of warm-up, and some arrivals
		during()
	}
	err := command.Wait()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := readReportFile(t, filepath.Join(a.folder, out, "report.json"))
	if r.Schema == "" {
		t.Fatalf("no report: %s", &said)
	}
	return r, command.ProcessState.ExitCode()
}

func readReportFile(t *testing.T, name string) (r report.Report) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Ten agents in network namespaces play what one process plays: the same people, in every second.
func TestFleetOfNamespaces(t *testing.T) {
	a := newArchipelago(t, 10)
	alone := exec.Command("ombak", "load", "patient.yaml", "--target", a.service, "--out", "alone", "--quiet")
	alone.Dir = a.folder
	if text, err := alone.CombinedOutput(); err != nil {
		t.Fatalf("one process: %v: %s", err, text)
	}
	one := readReportFile(t, filepath.Join(a.folder, "alone", "report.json"))
	ten, code := a.play(t, "ten", nil, "load", "patient.yaml", "--target", a.service)
	if code != 0 || len(ten.Fleet) != 10 {
		t.Fatalf("exit code %d, %d agents, invalid %q", code, len(ten.Fleet), ten.Invalid)
	}
	if n := min(len(one.Series.Scheduled), len(ten.Series.Scheduled)); n < 6 || !slices.Equal(one.Series.Scheduled[:n], ten.Series.Scheduled[:n]) {
		t.Errorf("scheduled by the second: one process %v, ten agents %v", one.Series.Scheduled, ten.Series.Scheduled)
	}
	if one.Offered.Sent != 600 || ten.Offered.Sent != 600 {
		t.Errorf("sent: one process %v, ten agents %v, want 600", one.Offered.Sent, ten.Offered.Sent)
	}
	for i := range one.Funnel {
		if one.Funnel[i].Entered != ten.Funnel[i].Entered || one.Funnel[i].Passed != ten.Funnel[i].Passed {
			t.Errorf("%s: one process %+v, ten agents %+v", one.Funnel[i].Step, one.Funnel[i], ten.Funnel[i])
		}
	}
	for _, row := range ten.Fleet {
		if row.ClockBoundS == nil || row.StartErrorS == nil || row.People != 60 || math.Abs(*row.StartErrorS) > 1 {
			t.Errorf("row %+v", row)
		}
	}
}

// A drill keeps backend and mocks here; people on the islands come to them, and what the store holds is what they were told.
func TestDrillFromNamespaces(t *testing.T) {
	a := newArchipelago(t, 2)
	r, code := a.play(t, "drilled", nil, "drill", "relaxed.yaml", "--fleet-host", a.isles[0].here)
	if code != 0 || len(r.Fleet) != 2 || r.Reconciliation == nil || r.Reconciliation.Lost != 0 || r.Reconciliation.Persisted == 0 {
		t.Errorf("exit code %d, invalid %q, %+v, %d agents", code, r.Invalid, r.Reconciliation, len(r.Fleet))
	}
}

// bridge lets the islands reach each other, at addresses that this namespace has no way to.
func (a *archipelago) bridge(t *testing.T) (addresses []string) {
	t.Helper()
	name := fmt.Sprintf("ombb%d-%d", os.Getpid()%10_000, islandsMade.Load())
	if err := errors.Join(ip("link", "add", name, "type", "bridge"), ip("link", "set", name, "up")); err != nil {
		t.Skipf("this machine has no network bridges for the test: %v", err)
	}
	t.Cleanup(func() { _ = ip("link", "delete", name) })
	for i, isle := range a.isles {
		link, address := fmt.Sprintf("%s.%d", name, i), fmt.Sprintf("10.214.0.%d", i+1)
		err := errors.Join(
			ip("link", "add", link, "type", "veth", "peer", "name", "eth1", "netns", isle.name),
			ip("link", "set", link, "master", name),
			ip("link", "set", link, "up"),
			ip("-n", isle.name, "address", "add", address+"/24", "dev", "eth1"),
			ip("-n", isle.name, "link", "set", "eth1", "up"),
		)
		if err != nil {
			t.Skipf("this machine has no network bridges for the test: %v", err)
		}
		t.Cleanup(func() { _ = ip("link", "delete", link) })
		addresses = append(addresses, address)
	}
	return addresses
}

// People, backend and mocks are on three islands, each with an address of its own.
func TestDrillOnThreeIslands(t *testing.T) {
	a := newSea(t, 3)
	at := a.bridge(t)
	a.join(t, 0, "--allow-target", at[1], "--allow-target", at[2])
	a.join(t, 1, "--role", "backend", "--label", "zone=b", "--address", at[1], "--allow-target", at[2])
	a.join(t, 2, "--role", "mocks", "--address", at[2])
	r, code := a.play(t, "placed", nil, "drill", "relaxed.yaml", "--place", "backend=zone=b", "--place", "mocks=isle-2")
	if code != 0 || r.Reconciliation == nil || r.Reconciliation.Lost != 0 || r.Reconciliation.Persisted == 0 || len(r.Fleet) != 1 || len(r.Placed) != 2 {
		t.Errorf("exit code %d, invalid %q, reconciled %+v, placed %+v", code, r.Invalid, r.Reconciliation, r.Placed)
	}
}

// What falls on an island during a run.
func TestLossesInNamespaces(t *testing.T) {
	for _, test := range []struct {
		why  string
		fall func(a archipelago) error
		code int
		lost bool
	}{
		{"the cable is pulled for two seconds", func(a archipelago) error {
			err := ip("link", "set", a.isles[1].link, "down")
			time.Sleep(2 * time.Second)
			return errors.Join(err, ip("link", "set", a.isles[1].link, "up"))
		}, 0, false},
		{"the cable is pulled", func(a archipelago) error { return ip("link", "set", a.isles[1].link, "down") }, exitInvalid, true},
		{"the agent is killed", func(a archipelago) error { return a.agents[1].Kill() }, exitInvalid, true},
		{"the agent is paused", func(a archipelago) error { return a.agents[1].Signal(syscall.SIGSTOP) }, exitInvalid, true},
	} {
		t.Run(test.why, func(t *testing.T) {
			a := newArchipelago(t, 2)
			r, code := a.play(t, "out", func() {
				if err := test.fall(a); err != nil {
					t.Error(err)
				}
			}, "load", "shop.yaml", "--target", a.service, "--threshold", "look.failed >= 0")
			if r.Offered.Scheduled != 600 || r.Offered.Sent+r.Offered.Dropped+r.Offered.Lost != 600 || r.Offered.Lost > 0 != test.lost {
				t.Errorf("%+v", r.Offered)
			}
			if failed := slices.ContainsFunc(r.Thresholds, func(j report.Judgement) bool { return j.Verdict == report.Fail }); code != test.code && !(failed && !test.lost) {
				t.Errorf("exit code %d, want %d (invalid %q)", code, test.code, r.Invalid)
			}
			if named := strings.Contains(strings.Join(r.Warnings, "\n"), "people of agent isle-1 after "); named != test.lost {
				t.Errorf("the loss is named: %v, warnings %q", named, r.Warnings)
			}
			if r.DurationS > 1+6+3+15 {
				t.Errorf("the run took %v s", r.DurationS)
			}
		})
	}
}
