package backend_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/outbox"
	"github.com/ombak-sim/ombak/backend/registry"
)

var opens = time.Date(2020, 4, 11, 19, 0, 0, 0, time.FixedZone("WIB", 7*60*60))

func testKey() []byte { return []byte("0123456789abcdef0123456789abcdef") }

// fakeRegistries stands in for all registries. Each field may be replaced before the first request.
type fakeRegistries struct {
	dukcapil func(question map[string]any) (status int, body string)
	dapodik  func(nik string) (status int, body string)
	dtks     func(nik string) (status int, body string)
	traces   chan string  // traceparent of each call to Dukcapil
	heads    lockedBuffer // header fields of every call
}

const yesRow = `{"content":[{"NIK":"Sesuai (100)","NO_KK":"Sesuai (100)","TGL_LHR":"Sesuai (100)","NAMA_LGKP":"Sesuai (100)"}]}`

func kindRegistries() *fakeRegistries {
	return &fakeRegistries{
		traces:   make(chan string, 100_000),
		dukcapil: func(map[string]any) (int, string) { return 200, yesRow },
		dapodik:  func(string) (int, string) { return 200, `{"active":false}` },
		dtks:     func(string) (int, string) { return 200, `{"registered":false}` },
	}
}

func (f *fakeRegistries) serve(ctx *fasthttp.RequestCtx) {
	_, fields, _ := bytes.Cut(ctx.Request.Header.Header(), []byte("\r\n"))
	f.heads.Write(fields)
	path := string(ctx.Path())
	nik := path[strings.LastIndexByte(path, '/')+1:]
	status, body := 404, "{}"
	switch {
	case path == "/api/dukcapil/get_json/ombak/CALL_VERIFY_BY_ELEMEN":
		var question map[string]any
		if err := json.Unmarshal(ctx.PostBody(), &question); err == nil {
			f.traces <- string(ctx.Request.Header.Peek("traceparent"))
			status, body = f.dukcapil(question)
		}
	case strings.HasPrefix(path, "/api/dapodik/pupils/"):
		status, body = f.dapodik(nik)
	case strings.HasPrefix(path, "/api/dtks/households/"):
		status, body = f.dtks(nik)
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	if status == 502 {
		ctx.Response.Header.Set("Retry-After", "1")
	}
	if status == 429 {
		ctx.Response.Header.Set("Retry-After", "3600")
	}
	if status == 503 {
		ctx.Response.Header.Set("Retry-After", "7")
	}
	ctx.SetBodyString(body)
}

// fakeMail is a mail server that keeps the mails it accepts.
type fakeMail struct {
	judge func(to string, attempt int) error // may reject a mail; nil accepts all
	taken chan string                        // the text of each accepted mail
	any   bool                               // mails may end in any way

	mutex    sync.Mutex
	attempts map[string]int
}

func newFakeMail() *fakeMail {
	return &fakeMail{taken: make(chan string, 10000), attempts: map[string]int{}}
}

// NewSession implements smtp.Backend.
func (f *fakeMail) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &fakeMailSession{mail: f}, nil
}

type fakeMailSession struct {
	mail *fakeMail
	to   string
}

func (s *fakeMailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *fakeMailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.mail.mutex.Lock()
	defer s.mail.mutex.Unlock()
	s.mail.attempts[to]++
	if s.mail.judge == nil {
		return nil
	}
	return s.mail.judge(to, s.mail.attempts[to])
}

func (s *fakeMailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if whole := strings.HasSuffix(string(text), "do nothing.\r\n"); err == nil && (whole || s.mail.any) { // go-smtp accepts a truncated chunk as complete
		s.mail.taken <- string(text)
	}
	return err
}
func (s *fakeMailSession) Reset()        {}
func (s *fakeMailSession) Logout() error { return nil }

// service is a server under test with its dependencies.
type service struct {
	t          testing.TB
	server     *backend.Server
	config     backend.Config
	client     *fasthttp.HostClient
	mail       *fakeMail
	codes      chan string // codes sent by short message
	numbers    chan string // where each code was sent
	registries *fakeRegistries
	stopped    bool
}

