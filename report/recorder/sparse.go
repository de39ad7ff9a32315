package recorder

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Sparse is a histogram encoded as pairs of uvarints: the distance from the previous index, and the count.
// Indexes ascend. Its JSON form is base64. Empty means no value.
type Sparse []byte

var errSparse = errors.New("a histogram is damaged: its pairs of index and count do not match the layout")

// next decodes the first pair. Index is the previous index, -1 at the start.
func (s Sparse) next(index int) (rest Sparse, at int, count uint64, err error) {
	distance, n := binary.Uvarint(s)
	if n <= 0 || distance == 0 || distance > LayoutLength {
		return nil, 0, 0, errSparse
	}
	count, m := binary.Uvarint(s[n:])
	at = index + int(distance)
	if m <= 0 || count == 0 || count > 1<<53 || at >= LayoutLength {
		return nil, 0, 0, errSparse
	}
	return s[n+m:], at, count, nil
}

// Each calls visit with every index and count in order.
func (s Sparse) Each(visit func(index int, count uint64)) error {
	for index := -1; len(s) > 0; {
		rest, at, count, err := s.next(index)
		if err != nil {
			return err
		}
		visit(at, count)
		s, index = rest, at
	}
	return nil
}

// total returns the number of values in a valid encoding.
func (s Sparse) total() (total uint64) {
	_ = s.Each(func(_ int, count uint64) { total += count })
	return total
}

// sparseWriter appends pairs to an encoding.
type sparseWriter struct {
	bytes Sparse
	last  int // previous index plus one
}

func (w *sparseWriter) add(index int, count uint64) {
	w.bytes = binary.AppendUvarint(w.bytes, uint64(index+1-w.last))
	w.bytes = binary.AppendUvarint(w.bytes, count)
	w.last = index + 1
}

// plus returns the sum of two valid encodings.
func (s Sparse) plus(other Sparse) Sparse {
	if len(s) == 0 {
		return slices.Clone(other)
	}
	if len(other) == 0 {
		return s
	}
	w := sparseWriter{bytes: make(Sparse, 0, len(s)+len(other))}
	a, b := cursor{rest: s, index: -1}, cursor{rest: other, index: -1}
	a.advance()
	b.advance()
	for a.more || b.more {
		switch {
		case !b.more || a.more && a.index < b.index:
			w.add(a.index, a.count)
			a.advance()
		case !a.more || b.index < a.index:
			w.add(b.index, b.count)
			b.advance()
		default:
			w.add(a.index, a.count+b.count)
			a.advance()
			b.advance()
		}
	}
	return slices.Clip(w.bytes)
}

// cursor walks over a valid encoding.
type cursor struct {
	rest  Sparse
	index int
	count uint64
	more  bool
}

func (c *cursor) advance() {
	c.more = len(c.rest) > 0
	if !c.more {
		return
	}
	var err error
	if c.rest, c.index, c.count, err = c.rest.next(c.index); err != nil {
		panic(err) // Validate was not called
	}
}

// quantiles returns the value in microseconds at each percentile (0 to 100, ascending): the highest that
// counts as equal to the one at that rank. Ranks are those of hdrhistogram-go. The histogram must not be
// empty.
func (s Sparse) quantiles(percentiles ...float64) []int64 {
	total, result := s.total(), make([]int64, 0, len(percentiles))
	var before uint64
	_ = s.Each(func(index int, count uint64) {
		before += count
		for len(result) < len(percentiles) && before >= Rank(percentiles[len(result)], total) {
			lowest, size := LayoutRange(index)
			result = append(result, lowest+size-1)
		}
	})
	return result
}

// Rank returns the rank, from 1, of a percentile (0 to 100) among total values.
func Rank(percentile float64, total uint64) uint64 {
	return min(max(uint64(percentile/100*float64(total)+0.5), 1), total)
}
