//go:build unix

package fleet_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/report"
)

// once returns a func for plan.progress that calls another once people arrive.
func whileArriving(do func(*fleet.Run)) func(drill.Progress, *fleet.Run) {
	var once sync.Once
	return func(now drill.Progress, run *fleet.Run) {
		if now.Stage == drill.Arriving && now.At > 2500*time.Millisecond {
			once.Do(func() { do(run) })
		}
	}
}

// balanced checks that everybody is accounted for: by the books, and by each agent's.
func balanced(t *testing.T, why string, r report.Report, people float64) {
	t.Helper()
	if o := r.Offered; o.Scheduled != people || o.Sent+o.Dropped+o.Lost != people {
		t.Errorf("%s: %v people scheduled, %v sent, %v dropped, %v lost; want %v in all", why, o.Scheduled, o.Sent, o.Dropped, o.Lost, people)
	}
	if faults := report.Check(r); len(faults) > 0 {
		t.Errorf("%s: %v", why, faults)
	}
	sum := 0.0
	for _, row := range r.Fleet {
		sum += row.Lost
		if row.People != row.Sent+row.Dropped+row.Lost || row.Lost > 0 && row.Why == "" {
			t.Errorf("%s: row %+v", why, row)
		}
	}
	if sum != r.Offered.Lost {
		t.Errorf("%s: %v people are lost, the agents lost %v", why, r.Offered.Lost, sum)
	}
}

// fast is how long an agent of a test plays without its conductor.
const fast = 3 * time.Second

// An agent that vanishes during a run, with its machine or for ever behind a cut network, loses its people, who are named.
// A tolerated loss leaves the verdict to the others.
func TestAgentsVanish(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why       string
		tolerated float64
		verdict   report.Verdict
		vanish    func(y *yard, agent syscallable)
	}{
		{"killed", 0, report.Invalid, func(_ *yard, agent syscallable) { agent.signal(syscall.SIGKILL) }},
		{"killed, which is tolerated", 0.5, report.Pass, func(_ *yard, agent syscallable) { agent.signal(syscall.SIGKILL) }},
		{"stopped", 0, report.Invalid, func(_ *yard, agent syscallable) { agent.signal(syscall.SIGSTOP) }},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			y.join("a")
			process := y.startProcess(y.login.URL, "b", fast)
			result, opened, err := y.play(plan{
				length: "4s", drain: "1s", tolerated: test.tolerated,
				progress: whileArriving(func(*fleet.Run) { test.vanish(y, syscallable{process.Process.Pid}) }),
			})
			if err != nil || result.Verdict != test.verdict {
				t.Fatalf("verdict %s (%v), %v", result.Verdict, result.Invalid, err)
			}
			balanced(t, test.why, result, 240)
			if b := result.Fleet[1]; b.Lost == 0 || b.LostAfterS == nil || b.Sent == 0 {
				t.Errorf("row %+v", b)
			}
			if !strings.Contains(strings.Join(result.Warnings, "\n"), "people of agent b after ") {
				t.Errorf("nothing names the loss: %q", result.Warnings)
			}
			if result.DurationS > 4+1+15+1 { // and a second in which people make up their minds
				t.Errorf("the run took %v s", result.DurationS)
			}
			again(t, y, opened.Name, process.Process.Pid)
		})
	}
}

// syscallable is a process that can be sent signals.
type syscallable struct{ pid int }

func (s syscallable) signal(signal syscall.Signal) { _ = syscall.Kill(s.pid, signal) }

// again starts agent b of a yard again in its folder, and makes the report of the run from what all agents hold: it has every
// row that b had kept.
func again(t *testing.T, y *yard, run string, pid int) {
	t.Helper()
	_ = syscall.Kill(pid, syscall.SIGKILL)
	y.join("b")
	result, whole, forget, err := fleet.Collect(t.Context(), y.login, run)
	if err != nil || result.Verdict != report.Invalid || !whole {
		t.Fatalf("collected: verdict %s, whole %v, %v", result.Verdict, whole, err)
	}
	balanced(t, "collected", result, 240)
	if !strings.Contains(result.Invalid[0], "without the conductor of the run") {
		t.Errorf("collected: invalid because %q", result.Invalid)
	}
	if b := result.Fleet[1]; b.Agent != "b" || !strings.Contains(b.Why, "its agent was killed") {
		t.Errorf("collected: row %+v", b)
	}
	forget()
	if left, _ := filepath.Glob(filepath.Join(y.folder, "*", "*", "rows")); len(left) > 0 {
		t.Errorf("rows are left after they were collected: %v", left)
	}
}

// What is short does no harm: rows come late, and everybody is there.
func TestShortTroubles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why     string
		trouble func(y *yard, way *relay, agent syscallable)
	}{
		{"the network of an agent is cut for a second", func(_ *yard, way *relay, _ syscallable) {
			way.set(true)
			time.AfterFunc(time.Second, func() { way.set(false) })
		}},
		{"an agent is stopped for a second", func(_ *yard, _ *relay, agent syscallable) {
			agent.signal(syscall.SIGSTOP)
			time.AfterFunc(time.Second, func() { agent.signal(syscall.SIGCONT) })
		}},
		{"the network of an agent is slow", func(_ *yard, way *relay, _ syscallable) {
			way.mu.Lock()
			way.slow = 40 * time.Millisecond
			way.mu.Unlock()
		}},
		{"NATS is started again", func(y *yard, _ *relay, _ syscallable) {
			address := y.server.Addr().String()
			y.server.Close()
			y.serve(address)
		}},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			way := newRelay(t, y.server.Addr().String())
			y.join("a")
			process := y.startProcess(fmt.Sprintf("nats://%s@%s", token, way.listener.Addr()), "b", time.Minute)
			result, _, err := y.play(plan{
				length: "4s", progress: whileArriving(func(*fleet.Run) { test.trouble(y, way, syscallable{process.Process.Pid}) }),
			})
			if err != nil || result.Verdict != report.Pass || result.Offered.Lost != 0 {
				t.Fatalf("verdict %s (%v), %v lost, %v", result.Verdict, result.Invalid, result.Offered.Lost, err)
			}
			balanced(t, test.why, result, 240)
			if people := y.service.people(); len(people) != 240 {
				t.Errorf("%d people came", len(people))
			}
		})
	}
}

