package fleet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Authority is the certificate authority of a fleet's server.
type Authority struct {
	File        string // of its certificate in PEM
	Fingerprint string // SHA-256 of its certificate, as in sha256:0a1b…
	server      tls.Certificate
}

// FingerprintPrefix begins the fingerprint of an authority.
const FingerprintPrefix = "sha256:"

const (
	authorityLife = 2 * 365 * 24 * time.Hour
	serverLife    = 365 * 24 * time.Hour
)

// authority reads the authority of a folder, or makes it on the spot, and signs a certificate for the server's names.
func authority(folder string, hosts []string) (*Authority, error) {
	a := &Authority{File: filepath.Join(folder, "fleet-ca.pem")}
	keyFile := filepath.Join(folder, "fleet-ca.key")
	if _, err := os.Stat(a.File); errors.Is(err, fs.ErrNotExist) {
		if err := makeAuthority(a.File, keyFile); err != nil {
			return nil, fmt.Errorf("making the fleet's certificate authority: %w", err)
		}
	}
	pair, err := tls.LoadX509KeyPair(a.File, keyFile)
	if err != nil {
		return nil, fmt.Errorf("the fleet's certificate authority in %s: %w; remove fleet-ca.pem and fleet-ca.key to have another made", folder, err)
	}
	ca, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, err
	}
	if time.Now().After(ca.NotAfter) {
		return nil, fmt.Errorf("the fleet's certificate authority %s has expired; remove it and fleet-ca.key to have another made", a.File)
	}
	a.Fingerprint = fingerprint(ca)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate("ombak fleet server", serverLife)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames, template.IPAddresses = namesOf(hosts)
	signed, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, pair.PrivateKey)
	if err != nil {
		return nil, err
	}
	a.server = tls.Certificate{Certificate: [][]byte{signed, ca.Raw}, PrivateKey: key}
	return a, nil
}

// makeAuthority writes a new authority and its key.
func makeAuthority(certFile, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificate("ombak fleet", authorityLife)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(certFile), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o644)
}

// certificate returns a template. It is valid from an hour ago, because clocks of machines differ.
func certificate(name string, life time.Duration) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // rand.Reader never fails
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// namesOf returns the names and addresses of the server: those given, those of this machine, and loopback.
func namesOf(hosts []string) (dns []string, ips []net.IP) {
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	if addresses, err := net.InterfaceAddrs(); err == nil {
		for _, address := range addresses {
			if network, ok := address.(*net.IPNet); ok {
				ips = append(ips, network.IP)
			}
		}
	}
	for _, host := range append(hosts, "localhost") {
		ip := net.ParseIP(host)
		switch {
		case host == "" || ip != nil && ip.IsUnspecified():
		case ip != nil:
			ips = append(ips, ip)
		case !slices.Contains(dns, host):
			dns = append(dns, host)
		}
	}
	return dns, ips
}

func fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return FingerprintPrefix + hex.EncodeToString(sum[:])
}

// trust returns the settings of a client that trusts an authority: a file in PEM, or a fingerprint. Empty means the system's
// authorities.
func trust(ca string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case ca == "":
		return config, nil
	case strings.HasPrefix(ca, FingerprintPrefix):
		if sum, err := hex.DecodeString(strings.TrimPrefix(ca, FingerprintPrefix)); err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("%q is not a fingerprint; ombak fleet serve prints it", ca)
		}
		config.InsecureSkipVerify = true // VerifyConnection checks the chain, from the authority with the fingerprint
		config.VerifyConnection = func(state tls.ConnectionState) error { return verifyPinned(state, ca) }
		return config, nil
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("the certificate authority: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", ca)
	}
	return config, nil
}

// verifyPinned checks that the server's certificate was signed by the authority with a fingerprint, for the server's name.
func verifyPinned(state tls.ConnectionState, pin string) error {
	roots, found := x509.NewCertPool(), false
	for _, cert := range state.PeerCertificates {
		if fingerprint(cert) == pin {
			roots.AddCert(cert)
			found = true
		}
	}
	if !found {
		return errors.New("the server's certificate authority has another fingerprint than the one given")
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: state.ServerName})
	return err
}
