package backend_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend"
)

var allDeclared = fields{"truthful": true, "not_official": true, "terms_of_use": true, "not_enrolled": true, "data_transfer": true}

// TestWholeFunnel takes a person through every step, with all steps required.
func TestWholeFunnel(t *testing.T) { onEach(t, wholeFunnel) }

func wholeFunnel(t *testing.T, location string) {
	s := startService(t, func(s *service) {
		s.config.Database, s.config.Admin = location, "127.0.0.1:0"
		s.config.Required = []string{"profile", "photo", "otp", "statement", "test"}
	})
	session := s.sessionsOf(1)[0]
	s.want("identity not given", s.send("GET", "/v1/identity", session, "", nil), 403, "identity_not_given")
	s.want("identity", s.post("/v1/identity", session, identityOf(1)), 200, "")
	s.want("status of the identity", s.send("GET", "/v1/identity", session, "", nil), 200, "")
	s.want("eligibility", s.post("/v1/eligibility", session, nil), 200, "")
	join := func() answer { return s.post("/v1/batches/current/members", session, nil) }
	s.want("join without profile", join(), 403, "profile_missing")
	s.want("incomplete profile", s.sendJSON("PUT", "/v1/profile", session, fields{"address": "x"}), 422, "invalid")
	s.want("profile", s.sendJSON("PUT", "/v1/profile", session, fields{"phone": "08123456789", "address": "Jalan 1", "education": "SMA", "occupation": "none"}), 200, "")
	s.want("join without photo", join(), 403, "photo_missing")
	s.want("photo", s.upload(session, "photo", pngOf(t, 8, 8)), 201, "")
	s.want("selfie", s.upload(session, "selfie", pngOf(t, 9, 9)), 201, "")
	s.want("join without phone", join(), 403, "otp_missing")
	s.want("a second code at once", s.post("/v1/otp", session, nil), 429, "too_soon")
	code := <-s.codes
	s.want("wrong code", s.post("/v1/otp/verifications", session, fields{"code": "x" + code[1:]}), 422, "wrong_code")
	s.want("code", s.post("/v1/otp/verifications", session, fields{"code": code}), 200, "")
	s.want("code again", s.post("/v1/otp/verifications", session, fields{"code": code}), 200, "")
	s.want("join without statement", join(), 403, "statement_missing")
	s.want("incomplete statement", s.post("/v1/statement", session, fields{"truthful": true}), 422, "not_declared")
	s.want("statement", s.post("/v1/statement", session, allDeclared), 200, "")
	s.want("join without test", join(), 403, "test_missing")
	s.want("no result", s.send("GET", "/v1/test", session, "", nil), 403, "test_not_taken")
	s.want("too few answers", s.post("/v1/test", session, fields{"answers": []int{1}}), 422, "invalid")
	answers := fields{"answers": []int{5, 5, 5, 5, 5, 1, 1, 1, 1, 1}}
	s.want("test", s.post("/v1/test", session, answers), 202, "")
	a := s.post("/v1/test", session, answers)
	s.want("result of the test", a, 200, "")
	if a.body != `{"score":60}` {
		t.Errorf("score: %s", a.body)
	}
	s.want("join", join(), 201, "")
	a = s.send("GET", "/v1/me", session, "", nil)
	want := `{"email":"p0@example.test","name":"Siti","phone":"08123456789","phone_given":true,"identity":"verified","profile":true,"photo":true,"selfie":true,"phone_verified":true,"statement":true,"test":true,"eligible":true,"batch":1}`
	if a.body != want {
		t.Errorf("me: %s", a.body)
	}
	s.admin("/v1/batches/current/closing", "", 200)
	s.admin("/v1/selections", `{"batch":1,"seed":"lottery","places":0}`, 422)
	s.admin("/v1/selections", `{"batch":2,"seed":"the lottery","places":3}`, 409)
	s.admin("/v1/selections", `{"batch":1,"seed":"the lottery","places":3}`, 200)
	if a := s.send("GET", "/v1/batches?number=1", "", "", nil); a.body != `{"number":1,"members":1,"closed":true,"seed":"the lottery","places":3}` {
		t.Errorf("batch: %s", a.body)
	}
	if a := s.send("GET", "/v1/me", session, "", nil); !strings.HasSuffix(a.body, `"selected":true}`) {
		t.Errorf("me after the draw: %s", a.body)
	}
	s.want("another batch", s.send("GET", "/v1/batches?number=9", "", "", nil), 404, "unknown_batch")
	s.want("erase", s.send("DELETE", "/v1/me", session, "", nil), 200, "")
	s.want("me after erasure", s.send("GET", "/v1/me", session, "", nil), 401, "no_session")
	left, err := filepath.Glob(filepath.Join(s.config.PhotoDir, "*", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("photos left: %v, %v", left, err)
	}
}

var codeLine = regexp.MustCompile(`enter this code: (\d{6})`)

// TestSigningInAgain signs in again by link, by code and by password.
func TestSigningInAgain(t *testing.T) {
	s := startService(t, func(s *service) {
		s.config.MailPause, s.config.Passwords = time.Nanosecond, backend.PasswordAfterVerify
	})
	session := s.sessionsOf(1)[0]
	me := s.send("GET", "/v1/me", session, "", nil)
	known, unknown := s.post("/v1/sign-ins", "", fields{"email": "P0@example.test"}), s.post("/v1/sign-ins", "", fields{"email": "nobody@example.test"})
	delete(known.header, "Date")
	delete(unknown.header, "Date")
	if fmt.Sprint(known) != fmt.Sprint(unknown) {
		t.Errorf("known: %v; unknown: %v", known, unknown)
	}
	code := codeLine.FindStringSubmatch(<-s.mail.taken)[1]
	prove := func(email, code string) answer {
		return s.post("/v1/email-verifications", "", fields{"email": email, "code": code})
	}
	for why, a := range map[string]answer{"a wrong code": prove("p0@example.test", "x"), "another address": prove("nobody@example.test", code)} {
		s.want(why, a, 410, "link_used_or_expired")
	}
	a := prove("p0@example.test", code)
	s.want("code", a, 200, "")
	s.want("code again", prove("p0@example.test", code), 410, "link_used_or_expired")
	if again := s.send("GET", "/v1/me", strings.Split(a.body, `"`)[3], "", nil); again.body != me.body {
		t.Errorf("the code signs in %s; the link %s", again.body, me.body)
	}
	s.post("/v1/sign-ins", "", fields{"email": "p0@example.test"})
	code = codeLine.FindStringSubmatch(<-s.mail.taken)[1]
	for range 5 {
		s.want("a wrong code", prove("p0@example.test", "000000"[:5]+"x"), 410, "link_used_or_expired")
	}
	s.want("the right code after five attempts", prove("p0@example.test", code), 410, "link_used_or_expired")

	login := func(email, password string) answer {
		return s.post("/v1/sessions", "", fields{"email": email, "password": password})
	}
	s.want("no password yet", login("p0@example.test", "correct horse"), 401, "wrong_credentials")
	s.want("a short password", s.sendJSON("PUT", "/v1/password", session, fields{"password": "short"}), 422, "invalid")
	s.want("a password", s.sendJSON("PUT", "/v1/password", session, fields{"password": "correct horse"}), 200, "")
	s.want("nobody", login("nobody@example.test", "correct horse"), 401, "wrong_credentials")
	s.want("another password", login("p0@example.test", "correct hors"), 401, "wrong_credentials")
	s.want("the password", login("p0@example.test", "correct horse"), 200, "")
	for _, email := range []string{"p0@example.test", "nobody@example.test"} {
		refused := answer{}
		for range 20 { // ten attempts are allowed at once, then one every twelve seconds
			if refused = login(email, "a wrong password"); refused.status == 429 {
				break
			}
		}
		s.want("too many attempts", refused, 429, "too_many_requests")
		if refused.header["Retry-After"] == "" {
			t.Errorf("%s: no Retry-After", email)
		}
	}
}

func TestPasswordAtSignUp(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Passwords, s.config.PasswordSlots = backend.PasswordAtSignUp, 2 })
	s.want("none", s.signUp("siti@example.test"), 422, "invalid")
	s.want("one", s.post("/v1/signups", "", fields{"name": "Siti", "email": "siti@example.test", "phone": "08123456789", "password": "correct horse"}), 202, "")
	login := fields{"email": "siti@example.test", "password": "correct horse"}
	s.want("before the address is verified", s.post("/v1/sessions", "", login), 401, "wrong_credentials")
	_, token := s.nextMail()
	s.verify(token)
	s.want("after", s.post("/v1/sessions", "", login), 200, "")
}

