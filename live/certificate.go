package live

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
	"os"
	"time"
)

// NewCertificate makes a certificate for one run, signed by itself. A browser asks whether to trust it. The host may be
// empty or unspecified; then the certificate names this machine and its addresses.
func NewCertificate(host string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	const life = 7 * 24 * time.Hour
	described := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "ombak"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, name := range reachedBy(host) {
		if ip := net.ParseIP(name); ip != nil {
			described.IPAddresses = append(described.IPAddresses, ip)
		} else {
			described.DNSNames = append(described.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, &described, &described, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// reachedBy returns the names of a host, or of this machine if the host means all of its addresses.
func reachedBy(host string) []string {
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return []string{host}
	}
	var names []string
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return append(names, "localhost")
	}
	for _, address := range addresses {
		if network, is := address.(*net.IPNet); is && !network.IP.IsLinkLocalUnicast() {
			names = append(names, network.IP.String())
		}
	}
	return append(names, "localhost")
}

// NamesIn returns the names and addresses for which a certificate is good.
func NamesIn(certificate tls.Certificate) []string {
	if len(certificate.Certificate) == 0 {
		return nil
	}
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return nil
	}
	names := append([]string{}, parsed.DNSNames...)
	for _, ip := range parsed.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// certificatePEM returns a certificate as others read it, or "" for none.
func certificatePEM(certificate *tls.Certificate) string {
	if certificate == nil || len(certificate.Certificate) == 0 {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}))
}
