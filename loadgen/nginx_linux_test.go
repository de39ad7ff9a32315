package loadgen_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// selfSigned makes a certificate for 127.0.0.1 and its key, in PEM.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}))
}

// nginx serves over TLS. The returned function stops it and returns the lines of its access log: status, whether the
// session was resumed (r or .), and the number of the connection.
func nginx(t *testing.T, certificate, key, settings string) (url string, log func() []string) {
	t.Helper()
	url, _, log = nginxAndSocket(t, certificate, key, settings)
	return url, log
}

// nginxAndSocket also returns the path of a Unix socket on which the same nginx serves without TLS.
func nginxAndSocket(t *testing.T, certificate, key, settings string) (url, socket string, log func() []string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed; make test installs it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, folder := free.Addr().String(), t.TempDir()
	_ = free.Close() // nginx listens there next
	text := fmt.Sprintf(`daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 2048; }
http {
  log_format brief '$status $ssl_session_reused $connection'; access_log access.log brief; %s
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen %s ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; location / { return 200 "hello"; } }
  server { listen unix:%s; location / { return 200 "hello"; } }
}
`, settings, address, filepath.Join(folder, "app.sock"))
	for name, content := range map[string]string{"nginx.conf": text, "cert.pem": certificate, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(program, "-p", folder, "-c", "nginx.conf", "-e", "stderr")
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() { end(command) }
	t.Cleanup(stop)
	for look := time.NewTicker(10 * time.Millisecond); ; <-look.C {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = conn.Close()
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("nginx never listened")
		}
	}
	return "https://" + address, filepath.Join(folder, "app.sock"), func() []string {
		stop()
		content, err := os.ReadFile(filepath.Join(folder, "access.log"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(content)), "\n")
	}
}

// What nginx logs agrees with what is counted: requests, handshakes, and how many of them were resumed.
func TestCountsAgreeWithNginx(t *testing.T) {
	certificate, key := selfSigned(t)
	for _, test := range []struct {
		why, settings string
		connections   loadgen.Connections
		full, resumed int // 0 and 0 if they depend on the pace
	}{
		{"kept alive", "", loadgen.Connections{}, 0, 0},
		{"a few requests each", "keepalive_requests 3;", loadgen.Connections{}, 0, 0},
		{"closed after each answer", "keepalive_timeout 0;", loadgen.Connections{NoResume: true}, 100, 0},
		{"a full handshake each", "", loadgen.Connections{Cold: 1, NoResume: true}, 100, 0},
		{"a full handshake for each person", "", loadgen.Connections{Cold: 1}, 50, 50},
		{"over TLS 1.2", "ssl_protocols TLSv1.2;", loadgen.Connections{Cold: 1}, 50, 50},
		{"a connection for each person", "", loadgen.Connections{PerPerson: true}, 50, 0},
		{"tickets refused", "ssl_session_tickets off; ssl_session_cache off;", loadgen.Connections{Cold: 1}, 100, 0},
	} {
		url, log := nginx(t, certificate, key, test.settings)
		r := newRecorder()
		g, err := loadgen.New(config(url, func(c *loadgen.Config) {
			c.Connections = test.connections
			c.Connections.TLS.CA = certificate
			then(c, loadgen.Request{Method: "GET", Path: "/then"})
		}), func(int) funnel.Observer { return shardRecorder{r} })
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Run(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		lines := log()
		conns := map[string]bool{} // by number: whether it was resumed
		for _, line := range lines {
			fields := strings.Fields(line)
			conns[fields[2]] = fields[1] == "r"
		}
		served := loadgen.Handshakes{}
		for _, resumed := range conns {
			if resumed {
				served.Resumed++
			} else {
				served.Full++
			}
		}
		got := g.Totals().Handshakes
		got.FullTime, got.ResumedTime = 0, 0
		if len(lines) != 100 || r.outcomes()[funnel.Completed] != 100 {
			t.Errorf("%s: nginx served %d, outcomes %v; want 100", test.why, len(lines), r.outcomes())
		}
		if want := (loadgen.Handshakes{Full: test.full, Resumed: test.resumed}); got != served || test.full > 0 && got != want {
			t.Errorf("%s: nginx saw %+v, counted %+v, want %+v", test.why, served, got, want)
		}
	}
}

// Behind a Unix socket, nginx serves and logs as many requests as are counted.
func TestNginxBehindSocket(t *testing.T) {
	certificate, key := selfSigned(t)
	for _, settings := range []string{"", "keepalive_requests 3;", "keepalive_timeout 0;"} {
		_, socket, log := nginxAndSocket(t, certificate, key, settings)
		r := play(t, config("unix:"+socket, func(c *loadgen.Config) { then(c, loadgen.Request{Method: "GET", Path: "/then"}) }))
		if lines := log(); len(lines) != 100 || r.outcomes()[funnel.Completed] != 100 {
			t.Errorf("%q: nginx served %d, outcomes %v; want 100", settings, len(lines), r.outcomes())
		}
	}
}
