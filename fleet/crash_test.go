//go:build crash && linux

package fleet_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
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
	"github.com/ombak-sim/ombak/report/render"
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
		{"the part is killed", func(_ *yard, at victim, _ func(int64) time.Duration) {
			for _, child := range childrenOf(at.pid) {
				_ = syscall.Kill(child, syscall.SIGKILL)
			}
		}},
		{"the part is stopped", func(_ *yard, at victim, _ func(int64) time.Duration) {
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
// Every third run has its backend and its mocks on two of the agents. OMBAK_FLEET_ROUNDS says how often, ten times by default.
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
				play, chance := crash, rand.New(rand.NewPCG(uint64(round), 23))
				if round%3 == 2 {
					play = crashPlaced
				}
				verdict := play(t, chance)
				mu.Lock()
				verdicts[verdict]++
				mu.Unlock()
			})
		}
	})
	t.Logf("%d runs: %v", rounds, verdicts)
}

// storm is three agents in processes of their own, and the blows that fall on them.
type storm struct {
	victims []victim
	story   []string
	planned []func()
	falling sync.WaitGroup
}

// newStorm starts agents that are called so, with these roles, and plans one or two blows.
func newStorm(y *yard, chance *rand.Rand, agents, agentRoles []string) *storm {
	s := &storm{}
	for i, name := range agents {
		way := newRelay(y.t, y.server.Addr().String())
		url := fmt.Sprintf("nats://%s@%s", token, way.listener.Addr())
		pid := y.startProcess(url, name, 4*time.Second, agentRoles[i]).Process.Pid
		s.victims = append(s.victims, victim{pid, way})
		y.t.Cleanup(func() {
			for _, child := range childrenOf(pid) {
				_ = syscall.Kill(child, syscall.SIGKILL) // it may be stopped
			}
		})
	}
	upTo := func(n int64) time.Duration { return time.Duration(chance.Int64N(n * int64(time.Second))) }
	for range 1 + chance.IntN(2) {
		blow, who, at := blows()[chance.IntN(len(blows()))], chance.IntN(len(agents)), upTo(6)
		later := upTo(8)
		s.story = append(s.story, fmt.Sprintf("after %v: %s (%s)", at, blow.name, agents[who]))
		s.planned = append(s.planned, func() {
			time.Sleep(at)
			blow.fall(y, s.victims[who], func(n int64) time.Duration { return later * time.Duration(n) / 8 })
		})
	}
	return s
}

// begin lets the blows fall one after the other, in any order: one that starts NATS again must not meet another.
func (s *storm) begin() {
	s.falling.Go(func() {
		for _, fall := range s.planned {
			fall()
		}
	})
}

// why tells what fell.
func (s *storm) why() string { return strings.Join(s.story, "; ") }

// crash plays a run on which one or two blows fall.
func crash(t *testing.T, chance *rand.Rand) report.Verdict {
	y := newYard(t)
	generator := fleet.GeneratorRole
	s := newStorm(y, chance, []string{"a", "b", "c"}, []string{generator, generator, generator})
	defer s.falling.Wait()
	result, _, err := y.play(plan{length: "4s", drain: "1s", open: func(*fleet.Run) { s.begin() }})
	if result.Schema == "" { // it had not begun when the blow fell, and says what is wrong
		if err == nil {
			t.Errorf("%s: no report and no error", s.why())
		}
		return ""
	}
	accounted(t, s.why(), y, result, err)
	return result.Verdict
}

// crashPlaced plays a drill whose people, backend and mocks are on an agent each, on which one or two blows fall. Whatever falls,
// nobody is lost: either the store was read and holds everybody who was told yes, or the report says that their books are unknown,
// and what died.
func crashPlaced(t *testing.T, chance *rand.Rand) report.Verdict {
	y := newYard(t)
	s := newStorm(y, chance, []string{"crowd", "back", "mock"}, []string{fleet.GeneratorRole, fleet.BackendRole, fleet.MocksRole})
	defer s.falling.Wait()
	result, _, err := y.drill(drilled{
		length: "4s", drain: "1s", open: s.begin,
		places: []fleet.Place{{Role: fleet.BackendRole, Label: "back", Count: 1}, {Role: fleet.MocksRole, Label: "mock", Count: 1}},
	})
	why := s.why()
	if result.Schema == "" {
		if err == nil {
			t.Errorf("%s: no report and no error", why)
		}
		return ""
	}
	if err != nil && !errors.Is(err, drill.ErrPartDied) {
		t.Errorf("%s: %v", why, err)
	}
	if err == nil {
		balanced(t, why, result, 160)
	}
	if faults := report.Check(result); len(faults) > 0 {
		t.Errorf("%s: %v", why, faults)
	}
	if died := regexp.MustCompile("backend on back|mocks on mock|crowd|no generator is left"); err != nil && (result.Verdict != report.Invalid || !died.MatchString(strings.Join(result.Invalid, "; "))) {
		t.Errorf("%s: verdict %s (%q) does not say what died: %v", why, result.Verdict, result.Invalid, err)
	}
	const (
		plannedEnd = 4 + 1
		still      = 50 // parts that stand still are killed by their agents after 20 s, one after the other
	)
	if result.DurationS > plannedEnd+15+still {
		t.Errorf("%s: the run ended %.1f s after its planned end", why, result.DurationS-plannedEnd)
	}
	switch r := result.Reconciliation; {
	case r == nil && (result.Store == nil || result.Store.Unread == ""):
		t.Errorf("%s: the store was not reconciled, and nothing says so: %+v", why, result.Store)
	case r != nil && (r.Lost != 0 || r.Duplicates != 0 || r.Persisted != r.Acknowledged+r.Unacknowledged):
		t.Errorf("%s: reconciled %+v", why, r)
	}
	t.Logf("%s: %s, %s", why, result.Verdict, render.Conclusion(result, ""))
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
