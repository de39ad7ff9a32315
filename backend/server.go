package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/outbox"
	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/listener"
)

// Server is the running service.
type Server struct {
	config     Config
	store      *store.Store
	links      links
	sessions   sessions
	dukcapil   *registry.Dukcapil   // nil if it is not configured
	questioned []*registry.Registry // the registries in use
	doors      []guard
	outbox     *outbox.Queue // mails, or short messages with the codes of sign-ups
	sms        *outbox.Queue
	questions  *outbox.Queue // to the population registry
	passwords  *passwords
	otpKey     signer // for the codes that prove a phone

	http          *fasthttp.Server
	listener      net.Listener
	bound         *listener.Bound // of the connections of both listeners
	hangups       *listener.Hangups
	noticing      func() // the loop of hangups
	admin         *http.Server
	adminListener net.Listener // nil if there is none
	instruments   instruments
	inFlight      atomic.Int64
	began         time.Time
	bodies        bodies
	wrong         struct{ mail, phone wrongCodes }
	photos        [1024]sync.Mutex // by the person's id, see lockPhotos

	stopping context.Context // cancelled when requests are drained or the time to drain is over
	stop     context.CancelFunc
	draining atomic.Bool
	starting sync.Mutex     // ensures that Serve does not begin after Shutdown
	serving  sync.WaitGroup // counts what Serve has started
	closing  sync.Once
}

// New opens what the config names. The database and the addresses stay in use until Shutdown. Requests are
// answered once Serve runs.
func New(ctx context.Context, config Config) (_ *Server, err error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("backend config: %w", err)
	}
	s := &Server{config: config.withDefaults(), instruments: newInstruments(), began: time.Now()}
	s.stopping, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if err := s.openKeys(); err != nil {
		return nil, err
	}
	if err := s.openRegistries(); err != nil {
		return nil, err
	}
	if err := s.openListeners(); err != nil {
		return nil, err
	}
	if err := s.openStore(ctx); err != nil {
		return nil, err
	}
	s.openHTTP()
	return s, nil
}

func (s *Server) openKeys() error {
	linkKey, err := deriveSigner(s.config.Key, "link")
	if err != nil {
		return err
	}
	sessionKey, err := deriveSigner(s.config.Key, "session")
	if err != nil {
		return err
	}
	codeKey, err := deriveSigner(s.config.Key, "link code")
	if err != nil {
		return err
	}
	if s.otpKey, err = deriveSigner(s.config.Key, "phone code"); err != nil {
		return err
	}
	s.links, s.sessions, s.passwords = links{linkKey, codeKey}, newSessions(sessionKey), newPasswords(s.config.PasswordSlots)
	return nil
}

func (s *Server) openRegistries() (err error) {
	observer := registry.Observer{Log: s.config.Log, Calls: func(registry, outcome string) { s.instruments.calls.WithLabelValues(registry, outcome).Inc() }}
	if s.dukcapil, err = registry.NewDukcapil(s.config.Dukcapil, observer); err != nil {
		return err
	}
	for _, question := range registry.Questions() {
		asked, err := registry.New(question, s.config.Registries[question.Registry], observer)
		if err != nil {
			return err
		}
		if asked != nil {
			s.questioned = append(s.questioned, asked)
		}
	}
	return s.openDoors()
}

// registries returns the clients of the configured registries.
func (s *Server) registries() (all []*registry.Client) {
	if s.dukcapil != nil {
		all = append(all, s.dukcapil.Client)
	}
	for _, asked := range s.questioned {
		all = append(all, asked.Client)
	}
	return all
}

// tracing returns the context for calls on behalf of a request. It lives as long as the server and carries the
// request's trace, if any.
func (s *Server) tracing(ctx *fasthttp.RequestCtx) context.Context {
	return registry.WithTrace(s.withCaller(ctx), string(ctx.Request.Header.Peek(registry.TraceHeader)))
}

