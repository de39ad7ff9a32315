package backend_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/resilience"
)

// left returns how many of a stock are left, as everybody may see it.
func (s *service) left(name string) (left int) {
	s.t.Helper()
	a := s.send("GET", "/v1/stocks/"+name, "", "", nil)
	var body struct{ Count, Left int }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.status != 200 {
		s.t.Errorf("the stock %s: %d %s", name, a.status, a.body)
	}
	return body.Left
}

// TestBooking books, repeats, sells out and returns on each store.
func TestBooking(t *testing.T) { onEach(t, booking) }

func booking(t *testing.T, location string) {
	s := startService(t, func(s *service) {
		s.config.Database, s.config.Stocks = location, map[string]int{"jab": 2, "jab-2021-06-09T10:00": 1}
	})
	people := s.sessionsOf(3)
	book := func(i int, name string, headers ...string) answer {
		return s.post("/v1/stocks/"+name+"/bookings", people[i], nil, headers...)
	}
	unbook := func(i int, name string) answer {
		return s.send("DELETE", "/v1/stocks/"+name+"/bookings", people[i], "", nil)
	}
	first := book(0, "jab", "Idempotency-Key", "1")
	s.want("a booking", first, 201, "")
	for why, again := range map[string]answer{"repeated": book(0, "jab"), "repeated under its key": book(0, "jab", "Idempotency-Key", "1")} {
		if again.status != 201 || again.body != first.body {
			t.Errorf("%s: %v; want the same booking, %v", why, again, first)
		}
	}
	if left := s.left("jab"); left != 1 {
		t.Errorf("%d are left of two, one of them booked three times by one person", left)
	}
	s.want("another person", book(1, "jab"), 201, "")
	s.want("one too many", book(2, "jab"), 409, "sold_out")
	s.want("a slot", book(2, "jab-2021-06-09T10:00"), 201, "")
	s.want("an unknown stock", book(2, "jabs"), 404, "unknown_stock")
	s.want("no name of a stock", book(2, "-jab"), 422, "invalid")
	s.want("a stranger", s.post("/v1/stocks/jab/bookings", "", nil), 401, "no_session")
	s.want("a stranger with a form", s.post("/v1/stocks/jab/bookings", "", fields{"name": "Siti", "email": "siti@example.test", "phone": "08123456789"}), 401, "no_session")
	s.want("an unknown stock for everybody", s.send("GET", "/v1/stocks/jabs", "", "", nil), 404, "unknown_stock")
	s.want("returned by who has none", unbook(2, "jab"), 404, "no_booking")
	s.want("returned", unbook(0, "jab"), 200, "")
	s.want("returned again", unbook(0, "jab"), 404, "no_booking")
	s.want("what was returned", book(2, "jab"), 201, "")
	if a := s.send("GET", "/v1/me", people[2], "", nil); !strings.HasSuffix(a.body, `,"bookings":["jab","jab-2021-06-09T10:00"]}`) {
		t.Errorf("me: %s", a.body)
	}
	s.want("erased", s.send("DELETE", "/v1/me", people[2], "", nil), 200, "")
	if jab, slot := s.left("jab"), s.left("jab-2021-06-09T10:00"); jab != 1 || slot != 1 {
		t.Errorf("%d and %d are left after the person who had both was erased", jab, slot)
	}
	s.stop()
	rows, err := store.AuditStocks(t.Context(), location)
	if err != nil || len(rows) != 2 || !rows[0].Sound() || !rows[1].Sound() {
		t.Errorf("%+v, %v", rows, err)
	}
}

// TestGuestsBook books without a session, where that is allowed. Guests get a mail, as if they had signed up.
func TestGuestsBook(t *testing.T) { onEach(t, guestsBook) }

