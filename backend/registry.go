package backend

import (
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

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
)

// registryRetry is when to come back to a registry that is in trouble and does not say itself.
const registryRetry = 5 * time.Second

// registry is a service of another ministry, behind its gate.
type registry struct {
	name     string
	base     *url.URL
	client   *fasthttp.HostClient
	timeout  time.Duration
	gate     *gate
	outlet   *outlet // nil where calls have neither breaker nor retries
	failures atomic.Uint64
	calls    *prometheus.CounterVec // by registry and outcome; nil counts nothing
	log      *slog.Logger
}

// newRegistry returns the client of a registry, or nil when there is none.
func newRegistry(name string, config RegistryConfig, log *slog.Logger) (*registry, error) {
	if config.URL == "" {
		return nil, nil
	}
	base, err := url.Parse(config.URL)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	gate, err := newGate(config.Gate)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	outlet, err := newOutlet(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	client := &fasthttp.HostClient{
		Addr:                      fasthttp.AddMissingPort(base.Host, base.Scheme == "https"),
		IsTLS:                     base.Scheme == "https",
		MaxConns:                  1 << 16, // the gate limits, not the pool
		MaxIdemponentCallAttempts: 1,       // a retry is the person's, else load would multiply
		MaxResponseBodySize:       1 << 20,
		NoDefaultUserAgentHeader:  true,
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	return &registry{name: name, base: base, client: client, timeout: config.Timeout, gate: gate, outlet: outlet, log: log}, nil
}

// get asks for the JSON at a path below the registry's address.
func (r *registry) get(ctx context.Context, answer any, path ...string) error {
	return r.ask(ctx, func(request *fasthttp.Request) {
		request.SetRequestURI(r.base.JoinPath(path...).String())
	}, answer, nil)
}

// post sends JSON to a path below the registry's address. Judge reads the answer as a part of the call, so
// that a trouble that is told with status 200 is a failure to breaker and retries too.
func (r *registry) post(ctx context.Context, question, answer any, judge func() error, path ...string) error {
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

// ask makes a call through what protects the registry. Every trouble is a *busyError.
func (r *registry) ask(ctx context.Context, fill func(*fasthttp.Request), answer any, judge func() error) (err error) {
	admitted := false
	defer func() { r.count(admitted, err) }()
	return r.outlet.call(ctx, r.gate, func() error {
		admitted = true
		if err := r.exchange(ctx, fill, answer); err != nil || judge == nil {
			return err
		}
		return judge()
	})
}

// exchange makes one call.
func (r *registry) exchange(ctx context.Context, fill func(*fasthttp.Request), answer any) error {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	fill(request)
	if trace := childTrace(ctx); trace != "" {
		request.Header.Set(traceHeader, trace)
	}
	if err := r.client.DoTimeout(request, response, r.timeout); err != nil {
		return r.trouble(plainly(err), 0)
	}
	if status := response.StatusCode(); status != fasthttp.StatusOK {
		return r.trouble("status "+strconv.Itoa(status), retryAfter(response))
	}
	if err := json.Unmarshal(response.Body(), answer); err != nil {
		return r.trouble("the answer is not the JSON that was expected", 0)
	}
	return nil
}

// plainly words what broke an exchange without what the other side wrote, which may name a person.
func plainly(err error) string {
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
	return "the other side's answer could not be read"
}

// count tells what became of a call.
func (r *registry) count(admitted bool, err error) {
	outcome := "answered"
	switch {
	case !admitted:
		outcome = "turned_away"
	case err != nil:
		outcome = "failed"
	}
	if r.calls != nil {
		r.calls.WithLabelValues(r.name, outcome).Inc()
	}
}

// trouble counts and logs a failed call; the reason must not name a person.
func (r *registry) trouble(reason string, retry time.Duration) error {
	r.failures.Add(1)
	r.log.Warn("registry in trouble", "registry", r.name, "reason", reason)
	or(&retry, registryRetry)
	return &busyError{retry, r.name + ": " + reason}
}

// retryAfter reads the header in its form of seconds; 0 when it is not there.
func retryAfter(response *fasthttp.Response) time.Duration {
	seconds, err := strconv.Atoi(string(response.Header.Peek(fasthttp.HeaderRetryAfter)))
	if err != nil || seconds < 0 || seconds > 86400 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

func (r *registry) close() {
	r.gate.close()
	r.client.CloseIdleConnections()
}
