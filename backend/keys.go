package backend

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"sync"
)

// deriveSigner derives the key for one purpose from the configured key (HKDF, RFC 5869).
func deriveSigner(key []byte, purpose string) (signer, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "ombak "+purpose, sha256.Size)
	if err != nil {
		return signer{}, fmt.Errorf("derive the key for %s: %w", purpose, err)
	}
	return newSigner(derived), nil
}

// signer computes HMAC-SHA256 with one key. It reuses the hash states derived from the key.
type signer struct{ macs *sync.Pool }

func newSigner(key []byte) signer {
	return signer{&sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (s signer) sign(text []byte) []byte {
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write(text)
	return mac.Sum(nil)
}
