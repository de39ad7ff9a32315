//go:build linux

package main

import (
	"context"
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
	"syscall"
	"time"
)

// startNginx starts nginx for a case, and makes it the target.
func (b *bench) startNginx(ctx context.Context, program string, one wireCase) (stop func(), err error) {
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
	listen, scheme := address, "http"
	if one.second {
		listen += " http2"
	}
	if one.secure {
		listen, scheme = listen+" ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem", "https"
	}
	text := fmt.Sprintf(`daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen %s; location / { return 200 '{"status":"ok"}'; } }
}
`, listen)
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
		gone := make(chan struct{})
		go func() { _ = command.Wait(); close(gone) }() // whatever it says, the figures are there
		for {                                           // without a master process, nginx may miss a signal that comes just before it waits for events
			_ = command.Process.Signal(syscall.SIGTERM) // it may be gone
			select {
			case <-gone:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	b.target = scheme + "://" + address
	return stop, await(ctx, address, stop)
}

// await waits until something listens at an address, or the context ends, which stops it.
func await(ctx context.Context, address string, stop func()) error {
	for look := time.NewTicker(10 * time.Millisecond); ; {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			stop()
			return fmt.Errorf("nothing listens at %s", address)
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
