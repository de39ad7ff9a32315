//go:build drills

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestScenariosForUsersOfK6 plays every scenario of the page against a shop that counts what each of them should have done.
func TestScenariosForUsersOfK6(t *testing.T) {
	page, err := os.ReadFile("../../docs/how-to/from-k6.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 11 {
		t.Fatalf("the page has %d scenarios, want a beginning and ten", len(blocks))
	}
	for i, proof := range []string{ // what the shop must have seen, at least once each
		"GET /products token", "POST /orders", "POST /photos holiday", "GET /jobs done", "POST /login ada@shop.example", "POST /refresh old",
		"GET review", "GET /flaky recovered", "GET /pages/3", "GET /products",
	} {
		s := &k6Shop{seen: map[string]int{}, tries: map[string]int{}}
		web := httptest.NewServer(s)
		folder := t.TempDir()
		write := func(name, text string) string {
			path := filepath.Join(folder, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		write("users.csv", "email,password\nada@shop.example,one\nbob@shop.example,two\n")
		write("photo.bin", "not a picture")
		scenario := write("shop.yaml", blocks[0][1]+blocks[i+1][1]+"drain: 5m\nvalidity: {lag_p99: 1h, dropped: 1, unsent: 1}\n")
		command := exec.Command(ombakBinary(t), "load", scenario, "--target", web.URL, "--quiet", "--out", filepath.Join(folder, "out"))
		output, err := command.CombinedOutput()
		web.Close()
		if err != nil {
			t.Errorf("scenario %d: %v\n%s", i+1, err, output)
		}
		if s.seen[proof] == 0 {
			t.Errorf("scenario %d: the shop has not seen %q, but %v", i+1, proof, s.seen)
		}
	}
}

// k6Shop is a small shop.
type k6Shop struct {
	mu    sync.Mutex
	seen  map[string]int
	tries map[string]int
}

func (s *k6Shop) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[what]++
}

// nth counts requests for the same thing.
func (s *k6Shop) nth(of string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries[of]++
	return s.tries[of]
}

func (s *k6Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.note(r.Method + " " + r.URL.Path)
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch path := r.URL.Path; {
	case path == "/login":
		var user struct{ Email string }
		if json.Unmarshal(body, &user) != nil || !strings.Contains(user.Email, "@") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.note("POST /login " + user.Email)
		fmt.Fprint(w, `{"token":"old","expires_in":30}`)
	case path == "/refresh":
		s.note("POST /refresh " + token)
		fmt.Fprint(w, `{"token":"new"}`)
	case path == "/products":
		if token != "" {
			s.note("GET /products token")
		}
		fmt.Fprint(w, `{"products":[{"id":7},{"id":9}]}`)
	case strings.HasSuffix(path, "/reviews/a7"), strings.HasSuffix(path, "/reviews/a9"):
		s.note("GET review")
	case strings.HasPrefix(path, "/products/"):
		fmt.Fprintf(w, `{"reviews":["a%s"]}`, strings.TrimPrefix(path, "/products/"))
	case path == "/photos":
		if strings.Contains(string(body), "not a picture") && strings.Contains(string(body), "holiday") {
			s.note("POST /photos holiday")
		}
	default:
		s.serveRest(w, r)
	}
}

func (s *k6Shop) serveRest(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/orders":
	case path == "/jobs":
		fmt.Fprintf(w, `{"id":"j%d"}`, s.nth("job"))
	case strings.HasPrefix(path, "/jobs/"):
		if s.nth(path) < 3 {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		s.note("GET /jobs done")
	case path == "/flaky":
		if s.nth("flaky")%3 != 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.note("GET /flaky recovered")
	case strings.HasPrefix(path, "/pages/"):
		next := map[string]string{"1": "/pages/2", "2": "/pages/3", "3": "/pages/end"}[strings.TrimPrefix(path, "/pages/")]
		if next == "" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `{"next":%q}`, next)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}
