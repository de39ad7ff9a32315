package funnel

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Attempt names one attempt of a person at a step.
type Attempt struct {
	Run    string // id of the run
	Person uint64
	Step   string
	Round  int // number of the person's earlier visits to the step
	Number int // from 1
}

// TraceID returns the id of the attempt's trace in 32 hexadecimal digits (W3C Trace Context, section 3.2.2.3). No two attempts
// have the same.
func (a Attempt) TraceID() string {
	sum := a.sum()
	return hex.EncodeToString(sum[:16])
}

// Traceparent returns the value of the header of that name. It asks for the trace to be recorded.
func (a Attempt) Traceparent() string {
	sum := a.sum()
	return "00-" + hex.EncodeToString(sum[:16]) + "-" + hex.EncodeToString(sum[16:24]) + "-01"
}

func (a Attempt) sum() [sha256.Size]byte {
	text := append([]byte("trace\x00"+a.Run+"\x00"+a.Step+"\x00"), make([]byte, 0, 24)...)
	for _, number := range []uint64{a.Person, uint64(a.Round), uint64(a.Number)} {
		text = binary.BigEndian.AppendUint64(text, number)
	}
	return sha256.Sum256(text)
}
