package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// registryRetry is the Retry-After for a failing registry that does not give its own.
const registryRetry = 5 * time.Second

// Client calls another ministry's registry through its policies.
type Client struct {
	name       string
	base       *url.URL
	client     *fasthttp.HostClient
	timeout    time.Duration
	limit      atomic.Int64
	protection *protection
	failures   atomic.Uint64
	observer   Observer
}

// Observer receives events about calls.
type Observer struct {
	Log   *slog.Logger                   // logs failures
	Calls func(registry, outcome string) // called for each call with the outcome answered, failed or turned_away; may be nil
}

// newClient returns the client of a registry.
func newClient(name string, config Config, observer Observer) (*Client, error) {
	base, err := url.Parse(config.URL)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	protection, err := newProtection(config.Policies)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	client := &fasthttp.HostClient{
		Addr:                      fasthttp.AddMissingPort(base.Host, base.Scheme == "https"),
		IsTLS:                     base.Scheme == "https",
		MaxConns:                  1 << 16, // the gate limits the calls, not the pool
		MaxIdemponentCallAttempts: 1,       // retries are left to clients and policies; otherwise load would multiply
		MaxResponseBodySize:       1 << 20,
		NoDefaultUserAgentHeader:  true,
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	r := &Client{name: name, base: base, client: client, timeout: config.Timeout, protection: protection, observer: observer}
	r.limit.Store(int64(config.limit()))
	return r, nil
}

// Name returns the registry's name.
func (r *Client) Name() string { return r.name }

// Gate returns the gate that every call passes.
func (r *Client) Gate() *Gate { return r.protection.gate }

// Limit returns the concurrency limit that was set last; 0 means no limit.
func (r *Client) Limit() int { return int(r.limit.Load()) }

// Failures returns the number of calls without a usable answer.
func (r *Client) Failures() uint64 { return r.failures.Load() }

// Open returns a func whose value is 1 while a guard rejects calls and 0 otherwise. It returns false if there
// is no such guard.
func (r *Client) Open() (show func() float64, known bool) { return r.protection.open() }

// get requests the JSON at a path below the registry's address.
func (r *Client) get(ctx context.Context, answer any, path ...string) error {
	return r.ask(ctx, func(request *fasthttp.Request) {
		request.SetRequestURI(r.base.JoinPath(path...).String())
	}, answer, nil)
}

// post sends JSON to a path below the registry's address. The call includes judge, so that a failure reported
// with status 200 counts as a failure for breakers and retries.
func (r *Client) post(ctx context.Context, question, answer any, judge func() error, path ...string) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return r.ask(ctx, func(request *fasthttp.Request) {
		request.Header.SetMethod(fasthttp.MethodPost)
		request.Header.SetContentType("application/json")
		request.SetRequestURI(r.base.JoinPath(path...).String())
		request.SetBodyRaw(body)
	}, answer, judge)
}

// ask makes a call through the registry's policies. Every failure is a *BusyError.
func (r *Client) ask(ctx context.Context, fill func(*fasthttp.Request), answer any, judge func() error) (err error) {
	admitted := false
	defer func() { r.count(admitted, err) }()
	return r.protection.call(ctx, func() error {
		admitted = true
		if err := r.exchange(ctx, fill, answer); err != nil || judge == nil {
			return err
		}
		return judge()
	})
}

// exchange makes one call.
func (r *Client) exchange(ctx context.Context, fill func(*fasthttp.Request), answer any) error {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	fill(request)
	if trace := childTrace(ctx); trace != "" {
		request.Header.Set(TraceHeader, trace)
	}
	if err := r.client.DoTimeout(request, response, r.timeout); err != nil {
		return r.callFailed(Plainly(err), 0)
	}
	if status := response.StatusCode(); status != fasthttp.StatusOK {
		return r.callFailed("status "+strconv.Itoa(status), RetryAfter(response))
	}
	if err := json.Unmarshal(response.Body(), answer); err != nil {
		return r.callFailed("the answer is not the expected JSON", 0)
	}
	return nil
}

// Plainly describes what broke an exchange, without the other side's text, which may name a person.
func Plainly(err error) string {
	if network := (*net.OpError)(nil); errors.As(err, &network) {
		return network.Error()
	}
	for _, known := range []error{
		fasthttp.ErrTimeout, fasthttp.ErrDialTimeout, fasthttp.ErrTLSHandshakeTimeout, fasthttp.ErrConnectionClosed, fasthttp.ErrNoFreeConns,
		fasthttp.ErrBodyTooLarge, io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "the answer could not be read"
}

// count records the outcome of a call.
func (r *Client) count(admitted bool, err error) {
	outcome := "answered"
	switch {
	case !admitted:
		outcome = "turned_away"
	case err != nil:
		outcome = "failed"
	}
	if r.observer.Calls != nil {
		r.observer.Calls(r.name, outcome)
	}
}

// callFailed counts and logs a failed call. The reason must not name a person.
func (r *Client) callFailed(reason string, retry time.Duration) error {
	r.failures.Add(1)
	r.observer.Log.Warn("registry call failed", "registry", r.name, "reason", reason)
	return &BusyError{cmp.Or(retry, registryRetry), r.name + ": " + reason}
}

// RetryAfter returns the Retry-After header given in seconds, or 0.
func RetryAfter(response *fasthttp.Response) time.Duration {
	seconds, err := strconv.Atoi(string(response.Header.Peek(fasthttp.HeaderRetryAfter)))
	if err != nil || seconds < 0 || seconds > 86400 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// Close stops what the client has started. No call may be waiting.
func (r *Client) Close() {
	r.protection.gate.Close()
	r.client.CloseIdleConnections()
}