// An agent behind a network that stays cut stops playing, keeps its rows and stays joined; what it has comes when the network
// is mended, still during the run.
func TestAPartitionThatHeals(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	way := newRelay(t, y.server.Addr().String())
	y.join("a")
	straight := y.login
	y.login = fleet.Login{URL: fmt.Sprintf("nats://%s@%s", token, way.listener.Addr())}
	b := y.join("b", func(a *fleet.Agent) { a.Silence = fast })
	y.login = straight
	result, _, err := y.play(plan{length: "12s", progress: whileArriving(func(*fleet.Run) {
		way.set(true)
		time.AfterFunc(fast+2*time.Second, func() { way.set(false) })
	})})
	if err != nil || result.Verdict != report.Invalid {
		t.Fatalf("verdict %s (%v), %v", result.Verdict, result.Invalid, err)
	}
	balanced(t, "a partition that heals", result, 720)
	row := result.Fleet[1]
	if row.Lost == 0 || !strings.Contains(row.Why, "its conductor was silent for 3s") {
		t.Errorf("row %+v", row)
	}
	if came := len(y.service.people()); float64(came) > result.Offered.Sent {
		t.Errorf("%d people came, but only %v are known to have been sent", came, result.Offered.Sent)
	}
	if !strings.Contains(b.log.String(), "its conductor was silent for 3s") {
		t.Errorf("the agent says %s", b.log)
	}
	if listed, err := fleet.List(t.Context(), y.login); err != nil || len(listed) != 2 || listed[1].Playing != "" {
		t.Errorf("the agents after the run: %+v, %v", listed, err)
	}
}

// When the conductor is gone, the agents stop playing, keep their rows and stay joined. The report can be made from what they
// have, and is invalid.
func TestTheConductorIsGone(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	way := newRelay(t, y.server.Addr().String())
	y.conduct = &fleet.Login{URL: fmt.Sprintf("nats://%s@%s", token, way.listener.Addr())}
	for _, name := range []string{"a", "b"} {
		y.join(name, func(a *fleet.Agent) { a.Silence = fast })
	}
	result, opened, err := y.play(plan{length: "9s", drain: "1s", progress: whileArriving(func(*fleet.Run) { way.set(true) })})
	if !errors.Is(err, drill.ErrPartDied) || result.Verdict != report.Invalid {
		t.Errorf("the conductor without its agents: verdict %s, %v", result.Verdict, err)
	}
	collected, whole, forget, err := fleet.Collect(t.Context(), y.login, opened.Name)
	if err != nil || !whole || collected.Verdict != report.Invalid || !strings.Contains(collected.Invalid[0], "without the conductor of the run") {
		t.Fatalf("collected: verdict %s (%v), whole %v, %v", collected.Verdict, collected.Invalid, whole, err)
	}
	defer forget()
	balanced(t, "collected", collected, 540)
	if came := float64(len(y.service.people())); collected.Offered.Sent < came || collected.Offered.Sent <= result.Offered.Sent {
		t.Errorf("%v people came; the agents know of %v, the conductor of %v", came, collected.Offered.Sent, result.Offered.Sent)
	}
	for _, row := range collected.Fleet {
		if row.StartErrorS != nil {
			t.Errorf("how late agent %s began is known without its clock: %v", row.Agent, *row.StartErrorS)
		}
		if row.Lost == 0 || !strings.Contains(row.Why, "its conductor was silent") {
			t.Errorf("row %+v", row)
		}
	}
	listed, err := fleet.List(t.Context(), y.login)
	if err != nil || len(listed) != 2 || listed[0].Playing != "" {
		t.Errorf("the agents afterwards: %+v, %v", listed, err)
	}
	y.noSecrets()
}

// An agent whose disk is full stops, and says why. What it had kept counts. (The last page of its file has room for some
// seconds more.)
func TestTheDiskOfAnAgentIsFull(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	disk := t.TempDir()
	if err := mountSmall(disk); err != nil {
		t.Skipf("mounting a small disk needs root: %v", err)
	}
	t.Cleanup(func() { unmount(disk) })
	y.join("a")
	y.join("b", func(a *fleet.Agent) { a.Folder = filepath.Join(disk, "b") })
	result, _, err := y.play(plan{length: "14s", progress: whileArriving(func(*fleet.Run) {
		_ = os.WriteFile(filepath.Join(disk, "ballast"), make([]byte, 2<<20), 0o600) // fails when the disk is full, as it should
	})})
	if err != nil || result.Verdict != report.Invalid {
		t.Fatalf("verdict %s (%v), %v", result.Verdict, result.Invalid, err)
	}
	balanced(t, "a full disk", result, 840)
	if b := result.Fleet[1]; b.Lost == 0 || !strings.Contains(b.Why, "its rows could not be kept: ") || !strings.Contains(b.Why, "no space left") {
		t.Errorf("row %+v", b)
	}
}
