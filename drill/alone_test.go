package drill_test

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// lone is a scenario whose backend calls no dependency.
const lone = `schema: ombak.scenario/v1
name: lone
opens: 2020-04-11T19:00:00+07:00
seed: 7
arrivals: {step: sign-up, signups: [{for: 1s, rate: 1/s}]}
journey: [{name: sign-up, request: {target: backend, path: /}}]
`

const signUp = `{"name":"Siti","email":"siti@example.test","phone":"08123456789"}`

// publicKey returns the key of a drill with the seed 7, which everybody can compute.
func publicKey() []byte {
	sum := sha256.Sum256([]byte("ombak drill store key 7"))
	return sum[:]
}

// forge signs a session of the first person, as a backend with the key would.
func forge(t *testing.T, key []byte) string {
	t.Helper()
	secret, err := hkdf.Key(sha256.New, key, nil, "ombak session", sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(text string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := fmt.Sprintf("applicant.%s.1.%d", encode(sign("key id")[:6]), time.Now().Add(time.Hour).Unix())
	return text + "." + encode(sign(text))
}

// TestSessionsOfTheSeedAreRefused: anyone who knows the scenario can sign with the key that a drill derives
// from its seed. A backend that runs alone accepts such a session only if it was given that key. The session
// is of a person who has not proved an address, which shows that the forgery is valid.
func TestSessionsOfTheSeedAreRefused(t *testing.T) {
	forged := forge(t, publicKey())
	given := filepath.Join(t.TempDir(), "ombak.key")
	if err := os.WriteFile(given, []byte(base64.StdEncoding.EncodeToString(publicKey())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for keyFile, want := range map[string]int{"": http.StatusUnauthorized, given: http.StatusForbidden} {
		url := serveLone(t, drill.Alone{KeyFile: keyFile})
		ask(t, "POST", url+"/v1/signups", "", signUp, http.StatusAccepted)
		ask(t, "GET", url+"/v1/me", forged, "", want)
	}
}

// TestConnectionsOfAClientAreBounded: the second connection from one address is rejected.
func TestConnectionsOfAClientAreBounded(t *testing.T) {
	url := serveLone(t, drill.Alone{ConnectionsPerClient: 1})
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Read(make([]byte, 1)); err != nil { // after the answer the backend has counted the connection
		t.Fatal(err)
	}
	second, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	status := make([]byte, len("HTTP/1.1 429")) // it comes unasked, which net/http would treat as an error
	if _, err := io.ReadFull(second, status); err != nil || string(status) != "HTTP/1.1 429" {
		t.Errorf("the second connection hears %q, %v", status, err)
	}
}

// serveLone runs a backend until the test ends.
func serveLone(t *testing.T, alone drill.Alone) (url string) {
	t.Helper()
	scenario, err := scenarios.Parse("lone.yaml", []byte(lone), nil)
	if err != nil {
		t.Fatal(err)
	}
	run, err := setup.NewLive(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan drill.Ready, 1), make(chan error, 1)
	alone.Database = filepath.Join(t.TempDir(), "people.db")
	alone.Log = slog.New(slog.DiscardHandler)
	alone.Ready = func(now drill.Ready) { ready <- now }
	go func() { ended <- drill.ServeBackend(t.Context(), run, alone) }()
	t.Cleanup(func() { <-ended }) // the context has ended by then
	select {
	case now := <-ready:
		return "http://" + now.Addresses["backend"]
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return ""
}

// ask sends a request and checks the status of its answer.
func ask(t *testing.T, method, url, session, body string, want int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true // lets the next request connect, and the backend stop at once
	request.Header.Set("Content-Type", "application/json")
	if session != "" {
		request.Header.Set("Authorization", "Bearer "+session)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != want {
		t.Fatalf("%s %s: %d %s, %v; want %d", method, url, answer.StatusCode, text, err, want)
	}
}
