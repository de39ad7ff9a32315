package drill

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/setup"
)

// BackendOrder makes the process the reference backend.
type BackendOrder struct {
	Config backend.Config `json:"config"`
	Opens  time.Time      `json:"opens"`
}

// MocksOrder makes the process the stand-ins of the dependencies.
type MocksOrder struct {
	Config     mocks.Config      `json:"config"`
	Recordings map[string]string `json:"recordings,omitempty"` // the file to write for each mock that records
}

// GeneratorOrder makes the process the load generator.
type GeneratorOrder struct {
	Config  loadgen.Config `json:"config"`
	Metrics string         `json:"metrics,omitempty"` // address at which to serve Prometheus metrics; empty means none
	// Together is set if other generators share the run. They then need the values that this one's requests before the run
	// extract, and its requests after the run wait for them.
	Together bool `json:"together,omitempty"`
}

// Hiding returns what replaces the values of variables in a text, because no file of another machine may hold them.
func (o GeneratorOrder) Hiding() *strings.Replacer {
	return setup.Hiding(slices.Concat(slices.Collect(maps.Values(o.Config.Vars)), slices.Collect(maps.Values(o.Config.RunValues))))
}

// runClock is the clock of a part. Before the run begins, real and scenario time are 0.
type runClock struct {
	mu    sync.Mutex
	begin *Begin
}

func (c *runClock) set(begin Begin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin = &begin
}

// real returns the real time since the run began.
func (c *runClock) real() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begin == nil {
		return 0
	}
	return time.Since(c.begin.At)
}

// scenario returns the current scenario time.
func (c *runClock) scenario() time.Duration {
	elapsed := c.real()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begin == nil {
		return 0
	}
	return c.begin.Clock.Scenario(elapsed)
}

// ServePart is the body of a child process. It reads its order from in, works until in or the context ends,
// and writes messages to out. It also sends the error that it returns as a message.
func ServePart(ctx context.Context, in io.Reader, out io.Writer, log *slog.Logger) error {
	scanner, messages := newScanner(in), newWriter(out)
	var order Order
	err := readLine(scanner, &order)
	if err == io.EOF {
		err = errNoOrder
	}
	if err == nil {
		err = serveOrder(ctx, order, scanner, messages, log)
	}
	if err != nil {
		messages.write(Message{Failed: err.Error()})
	}
	return err
}

func serveOrder(ctx context.Context, order Order, scanner *bufio.Scanner, messages *writer, log *slog.Logger) error {
	part, known := order.part()
	if !known {
		return errNoOrder
	}
	tuned, stop := context.WithCancel(ctx)
	var tuning sync.WaitGroup
	defer tuning.Wait()
	defer stop()
	tuning.Go(func() { host.KeepTuningGC(tuned, part.heapGrowth) })
	return part.serve(ctx, order, scanner, messages, log)
}

// untilStopped reads the start of the run and passes it to began, and every change to changed, unless that is nil. It
// returns when the conductor closes the input or the context ends.
func untilStopped(ctx context.Context, scanner *bufio.Scanner, began func(Begin), changed func(Change)) {
	closed := make(chan struct{})
	go func() { // ends with the input; a part that stops for another reason is about to exit
		defer close(closed)
		var begin Begin
		if readLine(scanner, &begin) != nil {
			return
		}
		begin.At = begin.anchor(time.Now())
		began(begin)
		for scanner.Scan() {
			var change Change
			if changed != nil && json.Unmarshal(scanner.Bytes(), &change) == nil {
				changed(change)
			}
		}
	}()
	select {
	case <-closed:
	case <-ctx.Done():
	}
}