func guestsBook(t *testing.T, location string) {
	const guests, count = 60, 25
	s := startService(t, func(s *service) {
		s.config.Database, s.config.Guests, s.config.Stocks = location, true, map[string]int{"sale": count}
	})
	session := s.sessionsOf(1)[0]
	s.want("a person with a session", s.post("/v1/stocks/sale/bookings", session, nil), 201, "")
	s.want("no form", s.post("/v1/stocks/sale/bookings", "", fields{"name": "Siti"}), 422, "invalid")
	s.want("a made up session", s.post("/v1/stocks/sale/bookings", "made.up", fields{"name": "Siti", "email": "siti@example.test", "phone": "08123456789"}), 401, "no_session")
	var wait sync.WaitGroup
	var mutex sync.Mutex
	bookings, refused := map[string]string{}, 0
	for i := range 2 * guests {
		wait.Go(func() {
			email := fmt.Sprintf("g%d@example.test", i%guests)
			a := s.post("/v1/stocks/sale/bookings", "", fields{"name": "Siti", "email": email, "phone": "08123456789"})
			mutex.Lock()
			defer mutex.Unlock()
			switch before := bookings[email]; {
			case a.status == 409 && a.code() == "sold_out":
				refused++
			case a.status != 201 || before != "" && before != a.body:
				t.Errorf("%s: %v after %s", email, a, before)
			default:
				bookings[email] = a.body
			}
		})
	}
	wait.Wait()
	if len(bookings) != count-1 || refused == 0 || s.left("sale") != 0 {
		t.Errorf("%d guests have a booking, %d were refused, %d are left", len(bookings), refused, s.left("sale"))
	}
	for range len(bookings) {
		to, token := s.nextMail()
		if bookings[to] == "" {
			t.Errorf("%s has no booking and got a mail", to)
		}
		delete(bookings, to)
		s.verify(token)
	}
	s.stop()
	if rows := auditEmails(t, location); len(rows) != count {
		t.Errorf("%d people; want %d: who was turned away was not signed up", len(rows), count)
	}
}

