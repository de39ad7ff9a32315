package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/report"
)

// Silence is how long an agent plays without hearing from its conductor.
const Silence = 10 * time.Second

// Agent is a machine that joins a fleet.
type Agent struct {
	Name    string
	Roles   []string // of Roles; none means GeneratorRole and StudyRole
	Address string   // HOST or HOST:PORT at which a backend of this machine serves, and mocks at other ports; empty means where it reaches the fleet from
	Labels  map[string]string
	Targets []Target      // where it sends load to; none means Loopback
	Sends   float64       // requests/s that it can send as a generator; 0 means that it does not know
	Folder  string        // of the rows; it is made if it does not exist
	Build   report.Build  // of this program
	Command []string      // starts a part: a program and its arguments
	Carrier drill.Carrier // starts parts instead of the Command; may be nil
	Log     io.Writer     // what it does, and the standard error of parts; may be nil
	Clock   Clock         // the zero value is the machine's
	Silence time.Duration // 0 means Silence
	Cores   int           // jobs of studies at once; 0 means the machine's
	Joined  func()        // called once it hears; may be nil

	tamper func(result []byte) []byte // for tests: lies about results of jobs; may be nil
}

// agent is an Agent that runs.
type agent struct {
	Agent
	conn *nats.Conn
	id   string
	over context.Context // ends with the agent

	listenAt string // HOST:PORT
	machine  report.Machine

	mu      sync.Mutex
	orders  map[string]*assembly // by run
	playing *playing             // nil unless a part plays
	held    map[string]*held     // by run; what the conductor may still ask for
	working sync.WaitGroup
	shop    *workshop
}

// Run joins the fleet and takes orders until the context ends. It then stops what it plays, and keeps its rows.
func (a Agent) Run(ctx context.Context, login Login) error {
	if err := CheckName(a.Name); err != nil {
		return refusal{err}
	}
	if a.Targets == nil {
		a.Targets = Loopback()
	}
	if len(a.Roles) == 0 {
		a.Roles = []string{GeneratorRole, StudyRole}
	}
	if a.Cores == 0 {
		a.Cores = max(1, host.Machine().CPUs)
	}
	if a.Clock == (Clock{}) {
		a.Clock = NewClock(0, 0)
	}
	if a.Silence == 0 {
		a.Silence = Silence
	}
	if a.Log == nil {
		a.Log = io.Discard
	}
	if err := os.MkdirAll(a.Folder, 0o700); err != nil {
		return fmt.Errorf("the folder of the rows: %w; name another with --dir", err)
	}
	login.Name = "agent " + a.Name
	conn, err := login.connect(ctx)
	if err != nil {
		return err
	}
	over, stop := context.WithCancel(context.WithoutCancel(ctx))
	running := &agent{Agent: a, conn: conn, id: randomName(), over: over, machine: *host.Machine(), orders: map[string]*assembly{}, held: map[string]*held{}}
	running.shop = newWorkshop(running, a.Cores)
	defer running.close(stop)
	if running.listenAt, err = listenAt(a.Address, conn); err != nil {
		return err
	}
	if err := running.alone(ctx); err != nil {
		return err
	}
	running.findHeld()
	if err := running.listen(); err != nil {
		return err
	}
	if a.Joined != nil {
		a.Joined()
	}
	<-ctx.Done()
	running.leave()
	return nil
}

// alone returns an error if another agent of the name has joined.
func (a *agent) alone(ctx context.Context) error {
	others, err := ask(ctx, a.conn, 300*time.Millisecond)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.Agent == a.Name {
			return refuse("an agent called %s has joined this fleet already; give another name with --name", a.Name)
		}
	}
	return nil
}

// listen subscribes to everything that an agent hears. Orders and endings may take a while, so what an agent hears is handled
// on goroutines of its own but for the clock, which must not wait.
func (a *agent) listen() error {
	subscribe := func(subject string, handle func(*nats.Msg)) error {
		_, err := a.conn.Subscribe(subject, handle)
		return err
	}
	hear := func(what string, handle func(run string, text []byte) any) error {
		return subscribe(subject("*", a.Name, what), func(m *nats.Msg) {
			run := strings.Split(m.Subject, ".")[2]
			a.working.Go(func() { reply(m, handle(run, m.Data)) })
		})
	}
	err := errors.Join(
		subscribe(clockSubject(a.Name), a.tellClock),
		subscribe(askSubject, func(m *nats.Msg) { reply(m, a.describe()) }),
		subscribe(heldSubject, a.tellHeld),
		subscribe(subject("*", a.Name, orderWhat), func(m *nats.Msg) { a.takeOrder(strings.Split(m.Subject, ".")[2], m) }),
		hear(readyWhat, a.tellReady), hear(beginWhat, a.begin), hear(changeWhat, a.change), hear(askWhat, a.askControl), hear(endWhat, a.end),
		hear(resendWhat, a.resend), hear(releaseWhat, a.release), a.shop.listen(),
	)
	if err != nil {
		return err
	}
	return a.conn.FlushTimeout(patience)
}