// observe sends readings each second until the context ends, and once more at the end.
func observe(ctx context.Context, messages *writer, readings func() []funnel.Reading) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
		for _, reading := range readings() {
			messages.write(Message{Reading: &reading})
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func serveBackend(ctx context.Context, order BackendOrder, scanner *bufio.Scanner, messages *writer, log *slog.Logger) error {
	var clock runClock
	config := order.Config
	config.Now, config.Log = domainClock(order.Opens, clock.scenario), log
	config.Wall, _ = ctx.Value(wallKey{}).(func() time.Time) // otherwise the machine's
	server, err := backend.New(ctx, config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	var served error
	running.Go(func() {
		defer cancel()
		served = server.Serve()
	})
	addresses := map[string]string{"backend": server.Addr().String()}
	if admin := server.AdminAddr(); admin != nil {
		addresses["admin"] = admin.String()
	}
	messages.write(Message{Ready: &Ready{
		Addresses: addresses,
		Store:     describeStore(config.Database, server),
	}})
	var watch storeWatch
	readings := func() []funnel.Reading {
		stats, at := server.Stats(), clock.real()
		if gone, changed := watch.look(at, stats.Store); changed {
			messages.write(Message{Gone: &gone})
		}
		return backendReadings(stats, at)
	}
	running.Go(func() { observe(ctx, messages, readings) })
	untilStopped(ctx, scanner, clock.set, func(change Change) {
		if change.Policy == nil {
			return
		}
		if err := server.Change(*change.Policy); err != nil {
			messages.write(Message{Warning: "a policy was not changed: " + err.Error()})
		}
	})
	const drain = 10 * time.Second
	drained, cancelDrain := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancelDrain()
	err = server.Shutdown(drained)
	cancel()
	running.Wait()
	if failures := server.Stats().Store.Failures; failures > 0 {
		messages.write(Message{Warning: storeWarning(failures)})
	}
	if served != nil {
		return served
	}
	return err
}

// describeStore describes the database. The file system of a remote one is not known.
func describeStore(database string, server *backend.Server) *report.Store {
	described := &report.Store{Engine: server.Engine(), Durability: server.Durability()}
	if store.IsFile(database) {
		described.Filesystem = host.Filesystem(database)
	}
	return described
}

func serveMocks(ctx context.Context, order MocksOrder, scanner *bufio.Scanner, messages *writer) error {
	var clock runClock
	stand, err := mocks.Start(ctx, order.Config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stand.Watch(func(fate mocks.Fate) {
		mark := fateMark(fate)
		messages.write(Message{Mark: &mark})
	})
	messages.write(Message{Ready: &Ready{Addresses: stand.Addresses()}})
	var running sync.WaitGroup
	running.Go(func() { observe(ctx, messages, func() []funnel.Reading { return mockReadings(stand, clock.real()) }) })
	untilStopped(ctx, scanner, func(begin Begin) {
		clock.set(begin)
		stand.Begin(begin.At, begin.Clock)
	}, nil)
	cancel()
	running.Wait()
	return errors.Join(stand.Close(), writeRecordings(stand, order.Recordings))
}

// writeRecordings writes the recorded answers into the files named for them.
func writeRecordings(stand *mocks.Mocks, files map[string]string) error {
	recordings, err := stand.Recordings()
	if err != nil {
		return err
	}
	for name, recording := range recordings {
		text, err := json.MarshalIndent(recording, "", " ")
		if err == nil {
			err = os.WriteFile(files[name], append(text, '\n'), 0o600) // answers may hold secrets
		}
		if err != nil {
			return fmt.Errorf("the recording of %s could not be written: %w", name, err)
		}
	}
	return nil
}

// serveGenerator sends what comes before the run, plays the run, and reports each second of it.
func serveGenerator(ctx context.Context, order GeneratorOrder, scanner *bufio.Scanner, messages *writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	var failed error
	prepared := make(chan *player, 1)
	running.Go(func() {
		defer close(prepared)
		p, ready, err := newPlayer(ctx, order, messages, &running)
		if err != nil {
			failed = err
			cancel()
			return
		}
		prepared <- p
		messages.write(Message{Ready: &ready})
	})
	var playing *player
	untilStopped(ctx, scanner, func(begin Begin) {
		if p, ok := <-prepared; ok {
			playing = p
			running.Go(func() { p.play(ctx, begin) })
		}
	}, func(change Change) {
		if playing == nil {
			return
		}
		playing.generator.Turn(change.Turns...)
		if change.Conclude {
			playing.conclude()
		}
	})
	cancel()
	running.Wait()
	return failed
}

// player is a generator that is ready to play.
type player struct {
	config    loadgen.Config
	generator *loadgen.Generator
	observers *recorder.Recorder
	messages  *writer
	together  bool
	concluded chan struct{} // closed when the requests after the run may be sent
	conclude  func()        // closes it, once
}

// newPlayer sends the requests that come before the run and sets up the generator.
func newPlayer(ctx context.Context, order GeneratorOrder, messages *writer, running *sync.WaitGroup) (*player, Ready, error) {
	p, ready := &player{config: order.Config, messages: messages, together: order.Together, concluded: make(chan struct{})}, Ready{}
	p.conclude = sync.OnceFunc(func() { close(p.concluded) })
	var err error
	if p.config.RunValues, err = p.config.Prepare(ctx); err != nil {
		return nil, ready, err
	}
	if order.Together && len(p.config.Before) > 0 {
		ready.Values = p.config.RunValues
	}
	steps := p.config.Journey.Funnel()
	p.observers = recorder.NewRecorder(steps, max(1, p.config.Shards), func(delta recorder.Delta) { messages.write(Message{Delta: &delta}) }).Exemplify(p.config.Traced())
	var metrics *loadgen.Metrics
	p.generator, err = loadgen.New(p.config, func(shard int) funnel.Observer {
		if metrics != nil {
			return metrics.Beside(p.observers.Observer(shard))
		}
		return p.observers.Observer(shard)
	})
	if err != nil || order.Metrics == "" {
		return p, ready, err
	}
	metrics = loadgen.NewMetrics(steps, p.generator.InFlight)
	address, err := showMetrics(ctx, order.Metrics, metrics.Handler(), running)
	ready.Addresses = map[string]string{"metrics": address}
	return p, ready, err
}

// play plays the run and then sends the requests that come after it, even if the run was interrupted.
func (p *player) play(ctx context.Context, begin Begin) {
	p.messages.write(Message{Begun: &Begun{At: begin.At.Round(0), Late: max(0, time.Since(begin.At))}})
	meter := host.NewStrainMeter()
	if err := p.generator.Run(ctx, begin.At); err != nil {
		p.messages.write(Message{Warning: "the generator: " + err.Error()})
	}
	p.observers.Close()
	totals := p.generator.Totals()
	p.messages.write(Message{Strain: meter.Read(totals)})
	if made := handshakes(totals.Handshakes); made != nil {
		p.messages.write(Message{Handshakes: made})
	}
	p.messages.write(Message{Wire: wireOf(totals.Wire)})
	interrupted := ctx.Err() != nil // somebody may still have been to come
	if p.together && len(p.config.After) > 0 && !interrupted {
		p.messages.write(Message{Played: true})
		select {
		case <-p.concluded:
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.afterwards(ctx))
	defer cancel()
	if err := p.config.Conclude(last); err != nil {
		p.messages.write(Message{Warning: err.Error()})
	}
	if !interrupted {
		p.messages.write(Message{Done: true})
	}
}

// afterwards returns how long the requests after the run may take. An interrupted run ends soon.
func (p *player) afterwards(ctx context.Context) time.Duration {
	const interrupted = 8 * time.Second // less than the patience with which the conductor stops a part
	if ctx.Err() != nil {
		return interrupted
	}
	_, after := p.config.Longest()
	return after + time.Second
}

// handshakes returns the counts and mean times of TLS handshakes, or nil if there were none.
func handshakes(h loadgen.Handshakes) *report.Handshakes {
	if h.Full+h.Resumed == 0 {
		return nil
	}
	mean := func(sum time.Duration, n int) *float64 {
		if n == 0 {
			return nil
		}
		seconds := sum.Seconds() / float64(n)
		return &seconds
	}
	return &report.Handshakes{
		Full: float64(h.Full), FullMeanS: mean(h.FullTime, h.Full),
		Resumed: float64(h.Resumed), ResumedMeanS: mean(h.ResumedTime, h.Resumed),
	}
}

// showMetrics serves metrics until the context ends.
func showMetrics(ctx context.Context, address string, metrics http.Handler, running *sync.WaitGroup) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("the metrics cannot be served: %w; name another address with --metrics", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	running.Go(func() { _ = server.Serve(listener) }) // until it is closed
	running.Go(func() {
		<-ctx.Done()
		_ = server.Close() // scrapers see the connection close
	})
	return listener.Addr().String(), nil
}
