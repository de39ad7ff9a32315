package workload

import (
	"math"
	"math/rand/v2"
)

// Purpose identifies the use of a random stream. Two purposes never share numbers.
type Purpose uint64

// NewPurpose hashes a name (FNV-1a) to a Purpose; call it once and keep the result.
func NewPurpose(name string) Purpose {
	hash := uint64(14695981039346656037)
	for i := range len(name) {
		hash = (hash ^ uint64(name[i])) * 1099511628211
	}
	return Purpose(hash)
}

// Round returns the Purpose of a step in a further round, counted from 0. That of round 0 is p itself.
func (p Purpose) Round(n int) Purpose { return p ^ Purpose(uint64(n)*0x9fb21c651e98df25) }

// Seed is the root of all randomness in one replication of a run.
type Seed struct {
	Value       uint64 `json:"value"`
	Replication uint64 `json:"replication,omitempty"`
	Mirrored    bool   `json:"mirrored,omitempty"` // draw 1 − u where the replication draws u: its antithetic twin
}

// Stream returns the stream for one purpose, person, step and attempt.
// Step is the hash of the step's name (see [NewPurpose]), or 0 if none applies.
func (s Seed) Stream(purpose Purpose, person uint64, step Purpose, attempt int) Stream {
	return s.Streams(purpose).Of(person, step, attempt)
}

// Streams holds the streams of one purpose. It computes what they share once, for callers that draw many millions of
// times.
type Streams struct{ high, flip uint64 }

// Streams returns the streams for one purpose.
func (s Seed) Streams(purpose Purpose) Streams {
	streams := Streams{high: mix(mix(s.Value) ^ mix(s.Replication+0x9e3779b97f4a7c15) ^ uint64(purpose))}
	if s.Mirrored {
		streams.flip = ^uint64(0)
	}
	return streams
}

// Of returns the stream of a person, step and attempt, as [Seed.Stream] does.
func (s Streams) Of(person uint64, step Purpose, attempt int) Stream {
	stream := Stream{flip: s.flip}
	stream.pcg.Seed(s.high, mix(mix(person^s.high)^uint64(step)+uint64(attempt)*0xd1342543de82ef95))
	return stream
}

// Uniform returns the first number in [0, 1) of the stream for purpose and person.
func (s Seed) Uniform(purpose Purpose, person uint64) float64 {
	stream := s.Stream(purpose, person, 0, 0)
	return stream.Float64()
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014), a bijection on 64 bits.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Stream is a sequence of random numbers (PCG-DXSM of math/rand/v2). It is a plain value: no allocation.
type Stream struct {
	pcg  rand.PCG
	flip uint64 // all ones if the stream is mirrored
}

// Uint64 returns a uniform 64-bit number; with it a *Stream is a rand.Source.
func (s *Stream) Uint64() uint64 { return s.pcg.Uint64() ^ s.flip }

// Float64 returns a uniform number in [0, 1) with 53 bits.
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) * 0x1p-53 }

// ExpFloat64 returns an exponential number with mean 1, by inversion.
func (s *Stream) ExpFloat64() float64 { return -math.Log1p(-s.Float64()) }

// IntN returns a uniform number in [0, n). It panics if n is not positive.
func (s *Stream) IntN(n int) int {
	if n <= 0 {
		panic("workload: IntN of a number that is not positive")
	}
	return int(s.Float64() * float64(n))
}

// Chance returns true with probability p.
func (s *Stream) Chance(p float64) bool { return s.Float64() < p }

var _ rand.Source = (*Stream)(nil)
