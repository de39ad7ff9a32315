package fleet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// TestMain lets the test binary act as the part that an agent starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "part" {
		if drill.ServePart(context.Background(), os.Stdin, os.Stdout, slog.New(slog.DiscardHandler)) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) >= 6 && os.Args[1] == "join" {
		joinAsProcess(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6:])
	}
	os.Exit(m.Run())
}

// joinAsProcess makes this process an agent until it is ended. It says so on standard output.
func joinAsProcess(url, name, folder, silence string, roles []string) {
	patience, err := time.ParseDuration(silence)
	if err == nil {
		agent := fleet.Agent{
			Name: name, Roles: roles, Folder: folder, Build: built, Command: []string{os.Args[0], "part"}, Log: os.Stderr, Silence: patience,
			Joined: func() { fmt.Println("joined") },
		}
		err = agent.Run(context.Background(), fleet.Login{URL: url})
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// startProcess starts an agent as a process and waits until it has joined. It must be ended.
func (y *yard) startProcess(url, name string, silence time.Duration, roles ...string) *exec.Cmd {
	y.t.Helper()
	command := exec.Command(os.Args[0], append([]string{"join", url, name, filepath.Join(y.folder, name), silence.String()}, roles...)...)
	out, err := command.StdoutPipe()
	if err == nil {
		command.Stderr = &lockedBuffer{}
		err = command.Start()
	}
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	if _, err := out.Read(make([]byte, 6)); err != nil {
		y.t.Fatalf("agent %s did not join: %v, %s", name, err, command.Stderr)
	}
	go io.Copy(io.Discard, out)
	return command
}

const token = "a-token-for-tests"

var built = report.Build{Version: "test", Commit: "1"}

// shop is a scenario that no slow machine makes invalid.
const shop = `schema: ombak.scenario/v1
name: shop
opens: 2020-04-11T19:00:00+07:00
seed: 7
drain: %s
arrivals: {step: go, totals: exact, signups: [{for: %s, rate: 60/s}]}
targets: {web: {}}
journey: [{name: go, timeout: 50s, request: {target: web, path: "/buy/${run.token}/${person.email}"}}]
before:
  - {name: login, timeout: 30s, request: {target: web, method: POST, path: /login, extract: {token: {json: token}}}}
after:
  - {name: close, timeout: 1s, request: {target: web, path: "/close/${run.token}"}}
thresholds: [{expr: go.failed == 0}]
validity: {lag_p99: 60s, dropped: 1, unsent: 1}
`

// secret is what the service gives who asks before the run. No file of an agent may hold it.
const secret = "a-secret-of-the-service"

// ledger is a service that writes down its requests.
type ledger struct {
	mu    sync.Mutex
	paths []string
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths = append(l.paths, r.URL.Path)
	fmt.Fprintf(w, `{"token":%q}`, secret)
}

// people returns who came, in the order of their names.
func (l *ledger) people() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	bought := slices.DeleteFunc(slices.Clone(l.paths), func(path string) bool { return !strings.HasPrefix(path, "/buy/") })
	slices.Sort(bought)
	return bought
}

// yard is a fleet on this machine, with a service.
type yard struct {
	t       *testing.T
	login   fleet.Login
	conduct *fleet.Login // where the conductor reaches the server, if it has a way of its own
	server  *fleet.Server
	service *ledger
	url     string
	folder  string
	agents  map[string]*joined
}

// joined is an agent of a yard.
type joined struct {
	stop   context.CancelFunc
	ended  chan error
	folder string
	log    *lockedBuffer
}

// lockedBuffer is a buffer that several goroutines may write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(text)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newYard(t *testing.T) *yard {
	t.Helper()
	y := &yard{t: t, service: &ledger{}, folder: t.TempDir(), agents: map[string]*joined{}}
	y.serve("127.0.0.1:0")
	server := httptest.NewServer(y.service)
	t.Cleanup(server.Close)
	y.url = server.URL
	return y
}

// serve starts the NATS server, or starts it again.
func (y *yard) serve(listen string) {
	y.t.Helper()
	server, err := fleet.Serve(y.t.Context(), fleet.ServerConfig{Listen: listen, Token: token, Folder: y.folder})
	if err != nil {
		y.t.Fatal(err)
	}
	y.server = server
	y.t.Cleanup(server.Close)
	y.login = fleet.Login{URL: fmt.Sprintf("nats://%s@%s", token, server.Addr())}
}

