package loadgen_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/workload"
)

// counted serves, with or without TLS, and counts connections and requests.
func counted(t *testing.T, secure bool, change func(*httptest.Server)) (*httptest.Server, *atomic.Int64, *atomic.Int64) {
	t.Helper()
	var conns, requests atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		w.Header().Set("X-Proto", r.Proto)
		_, _ = w.Write([]byte(r.Host))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	if change != nil {
		change(server)
	}
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, &conns, &requests
}

// alsoHTTP2 lets a server speak HTTP/2 besides.
func alsoHTTP2(s *httptest.Server, secure bool) {
	s.EnableHTTP2, s.Config.Protocols = secure, new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetHTTP2(secure)
	s.Config.Protocols.SetUnencryptedHTTP2(!secure)
}

// inTurn makes people arrive one after another and take two steps, so that one connection would be enough.
func inTurn(c *loadgen.Config) {
	c.Shards, c.Signups.Mode = 1, workload.Even
	c.Signups.Bins = workload.Bins{Width: 500 * time.Millisecond, Counts: []int{5}}
	c.Journey.Steps = append(c.Journey.Steps, journey.Step{Name: "then", Kind: funnel.Request, Continue: 1, Timeout: time.Minute})
	c.Requests = append(c.Requests, c.Requests[0])
}

func TestConnectionsAreSharedOwnedOrCold(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, secure := range []bool{false, true} {
		for _, test := range []struct {
			why         string
			connections loadgen.Connections
			least, most int64
		}{
			{"shared", loadgen.Connections{}, 1, 9}, // one, if the machine keeps up
			{"one for each person", loadgen.Connections{PerPerson: true}, 5, 5},
			{"one for each request", loadgen.Connections{Cold: 1}, 10, 10},
			{"closed by age", loadgen.Connections{Life: time.Nanosecond}, 10, 10},
			{"shared, HTTP/2", loadgen.Connections{HTTP2: true}, 1, 5},
			{"one for each person, HTTP/2", loadgen.Connections{HTTP2: true, PerPerson: true}, 5, 5},
			{"one for each request, HTTP/2", loadgen.Connections{HTTP2: true, Cold: 1}, 10, 10},
			{"closed by age, HTTP/2", loadgen.Connections{HTTP2: true, Life: time.Nanosecond}, 2, 10}, // those that come while one opens share it
			{"one for each person and closed by age, HTTP/2", loadgen.Connections{HTTP2: true, PerPerson: true, Life: time.Nanosecond}, 10, 10},
		} {
			if secure && test.connections.Life > 0 && !test.connections.HTTP2 {
				continue // fasthttp asks the server to close at that age, which it measures coarsely
			}
			server, conns, requests := counted(t, secure, func(s *httptest.Server) { alsoHTTP2(s, secure) })
			r := play(t, config(server.URL, func(c *loadgen.Config) {
				inTurn(c)
				c.Connections = test.connections
				c.Connections.TLS.Insecure = true
			}))
			if n := conns.Load(); n < test.least || n > test.most || requests.Load() != 10 || r.outcomes()[funnel.Completed] != 10 {
				t.Errorf("TLS %v, %s: %d connections for %d requests, outcomes %v; want %d to %d for 10", secure, test.why, n, requests.Load(), r.outcomes(), test.least, test.most)
			}
		}
	}
}