// TestQueuedIdentityOutlivesTheServer queues identity checks while the registry is down, then restarts the
// server.
func TestQueuedIdentityOutlivesTheServer(t *testing.T) { onEach(t, queuedIdentityOutlivesTheServer) }

func queuedIdentityOutlivesTheServer(t *testing.T, location string) {
	queued := func(s *service) {
		s.config.Database, s.config.QueuedIdentity, s.config.MailPause = location, true, time.Nanosecond
		s.config.Questions.Pause, s.config.Questions.Longest = time.Millisecond, time.Millisecond
	}
	s := startService(t, func(s *service) {
		queued(s)
		s.config.Questions.Backlog = 3
		s.registries.dukcapil = func(map[string]any) (int, string) { return 502, "" }
	})
	sessions := s.sessionsOf(4)
	sessions, last := sessions[:3], sessions[3]
	for i, session := range sessions {
		nik := min(i, 1) // the last two give the same NIK
		s.want("identity", s.post("/v1/identity", session, identityOf(nik)), 202, "")
		s.want("identity again", s.post("/v1/identity", session, identityOf(nik)), 202, "")
		s.want("looked at", s.send("GET", "/v1/identity", session, "", nil), 202, "")
	}
	s.want("the queue is full", s.post("/v1/identity", last, identityOf(3)), 503, "registry_busy")
	s.stop()
	next := startService(t, queued)
	verified, taken := 0, 0
	for _, session := range sessions {
		a := answer{status: 202}
		for a.status == 202 {
			a = next.send("GET", "/v1/identity", session, "", nil)
		}
		switch {
		case a.status == 200:
			verified++
		case a.code() == "nik_taken":
			taken++
		}
	}
	if verified != 2 || taken != 1 {
		t.Errorf("%d verified, %d taken; want 2 and 1", verified, taken)
	}
}