// withCaller returns a context in which a request leaves the gate at which it waits when its client closes the connection.
func (s *Server) withCaller(ctx *fasthttp.RequestCtx) context.Context {
	conn := ctx.Conn()
	return registry.WithCaller(s.stopping, func() (<-chan struct{}, func()) { return s.hangups.Watch(conn) })
}

func (s *Server) openListeners() (err error) {
	s.listener = s.config.Listener
	if s.listener == nil {
		if s.listener, err = listen(s.config.Listen); err != nil {
			return err
		}
	}
	s.bound = &listener.Bound{Most: s.config.Connections, Notify: s.tellShed}
	s.listener = s.bound.Listen(s.listener)
	if s.hangups, s.noticing, err = listener.NewHangups(); err != nil {
		return err
	}
	setDefault(&s.config.LinkBase, "http://"+s.listener.Addr().String())
	s.config.LinkBase = strings.TrimSuffix(s.config.LinkBase, "/")
	if s.config.Admin != "" {
		if s.adminListener, err = listen(s.config.Admin); err == nil {
			s.adminListener = s.bound.Listen(s.adminListener)
		}
	}
	return err
}

// tellShed logs that idle connections were closed.
func (s *Server) tellShed(shed int) {
	s.config.Log.Warn("idle connections were closed because no further ones are possible", "closed", shed, "most", s.bound.Most)
}

// listen opens an address. Its error says what to do if another program uses the address.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program is listening on %s; stop it, or choose another port (0 takes a free one): %w", address, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", address, err)
	}
	return listener, nil
}

func (s *Server) openStore(ctx context.Context) (err error) {
	c := s.config
	s.store, err = store.Open(ctx, c.Database, store.Options{Key: c.Key, Fresh: c.Fresh, Quota: c.Quota, Stocks: c.Stocks, ProofBySMS: c.Proof == ProofBySMS, Durability: store.Durability(c.Durability), Rows: c.BatchRows, MaxAge: c.BatchAge, LinkTTL: c.LinkTTL, CodeTTL: c.OTPTTL, Observe: s.instruments.transaction})
	if err != nil {
		return err
	}
	if s.outbox, err = s.openProofs(ctx); err != nil {
		return err
	}
	otp := func(sms store.Job) string { return s.phoneCode(sms.OTPNonce) }
	if s.sms, err = outbox.NewSMS(ctx, store.JobSMS, "sms", c.SMS, s.store, otp, c.Wall, c.Log); err != nil {
		return err
	}
	return s.openQuestions(ctx)
}

// openProofs opens the queue of the messages with which people prove that they can be reached: a mail with a link and a
// code, or a short message with the code.
func (s *Server) openProofs(ctx context.Context) (*outbox.Queue, error) {
	c := s.config
	code := func(job store.Job) string { return s.links.code(job.LinkNonce) }
	if c.Proof == ProofBySMS {
		return outbox.NewSMS(ctx, store.JobMail, "mail", c.SMS, s.store, code, c.Wall, c.Log)
	}
	return outbox.NewMail(ctx, c.Mail, s.store, func(job store.Job) (string, string) { return s.link(job), code(job) }, c.Wall, c.Log)
}

// link returns the URL that a mail asks its reader to open.
func (s *Server) link(mail store.Job) string {
	return s.config.LinkBase + linkPath + "?token=" + s.links.token(mail.Person, mail.LinkNonce)
}

