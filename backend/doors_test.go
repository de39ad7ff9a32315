package backend_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/resilience"
)

// TestBreakerStopsCalls: after two failures in a row the registry is left alone, and people are told
// when to come back.
func TestBreakerStopsCalls(t *testing.T) {
	var calls atomic.Int64
	s := startService(t, func(s *service) {
		s.config.Admin = "127.0.0.1:0"
		s.config.Doors = []backend.DoorConfig{
			{Policy: resilience.Policy{Name: "static-limit", Settings: resilience.Settings{Limit: 9}}},
			{Policy: resilience.Policy{Name: "static-limit", Settings: resilience.Settings{Limit: 5}}},
			{Paths: []string{"/v1/identity"}, Policy: resilience.Policy{Name: "token-bucket", Settings: resilience.Settings{Rate: 0.001, Burst: 3}}},
		}
		s.config.Dukcapil.Policies = []resilience.Policy{{Name: "circuit-breaker", Settings: resilience.Settings{Calls: 2, Share: 1, Cooldown: time.Hour, Probes: 1}}}
		s.registries.dukcapil = func(map[string]any) (int, string) { calls.Add(1); return 500, "" }
	})
	session := s.sessionsOf(1)[0]
	for range 3 {
		a := s.post("/v1/identity", session, identityOf(1))
		s.want("while it fails", a, 503, "registry_busy")
		if a.header["Retry-After"] == "" {
			t.Error("nobody says when to come back")
		}
	}
	if got := calls.Load(); got != 2 {
		t.Errorf("the registry was asked %d times, want 2", got)
	}
	s.want("too often", s.post("/v1/identity", session, identityOf(1)), 429, "too_many_requests")
	metrics := s.metrics()
	documented(t, metrics)
	for _, want := range []string{
		`ombak_backend_breaker_open{registry="dukcapil"} 1`, `ombak_backend_gate_limit{at="all",door="1"} 9`, `ombak_backend_gate_limit{at="all",door="2"} 5`, `ombak_backend_gate_in_use{at="dukcapil",door="call"} 0`,
		`ombak_backend_door_requests_total{at="/v1/identity",outcome="passed",policy="token-bucket"} 3`,
		`ombak_backend_door_requests_total{at="/v1/identity",outcome="turned_away",policy="token-bucket"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s:\n%s", want, metrics)
		}
	}
}

// TestBreakerHearsWhatIsToldPolitely: a used up quota comes with status 200 and is an outage all the same;
// that a NIK is unknown is an answer.
func TestBreakerHearsWhatIsToldPolitely(t *testing.T) {
	for text, calls := range map[string]int64{"Kuota Akses Hari Ini Telah Habis": 2, "Data Not Found": 4} {
		var asked atomic.Int64
		s := startService(t, func(s *service) {
			s.config.Dukcapil.Policies = []resilience.Policy{{Name: "circuit-breaker", Settings: resilience.Settings{Calls: 2, Share: 1, Cooldown: time.Hour, Probes: 1}}}
			s.registries.dukcapil = func(map[string]any) (int, string) {
				asked.Add(1)
				return 200, `{"content":[{"RESPON":"` + text + `"}]}`
			}
		})
		session := s.sessionsOf(1)[0]
		for i := range 4 {
			s.post("/v1/identity", session, identityOf(i))
		}
		if got := asked.Load(); got != calls {
			t.Errorf("%s: the registry was asked %d times, want %d", text, got, calls)
		}
	}
}

// TestRetryBudgetRepeatsCalls: a single failure is no trouble of the person's; the budget ends it.
func TestRetryBudgetRepeatsCalls(t *testing.T) {
	var calls atomic.Int64
	s := startService(t, func(s *service) {
		s.config.Dukcapil.Policies = []resilience.Policy{{Name: "retry-budget", Settings: resilience.Settings{Burst: 1, Attempts: 3, Pause: time.Millisecond, Longest: time.Millisecond}}}
		s.registries.dukcapil = func(map[string]any) (int, string) {
			if calls.Add(1) == 2 {
				return 200, yesRow
			}
			return 500, ""
		}
	})
	sessions := s.sessionsOf(2)
	s.want("repeated once", s.post("/v1/identity", sessions[0], identityOf(1)), 200, "")
	s.want("the budget is used up", s.post("/v1/identity", sessions[1], identityOf(2)), 503, "registry_busy")
	if got := calls.Load(); got != 3 {
		t.Errorf("the registry was asked %d times, want 3", got)
	}
}

// TestUsedUpQuotaIsNotAskedAgain: a registry that says when to come back, and that is not soon, is not asked
// again for the same request, and the budget is kept for those whom it may help.
func TestUsedUpQuotaIsNotAskedAgain(t *testing.T) {
	var calls atomic.Int64
	answers := []func() (int, string){
		func() (int, string) { return 200, `{"content":[{"RESPON":"Kuota Akses Hari Ini Telah Habis"}]}` },
		func() (int, string) { return 429, "" }, // fakeRegistries says: an hour
		func() (int, string) { return 500, "" },
		func() (int, string) { return 200, yesRow },
	}
	s := startService(t, func(s *service) {
		s.config.Dukcapil.Policies = []resilience.Policy{{Name: "retry-budget", Settings: resilience.Settings{Burst: 1, Attempts: 3, Pause: time.Millisecond, Longest: time.Millisecond}}}
		s.registries.dukcapil = func(map[string]any) (int, string) { return answers[calls.Add(1)-1]() }
	})
	session := s.sessionsOf(1)[0]
	s.want("the quota of the day is used up", s.post("/v1/identity", session, identityOf(1)), 503, "registry_busy")
	s.want("told to come back in an hour", s.post("/v1/identity", session, identityOf(1)), 503, "registry_busy")
	s.want("a failure that may pass", s.post("/v1/identity", session, identityOf(1)), 200, "")
	if got := calls.Load(); got != 4 {
		t.Errorf("the registry was asked %d times, want 4", got)
	}
}

// TestRegistryCacheAsksOnce: those who ask at once share one call, those who ask later need none, and
// failures are not kept.
func TestRegistryCacheAsksOnce(t *testing.T) {
	var calls, failures atomic.Int64
	failures.Store(1)
	answering, started := make(chan struct{}), make(chan struct{}, 10)
	s := startService(t, func(s *service) {
		s.config.Dukcapil.Policies = []resilience.Policy{{Name: "registry-cache", Settings: resilience.Settings{TTL: time.Hour}}}
		s.registries.dukcapil = func(map[string]any) (int, string) {
			if failures.Add(-1) >= 0 {
				return 500, ""
			}
			calls.Add(1)
			started <- struct{}{}
			<-answering
			return 200, `{"content":[{"RESPON":"Data Not Found"}]}`
		}
	})
	session := s.sessionsOf(1)[0]
	s.want("a failure", s.post("/v1/identity", session, identityOf(1)), 503, "registry_busy")
	var wait sync.WaitGroup
	for range 5 {
		wait.Go(func() { s.want("at once", s.post("/v1/identity", session, identityOf(1)), 422, "not_found") })
	}
	<-started
	close(answering)
	wait.Wait()
	s.want("later", s.post("/v1/identity", session, identityOf(1)), 422, "not_found")
	if got := calls.Load(); got != 1 {
		t.Errorf("the registry was asked %d times, want 1", got)
	}
}

// TestGateInFrontOfTheService: with one place, taken, all others are told to come back, but at paths
// that the door is not for.
func TestGateInFrontOfTheService(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := startService(t, func(s *service) {
		s.config.Doors = []backend.DoorConfig{{
			Paths: []string{"/v1/identity", "/v1/eligibility"}, Policy: resilience.Policy{Name: "static-limit", Settings: resilience.Settings{Limit: 1}},
		}}
		s.registries.dukcapil = func(map[string]any) (int, string) { close(asked); <-answer; return 200, yesRow }
	})
	session := s.sessionsOf(1)[0]
	var wait sync.WaitGroup
	wait.Go(func() { s.want("inside", s.post("/v1/identity", session, identityOf(1)), 200, "") })
	<-asked
	a := s.post("/v1/eligibility", session, nil)
	s.want("the place is taken", a, 503, "busy")
	if a.header["Retry-After"] == "" {
		t.Error("nobody says when to come back")
	}
	s.want("another path", s.send("GET", "/v1/me", session, "", nil), 200, "")
	close(answer)
	wait.Wait()
	s.want("the place is free again", s.post("/v1/eligibility", session, nil), 200, "")
}

// TestTurnsByBirthMonth: those born in January come last where February begins.
func TestTurnsByBirthMonth(t *testing.T) {
	now := opens
	s := startService(t, func(s *service) {
		s.config.Now = func() time.Time { return now }
		s.config.Doors = []backend.DoorConfig{{Paths: []string{"/v1/identity"}, Opens: opens, Policy: resilience.Policy{Name: "stagger-by-birth-month", Settings: resilience.Settings{Every: time.Hour, First: 2}}}}
	})
	session := s.sessionsOf(1)[0]
	a := s.post("/v1/identity", session, identityOf(1))
	s.want("too early", a, 429, "not_your_turn")
	if a.header["Retry-After"] != "39600" {
		t.Errorf("come back in %s s, want 11 h", a.header["Retry-After"])
	}
	now = opens.Add(11 * time.Hour)
	s.want("at the turn", s.post("/v1/identity", session, identityOf(1)), 200, "")
}

// TestBucketOfEachSession: one who asks too often does not keep another from asking.
func TestBucketOfEachSession(t *testing.T) {
	s := startService(t, func(s *service) {
		s.config.Doors = []backend.DoorConfig{{Paths: []string{"/v1/me"}, Policy: resilience.Policy{Name: "token-bucket", Settings: resilience.Settings{Rate: 1e-3, Burst: 2}}}}
	})
	sessions := s.sessionsOf(2)
	for _, status := range []int{200, 200, 429} {
		if a := s.send("GET", "/v1/me", sessions[0], "", nil); a.status != status {
			t.Errorf("status %d, want %d", a.status, status)
		}
	}
	if a := s.send("GET", "/v1/me", sessions[1], "", nil); a.status != 200 {
		t.Errorf("somebody else: status %d", a.status)
	}
}

// TestWaitingRoom: the second comes back with a ticket when told to, not sooner, and not with the
// ticket of another.
func TestWaitingRoom(t *testing.T) {
	s := startService(t, func(s *service) {
		s.config.Doors = []backend.DoorConfig{{Name: "step:me", Paths: []string{"/v1/me"}, Policy: resilience.Policy{Name: "waiting-room", Settings: resilience.Settings{Order: "fifo", Rate: 1e-3, Burst: 2}}}}
	})
	sessions := s.sessionsOf(3)
	if a := s.send("GET", "/v1/me", "", "", nil); a.status != 401 {
		t.Errorf("without a session: status %d", a.status)
	}
	var tickets []string
	for i, status := range []int{200, 200, 503} {
		a := s.send("GET", "/v1/me", sessions[i], "", nil)
		if a.status != status || a.header["Queue-Ticket"] == "" {
			t.Fatalf("person %d: status %d with ticket %q, want %d", i, a.status, a.header["Queue-Ticket"], status)
		}
		if status == 503 && (a.code() != "waiting_room" || a.header["Retry-After"] != "1000") {
			t.Errorf("%s, come back after %q s, want 1000", a.body, a.header["Retry-After"])
		}
		tickets = append(tickets, a.header["Queue-Ticket"])
	}
	if rooms := s.server.Stats().Rooms; len(rooms) != 1 || rooms[0].Name != "step:me" || rooms[0].Arrivals != 3 || rooms[0].Completions != 2 || rooms[0].Queued != 1 || rooms[0].QueueMax != 1 {
		t.Errorf("the room counts %+v", rooms)
	}
	for _, c := range []struct {
		why     string
		session int
		ticket  string
		status  int
	}{
		{"whoever is in stays in", 0, tickets[0], 200},
		{"not before the turn", 2, tickets[2], 503},
		{"not with another's ticket", 2, tickets[0], 503},
		{"not with a made-up one", 2, "queue.x.0.1.99999999999.AAAA", 503},
	} {
		if a := s.sendWith("GET", "/v1/me", sessions[c.session], map[string]string{"Queue-Ticket": c.ticket}); a.status != c.status {
			t.Errorf("%s: status %d, want %d", c.why, a.status, c.status)
		}
	}
}
