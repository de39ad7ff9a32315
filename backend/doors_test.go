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

// TestBreakerStopsCalls checks that after two failures in a row the registry is not called and clients get
// Retry-After.
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
			t.Error("no Retry-After")
		}
	}
	if got := calls.Load(); got != 2 {
		t.Errorf("the registry was called %d times, want 2", got)
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

// TestSharedBucketAtTheEntry lets in as many requests as the bucket holds, whoever sends them.
func TestSharedBucketAtTheEntry(t *testing.T) {
	s := startService(t, func(s *service) {
		s.config.Doors = []backend.DoorConfig{{Policy: resilience.Policy{Name: "shared-token-bucket", Settings: resilience.Settings{Rate: 0.001, Burst: 2}}}}
	})
	for range 2 {
		if a := s.sendWith("GET", "/v1/me", "", nil); a.status == 429 {
			t.Error("turned away although there is a token")
		}
	}
	s.want("without a token", s.sendWith("GET", "/v1/me", "someone-else", nil), 429, "too_many_requests")
}

// TestBreakerCountsExhaustedQuota checks that an exhausted quota, which comes with status 200, counts as a
// failure, and that an unknown NIK counts as an answer.
func TestBreakerCountsExhaustedQuota(t *testing.T) {
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
			t.Errorf("%s: the registry was called %d times, want %d", text, got, calls)
		}
	}
}

// TestRetryBudgetRepeatsCalls checks that a single failure is hidden from the person until the retry budget is
// spent.
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
		t.Errorf("the registry was called %d times, want 3", got)
	}
}

// TestUsedUpQuotaIsNotAskedAgain checks that a call is not retried if the registry asks for a long Retry-After.
// The budget is kept for requests that a retry may help.
func TestUsedUpQuotaIsNotAskedAgain(t *testing.T) {
	var calls atomic.Int64
	answers := []func() (int, string){
		func() (int, string) { return 200, `{"content":[{"RESPON":"Kuota Akses Hari Ini Telah Habis"}]}` },
		func() (int, string) { return 429, "" }, // fakeRegistries sets Retry-After to an hour
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
	s.want("a temporary failure", s.post("/v1/identity", session, identityOf(1)), 200, "")
	if got := calls.Load(); got != 4 {
		t.Errorf("the registry was called %d times, want 4", got)
	}
}

// TestRegistryCacheAsksOnce checks that simultaneous requests share one call, later requests need none, and
// failures are not cached.
func TestRegistryCacheAsksOnce(t *testing.T) {
	var calls, failures atomic.Int64
	failures.Store(1)
	answering, started := make(chan struct{}), make(chan struct{}, 10)
	s := startService(t, func(s *service) {
		s.config.Dukcapil.Policies = []resilience.Policy{{Name: "cache", Settings: resilience.Settings{TTL: time.Hour}}}
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
		t.Errorf("the registry was called %d times, want 1", got)
	}
}

// TestGateInFrontOfTheService checks that a gate whose only place is taken rejects other requests on its paths
// and no requests elsewhere.
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
		t.Error("no Retry-After")
	}
	s.want("another path", s.send("GET", "/v1/me", session, "", nil), 200, "")
	close(answer)
	wait.Wait()
	s.want("the place is free again", s.post("/v1/eligibility", session, nil), 200, "")
}

// TestTurnsByBirthMonth checks that people born in January come last if the order begins with February.
func TestTurnsByBirthMonth(t *testing.T) {
	now := opens
	s := startService(t, func(s *service) {
		s.config.Now = func() time.Time { return now }
		s.config.Doors = []backend.DoorConfig{{Paths: []string{"/v1/identity"}, Opens: opens, Policy: resilience.Policy{Name: "stagger", Settings: resilience.Settings{Every: time.Hour, First: 2}}}}
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

// TestBucketOfEachSession checks that a client that asks too often does not stop another.
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
		t.Errorf("another client: status %d", a.status)
	}
}

// TestWaitingRoom checks that the second person enters with a ticket at the announced time, not sooner, and not
// with another person's ticket.
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
		{"admitted people stay admitted", 0, tickets[0], 200},
		{"before the turn", 2, tickets[2], 503},
		{"with another person's ticket", 2, tickets[0], 503},
		{"with an invented ticket", 2, "queue.x.0.1.99999999999.AAAA", 503},
	} {
		if a := s.sendWith("GET", "/v1/me", sessions[c.session], map[string]string{"Queue-Ticket": c.ticket}); a.status != c.status {
			t.Errorf("%s: status %d, want %d", c.why, a.status, c.status)
		}
	}
}
