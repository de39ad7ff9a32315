package gate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config describes a gate.
type Config struct {
	Target  *url.URL    // the service, http or https; a path comes before that of every request
	Socket  string      // path of the Unix socket behind which the service is; empty means that Target names its address
	TLS     *tls.Config // how the service is spoken to over https; nil means the defaults
	Listen  string      // HOST:PORT; empty means a free port of 127.0.0.1
	Serving *tls.Config // with certificates, clients speak TLS; nil means plain HTTP
	Metrics string      // HOST:PORT of the Prometheus metrics; empty means none
	Admin   Admin       // where operators change the policies
	Person  Identity    // how people are told apart, for policies that need it
	Doors   []Door      // in the order in which requests pass them
	Log     *slog.Logger
}

// Gate is a reverse proxy with policies.
type Gate struct {
	doors     []*doorway
	proxy     map[bool]*httputil.ReverseProxy // by whether the request goes on over HTTP/2
	answers   *prometheus.CounterVec
	secure    bool // whether the service is spoken to over TLS
	log       *slog.Logger
	listener  net.Listener
	metrics   net.Listener
	admin     net.Listener
	server    *http.Server
	observing *http.Server
	operators *http.Server
	troubles  sync.Map // kinds of faults that were logged
}

// How long connections stay open.
const (
	// idle is shorter than the five seconds after which Node closes a connection that nobody uses. A request that crosses
	// such a closing fails.
	idle = 4 * time.Second
	// headerPatience is how long a client may take to send its header.
	headerPatience = 10 * time.Second
	// drain is how long requests under way may take when the gate ends.
	drain = 10 * time.Second
)

// idleConnections is the number of connections to the service that are kept open without a request.
const idleConnections = 4096

// New opens the listeners of a gate. It returns an error if an address cannot be listened at or a policy cannot stand in
// front of a service.
func New(config Config) (*Gate, error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gate{secure: config.Target.Scheme == "https", log: config.Log, answers: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ombak_gate_answers_total", Help: "Requests answered, by status.",
	}, []string{"status"})}
	for _, door := range config.Doors {
		built, err := newDoorway(door, config.Person)
		if err != nil {
			g.Close()
			return nil, err
		}
		g.doors = append(g.doors, built)
	}
	g.proxy = map[bool]*httputil.ReverseProxy{false: g.newProxy(config, false), true: g.newProxy(config, true)}
	if err := g.listen(config); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (g *Gate) listen(config Config) (err error) {
	address := config.Listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	if g.listener, err = net.Listen("tcp", address); err != nil {
		return err
	}
	g.server = &http.Server{Handler: g, ReadHeaderTimeout: headerPatience, ErrorLog: slog.NewLogLogger(g.log.Handler(), slog.LevelWarn), Protocols: new(http.Protocols)}
	g.server.Protocols.SetHTTP1(true)
	if config.Serving != nil {
		g.server.TLSConfig = config.Serving
		g.server.Protocols.SetHTTP2(true)
	} else {
		g.server.Protocols.SetUnencryptedHTTP2(true)
	}
	if err := g.listenForOperators(config.Admin); err != nil {
		return err
	}
	if config.Metrics == "" {
		return nil
	}
	if g.metrics, err = net.Listen("tcp", config.Metrics); err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(g.answers, doorCollector{g})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	g.observing = &http.Server{Handler: mux, ReadHeaderTimeout: headerPatience}
	return nil
}

// Address returns the address of the gate, and that of the metrics or an empty one.
func (g *Gate) Address() (gate, metrics string) {
	if g.metrics != nil {
		metrics = g.metrics.Addr().String()
	}
	return g.listener.Addr().String(), metrics
}

// AdminAddress returns the address of the admin listener, or "" if there is none.
func (g *Gate) AdminAddress() string {
	if g.admin == nil {
		return ""
	}
	return g.admin.Addr().String()
}

