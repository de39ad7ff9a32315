package loadgen

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
)

// mostFields is the most bytes of the header fields of one answer over HTTP/2, as RFC 9113, section 6.5.2, counts them.
const mostFields = 1 << 20

// http2Clients are the clients of one target. Each has at most limit requests under way, so that no connection has more.
type http2Clients struct {
	open  func(key owner, alone bool) *http.Client
	limit int

	mu  sync.Mutex
	all []*http2Client
	own map[owner]*http2Client // of people who have their own; nil if all share
}

// http2Client is a client and how many requests it has under way.
type http2Client struct {
	*http.Client
	under int
	cold  bool // closed after its only answer
}

// take returns a client for one more request.
func (c *http2Clients) take(key owner, cold bool) *http2Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cold {
		return &http2Client{Client: c.open(key, true), under: 1, cold: true}
	}
	if c.own != nil {
		if c.own[key] == nil {
			c.own[key] = &http2Client{Client: c.open(key, true)}
		}
		c.own[key].under++
		return c.own[key]
	}
	for _, client := range c.all {
		if client.under < c.limit {
			client.under++
			return client
		}
	}
	client := &http2Client{Client: c.open(key, false), under: 1}
	c.all = append(c.all, client)
	return client
}

// give takes a client back.
func (c *http2Clients) give(client *http2Client) {
	if client.cold {
		client.CloseIdleConnections()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	client.under--
}

// forget closes the connections of a person.
func (c *http2Clients) forget(key owner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.own[key]; client != nil {
		client.CloseIdleConnections()
		delete(c.own, key)
	}
}

// newHTTP2 returns a net/http client that speaks only HTTP/2 over one target's connections, and never
// retries a request. Without settings of TLS, it begins in HTTP/2 (RFC 9113, section 3.3).
func newHTTP2(secure *tls.Config, r route, life time.Duration, alone bool) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(secure != nil)
	protocols.SetUnencryptedHTTP2(secure == nil)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		deadline, _ := ctx.Deadline()
		conn, err := r.straight(secure, deadline)
		if secured, is := conn.(*tls.Conn); is && secured.ConnectionState().NegotiatedProtocol != http2.NextProtoTLS {
			_ = conn.Close() // it is of no use
			return nil, fmt.Errorf("%w: the server does not speak HTTP/2", errTLS)
		}
		return conn, err
	}
	transport := &http.Transport{
		Protocols: protocols, IdleConnTimeout: life, MaxResponseHeaderBytes: mostFields, DisableCompression: true, // only a request's own header asks for compression
		DialContext: dial, DialTLSContext: dial,
	}
	if alone {
		transport.MaxConnsPerHost = 1 // the next request may come before this connection is known to be free
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// doHTTP2 sends w.req with net/http and copies the answer into w.resp.
func (w *worker) doHTTP2(client *http.Client, timeout time.Duration) error {
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, string(w.req.Header.Method()), w.req.URI().String(), nil)
	if err != nil {
		return err
	}
	if body := bytes.Clone(w.req.Body()); len(body) > 0 { // it may be read after an early answer
		request.Body, request.ContentLength = io.NopCloser(&bodyReader{rest: body}), int64(len(body))
	}
	for name, value := range w.req.Header.All() {
		switch string(name) {
		case "Host":
			request.Host = string(value)
		case "Content-Length", "Connection":
		default:
			request.Header.Add(string(name), string(value))
		}
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header["User-Agent"] = nil
	}
	response, err := client.Do(request)
	if ctx.Err() != nil {
		return fasthttp.ErrTimeout
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case ctx.Err() != nil:
		return fasthttp.ErrTimeout
	case err != nil:
		return err
	case len(body) > maxBody:
		return fasthttp.ErrBodyTooLarge
	}
	w.resp.SetStatusCode(response.StatusCode)
	w.resp.SetBody(body)
	for name, values := range response.Header {
		for _, value := range values {
			w.resp.Header.Add(name, value)
		}
	}
	return nil
}

// bodyReader reads a body once. Without GetBody net/http cannot send it again.
type bodyReader struct{ rest []byte }

func (b *bodyReader) Read(into []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(into, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}
