package drill_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// shop is a scenario that no slow machine makes invalid.
const shop = `schema: ombak.scenario/v1
name: shop
opens: 2020-04-11T19:00:00+07:00
seed: 7
drain: 60s
arrivals: {step: go, totals: exact, signups: [{for: 2s, rate: 60/s}]}
targets: {web: {}}
journey: [{name: go, timeout: 50s, request: {target: web, path: "/buy/${run.token}/${person.email}"}}]
before:
  - {name: login, timeout: 30s, request: {target: web, method: POST, path: /login, extract: {token: {json: token}}}}
after:
  - {name: close, timeout: 30s, request: {target: web, path: "/close/${run.token}"}}
thresholds: [{expr: go.failed == 0}, {expr: go.passed >= 99.9% of scheduled}, {expr: sent >= 99% of scheduled}]
validity: {lag_p99: 60s, dropped: 1, unsent: 1}
`

// ledger is a service that writes down its requests.
type ledger struct {
	mu    sync.Mutex
	paths []string
	said  strings.Builder // what the conductor said of the run
	rows  []report.Second // of the feed
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths = append(l.paths, r.URL.Path)
	fmt.Fprint(w, `{"token":"t1"}`)
}

// people returns who came, in the order of their names.
func (l *ledger) people() []string {
	bought := slices.DeleteFunc(slices.Clone(l.paths), func(path string) bool { return !strings.HasPrefix(path, "/buy/") })
	slices.Sort(bought)
	return bought
}

// agents adds up the generators in the rows of the feed.
func (l *ledger) agents() (sum report.SecondAgent) {
	for _, row := range l.rows {
		for _, agent := range row.Agents {
			sum.Scheduled, sum.Started = sum.Scheduled+agent.Scheduled, sum.Started+agent.Started
			sum.Dropped, sum.Finished = sum.Dropped+agent.Dropped, sum.Finished+agent.Finished
			sum.ClockBoundS, sum.Lost = agent.ClockBoundS, cmp.Or(agent.Lost, sum.Lost)
		}
	}
	return sum
}