func TestIdempotencyKey(t *testing.T) { onEach(t, idempotencyKey) }

func idempotencyKey(t *testing.T, location string) {
	inside, release := make(chan bool, 10), make(chan bool)
	var calls atomic.Int64
	s := startService(t, func(s *service) {
		s.config.Database = location
		s.registries.dukcapil = func(map[string]any) (int, string) {
			if calls.Add(1) == 1 {
				return 500, ""
			}
			inside <- true
			<-release
			return 200, yesRow
		}
	})
	session := s.sessionsOf(1)[0]
	ask := func(i int) answer { return s.post("/v1/identity", session, identityOf(i), "Idempotency-Key", "abc") }
	s.want("failures are not kept", ask(1), 503, "registry_busy")
	var wait sync.WaitGroup
	wait.Go(func() { s.want("the first", ask(1), 200, "") })
	<-inside
	s.want("while the first request runs", ask(1), 409, "still_running")
	s.want("another body", ask(2), 422, "key_reused")
	close(release)
	wait.Wait()
	s.want("afterwards", ask(1), 200, "")
	s.want("another body under the same key", ask(2), 422, "key_reused")
	if n := calls.Load(); n != 2 {
		t.Errorf("the registry was called %d times; want twice", n)
	}
	s.want("a key that is too long", s.post("/v1/signups", "", fields{}, "Idempotency-Key", strings.Repeat("k", 256)), 422, "invalid")
}

// admin sends a request to the admin listener.
func (s *service) admin(path, body string, status int) {
	s.t.Helper()
	answer, err := s.adminCall("POST", path, body, nil)
	if err != nil || answer != status {
		s.t.Errorf("%s: %d, %v; want %d", path, answer, err, status)
	}
}

