package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	secureRate = 8_000 // requests per second, on connections kept alive
	freshRate  = 500   // requests per second, each with a full handshake
)

// secureArguments returns how tools are called over TLS, by name. Fresh means a new connection for each request.
func secureArguments(rate int, fresh bool) map[string]func(*bench) []string {
	or := func(flag string, arguments ...string) []string {
		if fresh {
			return append([]string{flag}, arguments...)
		}
		return arguments
	}
	length := fmt.Sprintf("%ds", int(openFor.Seconds()))
	return map[string]func(*bench) []string{
		"bombardier": func(b *bench) []string {
			return or("-a", "-k", "-c", fmt.Sprint(connections), "-r", fmt.Sprint(rate), "-d", length, "-o", "json", "-p", "r", b.target)
		},
		"fortio": func(b *bench) []string {
			rest := or("-keepalive=false", "-k", "-quiet", "-qps", fmt.Sprint(rate), "-c", fmt.Sprint(connections), "-t", length, b.target)
			return append([]string{"load"}, rest...)
		},
		"vegeta": func(*bench) []string {
			rest := or("-keepalive=false", "-insecure", "-targets", "vegeta.txt", "-rate", fmt.Sprint(rate), "-max-connections", fmt.Sprint(connections), "-duration", length, "-output", "vegeta.bin")
			return append([]string{"attack"}, rest...)
		},
	}
}

// playSecure lets ombak and then the others play against nginx over TLS. It returns nil where nginx is not installed.
func (b *bench) playSecure(ctx context.Context, rate int, fresh bool) ([]figures, error) {
	program := b.find("nginx")
	if program == "" {
		return nil, nil
	}
	over := *b
	stop, err := over.startNginx(ctx, program)
	if err != nil {
		return nil, err
	}
	defer stop()
	name, how := "secure", "tls: {insecure: true}"
	if fresh {
		name, how = "fresh", "cold: 100%, resume: false, "+how
	}
	own, err := over.playOmbak(ctx, name, fmt.Sprintf("arrivals: {step: go, mode: poisson, signups: [{for: %v, rate: %d/s}]}\njourney: [{name: go, request: {target: web, path: /}}]\nconnections: {%s}\n", openFor, rate, how))
	if err != nil {
		return nil, err
	}
	played, calls := []figures{own}, secureArguments(rate, fresh)
	for _, t := range tools() {
		f, found, err := over.measure(ctx, t, calls[t.name])
		if err != nil {
			return nil, err
		}
		if found {
			played = append(played, f)
		}
	}
	return played, nil
}

// startNginx starts nginx over TLS and makes it the target.
func (b *bench) startNginx(ctx context.Context, program string) (stop func(), err error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	certificate, key, err := selfSigned()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(b.folder, "nginx-")
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen %s ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; location / { return 200 '{"status":"ok"}'; } }
}
`, address)
	for name, content := range map[string]string{"nginx.conf": text, "cert.pem": certificate, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	command := exec.CommandContext(ctx, program, "-p", folder, "-c", "nginx.conf", "-e", "stderr")
	command.Stderr = b.log
	if err := command.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may be gone
		_ = command.Wait()                          // whatever it says, the figures are there
	}
	b.target = "https://" + address
	for look := time.NewTicker(10 * time.Millisecond); ; {
		if conn, err := net.Dial("tcp", address); err == nil {
			return stop, conn.Close()
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			stop()
			return nil, errors.New("nginx does not listen")
		}
	}
}

// selfSigned makes a certificate for 127.0.0.1 and its key, in PEM.
func selfSigned() (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return "", "", err
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})), nil
}

// secureTable writes the plays over TLS, ombak first, or why there are none.
func secureTable(title string, rate int, played []figures) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n### %s, %d requests per second, %v\n\n", title, rate, openFor)
	if len(played) == 0 {
		text.WriteString("Not measured: nginx is not installed.\n")
		return text.String()
	}
	fmt.Fprintf(&text, "| tool | answered of %d | CPU µs per request | ombak's to it | most memory |\n|---|---|---|---|---|\n", rate*int(openFor.Seconds()))
	for _, f := range played {
		fmt.Fprintf(&text, "| %s | %.0f | %.1f | %.2f | %d MB |\n", f.name, f.requests, f.perRequest().Seconds()*1e6, float64(played[0].perRequest())/float64(f.perRequest()), f.rss>>20)
	}
	return text.String()
}
