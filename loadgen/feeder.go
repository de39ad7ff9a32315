package loadgen

import (
	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/workload"
)

// Feeder is a table of data for templates and conditions.
type Feeder = journey.Feeder

var keyPurpose = workload.NewPurpose("request/key")

// idempotencyKey appends the key that a person sends with every attempt at one step: a UUID of
// version 4 drawn from the seed (RFC 9562).
func idempotencyKey(buffer []byte, seed workload.Seed, person uint64, step workload.Purpose) []byte {
	const hex = "0123456789abcdef"
	stream := seed.Stream(keyPurpose, person, step, 0)
	high, low := stream.Uint64(), stream.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 2<<62
	for i, word := range [2]uint64{high, low} {
		for shift := 60; shift >= 0; shift -= 4 {
			if digit := i*16 + (60-shift)/4; digit == 8 || digit == 12 || digit == 16 || digit == 20 {
				buffer = append(buffer, '-')
			}
			buffer = append(buffer, hex[word>>shift&15])
		}
	}
	return buffer
}

// File is a file that people upload.
type File struct {
	Name    string `json:"name"` // file name sent to the service
	Type    string `json:"type"` // media type
	Content []byte `json:"content"`
}
