package mocks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/workload"
)

// Mocks are the running mocks.
type Mocks struct {
	clock     *runClock
	parts     []*part // dukcapil, dapodik, dtks, mail, then sms and generics where there are any
	metrics   *metrics
	post      *post
	phones    *gateway // nil without SMS
	recorders map[string]*recorder
	listeners map[string]net.Listener
	addresses map[string]string
	lastID    atomic.Uint64

	context context.Context
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
	m, err := newMocks(ctx, config)
	if err == nil {
		err = m.sharpen()
	}
	if err == nil {
		err = m.bind(config)
	}
	if err != nil {
		m.cancel()
		m.unbind()
		m.running.Wait()
		return nil, err
	}
	for _, part := range m.parts {
		m.serveHTTP(part)
	}
	m.serveSMTP(m.part(mailName))
	if config.Admin.Token != "" {
		m.serveAdmin(config.Admin.Token)
	}
	return m, nil
}

// newMocks makes all mocks, which listen nowhere yet.
func newMocks(ctx context.Context, config Config) (*Mocks, error) {
	m := &Mocks{clock: newRunClock(), metrics: newMetrics(), recorders: make(map[string]*recorder)}
	m.context, m.cancel = context.WithCancel(ctx)
	err := m.build(config)
	m.metrics.registry.MustRegister(newLooks(m.stations, m.present))
	return m, err
}

func (m *Mocks) stations() []*Station {
	stations := make([]*Station, len(m.parts))
	for i, part := range m.parts {
		stations[i] = part.station
	}
	return stations
}

// present counts the faults that befall a mock now.
func (m *Mocks) present(name string) int {
	count := 0
	for _, befallen := range m.part(name).board.list(m.clock.scenario(), false) {
		if befallen.Now {
			count++
		}
	}
	return count
}

func (m *Mocks) part(name string) *part {
	for _, part := range m.parts {
		if part.name == name {
			return part
		}
	}
	return nil
}

// sharpen gives every station an alarm that rings on time.
func (m *Mocks) sharpen() error {
	for _, part := range m.parts {
		alarm, run, stop, err := newPreciseAlarm(part.station.ring)
		if err != nil {
			return err
		}
		part.station.alarm = alarm
		m.running.Go(run)
		m.running.Go(func() {
			<-m.context.Done()
			part.station.rest()
			stop()
		})
	}
	return nil
}

func (m *Mocks) bind(config Config) error {
	m.listeners, m.addresses = make(map[string]net.Listener), make(map[string]string)
	wanted := map[string]string{smtpName: config.Mail.ListenSMTP}
	for _, part := range m.parts {
		wanted[part.name] = part.listen
	}
	if config.Admin.Token != "" {
		if err := mustBeLocal(config.Admin.Listen); err != nil {
			return err
		}
		wanted[adminName] = config.Admin.Listen
	}
	for name, address := range wanted {
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

// serveHTTP serves a mock until the context ends.
func (m *Mocks) serveHTTP(part *part) {
	guarded := &gatekeeper{Listener: m.listeners[part.name], most: part.trouble.Connections, board: part.board, clock: m.clock}
	if part.name == mailName {
		guarded.board, guarded.most = nil, 0 // the mailboxes are people's, not the service's
	}
	server := newServer(m.doorOf(part))
	m.serve(guarded, server.Serve, server.ShutdownWithContext)
}

func newServer(handler fasthttp.RequestHandler) *fasthttp.Server {
	return &fasthttp.Server{
		Name:                  "ombak",
		Handler:               withHealth(handler),
		IdleTimeout:           10 * time.Minute,
		CloseOnShutdown:       true,
		NoDefaultServerHeader: true,
		ReadBufferSize:        4096,
		Logger:                silence{},
	}
}

// doorOf returns what answers a mock's requests over HTTP.
func (m *Mocks) doorOf(part *part) fasthttp.RequestHandler {
	if part.name == mailName {
		return part.handler
	}
	return (&door{context: m.context, station: part.station, board: part.board, journal: part.journal, next: part.handler, outage: part.outage}).handle
}

// serveSMTP serves until the context ends.
func (m *Mocks) serveSMTP(part *part) {
	guarded := &gatekeeper{Listener: m.listeners[smtpName], most: part.trouble.Connections, board: part.board, clock: m.clock}
	server := m.post.server()
	m.serve(guarded, func(listener net.Listener) error { return server.Serve(hangsUp{listener}) }, func(ctx context.Context) error {
		err := server.Shutdown(ctx)
		if errors.Is(err, smtp.ErrServerClosed) {
			return nil
		}
		return err
	})
}

// serve runs a server. When the context ends, it may finish what is under way for a moment; then
// the connections that are left are closed, since neither server closes those that say nothing.
func (m *Mocks) serve(listener *gatekeeper, serve func(net.Listener) error, shutdown func(context.Context) error) {
	const linger, grace = 200 * time.Millisecond, 5 * time.Second
	lasting := context.WithoutCancel(m.context)
	connected, disconnect := context.WithCancel(lasting)
	listener.context = connected
	m.running.Go(func() { m.note(serve(listener)) })
	m.running.Go(func() {
		<-m.context.Done()
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

// Addresses returns where each mock listens: dukcapil, dapodik, dtks, mail (mailboxes), mail-smtp,
// sms, the generic ones by their names, and admin.
func (m *Mocks) Addresses() map[string]string { return maps.Clone(m.addresses) }

// Begin starts the run at an instant, which may lie ahead: readings count their time from it, and
// the clock tells scenario time, by which daily quotas are counted and faults come and go.
func (m *Mocks) Begin(at time.Time, clock workload.Clock) { m.clock.begin(at, clock) }

// Watch tells of every beginning and end of a fault, on one goroutine, until the mocks are closed.
// It is called at most once.
func (m *Mocks) Watch(tell func(Fate)) {
	m.running.Go(func() { m.watch(m.context, tell) })
}

// Readings looks at every station.
func (m *Mocks) Readings() []Reading {
	readings := make([]Reading, 0, len(m.parts))
	for _, part := range m.parts {
		readings = append(readings, part.station.Reading())
	}
	return readings
}

// MailCounts says what became of the recipients of messages so far.
func (m *Mocks) MailCounts() MailCounts { return m.post.counts() }

// SMSCounts says what became of short messages so far.
func (m *Mocks) SMSCounts() SMSCounts {
	if m.phones == nil {
		return SMSCounts{}
	}
	return m.phones.counts()
}

// Recordings returns what the generic mocks that record have seen so far, by their names.
func (m *Mocks) Recordings() (map[string]Recording, error) {
	recordings := make(map[string]Recording)
	for name, recorder := range m.recorders {
		recording, err := recorder.recording()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		recordings[name] = recording
	}
	return recordings, nil
}

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
