package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// maxBody is the largest answer read, in bytes.
const maxBody = 8 << 20

// connections opens connections and can cut all of them. Cutting them ends the requests under way when a run is
// over.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
	cut  bool
	over context.Context // ends with the run
	turn chan struct{}   // held while a handshake computes, so that those begun first end first
	stop context.CancelFunc

	began      time.Time
	counts     Wire
	handshakes Handshakes
}

func newConnections(began time.Time) *connections {
	c := &connections{open: map[net.Conn]struct{}{}, began: began, turn: make(chan struct{}, 1)}
	c.over, c.stop = context.WithCancel(context.Background())
	return c
}

// waited counts a request that waited for a connection.
func (c *connections) waited(took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.wait(took)
}

var errCut = errors.New("the run is over")

// errTLS marks errors of the TLS protocol, as against those of the network.
var errTLS = errors.New("TLS")

// faultOf marks an error of a handshake that is not the network's. Alerts are errors of the network in name, and are told
// apart by [classifyError].
func faultOf(err error) error {
	var file *fs.PathError // from the file of a handshake
	var network *net.OpError
	if err == nil || errors.As(err, &file) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return fmt.Errorf("%w: %w", errTLS, err)
}

// dialer returns the function that connects to one target.
func (c *connections) dialer(r *resolver) func(time.Time) (net.Conn, error) {
	return func(deadline time.Time) (net.Conn, error) {
		network, address := r.place()
		return c.dial(network, address, deadline)
	}
}

// dial connects until the deadline; zero means within 5 s.
func (c *connections) dial(network, address string, deadline time.Time) (net.Conn, error) {
	if deadline.IsZero() {
		deadline = time.Now().Add(5 * time.Second)
	}
	dialer := net.Dialer{Deadline: deadline}
	conn, err := dialer.DialContext(c.over, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		_ = conn.Close()
		return nil, errCut
	}
	tracked := &trackedConn{Conn: conn, owner: c}
	c.open[tracked] = struct{}{}
	c.counts.Opened.Add(time.Since(c.began), 1)
	return tracked, nil
}

// secure makes the TLS handshake of a connection until the deadline, which is none if it is zero.
func (c *connections) secure(conn net.Conn, config *tls.Config, deadline time.Time) (net.Conn, error) {
	began := time.Now()
	_ = conn.SetDeadline(deadline) // a connection of the network has deadlines
	c.turn <- struct{}{}
	below := &shaken{Conn: conn, turn: c.turn}
	secured := tls.Client(below, config)
	err := secured.Handshake()
	below.turn = nil
	<-c.turn
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		_ = conn.Close()
		return nil, fasthttp.ErrTimeout
	case err != nil:
		_ = conn.Close()
		return nil, faultOf(err)
	}
	_ = conn.SetDeadline(time.Time{}) // likewise
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handshakes.add(secured.ConnectionState().DidResume, time.Since(began))
	return secured, nil
}

// shaken is a connection under TLS. In the handshake it gives others their turn while it waits for the server.
type shaken struct {
	net.Conn
	turn chan struct{} // nil after the handshake
}

func (s *shaken) Read(into []byte) (int, error) {
	if s.turn != nil {
		<-s.turn
		defer func() { s.turn <- struct{}{} }()
	}
	return s.Conn.Read(into)
}

func (c *connections) cutAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	c.stop()
	for conn := range c.open {
		_ = conn.(*trackedConn).Conn.Close() // only to unblock its reader
	}
}

type trackedConn struct {
	net.Conn
	owner *connections
}

func (t *trackedConn) Close() error {
	t.owner.mu.Lock()
	delete(t.owner.open, t)
	t.owner.mu.Unlock()
	return t.Conn.Close()
}

// route holds how requests reach one target.
type route struct {
	address string
	secure  *tls.Config // nil for plain HTTP
	dial    func(deadline time.Time) (net.Conn, error)
	conns   *connections
	proxy   *url.URL // at the place that dial connects to; nil if the target is there
}

// through opens a connection to the target until the deadline, if need be through the proxy.
func (r route) through(deadline time.Time) (net.Conn, error) {
	conn, err := r.dial(deadline)
	if err != nil || r.proxy == nil {
		return conn, err
	}
	if err := tunnel(conn, r.address, r.proxy, deadline); err != nil {
		_ = conn.Close() // nothing can be done about it
		return nil, err
	}
	return conn, nil
}

// connect opens a connection for requests until the deadline, over TLS if there are settings of it. Without TLS, a proxy
// takes the requests themselves.
func (r route) connect(config *tls.Config, deadline time.Time) (net.Conn, error) {
	if config == nil {
		return r.dial(deadline)
	}
	return r.straight(config, deadline)
}

// straight opens a connection to the target itself until the deadline, over TLS if there are settings of it.
func (r route) straight(config *tls.Config, deadline time.Time) (net.Conn, error) {
	conn, err := r.through(deadline)
	if err != nil || config == nil {
		return conn, err
	}
	return r.conns.secure(conn, config, deadline)
}

// classifyError returns the outcome and the reason of a failed request.
func classifyError(err error) (funnel.Outcome, funnel.Reason) {
	var dial *net.OpError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, fasthttp.ErrTimeout), errors.Is(err, fasthttp.ErrDialTimeout), errors.Is(err, os.ErrDeadlineExceeded):
		return funnel.TimedOut, funnel.ReasonTimeout
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, fasthttp.ErrNoFreeConns):
		return funnel.Dropped, funnel.ReasonLocal
	case errors.As(err, &record), errors.As(err, &certificate), errors.Is(err, errTLS), errors.As(err, &dial) && (dial.Op == "remote error" || dial.Op == "local error"): // an alert
		return funnel.Failed, funnel.ReasonTLS
	case errors.As(err, &dial) && dial.Op == "dial":
		if dial.Timeout() {
			return funnel.TimedOut, funnel.ReasonTimeout
		}
		return funnel.Failed, funnel.ReasonDial
	case errors.Is(err, fasthttp.ErrBodyTooLarge), errors.Is(err, errFrame), errors.Is(err, errReply):
		return funnel.Failed, funnel.ReasonBody
	}
	return funnel.Failed, funnel.ReasonReset
}