// startService starts the server and its dependencies; change may alter the config.
func startService(t testing.TB, change func(*service)) *service {
	t.Helper()
	listener := fasthttputil.NewInmemoryListener()
	s := &service{t: t, mail: newFakeMail(), codes: make(chan string, 1000), numbers: make(chan string, 1000), registries: kindRegistries()}
	s.config = backend.Config{
		Database: filepath.Join(t.TempDir(), "people.db"), Key: testKey(), Listener: listener,
		LinkBase: "https://example.test/", Now: func() time.Time { return opens },
	}
	base := "http://" + startRegistries(t, s.registries) + "/api"
	s.config.AdminToken = adminToken
	s.config.Dukcapil.URL, s.config.Registries = base, map[string]registry.Config{"dapodik": {URL: base}, "dtks": {URL: base}}
	s.config.Mail = outbox.MailConfig{SMTP: startMail(t, s.mail), Backoff: time.Millisecond}
	s.config.SMS = outbox.SMSConfig{URL: "http://" + startSMS(t, s.codes, s.numbers), Backoff: time.Millisecond}
	s.config.PhotoDir = filepath.Join(t.TempDir(), "photos")
	if change != nil {
		change(s)
	}
	server, err := backend.New(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	s.client = &fasthttp.HostClient{Addr: "people.test", MaxConns: 4096, Dial: func(string) (net.Conn, error) { return listener.Dial() }}
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	t.Cleanup(func() {
		s.stop()
		if err := <-served; err != nil {
			t.Error("serve:", err)
		}
	})
	return s
}

func startRegistries(t testing.TB, registries *fakeRegistries) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &fasthttp.Server{Handler: registries.serve}
	go server.Serve(listener)
	t.Cleanup(func() { server.Shutdown() })
	return listener.Addr().String()
}

// startSMS starts a gateway that temporarily rejects every third message.
func startSMS(t testing.TB, codes, numbers chan<- string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		if asked.Add(1)%3 == 1 {
			ctx.SetStatusCode(503)
			return
		}
		var message struct{ To, Text string }
		if err := json.Unmarshal(ctx.PostBody(), &message); err != nil || string(ctx.Path()) != "/sms/messages" {
			ctx.SetStatusCode(400)
			return
		}
		code, _, _ := strings.Cut(message.Text, " ")
		codes <- code
		numbers <- message.To
		ctx.SetStatusCode(202)
	}}
	go server.Serve(listener)
	t.Cleanup(func() { server.Shutdown() })
	return listener.Addr().String()
}

func startMail(t testing.TB, mail *fakeMail) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(mail)
	server.Domain = "mail.test"
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

// stop shuts the server down once.
func (s *service) stop() {
	if s.stopped {
		return
	}
	s.stopped = true
	if err := s.server.Shutdown(s.t.Context()); err != nil && s.t.Context().Err() == nil {
		s.t.Error("shutdown:", err)
	}
}

// answer is an HTTP answer.
type answer struct {
	status int
	body   string
	header map[string]string
}

// code returns the error code of a failure.
func (a answer) code() string {
	var body struct{ Error struct{ Code string } }
	json.Unmarshal([]byte(a.body), &body)
	return body.Error.Code
}

// send makes one request; session may be empty.
// sendWith makes one request with extra headers and without a body.
func (s *service) sendWith(method, path, session string, headers map[string]string) answer {
	var pairs []string
	for key, value := range headers {
		pairs = append(pairs, key, value)
	}
	return s.send(method, path, session, "", nil, pairs...)
}

func (s *service) send(method, path, session, contentType string, body []byte, headers ...string) answer {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI("http://people.test" + path)
	request.Header.SetMethod(method)
	request.Header.SetContentType(contentType)
	if session != "" {
		request.Header.Set("Authorization", "Bearer "+session)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	request.SetBody(body)
	if err := s.client.Do(request, response); err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
		return answer{}
	}
	a := answerOf(response)
	s.documented(method, path, a)
	return a
}