func (s *Server) openHTTP() {
	s.http = &fasthttp.Server{
		Handler:      s.serveHTTP(s.guarded(s.routes())),
		ErrorHandler: s.unreadable,
		Logger:       log.New(io.Discard, "", 0),
		HeaderReceived: func(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
			limit := s.limitBody(header)
			if !s.bodies.admit(header, limit, time.Now()) {
				limit = smallBody
			}
			return fasthttp.RequestConfig{MaxRequestBodySize: limit}
		},
		ExpectHandler:                s.expect,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 30 * time.Second,
		ReduceMemoryUsage:            true, // thousands of idle connections hold no buffers
		IdleTimeout:                  2 * time.Minute,
		CloseOnShutdown:              true,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		MaxConnsPerIP:                s.config.ConnectionsPerClient,
	}
	s.admin = &http.Server{Handler: s.adminHandler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
}

// Addr returns the address of the service.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// AdminAddr returns the address of the admin listener, or nil.
func (s *Server) AdminAddr() net.Addr {
	if s.adminListener == nil {
		return nil
	}
	return s.adminListener.Addr()
}

// Engine names the database.
func (s *Server) Engine() string { return s.store.Engine() }

// Durability returns the durability configured in the database.
func (s *Server) Durability() string { return s.store.Durability() }

// Serve answers requests until Shutdown is called or a listener fails. Call Shutdown in either case.
func (s *Server) Serve() error {
	if !s.begin() {
		return nil
	}
	defer s.serving.Done()
	var others sync.WaitGroup
	defer others.Wait()
	if !s.store.Shared() {
		others.Go(func() { s.sweepPhotos(s.stopping) })
	}
	for _, queue := range []*outbox.Queue{s.outbox, s.sms, s.questions} {
		others.Go(func() { queue.Run(s.stopping) })
	}
	others.Go(s.noticing)
	others.Go(func() {
		<-s.stopping.Done()
		s.hangups.Close() // release closes it too
	})
	var adminErr error
	if s.adminListener != nil {
		others.Go(func() {
			if err := s.admin.Serve(s.adminListener); !errors.Is(err, http.ErrServerClosed) {
				adminErr = err
			}
		})
	}
	err := s.http.Serve(s.listener)
	if err != nil && !s.draining.Load() {
		s.stop()
		s.admin.Close() // the first error is returned
		return fmt.Errorf("serve at %s: %w", s.Addr(), err)
	}
	others.Wait()
	return adminErr
}

// begin reports whether Serve may begin. It may not begin after Shutdown.
func (s *Server) begin() bool {
	s.starting.Lock()
	defer s.starting.Unlock()
	if s.draining.Load() {
		return false
	}
	s.serving.Add(1)
	return true
}

// drain marks the server as shutting down.
func (s *Server) drain() {
	s.starting.Lock()
	defer s.starting.Unlock()
	s.draining.Store(true)
}

// Shutdown stops accepting connections, finishes the requests under way, sends the mails in hand, writes
// pending changes and closes the database. If ctx ends first, requests waiting at a gate are rejected.
// Acknowledged changes are on disk in either case.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain()
	released := s.hurry()
	err := s.http.ShutdownWithContext(ctx)
	released()
	if err != nil {
		err = fmt.Errorf("shut down with requests under way: %w", err)
	}
	s.stop()
	if s.adminListener != nil {
		err = errors.Join(err, s.admin.Close())
	}
	s.listener.Close() // already closed if Serve was called
	s.serving.Wait()
	return errors.Join(err, s.release())
}

// patience is how long a request that is being read may send nothing once the server shuts down.
const patience = time.Second

// hurry closes connections that wait for their client, until the caller calls the returned function. One half-sent request
// would otherwise hold the shutdown up.
func (s *Server) hurry() (done func()) {
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(patience / 4)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				s.bound.CloseWaiting(patience)
			case <-ended:
				return
			}
		}
	})
	return func() {
		close(ended)
		watching.Wait()
	}
}

// release closes whatever New has opened.
func (s *Server) release() error {
	var errs []error
	s.closing.Do(func() {
		s.stop()
		for _, client := range s.registries() {
			client.Close()
		}
		s.closeDoors()
		if s.store != nil {
			errs = append(errs, s.store.Close())
		}
		s.hangups.Close() // Serve may have closed it
		for _, listener := range []net.Listener{s.listener, s.adminListener} {
			if listener != nil {
				listener.Close() // may already be closed
			}
		}
	})
	return errors.Join(errs...)
}
