//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// echo answers every connection with what it says, and returns its address.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// say sends a text over a connection and returns what comes back, or the error. A silent side times out.
func say(conn net.Conn, text string, patience time.Duration) (string, error) {
	if _, err := io.WriteString(conn, text); err != nil {
		return "", err
	}
	answer := make([]byte, len(text))
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	n, err := io.ReadFull(conn, answer)
	return string(answer[:n]), err
}

// A wire carries; takes connections and says nothing, and delivers what waited once it carries again; and is gone, with a reset of
// what was open, and comes back at its address.
func TestWire(t *testing.T) {
	const (
		long  = time.Minute
		short = 50 * time.Millisecond // in which a silent wire says nothing
	)
	w, err := newWire(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	turn := func(mood int) {
		t.Helper()
		if err := w.turn(mood); err != nil {
			t.Fatal(err)
		}
	}
	old := dial()
	if got, err := say(old, "one", long); got != "one" {
		t.Errorf("a wire that carries says %q, %v", got, err)
	}
	turn(silent)
	fresh := dial()
	for why, conn := range map[string]net.Conn{"an old connection": old, "a new connection": fresh} {
		if got, err := say(conn, "two", short); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s of a silent wire says %q, %v", why, got, err)
		}
	}
	turn(carrying)
	for why, conn := range map[string]net.Conn{"an old connection": old, "a new connection": fresh} {
		if got, err := say(conn, "six", long); got != "two" || err != nil {
			t.Errorf("%s says %q, %v; want what waited", why, got, err)
		}
	}
	turn(gone)
	if got, err := say(old, "end", long); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a wire that is gone says %q, %v", got, err)
	}
	if conn, err := net.Dial("tcp", w.address); err == nil {
		conn.Close()
		t.Error("a wire that is gone takes connections")
	}
	turn(carrying)
	if got, err := say(dial(), "new", long); got != "new" {
		t.Errorf("a wire that is back says %q, %v", got, err)
	}
}

// A wire to nothing takes connections and ends although they are open.
func TestWireToNothing(t *testing.T) {
	w, err := newWire("")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := say(conn, "hello", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it says %q, %v", got, err)
	}
	w.close()
}

// The mail server finds the token of a link, through its wire, and the registry says yes.
func TestSiegeMocks(t *testing.T) {
	m, err := newSiegeMocks()
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	text := "Subject: Confirm\r\n\r\nOpen this:\r\nhttp://127.0.0.1:1/verify?token=abc.D_e-9\r\n"
	if err := smtp.SendMail(m.mailWire.address, nil, "from@example.test", []string{"siti@example.test"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if got := m.token("siti@example.test"); got != "abc.D_e-9" || m.token("budi@example.test") != "" {
		t.Errorf("the token is %q", got)
	}
	answer, err := http.Post("http://"+m.registryWire.address+"/dukcapil", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, err := io.ReadAll(answer.Body); err != nil || !bytes.Contains(said, []byte(`"NIK":"Sesuai (100)"`)) {
		t.Errorf("the registry says %s, %v", said, err)
	}
}

// Every blow that is promised falls somewhere, and none where it has no meaning.
func TestEventsFallWhereTheyMay(t *testing.T) {
	falls := map[string][]string{}
	for _, e := range events() {
		for _, place := range places() {
			if e.happensAt(place) {
				falls[e.name] = append(falls[e.name], place)
			}
		}
	}
	stores := []string{onSQLite, onPostgres, onReplicas, onMocked, onMockedPostgres}
	for name, want := range map[string][]string{
		killed: {onSQLite, onPostgres, onSmall, onReplicas, onMocked, onMockedPostgres}, terminated: stores, "SIGSTOP": stores, "strangers": stores,
		halfSent: stores, "slow readers": stores, "silent TLS": stores, "full disk": {onSmall}, postmasterKilled: {onPostgres, onReplicas, onMockedPostgres},
		"clock a year ahead for a moment": stores, "clock an hour ahead": stores, "clock an hour back": stores,
		"mocks silent": {onMocked, onMockedPostgres}, "mocks gone": {onMocked, onMockedPostgres},
		"HTTP that takes connections and says nothing": {onRun}, "TLS that takes connections and says nothing": {onRun},
	} {
		got := falls[name]
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s falls at %q, want %q", name, got, want)
		}
		delete(falls, name)
	}
	if len(falls) > 0 {
		t.Errorf("not expected: %v", falls)
	}
}

// The clock of the backends is set by a file, as a program built with the tag siege reads it. Each step is undone by the next round.
func TestClockSteps(t *testing.T) {
	s := &siege{bench: bench{folder: t.TempDir()}, chance: rand.New(rand.NewPCG(1, 1))}
	wants := map[string]string{"clock a year ahead for a moment": "0s", "clock an hour ahead": "1h0m0s", "clock an hour back": "-1h0m0s"}
	for _, e := range clockSteps() {
		if err := e.happen(s, &siegeRound{}); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(s.wallFile()); err != nil || string(text) != wants[e.name] {
			t.Errorf("%s leaves the clock at %q, %v; want %q", e.name, text, err, wants[e.name])
		}
	}
}

// Who was not sent in vain to a silent service, and not dropped either, is unaccounted for.
func TestUnaccounted(t *testing.T) {
	for _, row := range []struct {
		why               string
		dropped, timedOut string
		want              int
	}{
		{"all timed out", "0", "100", 0},
		{"some were dropped", "3", "97", 0},
		{"some never ended", "0", "98", 2},
	} {
		path := filepath.Join(t.TempDir(), "report.json")
		text := `{"schema":"ombak.report/v1","engine":"live","verdict":"pass","scenario":{"name":"silence","seed":1},
			"offered":{"scheduled":100,"sent":100,"dropped":` + row.dropped + `},"funnel":[{"step":"go","entered":100,"timed_out":` + row.timedOut + `}]}`
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := unaccounted(path); got != row.want || err != nil {
			t.Errorf("%s: %d, %v; want %d", row.why, got, err, row.want)
		}
	}
}

// A program whose clock cannot be set is refused, and so is what is no program.
func TestSiegeNeedsItsProgram(t *testing.T) {
	var said bytes.Buffer
	if code := runSiege(t.Context(), []string{"-ombak", "/bin/sh"}, io.Discard, &said); code != 1 || !strings.Contains(said.String(), "build it with -tags siege, or run make siege") {
		t.Errorf("code %d: %s", code, &said)
	}
	said.Reset()
	if code := runSiege(t.Context(), nil, io.Discard, &said); code != 2 {
		t.Errorf("code %d: %s", code, &said)
	}
}

// The table has a row for each place that was besieged, and says what happened there.
func TestTableOfASiege(t *testing.T) {
	s := siege{books: map[string]*siegeBooks{
		onMocked: {rounds: 3, acknowledged: 70, hung: 1, events: map[string]int{"mocks silent": 2, killed: 1}},
		onRun:    {rounds: 1, events: map[string]int{"TLS that takes connections and says nothing": 1}},
	}, length: time.Minute, durability: "group-fsync"}
	var out strings.Builder
	if err := s.tell("", &out); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"\n| SQLite, with mail and a registry | 3 | 70 | 0 | 0 | 0 | 1 | 1 SIGKILL, 2 mocks silent |\n",
		"\n| a run against silent services | 1 | 0 | 0 | 0 | 0 | 0 | 1 TLS that takes connections and says nothing |\n",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is missing in\n%s", line, &out)
		}
	}
	if !s.books[onMocked].bad() || s.books[onRun].bad() {
		t.Error("a siege is bad if something hung, and only then")
	}
}