// Serve works until the context ends, and then lets requests under way come to their end for at most ten seconds.
func (g *Gate) Serve(ctx context.Context) error {
	var serving sync.WaitGroup
	failed := make(chan error, 3)
	serving.Go(func() {
		if g.server.TLSConfig != nil {
			failed <- g.server.ServeTLS(g.listener, "", "")
			return
		}
		failed <- g.server.Serve(g.listener)
	})
	if g.observing != nil {
		serving.Go(func() { failed <- g.observing.Serve(g.metrics) })
	}
	if g.operators != nil {
		serving.Go(func() { failed <- g.operators.Serve(g.admin) })
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		drained, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		if err = g.server.Shutdown(drained); err != nil {
			err = fmt.Errorf("requests were still under way %v after the end, and were cut", drain)
		}
	}
	g.Close()
	serving.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close stops listening and cuts requests under way.
func (g *Gate) Close() {
	for _, server := range []*http.Server{g.server, g.observing, g.operators} {
		if server != nil {
			_ = server.Close() // nothing is left to write
		}
	}
	for _, listener := range []net.Listener{g.listener, g.metrics, g.admin} {
		if listener != nil {
			_ = listener.Close() // the server may have closed it
		}
	}
	for _, door := range g.doors {
		door.close()
	}
}

// ServeHTTP lets a request pass the doors that stand before it, one after the other, and passes it on.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{ResponseWriter: w, answers: g.answers}
	defer v.leave()
	for _, door := range g.doors {
		if !door.stands(r) {
			continue
		}
		leave, refused := door.pass(r)
		if refused == errLeft {
			panic(http.ErrAbortHandler) // nobody reads an answer
		}
		if refused != nil {
			refused.answer(v, r)
			return
		}
		v.places = append(v.places, leave)
	}
	g.proxy[g.keepsHTTP2(r)].ServeHTTP(v, r)
}

// keepsHTTP2 reports whether a request goes on over HTTP/2, if the service has it. Over TLS, clients speak HTTP/2 because the
// gate offers it, so a service without TLS gets HTTP/1.1, except for calls of gRPC. Clients that speak it without TLS know
// that the service does.
func (g *Gate) keepsHTTP2(r *http.Request) bool {
	return r.ProtoMajor >= 2 && (r.TLS == nil || g.secure || isCall(r))
}

// newProxy returns what passes requests on, over HTTP/2 or HTTP/1.1. A service with TLS that has no HTTP/2 gets HTTP/1.1.
func (g *Gate) newProxy(config Config, http2 bool) *httputil.ReverseProxy {
	dialer := &net.Dialer{Timeout: headerPatience}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if config.Socket != "" {
				network, address = "unix", config.Socket
			}
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:     config.TLS,
		TLSHandshakeTimeout: headerPatience,
		MaxIdleConns:        idleConnections,
		MaxIdleConnsPerHost: idleConnections,
		IdleConnTimeout:     idle,
		DisableCompression:  true, // an answer goes on as it came
		Protocols:           new(http.Protocols),
	}
	if http2 {
		transport.Protocols.SetUnencryptedHTTP2(!g.secure)
		transport.Protocols.SetHTTP2(g.secure)
		transport.Protocols.SetHTTP1(g.secure)
	} else {
		transport.Protocols.SetHTTP1(true)
	}
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(config.Target)
			request.SetXForwarded()
		},
		ModifyResponse: func(response *http.Response) error {
			keepHere(response, config.Target)
			return nil
		},
		FlushInterval: -1, // an answer that comes in parts goes on in parts
		ErrorHandler:  g.unanswered,
		ErrorLog:      slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
	}
}

// keepHere makes a redirect to the service one to the gate.
func keepHere(response *http.Response, target *url.URL) {
	location, err := url.Parse(response.Header.Get("Location"))
	if err == nil && location.Host == target.Host && location.Scheme == target.Scheme {
		location.Scheme, location.Host = "", ""
		response.Header.Set("Location", location.String())
	}
}

// unanswered answers a request that the service did not answer.
func (g *Gate) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // nobody reads an answer
	}
	if _, known := g.troubles.LoadOrStore(fmt.Sprintf("%T", errors.Unwrap(err)), true); !known {
		g.log.Warn("the service did not answer; later faults of this kind are only counted", "error", err)
	}
	(&refusal{status: http.StatusBadGateway, code: "no_answer", message: "the service behind the gate did not answer"}).answer(w, r)
}
