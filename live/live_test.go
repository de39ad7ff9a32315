package live

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// counting counts what is done to a run.
type counting struct {
	mu    sync.Mutex
	done  []funnel.Action
	ended bool

	unable bool // to do anything
}

func (c *counting) Offers() []Offer { return []Offer{{Do: funnel.Remark, Title: "Write a note"}} }

func (c *counting) Preview(action funnel.Action) (string, error) { return "It would be done.", nil }

func (c *counting) Act(_ context.Context, action funnel.Action) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
		return 0, funnel.ErrOver
	case c.unable:
		return 0, funnel.ErrUnable
	}
	c.done = append(c.done, action)
	return time.Duration(len(c.done)) * time.Second, nil
}

// hostile is a scenario whose texts would do harm as markup.
var hostile = Run{Scenario: `<script>alert(1)</script>`, Title: `"><img src=x onerror=alert(1)>`, Steps: []RunStep{{Name: "go"}}, Thresholds: []string{}}

func served(t *testing.T, config Config) *Server {
	t.Helper()
	if config.Board == nil {
		config.Board = NewBoard(hostile)
	}
	s, err := Serve(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// entered returns a client that has entered by a link.
func entered(t *testing.T, link string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	answer, err := client.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Request.URL.RawQuery != "" {
		t.Fatalf("the link leads to %v with %v", answer.Request.URL, answer.Status)
	}
	return client
}

func base(s *Server) string {
	address, _, _ := s.Endpoint()
	return address
}

// ask sends a request with headers and returns status and body.
func ask(t *testing.T, client *http.Client, method, address, body string, headers map[string]string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if name == "Host" {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

const remark = `{"id": "a", "do": "note", "with": {"text": "hello"}}`

// Who may do what.
func TestWhoMayDoWhat(t *testing.T) {
	controls := &counting{}
	s := served(t, Config{Controls: controls})
	acts, looks, stranger := entered(t, s.URL()), entered(t, s.LookURL()), &http.Client{}
	other, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(other.Host)
	origin := map[string]string{"Origin": base(s)}
	for _, row := range []struct {
		why     string
		client  *http.Client
		method  string
		path    string
		headers map[string]string
		status  int
	}{
		{"who acts may look", acts, "GET", "/v1/run", nil, 200},
		{"who looks may look", looks, "GET", "/v1/run", nil, 200},
		{"nobody else may", stranger, "GET", "/v1/run", nil, 401},
		{"the page itself tells a stranger nothing", stranger, "GET", "/", nil, 401},
		{"a feed is not for strangers", stranger, "GET", "/v1/feed", nil, 401},
		{"a report is not for strangers", stranger, "GET", "/report/report.html", nil, 401},
		{"who acts may act", acts, "POST", "/v1/actions", origin, 200},
		{"who looks may not", looks, "POST", "/v1/actions", origin, 403},
		{"a stranger may not", stranger, "POST", "/v1/actions", origin, 401},
		{"a page of another site may not act for who is here", acts, "POST", "/v1/actions", map[string]string{"Origin": "https://evil.example"}, 403},
		{"nor one of this machine under another port", acts, "POST", "/v1/actions", map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		{"nor one that hides where it is from", acts, "POST", "/v1/actions", map[string]string{"Origin": "null"}, 403},
		{"a form does not say which page sent it", acts, "POST", "/v1/actions", nil, 403},
		{"a name that resolves to this machine is none of its own", acts, "GET", "/v1/run", map[string]string{"Host": "evil.example:" + port}, 403},
		{"nor is its own name at another port", acts, "GET", "/v1/run", map[string]string{"Host": "127.0.0.1:1"}, 403},
		{"a program sends the secret itself", stranger, "POST", "/v1/actions", map[string]string{"Authorization": "Bearer " + other.Query().Get("token")}, 200},
		{"a wrong secret is none", stranger, "POST", "/v1/actions", map[string]string{"Authorization": "Bearer x"}, 401},
		{"the cookie is no secret for programs", acts, "POST", "/v1/actions", map[string]string{"Authorization": "Bearer x"}, 401},
		{"a link of another run", stranger, "GET", "/enter?token=AAAA", nil, 403},
	} {
		if status, text := ask(t, row.client, row.method, base(s)+row.path, remark, row.headers); status != row.status {
			t.Errorf("%s: status %d, want %d: %s", row.why, status, row.status, text)
		}
	}
}

// Every answer forbids scripts from elsewhere, frames, referrers and copies; nothing of a scenario becomes markup.
func TestAnswersAreSafe(t *testing.T) {
	s := served(t, Config{})
	client := entered(t, s.URL())
	for _, path := range []string{"/", "/page/app.js", "/v1/run", "/nothing", "/enter?token=x"} {
		answer, err := client.Get(base(s) + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		policy := answer.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if strings.Contains(string(text), "<script>alert") {
			t.Errorf("%s holds a text of the scenario as markup", path)
		}
	}
	jar := client.Jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(base(s), "http://"), Path: "/"})
	if len(jar) != 1 {
		t.Fatalf("the cookies are %v", jar)
	}
	bare := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := bare.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if cookie := answer.Cookies()[0]; !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.MaxAge != 0 || !cookie.Expires.IsZero() {
		t.Errorf("the cookie is %v", cookie)
	}
	if strings.Contains(answer.Cookies()[0].Value, strings.Split(s.URL(), "token=")[1]) {
		t.Error("the cookie holds the secret of the link")
	}
}

// Only a loopback address goes without TLS.
func TestOthersNeedTLS(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "192.0.2.1:0", "[::]:0"} {
		if _, err := Serve(Config{Address: address, Board: NewBoard(Run{})}); !errors.Is(err, ErrNeedsTLS) {
			t.Errorf("%s gives %v", address, err)
		}
	}
	certificate, err := NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := served(t, Config{Address: "127.0.0.1:0", Certificate: &certificate, Names: NamesIn(certificate)})
	if !strings.HasPrefix(s.URL(), "https://127.0.0.1:") {
		t.Errorf("the link is %s", s.URL())
	}
	if answer, err := http.Get(s.URL()); err == nil {
		answer.Body.Close()
		t.Error("a certificate that nobody has signed is trusted")
	}
}

// An action is done once for each id, also if two send it at once.
func TestActionsAreDoneOnce(t *testing.T) {
	controls := &counting{}
	s := served(t, Config{Controls: controls})
	client, origin := entered(t, s.URL()), map[string]string{"Origin": base(s)}
	var sending sync.WaitGroup
	answers := make([]string, 8)
	for i := range answers {
		sending.Go(func() { _, answers[i] = ask(t, client, "POST", base(s)+"/v1/actions", remark, origin) })
	}
	sending.Wait()
	for _, answer := range answers {
		if answer != answers[0] || !strings.Contains(answer, `"at_s":1`) {
			t.Errorf("the answers are %q and %q", answers[0], answer)
		}
	}
	if len(controls.done) != 1 {
		t.Errorf("it was done %d times", len(controls.done))
	}
	for _, row := range []struct {
		why, body string
		status    int
		says      string
	}{
		{"another action of the same id is a mistake", `{"id": "a", "do": "hold"}`, 409, "another action has this id"},
		{"an action needs an id", `{"do": "hold"}`, 422, "give the action an id"},
		{"a deed must be known", `{"id": "b", "do": "dance"}`, 422, "nothing that can be done"},
		{"a key must be known", `{"id": "b", "do": "hold", "why": 1}`, 422, "other keys are"},
		{"a time must be one", `{"id": "b", "do": "hold", "for": "long"}`, 422, "write a time such as 90s"},
		{"a list is no setting", `{"id": "b", "do": "note", "with": {"text": []}}`, 422, ""},
		{"a number is a setting, and seconds are a time", `{"id": "c", "do": "arrivals", "with": {"factor": 2}, "for": 90}`, 200, "arrivals × 2 for 1m30s"},
		{"a body has an end", `{"id": "` + strings.Repeat("x", 20_000) + `"}`, 422, "too long"},
	} {
		if status, text := ask(t, client, "POST", base(s)+"/v1/actions", row.body, origin); status != row.status || !strings.Contains(text, row.says) {
			t.Errorf("%s: %d %s", row.why, status, text)
		}
	}
	controls.ended = true
	if status, text := ask(t, client, "POST", base(s)+"/v1/actions", `{"id": "z", "do": "hold"}`, origin); status != 409 || !strings.Contains(text, "has ended") {
		t.Errorf("after the end: %d %s", status, text)
	}
}

// event is one server-sent event.
type event struct{ kind, id, data string }

// listen reads events until it has the given number.
func listen(t *testing.T, client *http.Client, address string, last string, count int) (events []event) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", address+"/v1/feed", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines, now := bufio.NewScanner(answer.Body), event{}
	for len(events) < count && lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ": ")
		switch key {
		case "event":
			now.kind = value
		case "id":
			now.id = value
		case "data":
			now.data = value
		case "":
			if now != (event{}) {
				events = append(events, now)
			}
			now = event{}
		}
	}
	return events
}

