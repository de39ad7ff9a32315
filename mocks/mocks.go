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
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/listener"
	"github.com/ombak-sim/ombak/workload"
)

// Mocks are the running mocks.
type Mocks struct {
	clock     *runClock
	parts     []*part // dukcapil, dapodik, dtks and mail unless left out, then sms and generics if configured
	metrics   *metrics
	post      *post    // nil without mail
	phones    *gateway // nil without SMS
	recorders map[string]*recorder
	listeners map[string]net.Listener
	bound     listener.Bound // of the connections of all listeners
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
		err = m.setAlarms()
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
	if err := m.noticeHangups(); err != nil {
		m.cancel()
		m.unbind()
		m.running.Wait()
		return nil, err
	}
	for _, part := range m.parts {
		if part.callee != nil {
			m.serveGRPC(part)
		} else {
			m.serveHTTP(part)
		}
	}
	if m.post != nil {
		m.serveSMTP(m.part(MailName))
	}
	if config.Admin.Token != "" {
		m.serveAdmin(config.Admin.Token)
	}
	return m, nil
}

// noticeHangups has every station notice callers that leave.
func (m *Mocks) noticeHangups() error {
	hangups, run, err := listener.NewHangups()
	if err != nil {
		return err
	}
	for _, part := range m.parts {
		part.station.hangups = hangups
	}
	m.running.Go(run)
	m.running.Go(func() {
		<-m.context.Done()
		m.note(hangups.Close())
	})
	return nil
}

// newMocks creates all mocks without listeners.
func newMocks(ctx context.Context, config Config) (*Mocks, error) {
	m := &Mocks{clock: newRunClock(), metrics: newMetrics(), recorders: make(map[string]*recorder)}
	m.context, m.cancel = context.WithCancel(ctx)
	err := m.build(config)
	m.metrics.registry.MustRegister(newLooks(m.stations, m.present))
	m.bound.Most = listener.MostConnections()
	m.metrics.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "ombak_mock_connections_shed_total", Help: "Idle connections closed to make room for others.",
	}, func() float64 { return float64(m.bound.Shed()) }))
	return m, err
}

func (m *Mocks) stations() []*Station {
	stations := make([]*Station, len(m.parts))
	for i, part := range m.parts {
		stations[i] = part.station
	}
	return stations
}

// present counts the active faults of a mock.
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

// setAlarms gives every station a precise alarm.
func (m *Mocks) setAlarms() error {
	for _, part := range m.parts {
		alarm, run, stop, err := newPreciseAlarm(part.station.ring)
		if err != nil {
			return err
		}
		part.station.alarm = alarm
		m.running.Go(run)
		m.running.Go(func() {
			<-m.context.Done()
			part.station.usePlainAlarm()
			stop()
		})
	}
	return nil
}

func (m *Mocks) bind(config Config) error {
	m.listeners, m.addresses = make(map[string]net.Listener), make(map[string]string)
	wanted := map[string]string{}
	if m.post != nil {
		wanted[smtpName] = config.Mail.ListenSMTP
	}
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
		free, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("%s cannot listen on %s: %w; give another address, or stop the program that uses it", name, address, err)
		}
		m.listeners[name], m.addresses[name] = m.bound.Listen(free), free.Addr().String()
	}
	return nil
}

func (m *Mocks) unbind() {
	for _, listener := range m.listeners {
		_ = listener.Close() // it served nothing
	}
}

// serveHTTP serves a mock until the context ends.
func (m *Mocks) serveHTTP(part *part) {
	guarded := &gatekeeper{Listener: m.listeners[part.name], most: part.trouble.Connections, board: part.board, clock: m.clock}
	if part.kind == MailName {
		guarded.board, guarded.most = nil, 0 // faults apply to the service, not to readers of mailboxes
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

// doorOf returns the handler of a mock's HTTP requests.
func (m *Mocks) doorOf(part *part) fasthttp.RequestHandler {
	if part.kind == MailName {
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

// serve runs a server. When the context ends, the server may finish current requests for a moment. The
// remaining connections are then closed, because neither server closes silent ones.
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
		_ = listener.Close() // needed if the server had not begun to serve
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

// Addresses returns the address of each mock: dukcapil, dapodik, dtks, mail (mailboxes), mail-smtp, sms, the
// generic mocks by name, and admin.
func (m *Mocks) Addresses() map[string]string { return maps.Clone(m.addresses) }

// Begin starts the run at an instant, which may be in the future. Readings count their time from it. The clock
// gives scenario time, which determines daily quotas and faults.
func (m *Mocks) Begin(at time.Time, clock workload.Clock) { m.clock.begin(at, clock) }

// Watch calls report at every beginning and end of a fault, on one goroutine, until the mocks are closed. It may
// be called once.
func (m *Mocks) Watch(report func(Fate)) {
	m.running.Go(func() { m.watch(m.context, report) })
}

// Readings samples every station.
func (m *Mocks) Readings() []Reading {
	readings := make([]Reading, 0, len(m.parts))
	for _, part := range m.parts {
		readings = append(readings, part.station.Reading())
	}
	return readings
}

// MailCounts returns the outcomes of messages so far, by recipient.
func (m *Mocks) MailCounts() MailCounts {
	if m.post == nil {
		return MailCounts{}
	}
	return m.post.counts()
}

// SMSCounts returns the outcomes of short messages so far.
func (m *Mocks) SMSCounts() SMSCounts {
	if m.phones == nil {
		return SMSCounts{}
	}
	return m.phones.counts()
}

// Recordings returns what the recording generic mocks have seen so far, by name.
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

// Close stops everything, waits for it, and returns the errors of serving.
func (m *Mocks) Close() error {
	m.cancel()
	m.running.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.Join(m.faults...)
}

// silence drops fasthttp's messages about broken connections; callers count those.
type silence struct{}

// Printf implements fasthttp.Logger.
func (silence) Printf(string, ...any) {}
