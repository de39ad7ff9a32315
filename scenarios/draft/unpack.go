package draft

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

// maxUnpacked is the size of the largest source, in bytes.
const maxUnpacked = 1 << 30

// unpack returns the text of a source that may be compressed by gzip or zstd, without a byte order mark.
func unpack(source []byte) ([]byte, error) {
	var reader io.Reader
	var err error
	switch {
	case bytes.HasPrefix(source, []byte{0x1f, 0x8b}):
		reader, err = gzip.NewReader(bytes.NewReader(source))
	case bytes.HasPrefix(source, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(bytes.NewReader(source), zstd.WithDecoderConcurrency(1)); err == nil {
			defer decoder.Close()
			reader = decoder
		}
	default:
		return withoutMark(source), nil
	}
	if err != nil {
		return nil, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(reader, maxUnpacked+1))
	if len(text) > maxUnpacked {
		return nil, errors.New("it unpacks to more than 1 GiB; cut out a part of it")
	}
	if err != nil && len(text) == 0 {
		return nil, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	return withoutMark(text), nil // what a file that was cut off still holds is used
}

// withoutMark removes a byte order mark, and turns UTF-16 into UTF-8.
func withoutMark(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte{0xef, 0xbb, 0xbf}):
		return text[3:]
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return text
	}
	units := make([]uint16, 0, len(text)/2)
	for rest := text[2:]; len(rest) > 1; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units)))
}

// memory is a folder of files that are not written yet.
type memory map[string][]byte

// Open returns a file by its name.
func (m memory) Open(name string) (fs.File, error) {
	content, known := m[name]
	if !known {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryFile{Reader: bytes.NewReader(content), name: name}, nil
}

// memoryFile is an open file of memory, and its own description.
type memoryFile struct {
	*bytes.Reader
	name string
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *memoryFile) Close() error               { return nil }
func (f *memoryFile) Name() string               { return f.name }
func (f *memoryFile) Mode() fs.FileMode          { return 0o444 }
func (f *memoryFile) ModTime() time.Time         { return time.Time{} }
func (f *memoryFile) IsDir() bool                { return false }
func (f *memoryFile) Sys() any                   { return nil }