// reply answers a request with a value. The one who asks asks again if the answer is lost.
func reply(m *nats.Msg, value any) {
	text, err := json.Marshal(value)
	if err == nil && m.Reply != "" {
		_ = m.Respond(text) // see above
	}
}

func (a *agent) describe() Description {
	d := Description{
		Agent: a.Name, ID: a.id, Roles: a.Roles, Labels: a.Labels, Build: a.Build, OS: a.machine.OS, Arch: arch, CPUs: a.Cores, Memory: a.machine.MemoryBytes,
		Studies: a.shop.playing(),
	}
	d.Address, d.Sends = a.listenAt, a.Sends
	if load, known := host.Load(); known {
		d.Load = &load
	}
	for _, target := range a.Targets {
		d.Targets = append(d.Targets, target.String())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.playing != nil {
		d.Playing = a.playing.task.Run
	}
	for _, run := range slices.Sorted(maps.Keys(a.held)) {
		if run != d.Playing {
			d.Holds = append(d.Holds, run)
		}
	}
	return d
}

// tellClock answers what the clock shows, in nanoseconds since 1970. That a conductor asks is a sign of its life.
func (a *agent) tellClock(m *nats.Msg) {
	_ = m.Respond(fmt.Appendf(nil, "%d", a.Clock.Now().UnixNano())) // it asks again
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.playing != nil && a.playing.task.Run == string(m.Data) {
		a.playing.heard()
	}
}

// takeOrder adds a chunk of an order. The answer to the last one says whether the part was started.
func (a *agent) takeOrder(run string, m *nats.Msg) {
	chunk, err := decode(m.Data)
	if err != nil || chunk.Run != run {
		reply(m, answer{"the order cannot be read"})
		return
	}
	a.mu.Lock()
	for other := range a.orders { // one at a time, so that orders which never end take no memory
		if other != run {
			delete(a.orders, other)
		}
	}
	if a.orders[run] == nil {
		a.orders[run] = &assembly{}
	}
	whole, done, err := a.orders[run].add(chunk)
	gap := !done && !a.orders[run].open
	if !a.orders[run].open {
		delete(a.orders, run) // it may have 64 MiB
	}
	a.mu.Unlock()
	switch {
	case gap:
		reply(m, answer{"a part of the order was lost on its way"})
	case err != nil:
		reply(m, answer{"the order was damaged on its way: " + err.Error()})
	case !done:
		reply(m, answer{})
	default:
		a.working.Go(func() { reply(m, answer{textOf(a.obey(whole))}) })
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// obey vets an order and starts its part.
func (a *agent) obey(e Envelope) error {
	t, err := decodeTask(e.Message)
	if err != nil {
		return fmt.Errorf("agent %s (%s): %w", a.Name, describe(a.Build), err)
	}
	if t.Run != e.Run || t.Part != e.Part || t.Incarnation != e.Incarnation {
		return errors.New("the order is of another run than its envelope")
	}
	order, err := vetting{agent: a.Name, roles: a.Roles, targets: a.Targets, build: a.Build, cpus: a.machine.CPUs, listen: a.listenAt, folder: filepath.Join(a.Folder, t.Run)}.vet(t)
	if err != nil {
		a.log("refused an order of run %s: %v", t.Run, err)
		return err
	}
	if order.Generator != nil {
		err = able(t, order.Generator)
	} else if order.Backend != nil {
		err = reaches(*order.Backend)
	}
	if err != nil {
		return fmt.Errorf("agent %s: %w", a.Name, err)
	}
	if err := a.take(t, order); err != nil {
		return err
	}
	a.shop.giveWay() // without the agent's lock, which jobs ask for while they hold the workshop's
	return nil
}

// able returns an error if this machine cannot generate the load.
func able(t task, generator *drill.GeneratorOrder) error {
	people := 0
	if t.Part < len(t.Outline.People) {
		people = int(t.Outline.People[t.Part])
	}
	if err := host.NeedFiles(generator.Config.MostConnections(people)); err != nil {
		return err
	}
	return drill.CheckReachable(generator.Config.Targets, generator.Config.Connections)
}

// reaches returns an error if this machine does not reach what the backend calls.
func reaches(backend drill.BackendOrder) error {
	const patience = 5 * time.Second
	peers, err := backend.Peers()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(peers)) {
		conn, err := net.DialTimeout("tcp", peers[name], patience)
		if err != nil {
			return fmt.Errorf("the backend would not reach %s at %s (%w); is the address right, or a firewall between?", name, peers[name], err)
		}
		_ = conn.Close() // nothing was sent
	}
	return nil
}

// take starts a part unless one plays.
func (a *agent) take(t task, order drill.Order) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.playing; p != nil {
		if p.task.Run == t.Run && p.task.Incarnation == t.Incarnation {
			return nil // the same order again
		}
		return fmt.Errorf("agent %s plays a part of run %s; wait for its end", a.Name, p.task.Run)
	}
	if a.held[t.Run] != nil {
		return fmt.Errorf("agent %s has played a part of run %s already, and nothing is played twice", a.Name, t.Run)
	}
	return a.start(t, order)
}

// start starts a part. The caller holds the lock.
func (a *agent) start(t task, order drill.Order) error {
	kept, err := newHeld(filepath.Join(a.Folder, t.Run), t, a.Name)
	if err != nil {
		return fmt.Errorf("agent %s cannot keep the rows of the run: %w", a.Name, err)
	}
	p := &playing{agent: a, task: t, order: order, held: kept, last: time.Now(), done: make(chan struct{})}
	p.hide.Store(order.Hiding())
	carrier := a.Carrier
	if carrier == nil {
		carrier = drill.Processes{Command: a.Command, Log: maskedLog{&p.hide, a.Log}}
	}
	if p.part, err = carrier.Start(a.over, order, p.receive); err != nil {
		kept.forget()
		return fmt.Errorf("agent %s: %w", a.Name, err)
	}
	a.playing, a.held[t.Run] = p, kept
	if order.Generator != nil {
		a.log("plays part %d of %d of run %s (%s)", t.Part+1, max(1, order.Generator.Config.Parts), t.Run, t.Outline.Scenario.Name)
	} else {
		a.log("runs the %s of run %s (%s)", order.Name(), t.Run, t.Outline.Scenario.Name)
	}
	a.working.Go(p.watch)
	return nil
}

// current returns the part that plays, if it is the incarnation.
func (a *agent) current(run, incarnation string) (*playing, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.playing; p != nil && p.task.Run == run && (incarnation == "" || p.task.Incarnation == incarnation) {
		p.heard()
		return p, nil
	}
	return nil, fmt.Errorf("agent %s plays no part of run %s", a.Name, run)
}

// heardOf reads a question and finds the part that it is about.
func heardOf[T any](a *agent, run string, text []byte, incarnation func(T) string) (T, *playing, error) {
	var question T
	if err := json.Unmarshal(text, &question); err != nil {
		return question, nil, err
	}
	p, err := a.current(run, incarnation(question))
	return question, p, err
}

func (a *agent) tellReady(run string, text []byte) any {
	_, p, err := heardOf(a, run, text, func(q ack) string { return q.Incarnation })
	if err != nil {
		return state{answer: answer{err.Error()}}
	}
	return p.ready(a.over)
}

func (a *agent) begin(run string, text []byte) any {
	question, p, err := heardOf(a, run, text, func(q start) string { return q.Incarnation })
	if err == nil {
		err = p.begin(question)
	}
	return answer{textOf(err)}
}

func (a *agent) change(run string, text []byte) any {
	question, p, err := heardOf(a, run, text, func(q change) string { return q.Incarnation })
	if err == nil {
		err = p.change(question)
	}
	return answer{textOf(err)}
}

func (a *agent) end(run string, text []byte) any {
	question, p, err := heardOf(a, run, text, func(q ending) string { return q.Incarnation })
	if err == nil {
		p.end(question.Patience)
	}
	return answer{textOf(err)}
}

// leave stops what plays and waits for it.
func (a *agent) leave() {
	a.mu.Lock()
	p := a.playing
	a.mu.Unlock()
	if p == nil {
		return
	}
	p.stop("its agent left")
	<-p.done
	p.held.awaitDelivery(2 * time.Second)
}

// close ends everything that the agent has started.
func (a *agent) close(stop context.CancelFunc) {
	stop()
	a.conn.Close()
	a.working.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, kept := range a.held {
		kept.close()
	}
}

func (a *agent) log(format string, arguments ...any) {
	fmt.Fprintf(a.Log, "agent %s: "+format+"\n", append([]any{a.Name}, arguments...)...)
}
