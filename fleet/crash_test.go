//go:build crash && linux

package fleet_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/report"
)

// blow is something that happens to a fleet during a run.
type blow struct {
	name string
	fall func(y *yard, at victim, chance func(n int64) time.Duration)
}

// victim is the agent that a blow meets, with the network between it and the server.
type victim struct {
	pid int
	way *relay
}

func blows() []blow {
	return []blow{
		{"the agent is killed", func(_ *yard, at victim, _ func(int64) time.Duration) { _ = syscall.Kill(at.pid, syscall.SIGKILL) }},
		{"the generator is killed", func(_ *yard, at victim, _ func(int64) time.Duration) {
			for _, child := range childrenOf(at.pid) {
				_ = syscall.Kill(child, syscall.SIGKILL)
			}
		}},
		{"the generator is stopped", func(_ *yard, at victim, _ func(int64) time.Duration) {
			for _, child := range childrenOf(at.pid) {
				_ = syscall.Kill(child, syscall.SIGSTOP)
			}
		}},
		{"the agent is stopped", func(_ *yard, at victim, _ func(int64) time.Duration) { _ = syscall.Kill(at.pid, syscall.SIGSTOP) }},
		{"the agent is stopped for a while", func(_ *yard, at victim, chance func(int64) time.Duration) {
			_ = syscall.Kill(at.pid, syscall.SIGSTOP)
			time.AfterFunc(chance(6), func() { _ = syscall.Kill(at.pid, syscall.SIGCONT) })
		}},
		{"the network is cut", func(_ *yard, at victim, _ func(int64) time.Duration) { at.way.set(true) }},
		{"the network is cut for a while", func(_ *yard, at victim, chance func(int64) time.Duration) {
			at.way.set(true)
			time.AfterFunc(chance(8), func() { at.way.set(false) })
		}},
		{"NATS is started again", func(y *yard, _ victim, _ func(int64) time.Duration) {
			address := y.server.Addr().String()
			y.server.Close()
			y.serve(address)
		}},
	}
}

// childrenOf returns the processes that a process has started.
func childrenOf(pid int) (children []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well formed
	for _, file := range files {
		text, _ := os.ReadFile(file) // a task may be gone
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// Whatever falls on three agents, and whenever: the run ends in time, everybody is accounted for, and nobody is played twice.
// OMBAK_FLEET_ROUNDS says how often, ten times by default.
func TestCrashes(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("OMBAK_FLEET_ROUNDS"))
	if err != nil {
		rounds = 10
	}
	var mu sync.Mutex
	verdicts := map[report.Verdict]int{}
	t.Run("rounds", func(t *testing.T) {
		for round := range rounds {
			t.Run(fmt.Sprint(round), func(t *testing.T) {
				t.Parallel()
				verdict := crash(t, rand.New(rand.NewPCG(uint64(round), 23)))
				mu.Lock()
				verdicts[verdict]++
				mu.Unlock()
			})
		}
	})
	t.Logf("%d runs: %v", rounds, verdicts)
}

// crash plays a run on which one or two blows fall.
func crash(t *testing.T, chance *rand.Rand) report.Verdict {
	y := newYard(t)
	victims := make([]victim, 3)
	for i := range victims {
		victims[i].way = newRelay(t, y.server.Addr().String())
		url := fmt.Sprintf("nats://%s@%s", token, victims[i].way.listener.Addr())
		victims[i].pid = y.startProcess(url, string(rune('a'+i)), 4*time.Second).Process.Pid
		t.Cleanup(func() {
			for _, child := range childrenOf(victims[i].pid) {
				_ = syscall.Kill(child, syscall.SIGKILL) // it may be stopped
			}
		})
	}
	var falling sync.WaitGroup
	defer falling.Wait()
	upTo := func(n int64) time.Duration { return time.Duration(chance.Int64N(n * int64(time.Second))) }
	var story []string
	var planned []func()
	for range 1 + chance.IntN(2) {
		blow, who, at := blows()[chance.IntN(len(blows()))], chance.IntN(3), upTo(6)
		later := upTo(8)
		story = append(story, fmt.Sprintf("after %v: %s (%c)", at, blow.name, 'a'+who))
		planned = append(planned, func() {
			time.Sleep(at)
			blow.fall(y, victims[who], func(n int64) time.Duration { return later * time.Duration(n) / 8 })
		})
	}
	// Blows fall one after the other, in any order: one that starts NATS again must not meet another.
	opened := func(*fleet.Run) {
		falling.Go(func() {
			for _, fall := range planned {
				fall()
			}
		})
	}
	result, _, err := y.play(plan{length: "4s", drain: "1s", open: opened})
	why := strings.Join(story, "; ")
	if result.Schema == "" { // it had not begun when the blow fell, and says what is wrong
		if err == nil {
			t.Errorf("%s: no report and no error", why)
		}
		return ""
	}
	accounted(t, why, y, result, err)
	return result.Verdict
}

// accounted checks a run on which blows fell.
func accounted(t *testing.T, why string, y *yard, result report.Report, ended error) {
	t.Helper()
	if ended != nil && !errors.Is(ended, drill.ErrPartDied) {
		t.Errorf("%s: %v", why, ended)
	}
	if ended == nil { // otherwise it expects nobody after its end
		balanced(t, why, result, 240)
	}
	if faults := report.Check(result); len(faults) > 0 {
		t.Errorf("%s: %v", why, faults)
	}
	const plannedEnd = 4 + 1 + 1 // arrivals, drain, and the requests after the run
	if result.DurationS > plannedEnd+15 {
		t.Errorf("%s: the run ended %.1f s after its planned end", why, result.DurationS-plannedEnd)
	}
	if result.Offered.Lost > 0 != (result.Verdict == report.Invalid && slices.ContainsFunc(result.Fleet, func(row report.Agent) bool { return row.Lost > 0 })) {
		t.Errorf("%s: %v lost, verdict %s", why, result.Offered.Lost, result.Verdict)
	}
	people := y.service.people()
	if once := slices.Compact(slices.Clone(people)); len(once) != len(people) {
		t.Errorf("%s: of %d people, %d came twice", why, len(people), len(people)-len(once))
	}
	if float64(len(people)) > result.Offered.Sent+result.Offered.Lost {
		t.Errorf("%s: %d people came, but only %v were sent or lost", why, len(people), result.Offered.Sent+result.Offered.Lost)
	}
}
