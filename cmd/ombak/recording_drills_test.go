//go:build drills

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// guarded is a service that gives every visitor other secrets, and refuses whoever repeats those of somebody else.
type guarded struct {
	mu     sync.Mutex
	forms  map[string]string // cookie by CSRF value
	tokens map[string]string // person by token
	orders map[string]string // token by id
}

func secretText() string {
	random := make([]byte, 18)
	_, _ = rand.Read(random) // never fails
	return "+/" + base64.StdEncoding.EncodeToString(random)
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch route := r.Method + " " + r.URL.Path; {
	case route == "GET /login":
		csrf, cookie := secretText(), fmt.Sprintf("v%d", len(g.forms)+1)
		g.forms[csrf] = cookie
		http.SetCookie(w, &http.Cookie{Name: "visit", Value: cookie, Path: "/"})
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<form method="post"><input type="hidden" name="csrf" value="%s"><input name="email"></form>`, csrf)
	case route == "POST /login":
		visit, err := r.Cookie("visit")
		if err != nil || g.forms[r.FormValue("csrf")] != visit.Value || r.FormValue("password") != "open-sesame" {
			http.Error(w, "csrf", http.StatusForbidden)
			return
		}
		delete(g.forms, r.FormValue("csrf"))
		made := secretText()
		g.tokens[made] = r.FormValue("email")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"session": map[string]string{"access_token": made}})
	case g.tokens[token] == "":
		http.Error(w, "token", http.StatusUnauthorized)
	case route == "POST /orders":
		id := fmt.Sprint(1000 + len(g.orders))
		g.orders[id] = token
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id": %s}`, id)
	case strings.HasPrefix(route, "GET /orders/") && g.orders[strings.TrimPrefix(r.URL.Path, "/orders/")] == token:
		fmt.Fprint(w, "{}")
	default:
		http.Error(w, "whose", http.StatusNotFound)
	}
}

// browser walks through a service and writes down what is said.
type browser struct {
	client  http.Client
	base    string
	at      time.Time
	entries []map[string]any
}

func (r *browser) send(t *testing.T, method, path, mediaType, body, token string) string {
	t.Helper()
	request, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]any{"method": method, "url": r.base + path}
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
		said["postData"] = map[string]string{"mimeType": mediaType, "text": body}
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if r.client.Jar == nil && len(r.entries) > 0 {
		request.Header.Set("Cookie", "visit=v1")
	}
	said["headers"] = fields(request.Header)
	answer, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 400 {
		t.Fatalf("%s %s: %v, status %d", method, path, err, answer.StatusCode)
	}
	r.at = r.at.Add(300 * time.Millisecond)
	r.entries = append(r.entries, map[string]any{
		"startedDateTime": r.at.Format(time.RFC3339Nano), "time": 20, "request": said,
		"response": map[string]any{"status": answer.StatusCode, "headers": fields(answer.Header), "content": map[string]string{"mimeType": answer.Header.Get("Content-Type"), "text": string(content)}},
	})
	return string(content)
}

func fields(header http.Header) []map[string]string {
	var all []map[string]string
	for name, values := range header {
		for _, value := range values {
			all = append(all, map[string]string{"name": name, "value": value})
		}
	}
	return all
}

// A recording of one visitor becomes a scenario that many people walk, each with secrets of their own.
func TestRecordingsAreReplayed(t *testing.T) {
	server := httptest.NewServer(&guarded{forms: map[string]string{}, tokens: map[string]string{}, orders: map[string]string{}})
	defer server.Close()
	walk := &browser{base: server.URL, at: time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)}
	page := walk.send(t, "GET", "/login", "", "", "")
	csrf := regexp.MustCompile(`value="([^"]+)"`).FindStringSubmatch(page)[1]
	form := url.Values{"csrf": {csrf}, "email": {"ada@example.org"}, "password": {"open-sesame"}}
	var session struct {
		Session struct {
			Token string `json:"access_token"`
		} `json:"session"`
	}
	if err := json.Unmarshal([]byte(walk.send(t, "POST", "/login", "application/x-www-form-urlencoded", form.Encode(), "")), &session); err != nil {
		t.Fatal(err)
	}
	walk.send(t, "POST", "/orders", "application/json", `{"item": 7}`, session.Session.Token)
	walk.send(t, "GET", "/orders/1000", "", "", session.Session.Token)

	folder := t.TempDir()
	archive, err := json.Marshal(map[string]any{"log": map[string]any{"entries": walk.entries}})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "visit.har"), archive, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	ombak := func(arguments ...string) string {
		t.Helper()
		var out, said bytes.Buffer
		if code := Run(append([]string{"ombak"}, arguments...), strings.NewReader(""), &out, &said); code != 0 {
			t.Fatalf("ombak %v: code %d\n%s%s", arguments, code, &out, &said)
		}
		return out.String() + said.String()
	}
	scenario := filepath.Join(folder, "visit.yaml")
	notes := ombak("scenario", "init", "--from", "har", filepath.Join(folder, "visit.har"), scenario)
	text, err := os.ReadFile(scenario)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{csrf, session.Session.Token, "open-sesame", "ada@example.org"} {
		if strings.Contains(notes+string(text), secret) {
			t.Errorf("%s stands in the output", secret)
		}
	}
	short := regexp.MustCompile(`(?s)people:.*?\n\n`).ReplaceAll(text, []byte("people: [{for: 2s, rate: 10/s}]\n  totals: exact\n\n"))
	short, _, _ = bytes.Cut(short, []byte("\nthresholds:"))                        // 20 values are too few for a quantile
	short = append(short, "\nvalidity: {lag_p99: 1h, dropped: 1, unsent: 1}\n"...) // a busy machine spoils nothing
	if err := os.WriteFile(scenario, short, 0o600); err != nil {
		t.Fatal(err)
	}
	ombak("scenario", "check", scenario)
	ombak("load", scenario, "--var", "password=open-sesame", "--quiet", "--out", filepath.Join(folder, "out"))
	written, err := os.ReadFile(filepath.Join(folder, "out", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(written, &r); err != nil {
		t.Fatal(err)
	}
	for _, step := range r.Funnel {
		if step.Passed != 20 {
			t.Errorf("%s: %v of 20 people passed", step.Step, step.Passed)
		}
	}
	if len(r.Funnel) != 4 {
		t.Errorf("%d steps, want 4", len(r.Funnel))
	}
}