func answerOf(response *fasthttp.Response) answer {
	a := answer{status: response.StatusCode(), body: string(response.Body()), header: map[string]string{}}
	for key, value := range response.Header.All() {
		a.header[string(key)] = string(value)
	}
	return a
}

// announce sends only the head of a request with the given Content-Length. A service that rejects the request
// by its length can then close the connection without a reset.
func (s *service) announce(path string, length int, headers ...string) answer {
	conn, err := s.client.Dial("people.test")
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: people.test\r\nContent-Length: %d\r\n%s\r\n", path, length, lines(headers)); err != nil {
		s.t.Fatal(err)
	}
	response := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(response)
	if err := response.Read(bufio.NewReader(conn)); err != nil {
		s.t.Fatal(err)
	}
	return answerOf(response)
}

func lines(headers []string) (all string) {
	for _, header := range headers {
		all += header + "\r\n"
	}
	return all
}

func (s *service) post(path, session string, body any, headers ...string) answer {
	return s.sendJSON("POST", path, session, body, headers...)
}

func (s *service) sendJSON(method, path, session string, body any, headers ...string) answer {
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.send(method, path, session, "application/json", text, headers...)
}

type fields map[string]any

func (s *service) signUp(email string) answer {
	return s.post("/v1/signups", "", fields{"name": "Siti", "email": email, "phone": "08123456789"})
}

var tokenLine = regexp.MustCompile(`(?m)^https://example\.test/verify\?token=(\S+?)\r?$`)

// nextMail waits for a mail and returns its recipient and token.
func (s *service) nextMail() (to, token string) {
	s.t.Helper()
	text := <-s.mail.taken
	match := tokenLine.FindStringSubmatch(text)
	if match == nil {
		s.t.Fatalf("no link on a line of its own in:\n%s", text)
	}
	_, rest, _ := strings.Cut(text, "To: <")
	to, _, _ = strings.Cut(rest, ">")
	return to, match[1]
}

func (s *service) verify(token string) (session string) {
	s.t.Helper()
	a := s.post("/v1/email-verifications", "", fields{"token": token})
	var body struct{ Session string }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.status != 200 || body.Session == "" {
		s.t.Fatalf("verify: %d %s", a.status, a.body)
	}
	return body.Session
}

// sessionsOf signs n people up and returns their sessions.
func (s *service) sessionsOf(n int) []string {
	s.t.Helper()
	var sessions []string
	for i := range n {
		if a := s.signUp(fmt.Sprintf("p%d@example.test", i)); a.status != 202 {
			s.t.Fatalf("sign-up: %d %s", a.status, a.body)
		}
	}
	for range n {
		_, token := s.nextMail()
		sessions = append(sessions, s.verify(token))
	}
	return sessions
}

// joins asks for eligibility and joins the batch, for a person with an identity. It reports whether there was a
// place.
func (s *service) joins(session string) bool {
	s.t.Helper()
	s.want("eligibility", s.post("/v1/eligibility", session, nil), 200, "")
	a := s.post("/v1/batches/current/members", session, nil)
	if a.status != 201 {
		s.want("join", a, 409, "batch_full")
	}
	return a.status == 201
}

func identityOf(i int) fields {
	return fields{"nik": fmt.Sprintf("9901014101%06d", i), "kk": "9901010101010001", "birth_date": "1990-01-01", "name": "Siti"}
}

// want checks an answer's status and code; a success has an empty code.
func (s *service) want(why string, a answer, status int, code string) {
	s.t.Helper()
	if a.status != status || a.code() != code {
		s.t.Errorf("%s: %d %s; want %d %q", why, a.status, a.body, status, code)
	}
	if !strings.HasPrefix(a.header["Content-Type"], "application/json") {
		s.t.Errorf("%s: content type %q", why, a.header["Content-Type"])
	}
	if (a.status == 503 || a.status == 429) != (a.header["Retry-After"] != "") {
		s.t.Errorf("%s: status %d with Retry-After %q", why, a.status, a.header["Retry-After"])
	}
	if !json.Valid(bytes.TrimSpace([]byte(a.body))) {
		s.t.Errorf("%s: not JSON: %s", why, a.body)
	}
}
