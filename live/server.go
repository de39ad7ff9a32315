package live

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultIdle is how long the page stays after the end of a run if nobody looks at it.
const DefaultIdle = 10 * time.Minute

// Config describes a server.
type Config struct {
	Address     string           // host:port; empty means a free port of 127.0.0.1
	Certificate *tls.Certificate // needed unless the address is a loopback one
	Names       []string         // further names under which the server is reached, as in the certificate
	Board       *Board
	Controls    Controls                                            // nil if nothing can be done to the run
	Turn        func(ctx context.Context, turn Turn) (Clock, error) // turns the clock of a simulation; nil if the run keeps real time
	Files       func() (fs.FS, bool)                                // folder of the report, once it is written; may be nil
	Idle        time.Duration                                       // see DefaultIdle; 0 means that
}

// Server serves the page of a run.
type Server struct {
	config  Config
	door    *door
	server  *http.Server
	served  sync.WaitGroup
	deeds   deeds
	visited atomic.Bool // whether anybody has come with a link or a token

	once     sync.Once     // guards started
	quit     sync.Once     // guards left
	started  chan struct{} // closed when somebody pressed Start
	leaving  sync.Once
	left     chan struct{} // closed when the conductor was told to end
	shutting chan struct{} // closed when the server stops
}

// ErrNeedsTLS is the error of an address that other machines can reach, without a certificate.
var ErrNeedsTLS = errors.New("other machines can reach the address, so it needs TLS")

// IsLoopback reports whether only this machine can reach a host.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Serve starts a server. It serves until Close.
func Serve(config Config) (*Server, error) {
	if config.Address == "" {
		config.Address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(config.Address)
	if err != nil {
		return nil, fmt.Errorf("the address %q is not HOST:PORT", config.Address)
	}
	if !IsLoopback(host) && config.Certificate == nil {
		return nil, ErrNeedsTLS
	}
	listener, err := net.Listen("tcp", config.Address)
	if err != nil {
		return nil, err
	}
	if config.Idle == 0 {
		config.Idle = DefaultIdle
	}
	s := &Server{config: config, started: make(chan struct{}), left: make(chan struct{}), shutting: make(chan struct{})}
	scheme := "http"
	s.server = &http.Server{ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	if config.Certificate != nil {
		scheme = "https"
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*config.Certificate}, MinVersion: tls.VersionTLS12})
	}
	s.door = newDoor(scheme, listener.Addr(), namesOf(host, config.Names))
	s.server.Handler = s.door.guard(s.routes())
	s.served.Go(func() { _ = s.server.Serve(listener) }) // until it is closed
	return s, nil
}

// namesOf returns the names under which a server is reached, the best for a link first.
func namesOf(host string, more []string) []string {
	names := []string{host}
	switch {
	case host == "localhost" || host == "127.0.0.1" || host == "::1":
		names = append(names, "127.0.0.1", "localhost", "::1")
	case net.ParseIP(host) != nil && net.ParseIP(host).IsUnspecified() || host == "":
		names = nil
		if len(more) == 0 {
			names = []string{"localhost"}
		}
	}
	lower := append(names, more...)
	for i := range lower {
		lower[i] = strings.ToLower(lower[i])
	}
	return lower
}

// URL returns the link by which the conductor enters. It holds a secret.
func (s *Server) URL() string { return s.door.link(conductor) }

// LookURL returns the link of those who may only look. It holds a secret.
func (s *Server) LookURL() string { return s.door.link(viewer) }

// Endpoint returns the address and the bearer token with which programs act, and the certificate to trust, if there is
// one.
func (s *Server) Endpoint() (url, token, certificate string) {
	return s.door.scheme + "://" + s.door.hosts[0], s.door.links[conductor], certificatePEM(s.config.Certificate)
}

// Visited reports whether anybody has come with a link or a token.
func (s *Server) Visited() bool { return s.visited.Load() }

// Started is closed when somebody has pressed Start.
func (s *Server) Started() <-chan struct{} { return s.started }

// Linger waits after the end of a run until the conductor is told to end, nobody has looked for the idle time, or the
// context ends.
func (s *Server) Linger(ctx context.Context) {
	const every = time.Second
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for s.config.Board.alone() < s.config.Idle {
		select {
		case <-ctx.Done():
			return
		case <-s.left:
			return
		case <-ticker.C:
		}
	}
}

// Close stops the server. Viewers see their connections end.
func (s *Server) Close() {
	s.leaving.Do(func() { close(s.shutting) })
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close() // those who still read are cut off
	}
	s.served.Wait()
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"error": text})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that has gone needs no answer
}
