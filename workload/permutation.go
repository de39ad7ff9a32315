package workload

import "math/bits"

// Permutation is a keyed bijection on [0, Size): it draws people without replacement
// and without a table. It is a balanced Feistel network of six rounds on the smallest
// even number of bits that holds Size, with cycle walking
// (Black, Rogaway: Ciphers with Arbitrary Finite Domains, CT-RSA 2002).
type Permutation struct {
	size uint64
	half uint
	keys [6]uint64
}

// NewPermutation returns the permutation of [0, size) for a seed and purpose; size must be at least 1.
// A mirrored seed has the permutation of its twin: the same people arrive, with antithetic draws.
func NewPermutation(seed Seed, purpose Purpose, size uint64) Permutation {
	if size == 0 {
		panic("workload: a permutation of nothing")
	}
	p := Permutation{size: size, half: max(1, (uint(bits.Len64(size-1))+1)/2)}
	seed.Mirrored = false
	stream := seed.Stream(purpose, 0, 0, 0)
	for i := range p.keys {
		p.keys[i] = stream.Uint64()
	}
	return p
}

// At returns the element at position i; i must be below the size.
func (p Permutation) At(i uint64) uint64 {
	for {
		i = p.encrypt(i)
		if i < p.size {
			return i
		}
	}
}

// AtEach replaces each position by its element, as [Permutation.At] does. It is several times as fast as one call for each
// position, because the processor computes independent positions in parallel.
func (p Permutation) AtEach(positions []uint64) {
	var walking [64]uint8 // indexes of the values that are not yet below the size
	for len(positions) > 0 {
		some := positions[:min(len(walking), len(positions))]
		for i := range some {
			walking[i] = uint8(i)
		}
		for left := len(some); left > 0; {
			still := 0
			for _, place := range walking[:left] {
				x := p.encrypt(some[place])
				some[place] = x
				walking[still] = place
				if x >= p.size {
					still++
				}
			}
			left = still
		}
		positions = positions[len(some):]
	}
}

func (p Permutation) encrypt(x uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	left, right := x>>p.half, x&mask
	for _, key := range p.keys {
		left, right = right, left^mix(right^key)&mask
	}
	return left<<p.half | right
}

// Position returns the position of an element: At(Position(x)) is x. x must be below the size.
func (p Permutation) Position(x uint64) uint64 {
	for {
		x = p.decrypt(x)
		if x < p.size {
			return x
		}
	}
}

func (p Permutation) decrypt(x uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	left, right := x>>p.half, x&mask
	for i := len(p.keys) - 1; i >= 0; i-- {
		left, right = right^mix(left^p.keys[i])&mask, left
	}
	return left<<p.half | right
}
