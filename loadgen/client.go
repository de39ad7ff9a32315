package loadgen

import (
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

	began      time.Time
	counts     Wire
	handshakes Handshakes
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
func (c *connections) dialer(r *resolver) func(string) (net.Conn, error) {
	return func(string) (net.Conn, error) { return c.dial(r.address().String()) }
}

func (c *connections) dial(address string) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
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
	c.counts.open(time.Since(c.began))
	return tracked, nil
}

// secure makes the TLS handshake of a connection, within the timeout, which is none if it is 0.
func (c *connections) secure(conn net.Conn, config *tls.Config, timeout time.Duration) (net.Conn, error) {
	began := time.Now()
	if timeout > 0 {
		_ = conn.SetDeadline(began.Add(timeout)) // a connection of the network has deadlines
	}
	secured := tls.Client(conn, config)
	err := secured.Handshake()
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

func (c *connections) cutAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
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

// hostOf returns host:port of a URL, and reports whether it uses TLS.
func hostOf(target string) (address string, secure bool, err error) {
	parsed, err := url.Parse(target)
	if err != nil {
		return "", false, err
	}
	secure = parsed.Scheme == "https"
	return fasthttp.AddMissingPort(parsed.Host, secure), secure, nil
}

// route holds how requests reach one target.
type route struct {
	address string
	secure  *tls.Config // nil for plain HTTP
	dial    func(string) (net.Conn, error)
	conns   *connections
	limits  Connections
}

// connect opens a connection to the target, over TLS if its URL says so. Clients of fasthttp make no handshake of their own
// on it, because theirs would wait for ever for a server that stands still.
func (r route) connect(address string, timeout time.Duration) (net.Conn, error) {
	began := time.Now()
	conn, err := r.dial(address)
	if err != nil || r.secure == nil {
		return conn, err
	}
	if timeout > 0 {
		timeout = max(1, timeout-time.Since(began))
	}
	return r.conns.secure(conn, r.secure, timeout)
}

// newClient returns a client of one host that never retries a request.
func (r route) newClient(most int) *fasthttp.HostClient {
	idle := r.limits.Idle
	if idle == 0 {
		idle = 5 * time.Second
	}
	return &fasthttp.HostClient{
		Addr:                      r.address,
		IsTLS:                     r.secure != nil,
		TLSConfig:                 r.secure,
		DialTimeout:               r.connect,
		MaxConns:                  most,
		MaxIdemponentCallAttempts: 1,
		MaxIdleConnDuration:       idle,
		MaxConnDuration:           r.limits.Life,
		MaxResponseBodySize:       maxBody,
		NoDefaultUserAgentHeader:  true,
		DisablePathNormalizing:    true,
		ConnPoolStrategy:          fasthttp.LIFO,
	}
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
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return funnel.Failed, funnel.ReasonBody
	}
	return funnel.Failed, funnel.ReasonReset
}
