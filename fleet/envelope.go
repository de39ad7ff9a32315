package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
)

// Envelope holds one message of a part.
type Envelope struct {
	Run         string `json:"run"`
	Part        int    `json:"part"` // from 0
	Incarnation string `json:"incarnation"`
	Seq         uint64 `json:"seq"` // from 1, without a gap
	CRC32C      uint32 `json:"crc32c"`
	Size        int    `json:"size"`             // of the message, in bytes
	Offset      int    `json:"offset,omitempty"` // of a chunk in the message
	Message     []byte `json:"-"`                // the message, or a chunk of it
}

const (
	// chunkBytes is the most of a message in one chunk. A NATS message takes 1 MiB.
	chunkBytes = 512 << 10
	// maxMessage is the size of the largest message. An Order holds the counts of 21 hours and the texts of all requests.
	maxMessage = 64 << 20
	maxHeader  = 1 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errCRC is the error of a message that is not the one that was sent.
var errCRC = errors.New("its CRC-32C is wrong")

// seal returns the envelope with the size and the checksum of its message.
func (e Envelope) seal() Envelope {
	e.Size, e.Offset, e.CRC32C = len(e.Message), 0, crc32.Checksum(e.Message, castagnoli)
	return e
}

// intact returns an error unless the whole message is there and has its checksum.
func (e Envelope) intact() error {
	switch {
	case e.Offset != 0 || len(e.Message) != e.Size:
		return fmt.Errorf("it holds %d of %d bytes", len(e.Message), e.Size)
	case crc32.Checksum(e.Message, castagnoli) != e.CRC32C:
		return errCRC
	}
	return nil
}

// encode writes the header as a line of JSON, and then the message as it is.
func (e Envelope) encode() ([]byte, error) {
	header, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("the header of an envelope has %d bytes, more than %d", len(header), maxHeader)
	}
	return append(append(header, '\n'), e.Message...), nil
}

// decode reads an envelope or a chunk of one. The message shares its memory with the text.
func decode(text []byte) (Envelope, error) {
	var e Envelope
	end := bytes.IndexByte(text[:min(len(text), maxHeader+1)], '\n')
	if end < 0 {
		return e, fmt.Errorf("an envelope has no header within %d bytes", maxHeader)
	}
	decoder := json.NewDecoder(bytes.NewReader(text[:end]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return e, fmt.Errorf("the header of an envelope: %w", err)
	}
	e.Message = text[end+1:]
	switch {
	case !isName(e.Run) || !isName(e.Incarnation):
		return e, errors.New("the header of an envelope names no run or no incarnation")
	case e.Part < 0 || e.Part >= MostGenerators || e.Seq == 0:
		return e, fmt.Errorf("an envelope is of part %d and has the number %d", e.Part, e.Seq)
	case e.Size < 0 || e.Size > maxMessage || e.Offset < 0 || e.Offset > e.Size || len(e.Message) > e.Size-e.Offset:
		return e, fmt.Errorf("an envelope holds %d bytes at %d of %d", len(e.Message), e.Offset, e.Size)
	}
	return e, nil
}

// chunks divides an envelope into chunks that NATS can carry.
func (e Envelope) chunks() (parts []Envelope) {
	for at := 0; at == 0 || at < len(e.Message); at += chunkBytes {
		chunk := e
		chunk.Offset, chunk.Message = at, e.Message[at:min(at+chunkBytes, len(e.Message))]
		parts = append(parts, chunk)
	}
	return parts
}

// assembly joins the chunks of one envelope at a time. They come in order, because one goroutine sends them over one
// connection; after a gap the sender begins again.
type assembly struct {
	open bool
	of   Envelope
}

// add adds a chunk. It returns the envelope and true once it is whole and intact.
func (a *assembly) add(chunk Envelope) (Envelope, bool, error) {
	if chunk.Offset == 0 {
		a.of, a.open = chunk, true
		a.of.Message = append(make([]byte, 0, len(chunk.Message)), chunk.Message...)
	} else {
		header := a.of
		header.Offset, header.Message = chunk.Offset, chunk.Message
		if !a.open || !sameHeader(header, chunk) || chunk.Offset != len(a.of.Message) {
			a.open = false
			return Envelope{}, false, nil // a gap
		}
		a.of.Message = append(a.of.Message, chunk.Message...)
	}
	if len(a.of.Message) < a.of.Size {
		return Envelope{}, false, nil
	}
	a.open = false
	return a.of, true, a.of.intact()
}

func sameHeader(a, b Envelope) bool {
	return a.Run == b.Run && a.Part == b.Part && a.Incarnation == b.Incarnation && a.Seq == b.Seq && a.CRC32C == b.CRC32C && a.Size == b.Size
}