// authority makes a certificate authority and a client certificate signed by it, in PEM.
func authority(t *testing.T) (ca *x509.Certificate, certificate, key string) {
	t.Helper()
	sign := func(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if parent == nil {
			parent, parentKey = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
		if err != nil {
			t.Fatal(err)
		}
		made, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return made, key
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	ca, caKey := sign(template, nil, nil)
	client := *template
	client.SerialNumber, client.IsCA, client.KeyUsage, client.ExtKeyUsage = big.NewInt(2), false, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	leaf, leafKey := sign(&client, ca, caKey)
	der, err := x509.MarshalECPrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	return ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// A service with a certificate of a private authority that requires client certificates, over HTTP/1.1 and
// HTTP/2.
func TestOwnAuthorityClientCertificateAndHTTP2(t *testing.T) {
	ca, certificate, key := authority(t)
	server, _, requests := counted(t, true, func(s *httptest.Server) {
		pool := x509.NewCertPool()
		pool.AddCert(ca)
		s.EnableHTTP2 = true
		s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	})
	trusted := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	for _, http2 := range []bool{false, true} {
		before := requests.Load()
		proto := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]
		r := play(t, config(server.URL, func(c *loadgen.Config) {
			c.Connections = loadgen.Connections{HTTP2: http2, TLS: loadgen.TLS{CA: trusted, Cert: certificate, Key: key}}
			c.Requests[0].Method, c.Requests[0].Text = "POST", "x=${person.nik}"
			c.Requests[0].Checks = []loadgen.Check{{Extract: loadgen.Extract{Header: "X-Proto"}, Equals: proto}}
		}))
		if r.outcomes()[funnel.Completed] != 50 || requests.Load()-before != 50 {
			t.Errorf("%s: outcomes %v, %d requests; want 50", proto, r.outcomes(), requests.Load()-before)
		}
		nameless := play(t, config(server.URL, func(c *loadgen.Config) {
			c.Connections = loadgen.Connections{HTTP2: http2, TLS: loadgen.TLS{CA: trusted}}
			c.Signups.Bins.Counts = []int{3}
		}))
		if nameless.outcomes()[funnel.Failed] != 3 {
			t.Errorf("%s without a certificate: outcomes %v; want 3 failed", proto, nameless.outcomes())
		}
	}
}

// The request goes to the other address but still names the target.
func TestConnectTo(t *testing.T) {
	for _, secure := range []bool{false, true} {
		server, _, requests := counted(t, secure, nil)
		target := map[bool]string{false: "http://api.example.invalid:8080", true: "https://example.com"}[secure]
		from := map[bool]string{false: "api.example.invalid:8080", true: "example.com:443"}[secure]
		r := play(t, config(target, func(c *loadgen.Config) {
			c.Connections.ConnectTo = map[string]string{from: server.Listener.Addr().String()}
			c.Connections.TLS.CA = certificateOf(server)
			c.Requests[0].Checks = []loadgen.Check{{Contains: "example"}}
		}))
		if r.outcomes()[funnel.Completed] != 50 || requests.Load() != 50 {
			t.Errorf("%s: outcomes %v, %d requests; want 50", target, r.outcomes(), requests.Load())
		}
	}
}

func certificateOf(server *httptest.Server) string {
	if server.Certificate() == nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func TestConnectionsSayWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		connections loadgen.Connections
		want        string
	}{
		{loadgen.Connections{TLS: loadgen.TLS{CA: "x"}}, "holds no certificate in PEM"},
		{loadgen.Connections{TLS: loadgen.TLS{Cert: "x", Key: "y"}}, "the client's certificate and key"},
		{loadgen.Connections{ConnectTo: map[string]string{"a:1": "b"}}, `"b" is not HOST:PORT`},
		{loadgen.Connections{Streams: 3}, "streams is the most requests under way on a connection of HTTP/2"},
	} {
		_, err := loadgen.New(config("http://127.0.0.1:1", func(c *loadgen.Config) { c.Connections = test.connections }), nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}

func TestMostConnections(t *testing.T) {
	for _, test := range []struct {
		why    string
		change func(*loadgen.Config)
		want   int
	}{
		{"shared", func(*loadgen.Config) {}, 100},
		{"people who leave silently leave theirs open", func(c *loadgen.Config) { c.Requests[0].Silent = true }, 200},
		{"each person has one", func(c *loadgen.Config) { c.Connections.PerPerson = true }, 5000},
		{"each admitted person has one", func(c *loadgen.Config) { c.Connections.PerPerson, c.MostPeople = true, 700 }, 700},
	} {
		c := config("http://127.0.0.1:1", func(c *loadgen.Config) { c.InFlight = 100; test.change(c) })
		if got := c.MostConnections(5000); got != test.want {
			t.Errorf("%s: %d, want %d", test.why, got, test.want)
		}
	}
}

// Connections opened in advance are used. If nobody listens, they are dropped and the requests report the
// error.
func TestConnectionsOpenedAhead(t *testing.T) {
	server, conns, requests := counted(t, false, nil)
	r := play(t, config(server.URL, func(c *loadgen.Config) { inTurn(c); c.Warm = 6 }))
	if n := conns.Load(); n != 6 || requests.Load() != 10 || r.outcomes()[funnel.Completed] != 10 {
		t.Errorf("%d connections, %d requests, outcomes %v; want 6, 10 and 10 completed", n, requests.Load(), r.outcomes())
	}
	r = play(t, config("http://127.0.0.1:1", func(c *loadgen.Config) { c.Warm = 6 }))
	if r.outcomes()[funnel.Failed] != 50 || r.samples[0].Reason != funnel.ReasonDial {
		t.Errorf("outcomes %v, reason %v; want 50 that could not connect", r.outcomes(), r.samples[0].Reason)
	}
}

// Header names are case-insensitive over every protocol, because proxies write them in lower case.
func TestHeadersAreFoundInAnyCase(t *testing.T) {
	for _, protocol := range []struct{ http2, secure bool }{{false, false}, {false, true}, {true, true}} {
		server, _, _ := counted(t, protocol.secure, func(s *httptest.Server) {
			s.EnableHTTP2 = protocol.http2
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header()["x-zone"] = []string{"jakarta"} })
		})
		r := play(t, config(server.URL, func(c *loadgen.Config) {
			c.Connections.HTTP2, c.Connections.TLS.CA = protocol.http2, certificateOf(server)
			c.Requests[0].Checks = []loadgen.Check{{Extract: loadgen.Extract{Header: "x-Zone"}, Equals: "jakarta"}}
		}))
		if r.outcomes()[funnel.Completed] != 50 {
			t.Errorf("%+v: outcomes %v; want 50 completed", protocol, r.outcomes())
		}
	}
}