// TestTraceIsPassedOn checks that the registry sees the caller's trace with a new span.
func TestTraceIsPassedOn(t *testing.T) {
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	s := startService(t, nil)
	sessions := s.sessionsOf(3)
	for i, row := range []struct{ why, sent, want string }{
		{"a trace", "00-" + trace + "-" + span + "-01", "^00-" + trace + "-[0-9a-f]{16}-01$"},
		{"garbage", "00-xyz", "^$"},
		{"an all-zero trace", "00-00000000000000000000000000000000-" + span + "-01", "^$"},
	} {
		s.want(row.why, s.post("/v1/identity", sessions[i], identityOf(i), "traceparent", row.sent), 200, "")
		got := <-s.registries.traces
		if !regexp.MustCompile(row.want).MatchString(got) || strings.Contains(got, span) {
			t.Errorf("%s: the registry saw %q", row.why, got)
		}
	}
}

const adminToken = "a-token-of-the-tests"

// adminCall sends a request with the operator's token to the admin listener. Further headers replace or, if empty, remove
// its own.
func (s *service) adminCall(method, path, body string, headers map[string]string) (status int, err error) {
	request, err := http.NewRequest(method, "http://"+s.server.AdminAddr().String()+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+adminToken)
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		switch {
		case name == "Host":
			request.Host = value
		case value == "":
			request.Header.Del(name)
		default:
			request.Header.Set(name, value)
		}
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	answer.Body.Close()
	return answer.StatusCode, nil
}

// TestOnlyOperatorsOperate checks that neither a web page nor a stranger closes a batch or reads a profile.
func TestOnlyOperatorsOperate(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Admin, s.config.Profiling = "127.0.0.1:0", true })
	for _, row := range []struct {
		why, method, path, body string
		headers                 map[string]string
		status                  int
	}{
		{"no token", "POST", "/v1/batches/current/closing", "", map[string]string{"Authorization": ""}, 401},
		{"another token", "POST", "/v1/selections", "{}", map[string]string{"Authorization": "Bearer nothing"}, 401},
		{"profiles need it too", "GET", "/debug/pprof/", "", map[string]string{"Authorization": ""}, 401},
		{"a page that has the token", "POST", "/v1/batches/current/closing", "", map[string]string{"Origin": "http://evil.test"}, 403},
		{"a form", "POST", "/v1/selections", "{}", map[string]string{"Content-Type": "text/plain"}, 415},
		{"a name that resolves to this machine", "POST", "/v1/batches/current/closing", "", map[string]string{"Host": "evil.test"}, 403},
		{"metrics under such a name", "GET", "/metrics", "", map[string]string{"Host": "evil.test:80"}, 403},
		{"this machine by name", "GET", "/metrics", "", map[string]string{"Host": "localhost:1", "Authorization": ""}, 200},
		{"this machine by an IPv6 address", "GET", "/healthz", "", map[string]string{"Host": "[::1]:1"}, 200},
		{"an operator", "POST", "/v1/batches/current/closing", `{"batch":1}`, nil, 200},
		{"an operator without a body", "POST", "/v1/batches/current/closing", "", map[string]string{"Content-Type": ""}, 200},
	} {
		if status, err := s.adminCall(row.method, row.path, row.body, row.headers); err != nil || status != row.status {
			t.Errorf("%s: %d, %v; want %d", row.why, status, err, row.status)
		}
	}
}

// TestSecurityHeaders checks the headers of a success, a failure, a page and an unreadable request.
func TestSecurityHeaders(t *testing.T) {
	s := startService(t, nil)
	for why, a := range map[string]answer{
		"yes": s.signUp("siti@example.test"), "no": s.signUp(""), "page": s.send("GET", "/", "", "", nil), "nothing": s.send("GET", "/v2", "", "", nil),
		"too large": s.announce("/v1/signups", 65<<10),
	} {
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Strict-Transport-Security": "max-age=31536000",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		} {
			if a.header[header] != want {
				t.Errorf("%s: %d with %s %q; want %q", why, a.status, header, a.header[header], want)
			}
		}
		if a.header["Server"] != "" {
			t.Errorf("%s: the Server header is %q", why, a.header["Server"])
		}
	}
}