// A viewer whose connection was cut gets the rest, without a gap and without a repetition; one who comes late gets all.
func TestFeedResumes(t *testing.T) {
	board := NewBoard(Run{})
	s := served(t, Config{Board: board})
	client := entered(t, s.LookURL())
	for row := range 5 {
		board.Post(report.Second{Row: row + 1})
	}
	rows := func(events []event) (numbers []int) {
		for _, e := range events {
			if e.kind == "" {
				var row report.Second
				if err := json.Unmarshal([]byte(e.data), &row); err != nil {
					t.Fatal(err)
				}
				numbers = append(numbers, row.Row)
			}
		}
		return numbers
	}
	all := listen(t, client, base(s), "", 6)
	if got := fmt.Sprint(rows(all)); got != "[1 2 3 4 5]" || all[0].kind != "run" {
		t.Errorf("a new viewer gets %v", all)
	}
	board.Post(report.Second{Row: 6})
	board.End(Ending{Sentence: "over"})
	rest := listen(t, client, base(s), all[3].id, 4)
	if got := fmt.Sprint(rows(rest)); got != "[4 5 6]" || rest[3].kind != "end" {
		t.Errorf("after %s a viewer gets %v", all[3].id, rest)
	}
	if got := fmt.Sprint(rows(listen(t, client, base(s), "nonsense", 8))); got != "[1 2 3 4 5 6]" {
		t.Errorf("after nonsense a viewer gets %s", got)
	}
	board.Begin(Run{})
	board.Post(report.Second{Row: 1})
	if next := listen(t, client, base(s), rest[2].id, 2); next[0].kind != "run" || next[1].id != "2-1" {
		t.Errorf("in the next run a viewer gets %v", next)
	}
}

