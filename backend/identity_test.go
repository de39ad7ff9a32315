package backend_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

func TestDukcapilAnswers(t *testing.T) {
	row := func(nik, birth, name string) string {
		return fmt.Sprintf(`{"content":[{"NIK":%q,"TGL_LHR":%q,"NAMA_LGKP":%q}]}`, nik, birth, name)
	}
	text := func(text string) string { return fmt.Sprintf(`{"content":[{"RESPON":%q}]}`, text) }
	const yes, no = "Sesuai (100)", "Tidak Sesuai"
	for _, c := range []struct {
		why      string
		upstream int
		body     string
		status   int
		code     string
	}{
		{"everything matches; KK is not needed", 200, row(yes, yes, yes), 200, ""},
		{"the name score is at the threshold", 200, row(yes, yes, "Sesuai (90)"), 200, ""},
		{"the name is too different", 200, row(yes, yes, "Tidak Sesuai (62)"), 422, "not_matched"},
		{"the birth date differs", 200, row(yes, no, yes), 422, "not_matched"},
		{"the NIK differs", 200, row(no, yes, yes), 422, "not_matched"},
		{"no such NIK", 200, text("Data Not Found"), 422, "not_found"},
		{"dead", 200, text("Customer Meninggal Dunia"), 422, "deceased"},
		{"two records", 200, text("Data Ganda"), 422, "duplicate"},
		{"inactive", 200, text("Data Inactive"), 422, "inactive"},
		{"quota of the day", 200, text("Kuota Akses Hari Ini Telah Habis"), 503, "registry_busy"},
		{"the service's account is rejected", 200, text("Login Gagal"), 503, "registry_busy"},
		{"an unknown text", 200, text("Halo"), 503, "registry_busy"},
		{"no row", 200, `{"content":[]}`, 503, "registry_busy"},
		{"not JSON", 200, `<html>`, 503, "registry_busy"},
		{"overloaded", 503, ``, 503, "registry_busy"},
		{"broken", 500, ``, 503, "registry_busy"},
	} {
		t.Run(c.why, func(t *testing.T) {
			s := startService(t, func(s *service) {
				s.registries.dukcapil = func(question map[string]any) (int, string) {
					if question["TGL_LHR"] != "01-01-1990" || question["TRESHOLD"] != 90.0 || question["NIK"] != "9901014101000001" {
						t.Errorf("asked %v", question)
					}
					return c.upstream, c.body
				}
			})
			a := s.post("/v1/identity", s.sessionsOf(1)[0], identityOf(1))
			s.want(c.why, a, c.status, c.code)
			if c.upstream == 503 && a.header["Retry-After"] != "7" {
				t.Errorf("Retry-After %q; want the registry's value", a.header["Retry-After"])
			}
		})
	}
}

func TestIdentityFaults(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	for _, c := range []struct{ why, field, value string }{
		{"15 digits", "nik", "990101410100001"},
		{"letters", "nik", "99010141010000x1"},
		{"15 digits", "kk", "990101410100001"},
		{"an impossible date", "birth_date", "1990-02-30"},
		{"Indonesian order", "birth_date", "01-01-1990"},
		{"no name", "name", " "},
	} {
		body := identityOf(1)
		body[c.field] = c.value
		s.want(c.field+": "+c.why, s.post("/v1/identity", session, body), 422, "invalid")
	}
	s.want("no session", s.post("/v1/identity", "", identityOf(1)), 401, "no_session")
}

func TestEligibility(t *testing.T) {
	for _, c := range []struct {
		why, birth string
		pupil      bool
		body       string
	}{
		{"18 on the day of opening", "2002-04-11", false, `{"eligible":true,"social_aid":false}`},
		{"18 a day later", "2002-04-12", false, `"reasons":["age"]`},
		{"a student", "2000-01-01", true, `"reasons":["pupil"]`},
		{"a pupil under age", "2010-01-01", true, `"reasons":["age","pupil"]`},
	} {
		t.Run(c.why, func(t *testing.T) {
			s := startService(t, func(s *service) {
				s.registries.dapodik = func(string) (int, string) { return 200, fmt.Sprintf(`{"active":%v}`, c.pupil) }
			})
			session := s.sessionsOf(1)[0]
			body := identityOf(1)
			body["birth_date"] = c.birth
			s.want("identity", s.post("/v1/identity", session, body), 200, "")
			a := s.post("/v1/eligibility", session, nil)
			if !strings.Contains(a.body, c.body) || a.status == 422 && a.code() != "not_eligible" {
				t.Errorf("%d %s; want %s", a.status, a.body, c.body)
			}
		})
	}
}

