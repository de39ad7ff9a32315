package backend_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/valyala/fasthttp"
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
	if a.body != `{"email":"p0@example.test","identity_verified":true,"photo":false,"eligible":true,"batch":1}` {
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
	s.want("far too much", s.send("POST", "/v1/signups", "", "", make([]byte, 3<<20)), 413, "too_large")
	for why, session := range map[string]string{"no session": "", "garbage": "x.y", "four parts": "applicant.a.1.9999999999.x"} {
		s.want(why, s.send("GET", "/v1/me", session, "", nil), 401, "no_session")
	}
}

func TestSignUpFaults(t *testing.T) {
	s := startService(t, nil)
	for _, row := range []struct{ why, body string }{
		{"no JSON", `name=Siti`},
		{"nothing in it", `{}`},
		{"no e-mail", `{"name":"Siti","email":"siti","phone":"08123456789"}`},
		{"a header line in the e-mail", `{"name":"Siti","email":"a@b.c\r\nBcc: d@e.f","phone":"08123456789"}`},
		{"a line break in the name", `{"name":"Si\nti","email":"a@b.c","phone":"08123456789"}`},
		{"letters in the phone number", `{"name":"Siti","email":"a@b.c","phone":"0812345678x"}`},
		{"the wrong type", `{"name":7,"email":"a@b.c","phone":"08123456789"}`},
	} {
		s.want(row.why, s.send("POST", "/v1/signups", "", "application/json", []byte(row.body)), 422, "invalid")
	}
}

// TestSignUpTellsNobodyWhoIsRegistered compares whole answers, headers included.
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
		t.Errorf("%d more mails; want none within a minute or to the verified", n)
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
		t.Errorf("the token was good %d times", good.Load())
	}
}

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
		{"everything agrees, KK is not needed", 200, row(yes, yes, yes), 200, ""},
		{"the name is just good enough", 200, row(yes, yes, "Sesuai (90)"), 200, ""},
		{"the name is too different", 200, row(yes, yes, "Tidak Sesuai (62)"), 422, "not_matched"},
		{"the birth date differs", 200, row(yes, no, yes), 422, "not_matched"},
		{"the NIK differs", 200, row(no, yes, yes), 422, "not_matched"},
		{"no such NIK", 200, text("Data Not Found"), 422, "not_found"},
		{"dead", 200, text("Customer Meninggal Dunia"), 422, "deceased"},
		{"two records", 200, text("Data Ganda"), 422, "duplicate"},
		{"inactive", 200, text("Data Inactive"), 422, "inactive"},
		{"quota of the day", 200, text("Kuota Akses Hari Ini Telah Habis"), 503, "registry_busy"},
		{"our account is refused", 200, text("Login Gagal"), 503, "registry_busy"},
		{"a text nobody knows", 200, text("Halo"), 503, "registry_busy"},
		{"no row", 200, `{"content":[]}`, 503, "registry_busy"},
		{"no JSON", 200, `<html>`, 503, "registry_busy"},
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
				t.Errorf("Retry-After %q; want the registry's own", a.header["Retry-After"])
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
		{"a day that is none", "birth_date", "1990-02-30"},
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

func TestRegistriesInTrouble(t *testing.T) {
	s := startService(t, func(s *service) {
		s.registries.dtks = func(string) (int, string) { return 200, `{}` }
	})
	session := s.sessionsOf(1)[0]
	s.want("identity", s.post("/v1/identity", session, identityOf(1)), 200, "")
	s.want("an answer that says nothing", s.post("/v1/eligibility", session, nil), 503, "registry_busy")
	for _, r := range s.server.Stats().Registries {
		if want := map[string]uint64{"dtks": 1}[r.Name]; r.Failures != want || r.Completions != 1 {
			t.Errorf("%+v; want one call, %d failures", r, want)
		}
	}
}