// A viewer who does not read delays nobody.
func TestSlowViewerDelaysNobody(t *testing.T) {
	board := NewBoard(Run{})
	s := served(t, Config{Board: board})
	client := entered(t, s.LookURL())
	answer, err := client.Get(base(s) + "/v1/feed") // never read
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	long := strings.Repeat("x", 32<<10)
	for row := range 400 { // more than any buffer between the two holds
		board.Post(report.Second{Row: row + 1, Doubts: []string{long}})
	}
	if got := listen(t, client, base(s), "1-399", 1); len(got) != 1 || got[0].id != "1-400" {
		t.Errorf("another viewer gets %d events", len(got))
	}
}

// The files of the report are served once they are written; nothing else of the folder is.
func TestFilesOfTheReport(t *testing.T) {
	written := false
	folder := fstest.MapFS{"report.html": {Data: []byte("report")}, "plots/a.svg": {Data: []byte("<svg/>")}, "ombak.db": {Data: []byte("people")}, "live.json": {Data: []byte("secret")}, "replay.yaml": {Data: []byte("a: 1")}}
	s := served(t, Config{Files: func() (fs.FS, bool) { return folder, written }})
	client := entered(t, s.LookURL())
	for _, row := range []struct {
		path   string
		ready  bool
		status int
	}{
		{"report.html", false, 404},
		{"report.html", true, 200},
		{"plots/a.svg", true, 200},
		{"replay.yaml", true, 200},
		{"ombak.db", true, 404},
		{"live.json", true, 404},
		{"plots/..%2Fombak.db", true, 404},
		{"../live.json", true, 404},
		{"plots/", true, 404},
	} {
		written = row.ready
		if status, _ := ask(t, client, "GET", base(s)+"/report/"+row.path, "", nil); status != row.status {
			t.Errorf("%s (written: %t) gives %d, want %d", row.path, row.ready, status, row.status)
		}
	}
}