// played conducts shop with generators at the given places.
func played(t *testing.T, tolerated float64, places ...drill.Carrier) (report.Report, *ledger, error) {
	t.Helper()
	scenario, err := scenarios.Parse("shop.yaml", []byte(shop), fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	service := &ledger{}
	server := httptest.NewServer(service)
	defer server.Close()
	run, err := setup.NewLoad(scenario, setup.Options{Targets: map[string]string{"": server.URL}, RunID: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	result, ended := drill.Conduct(t.Context(), run, drill.Environment{
		Folder: t.TempDir(), Generators: places, Tolerated: tolerated, Log: &service.said,
		Room: &drill.Room{Post: func(row report.Second) { service.rows = append(service.rows, row) }},
	})
	return result, service, ended
}

// here plays parts in this process.
type here struct{}

// inside is a part that runs in this process.
type inside struct {
	stdin *io.PipeWriter
	ready chan drill.Ready
	ended chan struct{}
	err   error
	deaf  bool // its conductor is told of one second and no more, as if its machine had vanished
}

func (here) Start(ctx context.Context, order drill.Order, receive func(drill.Message)) (drill.Part, error) {
	return inside{}.begin(ctx, order, receive), nil
}

func (p inside) begin(ctx context.Context, order drill.Order, receive func(drill.Message)) *inside {
	in, orders := io.Pipe()
	messages, out := io.Pipe()
	p.stdin, p.ready, p.ended = orders, make(chan drill.Ready, 1), make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		p.err = drill.ServePart(context.WithoutCancel(ctx), in, out, slog.New(slog.DiscardHandler))
		_ = out.Close()
		_ = in.Close()
	})
	go func() {
		defer close(p.ended)
		defer serving.Wait()
		scanner := bufio.NewScanner(messages)
		scanner.Buffer(nil, 1<<24)
		told := 0
		for scanner.Scan() {
			var message drill.Message
			if err := json.Unmarshal(scanner.Bytes(), &message); err != nil {
				panic(err)
			}
			if message.Delta != nil {
				told++
			}
			switch {
			case message.Ready != nil:
				p.ready <- *message.Ready
			case p.deaf && told > 1:
				_ = p.stdin.Close()
			case message.Failed == "":
				receive(message)
			}
		}
	}()
	go p.send(order)
	return &p
}

func (p *inside) send(line any) error { return json.NewEncoder(p.stdin).Encode(line) }

func (p *inside) Await(ctx context.Context, patience time.Duration) (drill.Ready, error) {
	select {
	case ready := <-p.ready:
		return ready, nil
	case <-p.ended:
		return drill.Ready{}, p.err
	}
}
func (p *inside) Begin(begin drill.Begin) error    { return p.send(begin) }
func (p *inside) Change(change drill.Change) error { return p.send(change) }
func (p *inside) Ended() <-chan struct{}           { return p.ended }
func (p *inside) Cause() error                     { return drill.Lost("nobody heard of it again") }
func (p *inside) Cost() report.Process             { return report.Process{} }
func (p *inside) Agent() report.Agent              { return report.Agent{Agent: "b"} }

func (p *inside) Heard() (time.Duration, *time.Duration) {
	within := 2 * time.Millisecond
	if p.deaf {
		return time.Minute, &within
	}
	return 0, &within
}

func (p *inside) End(time.Duration) bool {
	_ = p.stdin.Close()
	<-p.ended
	return true
}

// vanishing plays a part whose conductor soon hears no more of it.
type vanishing struct{}

func (vanishing) Start(ctx context.Context, order drill.Order, receive func(drill.Message)) (drill.Part, error) {
	return inside{deaf: true}.begin(ctx, order, receive), nil
}

// talking plays a part that says something while it is told something.
type talking struct{}

type talker struct {
	*inside
	receive func(drill.Message)
}

func (talking) Start(ctx context.Context, order drill.Order, receive func(drill.Message)) (drill.Part, error) {
	return talker{inside{}.begin(ctx, order, receive), receive}, nil
}

func (p talker) Change(change drill.Change) error {
	p.receive(drill.Message{Warning: "heard of it"})
	return p.inside.Change(change)
}

// Several generators play the people of one, each once. What comes before the run is sent once, before anybody, and what
// comes after it once, after everybody.
func TestGeneratorsShareARun(t *testing.T) {
	t.Parallel()
	alone, one, err := played(t, 0, here{})
	if err != nil {
		t.Fatal(err)
	}
	together, three, err := played(t, 0, talking{}, here{}, here{})
	if err != nil {
		t.Fatal(err)
	}
	if alone.Offered.Sent != 120 || alone.Verdict != report.Pass {
		t.Fatalf("one generator: verdict %s (%v), %+v", alone.Verdict, alone.Invalid, alone.Offered)
	}
	if !slices.Equal(one.people(), three.people()) {
		t.Errorf("one generator sent %d people, three sent %d, not the same", len(one.people()), len(three.people()))
	}
	if together.Offered.Sent != 120 || together.Verdict != report.Pass || len(together.Fleet) != 3 {
		t.Errorf("three generators: verdict %s (%v), %+v, %d rows", together.Verdict, together.Invalid, together.Offered, len(together.Fleet))
	}
	if got := three.agents(); got.Scheduled != 120 || got.Started != 120 || got.Finished != 120 || got.ClockBoundS == nil || *got.ClockBoundS != 0.002 {
		t.Errorf("the rows of the feed tell of %+v", got)
	}
	people := 0.0
	for _, row := range together.Fleet {
		people += row.People
		if row.People != 40 || row.Lost != 0 || row.Why != "" {
			t.Errorf("row %+v", row)
		}
	}
	if paths := three.paths; people != 120 || paths[0] != "/login" || paths[len(paths)-1] != "/close/t1" || len(paths) != 122 {
		t.Errorf("%v people; the first of %d requests is %s, the last %s", people, len(paths), paths[0], paths[len(paths)-1])
	}
	if !slices.Equal(alone.Series.Scheduled[:2], together.Series.Scheduled[:2]) {
		t.Errorf("scheduled by the second: one generator %v, three %v", alone.Series.Scheduled, together.Series.Scheduled)
	}
}

// A generator that vanishes leaves people of whom nothing is known. They are counted and named; the run is invalid unless
// the loss is tolerated.
func TestALostGeneratorIsNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why       string
		tolerated float64
		verdict   report.Verdict
	}{
		{"no loss is tolerated by default", 0, report.Invalid},
		{"a third of the generators may be lost", 1.0 / 3, report.Pass},
	} {
		result, service, err := played(t, test.tolerated, here{}, vanishing{}, here{})
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		offered, row := result.Offered, result.Fleet[1]
		if result.Verdict != test.verdict {
			t.Errorf("%s: verdict %s (%v)", test.why, result.Verdict, result.Invalid)
		}
		if offered.Scheduled != 120 || offered.Sent+offered.Dropped+offered.Lost != 120 || offered.Lost != row.Lost || row.Lost <= 0 || row.People != 40 {
			t.Errorf("%s: %+v, row %+v", test.why, offered, row)
		}
		if !strings.Contains(strings.Join(result.Warnings, "\n"), "of agent b after ") || !strings.Contains(row.Why, "nobody heard of it again") {
			t.Errorf("%s: nothing names the loss: %q, row %+v", test.why, result.Warnings, row)
		}
		if said, row := service.said.String(), service.agents(); !strings.Contains(said, "generator on b was lost: nobody heard of it again") || !strings.Contains(row.Lost, "nobody heard") {
			t.Errorf("%s: during the run it was said %q, and the rows tell of %+v", test.why, said, row)
		}
		last := service.rows[len(service.rows)-1]
		if doubted := strings.Contains(strings.Join(last.Doubts, "\n"), "agent b is lost"); doubted != (test.verdict == report.Invalid) {
			t.Errorf("%s: the last row doubts %q", test.why, last.Doubts)
		}
		if faults := report.Check(result); len(faults) > 0 {
			t.Errorf("%s: %v", test.why, faults)
		}
	}
}

// Who is lost with the requests after the run is named, because what they clean up may be left.
func TestTheRequestsAfterTheRunAreLost(t *testing.T) {
	t.Parallel()
	const want = "the requests after the run may not have been sent: nobody heard of it again"
	for _, test := range []struct {
		why    string
		places []drill.Carrier
		warned bool
	}{
		{"the first generator sends them", []drill.Carrier{vanishing{}, here{}}, true},
		{"no other does", []drill.Carrier{here{}, vanishing{}}, false},
	} {
		result, _, err := played(t, 0.5, test.places...)
		if err != nil || slices.Contains(result.Warnings, want) != test.warned {
			t.Errorf("%s: warned of %q, %v", test.why, result.Warnings, err)
		}
	}
}

// With no generator left the run ends.
func TestNoGeneratorIsLeft(t *testing.T) {
	t.Parallel()
	result, _, err := played(t, 1, vanishing{}, vanishing{})
	if !errors.Is(err, drill.ErrPartDied) || result.Verdict != report.Invalid {
		t.Errorf("verdict %s, %v", result.Verdict, err)
	}
}