// TestGateTurnsAway lets one call hang in the registry: the second waits, the third is turned away,
// and the second after its deadline.
func TestGateTurnsAway(t *testing.T) {
	inside, release := make(chan bool, 1), make(chan bool)
	s := startService(t, func(s *service) {
		s.config.Dukcapil.Gate.Concurrency = 1
		s.config.Dukcapil.Gate.Queue = 1
		s.config.Dukcapil.Gate.Deadline = 100 * time.Millisecond
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
	hang <- true
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
		t.Errorf("%d yes, %d no; want the ten of one person", yes.Load(), taken.Load())
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
		t.Errorf("rows %v, %d mails more", rows, len(s.mail.taken))
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

func TestQuotaUnderConcurrency(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Quota = 7 })
	var joined atomic.Int64
	var wait sync.WaitGroup
	for i, session := range s.sessionsOf(30) {
		wait.Go(func() {
			s.want("identity", s.post("/v1/identity", session, identityOf(i)), 200, "")
			s.want("eligibility", s.post("/v1/eligibility", session, nil), 200, "")
			if a := s.post("/v1/batches/current/members", session, nil); a.status == 201 {
				joined.Add(1)
			} else {
				s.want("join", a, 409, "batch_full")
			}
		})
	}
	wait.Wait()
	if joined.Load() != 7 {
		t.Errorf("%d joined; the quota is 7", joined.Load())
	}
}

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (s *service) upload(session, field string, photo []byte) answer {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile(field, "ktp.png")
	if err == nil {
		_, err = part.Write(photo)
	}
	if err := errors.Join(err, form.Close()); err != nil {
		s.t.Fatal(err)
	}
	return s.send("POST", "/v1/photos", session, form.FormDataContentType(), b.Bytes())
}

func TestPhotos(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	good := pngOf(t, 8, 8)
	huge := bytes.Clone(good)
	copy(huge[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // the header's size; the checksum breaks too
	for range 2 {
		a := s.upload(session, "photo", good)
		s.want("a photo", a, 201, "")
		name := strings.Split(a.body, `"`)[3]
		kept, err := os.ReadFile(filepath.Join(filepath.Dir(s.config.Database), "photos", name[:2], name))
		if err != nil || !bytes.Equal(kept, good) {
			t.Errorf("kept %d bytes, %v", len(kept), err)
		}
	}
	s.want("another field", s.upload(session, "selfie", good), 422, "invalid")
	s.want("a text", s.upload(session, "photo", []byte("hello")), 415, "not_an_image")
	s.want("cut short", s.upload(session, "photo", good[:20]), 422, "invalid")
	s.want("huge", s.upload(session, "photo", huge), 422, "invalid")
	s.want("more than 2 MB", s.upload(session, "photo", append(good, make([]byte, 2<<20)...)), 413, "too_large")
	s.want("no form", s.send("POST", "/v1/photos", session, "image/png", good), 415, "not_multipart")
	s.want("no session", s.upload("", "photo", good), 401, "no_session")
	if a := s.send("GET", "/v1/me", session, "", nil); !strings.Contains(a.body, `"photo":true`) {
		t.Errorf("me: %s", a.body)
	}
}

func TestAddressInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := listener.Addr().String()
	_, err = backend.New(t.Context(), backend.Config{Listen: address, Database: filepath.Join(t.TempDir(), "people.db"), Key: testKey()})
	if err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "another port") {
		t.Errorf("%v; want the address and what to do", err)
	}
}

func TestFreshDatabaseIsRefusedWhenUsed(t *testing.T) {
	s := startService(t, nil)
	s.signUp("siti@example.test")
	s.stop()
	_, err := backend.New(t.Context(), backend.Config{Fresh: true, Database: s.config.Database, Key: testKey()})
	if !errors.Is(err, store.ErrUsed) {
		t.Errorf("%v; want %v", err, store.ErrUsed)
	}
}

func TestAdmin(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Admin = "127.0.0.1:0" })
	s.signUp("siti@example.test")
	s.nextMail()
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready",
		"/metrics": `ombak_backend_answers_total{route="/v1/signups",status="202"} 1`,
	} {
		answer, err := http.Get("http://" + s.server.AdminAddr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %v\n%s", path, answer.StatusCode, err, body)
		}
	}
}

// TestShutdownLosesNothing stops the server under load: whoever had a yes is in the database.
func TestShutdownLosesNothing(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Mail.SMTP = "" })
	var yes sync.Map
	var count atomic.Int64
	enough := make(chan bool)
	var wait sync.WaitGroup
	for w := range 50 {
		wait.Go(func() {
			for i := 0; ; i++ {
				email := fmt.Sprintf("p%d.%d@example.test", w, i)
				request, response := &fasthttp.Request{}, &fasthttp.Response{}
				request.SetRequestURI("http://people.test/v1/signups")
				request.Header.SetMethod("POST")
				request.SetBodyString(fmt.Sprintf(`{"name":"Siti","email":%q,"phone":"08123456789"}`, email))
				if err := s.client.Do(request, response); err != nil {
					return
				}
				if response.StatusCode() == 202 {
					yes.Store(email, true)
					if count.Add(1) == 500 {
						close(enough)
					}
				}
			}
		})
	}
	<-enough
	s.stop()
	wait.Wait()
	rows := auditEmails(t, s.config.Database)
	for email := range yes.Range {
		if rows[email.(string)] != 1 {
			t.Errorf("%s had a yes and is there %d times", email, rows[email.(string)])
		}
	}
}