// After the end the page stays until the conductor is told to end, nobody looks for ten minutes, or the command is
// interrupted.
func TestLinger(t *testing.T) {
	for _, row := range []struct {
		why   string
		after time.Duration
		do    func(s *Server, cancel func())
	}{
		{"nobody looks", 10 * time.Minute, func(*Server, func()) {}},
		{"a viewer leaves after an hour", 70 * time.Minute, func(s *Server, _ func()) {
			leave := s.config.Board.enter()
			time.Sleep(time.Hour)
			leave()
		}},
		{"the conductor is told to end", time.Minute, func(s *Server, _ func()) {
			time.Sleep(time.Minute)
			s.quit.Do(func() { close(s.left) })
		}},
		{"the command is interrupted", time.Minute, func(_ *Server, cancel func()) {
			time.Sleep(time.Minute)
			cancel()
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			board := NewBoard(Run{})
			s := &Server{config: Config{Board: board, Idle: DefaultIdle}, left: make(chan struct{})}
			board.End(Ending{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			began := time.Now()
			go row.do(s, cancel)
			s.Linger(ctx)
			if took := time.Since(began); took < row.after || took > row.after+2*time.Second {
				t.Errorf("%s: it stays for %v, want %v", row.why, took, row.after)
			}
		})
	}
}

// An action that is right but cannot be done is no mistake of its sender.
func TestWhatCannotBeDone(t *testing.T) {
	board, controls := NewBoard(hostile), &counting{unable: true}
	s := served(t, Config{Board: board, Controls: controls})
	client, origin := entered(t, s.URL()), map[string]string{"Origin": base(s)}
	if status, text := ask(t, client, "POST", base(s)+"/v1/actions", remark, origin); status != 409 || !strings.Contains(text, "could not be done") {
		t.Errorf("a run that cannot answers %d: %s", status, text)
	}
	controls.unable = false
	board.Wait(true)
	if status, text := ask(t, client, "POST", base(s)+"/v1/actions", remark, origin); status != 409 || !strings.Contains(text, "press Start") {
		t.Errorf("a run that waits answers %d: %s", status, text)
	}
	board.Wait(false)
	if status, text := ask(t, client, "POST", base(s)+"/v1/actions", remark, origin); status != 200 || len(controls.done) != 1 {
		t.Errorf("a run that plays answers %d: %s", status, text)
	}
}

// The conductor is told to end only after the run, and Start counts once.
func TestStartAndEnd(t *testing.T) {
	board := NewBoard(Run{})
	s := served(t, Config{Board: board})
	if status, _ := ask(t, &http.Client{}, "GET", base(s)+"/", "", nil); status != 401 || s.Visited() {
		t.Errorf("a stranger gets %d and counts as a visitor: %v", status, s.Visited())
	}
	client, origin := entered(t, s.URL()), map[string]string{"Origin": base(s)}
	if !s.Visited() {
		t.Error("nobody has come, though somebody has entered by the link")
	}
	for range 2 {
		if status, _ := ask(t, client, "POST", base(s)+"/v1/start", "{}", origin); status != 200 {
			t.Errorf("Start gives %d", status)
		}
	}
	<-s.Started()
	if status, _ := ask(t, client, "POST", base(s)+"/v1/end", "", origin); status != 409 {
		t.Errorf("an end before the end gives %d", status)
	}
	board.End(Ending{})
	if status, _ := ask(t, client, "POST", base(s)+"/v1/end", "", origin); status != 200 {
		t.Errorf("an end gives %d", status)
	}
	<-s.left
}
