package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// KeySize is the length of the encryption key, in bytes.
const KeySize = 32

// sealer encrypts NIKs, so that the database alone does not reveal them.
type sealer struct {
	index []byte // key of the blind index
	aead  cipher.AEAD
}

// newSealer derives one key per purpose from the given key (HKDF, RFC 5869).
func newSealer(key []byte) (*sealer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("the key has %d bytes; it must have %d", len(key), KeySize)
	}
	index, err := hkdf.Key(sha256.New, key, nil, "ombak nik index", KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive the index key: %w", err)
	}
	secret, err := hkdf.Key(sha256.New, key, nil, "ombak nik cipher", KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive the cipher key: %w", err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("prepare the cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("prepare the cipher: %w", err)
	}
	return &sealer{index: index, aead: aead}, nil
}

// blind returns the keyed hash that finds a NIK and keeps it unique.
func (s *sealer) blind(nik string) []byte {
	mac := hmac.New(sha256.New, s.index)
	mac.Write([]byte(nik))
	return mac.Sum(nil)
}

// fingerprint identifies the key. It differs from the index of any NIK, because a NIK is all digits.
func (s *sealer) fingerprint() []byte { return s.blind("fingerprint") }

// seal encrypts a text of one kind for one row. The ciphertext does not decrypt in another row or column.
func (s *sealer) seal(kind string, row int64, text []byte) []byte {
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(text)+s.aead.Overhead())
	rand.Read(nonce) // crypto/rand.Read never fails since Go 1.24
	return s.aead.Seal(nonce, nonce, text, place(kind, row))
}

// open decrypts a text encrypted by seal.
func (s *sealer) open(kind string, row int64, sealed []byte) ([]byte, error) {
	if len(sealed) < s.aead.NonceSize() {
		return nil, fmt.Errorf("the %s of row %d is truncated", kind, row)
	}
	nonce, text := sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():]
	opened, err := s.aead.Open(nil, nonce, text, place(kind, row))
	if err != nil {
		return nil, fmt.Errorf("decrypt the %s of row %d (is it the right key?): %w", kind, row, err)
	}
	return opened, nil
}

// place identifies the row and column of an encrypted text.
func place(kind string, row int64) []byte {
	return binary.BigEndian.AppendUint64([]byte(kind), uint64(row))
}
