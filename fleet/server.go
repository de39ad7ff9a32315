package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// ServerConfig describes a NATS server of one's own.
type ServerConfig struct {
	Listen string   // HOST:PORT; port 0 means a free one
	Token  string   // what clients show; empty if they have keys
	NKeys  []string // public user keys of clients, which begin with U
	Folder string   // of the certificate authority, if there is one
	Hosts  []string // further names and addresses in the certificate
}

// Server is a NATS server that runs.
type Server struct {
	server *server.Server
	CA     *Authority // nil on loopback, where the server does not use TLS
}

// patience is how long anything in the fleet may take that takes milliseconds.
const patience = 15 * time.Second

// Serve starts a NATS server without JetStream, WebSockets, clusters and monitoring. On another address than loopback it uses
// TLS, with an authority of its own.
func Serve(ctx context.Context, config ServerConfig) (*Server, error) {
	host, port, err := net.SplitHostPort(config.Listen)
	if err != nil {
		return nil, fmt.Errorf("the address %q to listen at is not HOST:PORT: %w", config.Listen, err)
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return nil, fmt.Errorf("the address %q to listen at: %w", config.Listen, err)
	}
	if config.Token == "" && len(config.NKeys) == 0 {
		return nil, errors.New("a fleet needs a token or public keys of its clients")
	}
	if number == 0 {
		number = server.RANDOM_PORT
	}
	options := &server.Options{
		ServerName: "ombak", Host: host, Port: number, NoLog: true, NoSigs: true, Authorization: config.Token,
		AuthTimeout: patience.Seconds(), MaxPayload: 1 << 20, MaxControlLine: 4096, DisableShortFirstPing: true,
	}
	for _, key := range config.NKeys {
		if !nkeys.IsValidPublicUserKey(key) {
			return nil, refuse("%q is no public NATS user key, which begins with U; make one with nk -gen user", key)
		}
		options.Nkeys = append(options.Nkeys, &server.NkeyUser{Nkey: key})
	}
	s := &Server{}
	if !isLoopback(host) {
		if s.CA, err = authority(config.Folder, append(config.Hosts, host)); err != nil {
			return nil, err
		}
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{s.CA.server}}
		options.TLSTimeout = patience.Seconds()
	}
	if s.server, err = server.NewServer(options); err != nil {
		return nil, fmt.Errorf("the NATS server: %w", err)
	}
	// The server does not say why it cannot listen, so that is tried first.
	if port != "0" {
		trial, err := new(net.ListenConfig).Listen(ctx, "tcp", config.Listen)
		if err != nil {
			return nil, fmt.Errorf("cannot listen: %w; name another address with --listen", err)
		}
		_ = trial.Close() // the server listens next
	}
	go s.server.Start() // until Close, which waits for it
	if !s.server.ReadyForConnections(patience) {
		s.Close()
		return nil, fmt.Errorf("the NATS server was not ready within %v; the machine may be too busy", patience)
	}
	return s, nil
}

// Addr returns where the server listens.
func (s *Server) Addr() *net.TCPAddr {
	address, _ := s.server.Addr().(*net.TCPAddr)
	return address
}

// Close stops the server and waits for its end.
func (s *Server) Close() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

// isLoopback reports whether an address can be reached from this machine alone.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
