package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Login says how to reach the NATS server of a fleet.
type Login struct {
	URL  string // nats://[TOKEN@]HOST[:PORT]; several are separated by commas
	CA   string // file or fingerprint of the authority that signed the server's certificate; empty means the system's
	NKey string // file with the seed of a user key
	Name string // of this client, for the server's operators
}

// Redacted returns the URL without its token.
func (l Login) Redacted() string {
	servers := strings.Split(l.URL, ",")
	for i, server := range servers {
		if scheme, rest, found := strings.Cut(server, "://"); found {
			if at := strings.LastIndex(rest, "@"); at >= 0 {
				servers[i] = scheme + "://***@" + rest[at+1:]
			}
		}
	}
	return strings.Join(servers, ",")
}

// secure reports whether the connection must use TLS: always, but on loopback.
func (l Login) secure() (bool, error) {
	secure := l.CA != ""
	for _, text := range strings.Split(l.URL, ",") {
		server, err := url.Parse(text)
		if err != nil || server.Hostname() == "" || server.Scheme != "nats" && server.Scheme != "tls" {
			return false, fmt.Errorf("%q is not the URL of a fleet; write nats://TOKEN@HOST:PORT", Login{URL: text}.Redacted())
		}
		secure = secure || server.Scheme == "tls" || !isLoopback(server.Hostname())
	}
	return secure, nil
}

// ErrRefused marks what the user asked for but cannot have, such as a wrong URL.
var ErrRefused = errors.New("refused")

// refusal is an error that is ErrRefused.
type refusal struct{ error }

func (refusal) Is(target error) bool { return target == ErrRefused }
func (r refusal) Unwrap() error      { return r.error }

func refuse(format string, arguments ...any) error { return refusal{fmt.Errorf(format, arguments...)} }

// connect reaches the server. Later it connects again by itself, for ever.
func (l Login) connect(ctx context.Context) (*nats.Conn, error) {
	secure, err := l.secure()
	if err != nil {
		return nil, refusal{err}
	}
	options := []nats.Option{
		nats.Name(l.Name), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond), nats.ReconnectJitter(50*time.Millisecond, 100*time.Millisecond),
		nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(3), nats.Timeout(5 * time.Second), nats.ReconnectBufSize(-1),
		nats.IgnoreAuthErrorAbort(), nats.DrainTimeout(time.Second),
	}
	if secure {
		config, err := trust(l.CA)
		if err != nil {
			return nil, refusal{err}
		}
		options = append(options, nats.Secure(config))
	}
	if l.NKey != "" {
		option, err := keyOption(l.NKey)
		if err != nil {
			return nil, refusal{err}
		}
		options = append(options, option)
	}
	conn, err := dial(ctx, l.URL, options)
	if err != nil {
		return nil, fmt.Errorf("the fleet at %s cannot be reached: %s", l.Redacted(), why(err))
	}
	return conn, nil
}

// dial connects, unless the context ends before.
func dial(ctx context.Context, servers string, options []nats.Option) (*nats.Conn, error) {
	type dialled struct {
		conn *nats.Conn
		err  error
	}
	done := make(chan dialled, 1)
	go func() { // ends with the connection's own time limit
		conn, err := nats.Connect(servers, options...)
		done <- dialled{conn, err}
	}()
	select {
	case d := <-done:
		return d.conn, d.err
	case <-ctx.Done():
		go func() { // the connection is of no use any more
			if d := <-done; d.conn != nil {
				d.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// why explains what a server that cannot be used lacks.
func why(err error) string {
	text := strings.TrimPrefix(err.Error(), "nats: ")
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return "it refuses the token or key; give the one that ombak fleet serve printed, as in nats://TOKEN@HOST:PORT"
	case errors.Is(err, nats.ErrSecureConnWanted):
		return "it does not use TLS, which is required beyond loopback"
	case errors.Is(err, nats.ErrSecureConnRequired):
		return "it uses TLS; give its authority with --fleet-ca"
	case strings.Contains(text, "certificate"):
		return text + "; give its authority with --fleet-ca"
	case errors.Is(err, nats.ErrNoServers):
		return "nobody answers there; start ombak fleet serve, or give another URL"
	}
	return text
}

// keyOption reads the seed of a user key from a file.
func keyOption(file string) (nats.Option, error) {
	seed, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the key: %w", err)
	}
	pair, err := nkeys.ParseDecoratedNKey(seed)
	if err != nil {
		return nil, fmt.Errorf("%s holds no seed of a NATS user key: %w", file, err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, err
	}
	return nats.Nkey(public, pair.Sign), nil
}
