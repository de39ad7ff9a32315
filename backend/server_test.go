package backend_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/store"
)

func Example() {
	folder, err := os.MkdirTemp("", "backend")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	server, err := backend.New(context.Background(), backend.Config{
		Database: filepath.Join(folder, "people.db"),
		Key:      []byte("an example of a key of 32 bytes."),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error)
	go func() { served <- server.Serve() }()
	answer, err := http.Post("http://"+server.Addr().String()+"/v1/signups", "application/json",
		strings.NewReader(`{"name":"Siti","email":"siti@example.test","phone":"08123456789"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	fmt.Println(answer.StatusCode, string(body), err)
	fmt.Println(server.Stats().Outbox.Depth, "mail to be sent")
	fmt.Println(server.Shutdown(context.Background()), <-served)
	// Output:
	// 202 {"status":"accepted"} <nil>
	// 1 mail to be sent
	// <nil> <nil>
}

func TestWholeWay(t *testing.T) {
	s := startService(t, func(s *service) {
		s.registries.dtks = func(string) (int, string) { return 200, `{"registered":true}` }
	})
	session := s.sessionsOf(1)[0]
	s.want("join before identity", s.post("/v1/batches/current/members", session, nil), 403, "identity_not_verified")
	s.want("eligibility before identity", s.post("/v1/eligibility", session, nil), 403, "identity_not_verified")
	s.want("identity", s.post("/v1/identity", session, identityOf(1)), 200, "")
	s.want("identity again", s.post("/v1/identity", session, identityOf(1)), 200, "")
	s.want("another identity", s.post("/v1/identity", session, identityOf(2)), 409, "already_verified")
	s.want("join before eligibility", s.post("/v1/batches/current/members", session, nil), 403, "eligibility_not_checked")
	a := s.post("/v1/eligibility", session, nil)
	s.want("eligibility", a, 200, "")
	if a.body != `{"eligible":true,"social_aid":true}` {
		t.Errorf("eligibility: %s", a.body)
	}
	for range 2 {
		a := s.post("/v1/batches/current/members", session, nil)
		s.want("join", a, 201, "")
		if a.body != `{"batch":1}` {
			t.Errorf("join: %s", a.body)
		}
	}
	a = s.send("GET", "/v1/me", session, "", nil)
	if a.body != `{"email":"p0@example.test","name":"Siti","phone":"08123456789","phone_given":false,"identity":"verified","profile":false,"photo":false,"selfie":false,"phone_verified":false,"statement":false,"test":false,"eligible":true,"batch":1}` {
		t.Errorf("me: %d %s", a.status, a.body)
	}
	s.stop()
	for row, err := range store.Audit(t.Context(), s.config.Database, testKey()) {
		want := store.Row{ID: 1, Email: "p0@example.test", NIK: "9901014101000001", Verified: true, Joined: true}
		if err != nil || row != want {
			t.Errorf("audit: %+v, %v; want %+v", row, err, want)
		}
	}
}

func TestRouting(t *testing.T) {
	s := startService(t, nil)
	a := s.send("GET", "/", "", "", nil)
	if a.status != 200 || !strings.Contains(a.body, "<html") || !strings.HasPrefix(a.header["Content-Type"], "text/html") {
		t.Errorf("landing: %d %v", a.status, a.header)
	}
	s.want("unknown route", s.send("GET", "/v2", "", "", nil), 404, "unknown_route")
	s.want("wrong method", s.send("GET", "/v1/signups", "", "", nil), 405, "wrong_method")
	s.want("too much JSON", s.send("POST", "/v1/signups", "", "", make([]byte, 17<<10)), 413, "too_large")
	for why, session := range map[string]string{"no session": "", "garbage": "x.y", "four parts": "applicant.a.1.9999999999.x"} {
		s.want(why, s.send("GET", "/v1/me", session, "", nil), 401, "no_session")
	}
}

func TestSignUpFaults(t *testing.T) {
	s := startService(t, nil)
	for _, row := range []struct{ why, body string }{
		{"not JSON", `name=Siti`},
		{"an empty object", `{}`},
		{"no e-mail", `{"name":"Siti","email":"siti","phone":"08123456789"}`},
		{"a header line in the e-mail", `{"name":"Siti","email":"a@b.c\r\nBcc: d@e.f","phone":"08123456789"}`},
		{"a line break in the name", `{"name":"Si\nti","email":"a@b.c","phone":"08123456789"}`},
		{"letters in the phone number", `{"name":"Siti","email":"a@b.c","phone":"0812345678x"}`},
		{"the wrong type", `{"name":7,"email":"a@b.c","phone":"08123456789"}`},
	} {
		s.want(row.why, s.send("POST", "/v1/signups", "", "application/json", []byte(row.body)), 422, "invalid")
	}
}

// TestSignUpTellsNobodyWhoIsRegistered compares whole answers, including headers.
func TestSignUpTellsNobodyWhoIsRegistered(t *testing.T) {
	s := startService(t, nil)
	fresh := s.signUp("siti@example.test")
	known := s.signUp(" Siti@Example.TEST ")
	_, token := s.nextMail()
	s.verify(token)
	verified := s.signUp("siti@example.test")
	for why, a := range map[string]answer{"known": known, "verified": verified} {
		delete(a.header, "Date")
		delete(fresh.header, "Date")
		if fmt.Sprint(a) != fmt.Sprint(fresh) {
			t.Errorf("%s: %v; a fresh one has %v", why, a, fresh)
		}
	}
	if a := fresh; a.status != 202 || a.body != `{"status":"accepted"}` {
		t.Errorf("%v", a)
	}
	s.stop()
	if n := len(s.mail.taken); n != 0 {
		t.Errorf("%d more mails; want none within a minute or to verified addresses", n)
	}
}

func TestTokenIsGoodOnce(t *testing.T) {
	s := startService(t, nil)
	if a := s.signUp("siti@example.test"); a.status != 202 {
		t.Fatal(a)
	}
	_, token := s.nextMail()
	for _, bad := range []string{"", "1", "1.", "2" + token[1:], "0" + token, token + "A", token[:len(token)-1] + "!"} {
		s.want("token "+bad, s.post("/v1/email-verifications", "", fields{"token": bad}), 410, "link_used_or_expired")
	}
	var good atomic.Int64
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if a := s.post("/v1/email-verifications", "", fields{"token": token}); a.status == 200 {
				good.Add(1)
			} else {
				s.want("used token", a, 410, "link_used_or_expired")
			}
		})
	}
	wait.Wait()
	if good.Load() != 1 {
		t.Errorf("the token was accepted %d times", good.Load())
	}
}

func TestOneThousandSignUpsOfOneAddress(t *testing.T) {
	s := startService(t, nil)
	var wait sync.WaitGroup
	for i := range 1000 {
		wait.Go(func() {
			if a := s.signUp([]string{"siti@example.test", "SITI@example.test "}[i%2]); a.status != 202 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	wait.Wait()
	s.nextMail()
	s.stop()
	if rows := auditEmails(t, s.config.Database); len(rows) != 1 || rows["siti@example.test"] != 1 || len(s.mail.taken) != 0 {
		t.Errorf("rows %v, %d more mails", rows, len(s.mail.taken))
	}
}

func auditEmails(t testing.TB, path string) map[string]int {
	t.Helper()
	emails := map[string]int{}
	for row, err := range store.Audit(t.Context(), path, testKey()) {
		if err != nil {
			t.Fatal(err)
		}
		emails[row.Email]++
	}
	return emails
}
