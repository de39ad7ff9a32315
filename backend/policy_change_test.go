package backend_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/resilience"
)

// TestPoliciesChangeWhileTheServiceRuns gives a bucket, a waiting room, a breaker and a cache other settings, and switches
// them off and on.
func TestPoliciesChangeWhileTheServiceRuns(t *testing.T) {
	policy := func(name string, settings resilience.Settings) resilience.Policy {
		return resilience.Policy{Name: name, Settings: settings}.WithDefaults()
	}
	bucket := policy("shared-token-bucket", resilience.Settings{Rate: 0.001, Burst: 1})
	room := policy("waiting-room", resilience.Settings{Rate: 0.001})
	breaker := policy("circuit-breaker", resilience.Settings{Calls: 1, Share: 1, Cooldown: time.Hour, Probes: 1})
	cache := policy("cache", resilience.Settings{TTL: time.Hour})
	limit := policy("bulkhead", resilience.Settings{Limit: 7})
	var calls atomic.Int64
	var broken atomic.Bool
	s := startService(t, func(s *service) {
		s.config.Admin = "127.0.0.1:0"
		s.config.Doors = []backend.DoorConfig{
			{Name: "step:otp", Paths: []string{"/v1/otp"}, Policy: bucket},
			{Name: "step:me", Paths: []string{"/v1/me"}, Policy: room},
		}
		s.config.Dukcapil.Policies = []resilience.Policy{breaker, cache, limit}
		s.registries.dukcapil = func(map[string]any) (int, string) {
			calls.Add(1)
			if broken.Load() {
				return 500, ""
			}
			return 200, `{"content":[{"RESPON":"Data Not Found"}]}`
		}
	})
	change := func(door, registry string, policy resilience.Policy, off bool) {
		t.Helper()
		if err := s.server.Change(backend.PolicyChange{Door: door, Registry: registry, Policy: policy, Off: off}); err != nil {
			t.Fatal(err)
		}
	}
	sessions := s.sessionsOf(4)
	me := func(person int) int { return s.sendWith("GET", "/v1/me", sessions[person], nil).status }
	if me(0) != 200 || me(1) != 503 {
		t.Error("the room does not let one person pass alone")
	}
	change("step:me", "", room, true)
	if me(1) != 200 || me(2) != 200 {
		t.Error("somebody waits at a room that is off")
	}
	change("step:me", "", room, false)
	if me(3) != 503 {
		t.Error("a newcomer passes when the room is on again")
	}
	faster := room
	faster.Rate = 1e6
	change("step:me", "", faster, false)
	for me(3) != 200 { // the turn comes within a microsecond
		time.Sleep(time.Millisecond)
	}

	sms := func() int { return s.post("/v1/otp", sessions[0], map[string]any{"phone": "x"}).status }
	if sms() == 429 || sms() != 429 {
		t.Error("the bucket does not hold one token")
	}
	change("step:otp", "", bucket, true)
	if sms() == 429 {
		t.Error("a bucket that is off turns away")
	}

	ask := func(person int) int { return s.post("/v1/identity", sessions[person], identityOf(person)).status }
	ask(0)
	ask(0)
	if got := calls.Load(); got != 1 {
		t.Errorf("the registry was called %d times for one question, want 1", got)
	}
	change("", "dukcapil", cache, true)
	ask(0)
	if got := calls.Load(); got != 2 {
		t.Errorf("without the cache the registry was called %d times, want 2", got)
	}
	broken.Store(true)
	ask(1)
	ask(1)
	if got := calls.Load(); got != 3 {
		t.Errorf("the breaker let %d calls pass, want 3", got)
	}
	change("", "dukcapil", breaker, true)
	ask(1)
	if got := calls.Load(); got != 4 {
		t.Errorf("without the breaker there are %d calls, want 4", got)
	}
	limit.Limit = 3
	change("", "dukcapil", limit, false)
	if !strings.Contains(s.metrics(), `ombak_backend_gate_limit{at="dukcapil",door="call"} 3`) {
		t.Error("the gate has the old limit")
	}
	if servers := s.server.Stats().Registries[0].Servers; servers != 3 {
		t.Errorf("the reading tells of %d servers, want 3", servers)
	}

	for _, wrong := range []backend.PolicyChange{
		{Door: "step:join", Policy: room},
		{Door: "step:me", Policy: bucket},
		{Registry: "dtks", Policy: breaker},
		{Registry: "dukcapil", Policy: policy("retry-budget", resilience.Settings{})},
		{Door: "step:me", Policy: resilience.Policy{Name: "waiting-room"}},
	} {
		if err := s.server.Change(wrong); err == nil {
			t.Errorf("%+v was changed", wrong)
		}
	}
}