// join starts an agent, as change has it.
func (y *yard) join(name string, change ...func(*fleet.Agent)) *joined {
	y.t.Helper()
	heard := make(chan struct{})
	j := &joined{ended: make(chan error, 1), folder: filepath.Join(y.folder, name), log: &lockedBuffer{}}
	agent := fleet.Agent{
		Name: name, Folder: j.folder, Build: built, Command: []string{os.Args[0], "part"}, Log: j.log, Joined: func() { close(heard) },
	}
	for _, with := range change {
		with(&agent)
	}
	ctx, stop := context.WithCancel(context.Background())
	j.stop = stop
	go func() { j.ended <- agent.Run(ctx, y.login) }()
	y.t.Cleanup(func() { j.leave() })
	select {
	case <-heard:
	case err := <-j.ended:
		j.ended <- err
		y.t.Fatalf("agent %s: %v", name, err)
	}
	y.agents[name] = j
	return j
}

// leave lets an agent leave and waits for it.
func (j *joined) leave() error {
	j.stop()
	err := <-j.ended
	j.ended <- err
	return err
}

// plan is how a test plays.
type plan struct {
	generators int
	length     string // of the arrivals; empty means 2s
	drain      string // empty means 60s
	tolerated  float64
	bound      time.Duration
	progress   func(drill.Progress, *fleet.Run)
	open       func(*fleet.Run)
	rows       func(report.Second) // is called with every row of the feed
	acts       func(drill.Act)     // gets what acts on the run
	kept       bool                // the report is not written, so nothing is released
}

// play plays shop on the yard's agents.
func (y *yard) play(p plan) (report.Report, *fleet.Run, error) {
	y.t.Helper()
	length, drain := p.length, p.drain
	if length == "" {
		length = "2s"
	}
	if drain == "" {
		drain = "60s"
	}
	scenario, err := scenarios.Parse("shop.yaml", fmt.Appendf(nil, shop, drain, length), fstest.MapFS{})
	if err != nil {
		y.t.Fatal(err)
	}
	run, err := setup.NewLoad(scenario, setup.Options{Targets: map[string]string{"": y.url}, RunID: "r1"})
	if err != nil {
		y.t.Fatal(err)
	}
	login := y.login
	if y.conduct != nil {
		login = *y.conduct
	}
	run.Generator.Acted = p.acts != nil
	opened, err := fleet.Open(y.t.Context(), login, fleet.Request{
		Build: built, Generators: p.generators, Bound: p.bound,
		Outline: func(n int) drill.Outline { return drill.OutlineOf(run, n, built) },
	})
	if err != nil {
		return report.Report{}, nil, err
	}
	defer opened.Close()
	if p.open != nil {
		p.open(opened)
	}
	environment := drill.Environment{Folder: y.t.TempDir(), Generators: opened.Carriers(), Tolerated: p.tolerated, Notice: fleet.Notice}
	if p.rows != nil || p.acts != nil {
		environment.Room = &drill.Room{Post: p.rows, Acts: p.acts}
	}
	if p.progress != nil {
		environment.Progress = func(now drill.Progress) { p.progress(now, opened) }
	}
	result, ended := drill.Conduct(y.t.Context(), run, environment)
	switch {
	case p.kept:
	case result.Schema == "":
		opened.Abandon(y.t.Context())
	default:
		opened.Release(y.t.Context())
	}
	return result, opened, ended
}

// noSecrets fails the test if a file of an agent holds a secret.
func (y *yard) noSecrets() {
	y.t.Helper()
	err := filepath.Walk(y.folder, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte(token)) {
			y.t.Errorf("%s holds a secret", name)
		}
		return err
	})
	if err != nil {
		y.t.Error(err)
	}
}

// relay is a network between an agent and the server that can be cut.
type relay struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	cut      bool
	slow     time.Duration // by which everything is late, each way
	conns    []net.Conn
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, to: to}
	go r.accept()
	t.Cleanup(func() { listener.Close(); r.set(true) })
	return r
}

func (r *relay) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		cut := r.cut
		r.mu.Unlock()
		other, err := net.Dial("tcp", r.to)
		if cut || err != nil {
			conn.Close()
			continue
		}
		r.mu.Lock()
		r.conns = append(r.conns, conn, other)
		r.mu.Unlock()
		go r.carry(conn, other)
		go r.carry(other, conn)
	}
}

// carry copies what comes, late if the network is slow.
func (r *relay) carry(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		r.mu.Lock()
		slow := r.slow
		r.mu.Unlock()
		time.Sleep(slow)
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// set cuts the network, or mends it.
func (r *relay) set(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	if cut {
		for _, conn := range r.conns {
			conn.Close()
		}
		r.conns = nil
	}
}
