package loadgen

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"
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
	life  time.Duration // age from which a client gets no further request; 0 means no limit

	mu  sync.Mutex
	all []*http2Client
	own map[owner]*http2Client // of people who have their own; nil if all share
}

// http2Client is a client, whose connection opens with its first request, and how many requests it has under way.
type http2Client struct {
	*http.Client
	opened  time.Time
	under   int
	leaving bool // gets no further request, and is closed after the last under way
}

// take returns a client for one more request.
func (c *http2Clients) take(key owner, cold bool) *http2Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	client := c.takeOpen(key, cold)
	if client == nil {
		client = &http2Client{Client: c.open(key, cold || c.own != nil), opened: time.Now(), leaving: cold}
		switch {
		case cold:
		case c.own != nil:
			c.own[key] = client
		default:
			c.all = append(c.all, client)
		}
	}
	client.under++
	return client
}

// takeOpen returns a client that may have another request; nil if there is none. The caller holds the lock.
func (c *http2Clients) takeOpen(key owner, cold bool) *http2Client {
	if cold {
		return nil
	}
	if c.own != nil {
		client := c.own[key]
		if client != nil && c.aged(client) {
			client.leave()
			return nil
		}
		return client
	}
	if c.life > 0 {
		c.all = slices.DeleteFunc(c.all, func(client *http2Client) bool {
			aged := c.aged(client)
			if aged {
				client.leave()
			}
			return aged
		})
	}
	for _, client := range c.all {
		if client.under < c.limit {
			return client
		}
	}
	return nil
}

// aged reports whether a client is too old for another request.
func (c *http2Clients) aged(client *http2Client) bool {
	return c.life > 0 && time.Since(client.opened) > c.life
}

// leave closes a client, as soon as nothing is under way.
func (c *http2Client) leave() {
	c.leaving = true
	if c.under == 0 {
		c.CloseIdleConnections()
	}
}

// give takes a client back.
func (c *http2Clients) give(client *http2Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client.under--; client.leaving {
		client.leave()
	}
}

// forget closes the connections of a person.
func (c *http2Clients) forget(key owner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.own[key]; client != nil {
		client.leave()
		delete(c.own, key)
	}
}

// newHTTP2 returns a net/http client that speaks only HTTP/2 over one target's connections, and never
// retries a request. Without settings of TLS, it begins in HTTP/2 (RFC 9113, section 3.3).
func newHTTP2(secure *tls.Config, r route, longest time.Duration, alone bool) *http.Client {
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
		Protocols: protocols, IdleConnTimeout: longest, MaxResponseHeaderBytes: mostFields, DisableCompression: true, // only a request's own header asks for compression
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

// doHTTP2 sends w.req with net/http and copies the answer into w.resp. It gives the client back when nothing is under way any
// more: if the person leaves silently, that may be later.
func (w *worker) doHTTP2(clients *http2Clients, client *http2Client, timeout time.Duration, silently bool) error {
	if silently && timeout > 0 {
		return w.doSilently(clients, client, timeout)
	}
	defer clients.give(client)
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	request, err := w.overNetHTTP(ctx)
	if err != nil {
		return err
	}
	return fetch(client.Client, request).into(&w.resp)
}

// doSilently is doHTTP2 for a person who does not tell the service that they leave. A request that was sent then goes on until
// its answer, for nobody. The buffers of the worker belong to its next request by then.
func (w *worker) doSilently(clients *http2Clients, client *http2Client, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout+linger)
	var sent atomic.Bool
	request, err := w.overNetHTTP(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}))
	if err != nil {
		cancel()
		clients.give(client)
		return err
	}
	answers := make(chan answered, 1)
	w.pool.workers.Go(func() {
		defer cancel()
		answers <- fetch(client.Client, request)
		clients.give(client)
	})
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case answer := <-answers:
		return answer.into(&w.resp)
	case <-timer.C:
	}
	if !sent.Load() || !w.pool.lines.leave() {
		cancel()
		return fasthttp.ErrTimeout
	}
	w.pool.workers.Go(func() {
		defer w.pool.lines.left()
		<-answers // for nobody
	})
	return fasthttp.ErrTimeout
}

// overNetHTTP returns w.req as net/http sends it.
func (w *worker) overNetHTTP(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, string(w.req.Header.Method()), w.req.URI().String(), nil)
	if err != nil {
		return nil, err
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
	return request, nil
}

// answered is an answer over net/http, or why there is none.
type answered struct {
	status int
	header http.Header
	body   []byte
	err    error
}

// fetch sends a request and reads the answer.
func fetch(client *http.Client, request *http.Request) answered {
	response, err := client.Do(request)
	if request.Context().Err() != nil {
		err = fasthttp.ErrTimeout
	}
	if err != nil {
		if response != nil {
			response.Body.Close()
		}
		return answered{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case request.Context().Err() != nil:
		err = fasthttp.ErrTimeout
	case err == nil && len(body) > maxBody:
		err = fasthttp.ErrBodyTooLarge
	}
	return answered{response.StatusCode, response.Header, body, err}
}

// into copies the answer.
func (a answered) into(resp *fasthttp.Response) error {
	if a.err != nil {
		return a.err
	}
	resp.SetStatusCode(a.status)
	resp.SetBody(a.body)
	for name, values := range a.header {
		for _, value := range values {
			resp.Header.Add(name, value)
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
