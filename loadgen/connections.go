package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Connections configures how the targets are reached.
type Connections struct {
	PerPerson bool              `json:"per_person,omitempty"` // each person has their own connections; otherwise all people share them
	Cold      float64           `json:"cold,omitempty"`       // share of requests on a new connection, which is closed after the answer
	Idle      time.Duration     `json:"idle,omitempty"`       // longest time that a connection stays idle; 0 means as long as the service allows
	Life      time.Duration     `json:"life,omitempty"`       // age at which a connection is no longer reused; 0 means no limit
	DNSTTL    time.Duration     `json:"dns_ttl,omitempty"`    // how long addresses of names are kept; 0 means for the whole run
	ConnectTo map[string]string `json:"connect_to,omitempty"` // addresses that stand for others: HOST:PORT → HOST:PORT
	HTTP2     bool              `json:"http2,omitempty"`      // over TLS, or without it to targets of plain HTTP
	Streams   int               `json:"streams,omitempty"`    // most requests or gRPC calls under way on a connection of HTTP/2; 0 means 100
	Proxy     Proxy             `json:"proxy,omitzero"`
	NoResume  bool              `json:"no_resume,omitempty"` // every TLS handshake is a full one
	TLS       TLS               `json:"tls,omitzero"`
}

// TLS holds certificates in PEM.
type TLS struct {
	CA       string `json:"ca,omitempty"` // authorities that services are checked against; empty means the system's
	Cert     string `json:"cert,omitempty"`
	Key      string `json:"key,omitempty"`
	Insecure bool   `json:"insecure,omitempty"` // accept any certificate
	KeyLog   string `json:"key_log,omitempty"`  // file to which the secrets of connections are appended, for debugging
}

// config returns the settings of crypto/tls.
func (t TLS) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.Insecure}
	if t.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, errors.New("the file of the authority holds no certificate in PEM")
		}
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return nil, fmt.Errorf("the client's certificate and key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// validate returns what is wrong. Second says that some requests are streams of HTTP/2.
func (c Connections) validate(second bool) error {
	if _, err := c.TLS.config(); err != nil {
		return err
	}
	if c.Streams < 0 || c.Streams > 0 && !second {
		return errors.New("streams is the most requests under way on a connection of HTTP/2; use 1 or more, together with http2")
	}
	for from, to := range c.ConnectTo {
		for _, address := range []string{from, to} {
			if _, _, socket := SocketOf(address); socket && address == to {
				continue
			}
			if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
				return fmt.Errorf("connect-to %s=%s: %q is not HOST:PORT", from, to, address)
			}
		}
	}
	return nil
}

// streams returns the most requests under way on a connection of HTTP/2. The default is the least that RFC 9113, section 6.5.2,
// recommends to a server.
func (c Connections) streams() int {
	if c.Streams == 0 {
		return 100
	}
	return c.Streams
}

var coldPurpose = workload.NewPurpose("connections/cold")

// cold reports whether a request uses a new connection.
func (g *Generator) cold(work job) bool {
	if g.requests[work.request].upgrades() {
		return true // the connection becomes the person's
	}
	share := g.config.Connections.Cold
	if share <= 0 {
		return false
	}
	stream := g.config.Seed.Stream(coldPurpose, work.person, g.requests[work.request].step.Round(int(work.round)), int(work.attempt))
	return stream.Chance(share)
}

// resolver holds the addresses of one target. It refreshes them in the background, so that no request waits for a
// name server.
type resolver struct {
	socket     string // path of a Unix socket instead of addresses; empty if there is none
	host, port string
	mu         sync.Mutex
	addresses  []netip.AddrPort
	next       int
}

// newResolver returns a resolver of an address after the first lookup.
func newResolver(ctx context.Context, network, address string) (*resolver, error) {
	if network == "unix" {
		return &resolver{socket: address}, nil
	}
	r := &resolver{}
	var err error
	if r.host, r.port, err = net.SplitHostPort(address); err != nil {
		return nil, err
	}
	return r, r.ask(ctx)
}

// ask looks the addresses up. It keeps the IPv4 addresses if there are any, and the IPv6 addresses otherwise.
func (r *resolver) ask(ctx context.Context) error {
	if r.socket != "" {
		return nil
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", r.port)
	if err != nil {
		return err
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", r.host)
	if err != nil {
		return err
	}
	var four, six []netip.AddrPort
	for _, address := range found {
		if address = address.Unmap(); address.Is4() {
			four = append(four, netip.AddrPortFrom(address, uint16(port)))
		} else {
			six = append(six, netip.AddrPortFrom(address, uint16(port)))
		}
	}
	if len(four) == 0 {
		four = six
	}
	if len(four) == 0 {
		return fmt.Errorf("%s has no address", net.JoinHostPort(r.host, strconv.Itoa(port)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addresses = four
	return nil
}

// address returns the next address in turn.
func (r *resolver) address() netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	return r.addresses[r.next%len(r.addresses)]
}

// place returns where to connect to next: a network and an address of it.
func (r *resolver) place() (network, address string) {
	if r.socket != "" {
		return "unix", r.socket
	}
	return "tcp", r.address().String()
}

// resolvers holds the resolvers of all targets.
type resolvers struct {
	all  []*resolver
	stop context.CancelFunc
	over sync.WaitGroup
}

func (g *Generator) newResolvers(ctx context.Context) (*resolvers, error) {
	rs := &resolvers{}
	ctx, rs.stop = context.WithCancel(ctx)
	for _, target := range g.targets {
		network, address, _, err := g.config.Connections.PlaceOf(target)
		if err == nil {
			var r *resolver
			r, err = newResolver(ctx, network, address)
			rs.all = append(rs.all, r)
		}
		if err != nil {
			rs.stop()
			return nil, err
		}
	}
	if ttl := g.config.Connections.DNSTTL; ttl > 0 {
		rs.over.Go(func() { rs.refresh(ctx, ttl) })
	}
	return rs, nil
}

// refresh looks the addresses up periodically. If a lookup fails, the known addresses stay.
func (rs *resolvers) refresh(ctx context.Context, ttl time.Duration) {
	ticker := time.NewTicker(ttl)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, r := range rs.all {
			_ = r.ask(ctx) // the known addresses stay
		}
	}
}

func (rs *resolvers) close() {
	rs.stop()
	rs.over.Wait()
}