func TestFailingRegistries(t *testing.T) {
	s := startService(t, func(s *service) {
		s.registries.dtks = func(string) (int, string) { return 200, `{}` }
	})
	session := s.sessionsOf(1)[0]
	s.want("identity", s.post("/v1/identity", session, identityOf(1)), 200, "")
	s.want("an empty answer", s.post("/v1/eligibility", session, nil), 503, "registry_busy")
	for _, r := range s.server.Stats().Registries {
		if want := map[string]uint64{"dtks": 1}[r.Name]; r.Failures != want || r.Completions != 1 {
			t.Errorf("%+v; want one call, %d failures", r, want)
		}
	}
}

// TestGateRejects holds one call in the registry. The second call waits, the third is rejected at once, and
// the second is rejected at its deadline.
func TestGateRejects(t *testing.T) {
	inside, release := make(chan bool, 1), make(chan bool)
	s := startService(t, func(s *service) {
		s.config.Dukcapil.Policies = []resilience.Policy{{Name: "bulkhead", Settings: resilience.Settings{Limit: 1, Queue: 1, Deadline: 100 * time.Millisecond}}}
		s.registries.dukcapil = func(map[string]any) (int, string) {
			inside <- true
			<-release
			return 200, yesRow
		}
	})
	sessions := s.sessionsOf(3)
	var wait sync.WaitGroup
	wait.Go(func() { s.want("first", s.post("/v1/identity", sessions[0], identityOf(0)), 200, "") })
	<-inside
	var turned atomic.Int64
	for i := 1; i < 3; i++ {
		wait.Go(func() {
			s.want("behind", s.post("/v1/identity", sessions[i], identityOf(i)), 503, "registry_busy")
			if turned.Add(1) == 2 {
				close(release)
			}
		})
	}
	wait.Wait()
	stats := s.server.Stats().Registries[0]
	if stats.Arrivals != 3 || stats.Completions != 1 || stats.Rejections != 2 || stats.QueueMax != 1 {
		t.Errorf("%+v", stats)
	}
}

func TestCallTimeout(t *testing.T) {
	hang := make(chan bool)
	defer close(hang)
	s := startService(t, func(s *service) {
		s.config.Dukcapil.Timeout = 20 * time.Millisecond
		s.registries.dukcapil = func(map[string]any) (int, string) { <-hang; return 200, yesRow }
	})
	s.want("no answer in time", s.post("/v1/identity", s.sessionsOf(1)[0], identityOf(1)), 503, "registry_busy")
}

func TestOneNIKForOnePerson(t *testing.T) {
	const people = 100
	s := startService(t, nil)
	var yes, taken atomic.Int64
	var wait sync.WaitGroup
	for _, session := range s.sessionsOf(people) {
		for range 10 { // 1,000 requests
			wait.Go(func() {
				switch a := s.post("/v1/identity", session, identityOf(1)); a.status {
				case 200:
					yes.Add(1)
				default:
					taken.Add(1)
					s.want("another person's", a, 409, "nik_taken")
				}
			})
		}
	}
	wait.Wait()
	if yes.Load() != 10 || taken.Load() != 10*(people-1) {
		t.Errorf("%d yes, %d no; want ten, all from one person", yes.Load(), taken.Load())
	}
}

func TestQuotaUnderConcurrency(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Quota = 7 })
	var joined atomic.Int64
	var wait sync.WaitGroup
	for i, session := range s.sessionsOf(30) {
		wait.Go(func() {
			s.want("identity", s.post("/v1/identity", session, identityOf(i)), 200, "")
			if s.joins(session) {
				joined.Add(1)
			}
		})
	}
	wait.Wait()
	if joined.Load() != 7 {
		t.Errorf("%d joined; the quota is 7", joined.Load())
	}
}
