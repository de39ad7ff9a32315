package mocks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// Mocks are the running mocks.
type Mocks struct {
	clock     *runClock
	stations  []*Station // dukcapil, dapodik, dtks, mail
	post      *post
	listeners map[string]net.Listener
	addresses map[string]string

	cancel  context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	faults  []error
}

// Start binds all listeners and serves until the context ends or [Mocks.Close] is called.
func Start(ctx context.Context, config Config) (*Mocks, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	m := &Mocks{clock: newRunClock(), cancel: cancel}
	handlers, err := m.build(ctx, config)
	if err == nil {
		err = m.bind(config)
	}
	if err != nil {
		cancel()
		m.unbind()
		return nil, err
	}
	for name, handler := range handlers {
		m.serveHTTP(ctx, m.listeners[name], handler)
	}
	m.serveSMTP(ctx, m.listeners[smtpName], m.post.server())
	return m, nil
}

// build makes the stations and what stands in front of each.
func (m *Mocks) build(ctx context.Context, config Config) (map[string]fasthttp.RequestHandler, error) {
	stations, err := m.buildStations(config)
	if err != nil {
		return nil, err
	}
	people := population.New(config.Seed, config.Opens, config.Shares)
	boxes := newMailboxes(config.Mail.MemoryBytes)
	m.post = &post{
		context: ctx, people: people, station: stations[mailName], boxes: boxes, clock: m.clock,
		seed: config.Seed, delivery: config.Mail.Delivery, purpose: workload.NewPurpose("mocks.delivery"),
	}
	identity := &dukcapil{context: ctx, config: config.Dukcapil, people: people, station: stations[dukcapilName]}
	pupils := &registry{context: ctx, prefix: "/dapodik/pupils/", station: stations[dapodikName], about: pupilsOf(people)}
	households := &registry{context: ctx, prefix: "/dtks/households/", station: stations[dtksName], about: householdsOf(people)}
	readers := &mailReader{context: ctx, boxes: boxes, clock: m.clock}
	return map[string]fasthttp.RequestHandler{
		dukcapilName: identity.handle, dapodikName: pupils.handle, dtksName: households.handle, mailName: readers.handle,
	}, nil
}

// buildStations makes one station for each mock that works requests off.
func (m *Mocks) buildStations(config Config) (map[string]*Station, error) {
	stations := make(map[string]*Station)
	for _, part := range []struct {
		name    string
		service workload.Service
	}{
		{dukcapilName, config.Dukcapil.Service},
		{dapodikName, config.Dapodik.Service},
		{dtksName, config.DTKS.Service},
		{mailName, config.Mail.Service},
	} {
		station, err := newStation(part.name, part.service, config.Opens, config.Seed, m.clock)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		stations[part.name] = station
		m.stations = append(m.stations, station)
	}
	return stations, nil
}

func (m *Mocks) bind(config Config) error {
	m.listeners, m.addresses = make(map[string]net.Listener), make(map[string]string)
	for name, address := range map[string]string{
		dukcapilName: config.Dukcapil.Listen, dapodikName: config.Dapodik.Listen, dtksName: config.DTKS.Listen,
		mailName: config.Mail.Listen, smtpName: config.Mail.ListenSMTP,
	} {
		if address == "" {
			address = "127.0.0.1:0"
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("%s cannot listen on %s: %w; give another address, or stop the program that holds it", name, address, err)
		}
		m.listeners[name], m.addresses[name] = listener, listener.Addr().String()
	}
	return nil
}

func (m *Mocks) unbind() {
	for _, listener := range m.listeners {
		_ = listener.Close() // nothing was served on it
	}
}

// serveHTTP serves until the context ends.
func (m *Mocks) serveHTTP(ctx context.Context, listener net.Listener, handler fasthttp.RequestHandler) {
	server := &fasthttp.Server{
		Name:                  "ombak",
		Handler:               withHealth(handler),
		IdleTimeout:           10 * time.Minute,
		CloseOnShutdown:       true,
		NoDefaultServerHeader: true,
		Logger:                silence{},
	}
	m.serve(ctx, listener, server.Serve, server.ShutdownWithContext)
}

// serveSMTP serves until the context ends.
func (m *Mocks) serveSMTP(ctx context.Context, listener net.Listener, server *smtp.Server) {
	m.serve(ctx, listener, server.Serve, server.Shutdown)
}

// serve runs a server. When the context ends, it may finish what is under way for a moment; then
// the connections that are left are closed, since neither server closes those that say nothing.
func (m *Mocks) serve(ctx context.Context, listener net.Listener, serve func(net.Listener) error, shutdown func(context.Context) error) {
	const linger, grace = 200 * time.Millisecond, 5 * time.Second
	lasting := context.WithoutCancel(ctx)
	connected, disconnect := context.WithCancel(lasting)
	m.running.Go(func() { m.note(serve(hangUp{listener, connected})) })
	m.running.Go(func() {
		<-ctx.Done()
		defer disconnect()
		time.AfterFunc(linger, disconnect)
		deadline, cancel := context.WithTimeout(lasting, grace)
		defer cancel()
		m.note(shutdown(deadline))
		_ = listener.Close() // for a server that had not begun to serve
	})
}

func (m *Mocks) note(err error) {
	if err == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, err)
}

// Addresses returns where each mock listens: dukcapil, dapodik, dtks, mail (mailboxes) and mail-smtp.
func (m *Mocks) Addresses() map[string]string { return maps.Clone(m.addresses) }

// Begin starts the run: readings count their time from now on, and clock tells scenario time, by
// which daily quotas are counted. Before it, scenario time stands at 0.
func (m *Mocks) Begin(clock func() time.Duration) { m.clock.begin(clock) }

// Readings looks at every station.
func (m *Mocks) Readings() []Reading {
	readings := make([]Reading, 0, len(m.stations))
	for _, station := range m.stations {
		readings = append(readings, station.Reading())
	}
	return readings
}

// MailCounts says what became of the recipients of messages so far.
func (m *Mocks) MailCounts() MailCounts { return m.post.counts() }

// Close stops everything, waits for it, and returns what went wrong while serving.
func (m *Mocks) Close() error {
	m.cancel()
	m.running.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.Join(m.faults...)
}

// silence drops what fasthttp has to say about broken connections: callers count those.
type silence struct{}

// Printf implements fasthttp.Logger.
func (silence) Printf(string, ...any) {}