// TestOperatorsOpenStocks opens a stock at the admin listener, and reads the metrics of stocks.
func TestOperatorsOpenStocks(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Admin = "127.0.0.1:0" })
	people := s.sessionsOf(2)
	put := func(name, token, body string) int {
		return s.operate("PUT", "/v1/stocks/"+name, token, body)
	}
	for _, row := range []struct {
		why, name, token, body string
		status                 int
	}{
		{"no token", "jab", "", `{"count":1}`, 401},
		{"opened", "jab", adminToken, `{"count":1}`, 200},
		{"opened again", "jab", adminToken, `{"count":1}`, 200},
		{"no count", "jab", adminToken, `{}`, 422},
		{"a negative count", "jab", adminToken, `{"count":-1}`, 422},
		{"no name of a stock", "a%20b", adminToken, `{"count":1}`, 422},
	} {
		if status := put(row.name, row.token, row.body); status != row.status {
			t.Errorf("%s: status %d; want %d", row.why, status, row.status)
		}
	}
	s.want("a booking", s.post("/v1/stocks/jab/bookings", people[0], nil), 201, "")
	if status := put("jab", adminToken, `{"count":0}`); status != 409 {
		t.Errorf("fewer than are booked: status %d", status)
	}
	s.want("sold out", s.post("/v1/stocks/jab/bookings", people[1], nil), 409, "sold_out")
	if status := put("jab", adminToken, `{"count":3}`); status != 200 {
		t.Errorf("more: status %d", status)
	}
	text := s.metrics()
	for _, want := range []string{
		`ombak_backend_stock_left{stock="jab"} 2`, `ombak_backend_stock_booked{stock="jab"} 1`, `ombak_backend_stock_sold_out_total{stock="jab"} 1`,
		`ombak_backend_answers_total{route="/v1/stocks/{name}/bookings",status="201"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	documented(t, text)
}

// operate sends a request to the admin listener and returns the status.
func (s *service) operate(method, path, token, body string) int {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.server.AdminAddr().String()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// TestDoorsOfStocks puts a door in front of the bookings of one stock, and of all.
func TestDoorsOfStocks(t *testing.T) {
	for path, stopped := range map[string][]string{
		"/v1/stocks/jab/bookings":              {"jab"},
		"/v1/stocks/{name}/bookings":           {"jab", "sale"},
		"/v1/stocks/${feeder.x.slot}/bookings": {"jab", "sale"},
	} {
		s := startService(t, func(s *service) {
			s.config.Stocks = map[string]int{"jab": 9, "sale": 9}
			s.config.Doors = []backend.DoorConfig{{Paths: []string{path}, Policy: resilience.Policy{Name: "token-bucket", Settings: resilience.Settings{Rate: 0.001, Burst: 1}}}}
		})
		session := s.sessionsOf(1)[0]
		s.post("/v1/stocks/jab/bookings", session, nil) // takes the only token
		for _, name := range slices.Sorted(maps.Keys(s.config.Stocks)) {
			status, code := 201, ""
			if slices.Contains(stopped, name) {
				status, code = 429, "too_many_requests"
			}
			s.want(path+" at "+name, s.post("/v1/stocks/"+name+"/bookings", session, nil), status, code)
			s.left(name)
		}
	}
}

// TestProofBySMS signs people up whose code comes by short message. It opens a session, and proves the phone.
func TestProofBySMS(t *testing.T) { onEach(t, proofBySMS) }

func proofBySMS(t *testing.T, location string) {
	s := startService(t, func(s *service) {
		s.config.Database, s.config.Proof, s.config.Locale = location, backend.ProofBySMS, "in"
	})
	s.want("sign-up", s.signUp("siti@example.test"), 202, "")
	code, to := <-s.codes, <-s.numbers
	if to != "08123456789" || len(code) != 6 {
		t.Errorf("the code %q went to %s", code, to)
	}
	verify := func(code string) answer {
		return s.post("/v1/email-verifications", "", fields{"email": "siti@example.test", "code": code})
	}
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	s.want("a wrong code", verify(wrong), 410, "link_used_or_expired")
	a := verify(code)
	s.want("the code", a, 200, "")
	var body struct{ Session string }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatal(err)
	}
	if me := s.send("GET", "/v1/me", body.Session, "", nil); !strings.Contains(me.body, `"phone_given":true`) || !strings.Contains(me.body, `"phone_verified":true`) {
		t.Errorf("me: %s", me.body)
	}
	s.want("the code again", verify(code), 410, "link_used_or_expired")
	s.want("another person", s.signUp("budi@example.test"), 202, "")
	second := <-s.codes
	for range 5 {
		s.want("guessed", s.post("/v1/email-verifications", "", fields{"email": "budi@example.test", "code": wrong}), 410, "link_used_or_expired")
	}
	s.want("the code after five guesses", s.post("/v1/email-verifications", "", fields{"email": "budi@example.test", "code": second}), 410, "link_used_or_expired")
	if len(s.mail.taken) > 0 {
		t.Errorf("a mail was sent: %s", <-s.mail.taken)
	}
}

// TestLanguages reads the mail of each language: the link, the code and the greeting are there, and either proves.
func TestLanguages(t *testing.T) {
	for locale, want := range map[string]struct{ subject, greeting string }{
		"":   {"Confirm your e-mail address", "Dear Siti,"},
		"en": {"Confirm your e-mail address", "Dear Siti,"},
		"in": {"Kindly confirm your e-mail ID", "Dear Siti,"},
		"id": {"Konfirmasi alamat surel Anda", "Yth. Siti,"},
	} {
		s := startService(t, func(s *service) { s.config.Locale, s.mail.any = locale, true })
		s.signUp("siti@example.test")
		text := <-s.mail.taken
		code := regexp.MustCompile(`(?m): ([0-9]{6})\r$`).FindStringSubmatch(text)
		if !strings.Contains(text, "Subject: "+want.subject+"\r\n") || !strings.Contains(text, want.greeting) || tokenLine.FindStringSubmatch(text) == nil || code == nil {
			t.Fatalf("locale %q:\n%s", locale, text)
		}
		s.want("the code", s.post("/v1/email-verifications", "", fields{"email": "siti@example.test", "code": code[1]}), 200, "")
	}
}
