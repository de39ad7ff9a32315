package recorder

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// Indexes is a set of people's indexes. Its JSON form is base64 of the sorted indexes, each as the uvarint
// distance from the one before.
type Indexes []uint64

// MarshalJSON implements json.Marshaler.
func (x Indexes) MarshalJSON() ([]byte, error) {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	var packed []byte
	var last uint64
	for _, index := range sorted {
		packed = binary.AppendUvarint(packed, index-last)
		last = index
	}
	return json.Marshal(packed)
}

// UnmarshalJSON implements json.Unmarshaler.
func (x *Indexes) UnmarshalJSON(text []byte) error {
	var packed []byte
	if err := json.Unmarshal(text, &packed); err != nil {
		return fmt.Errorf("people's indexes are not base64: %w", err)
	}
	*x = nil
	var last uint64
	for len(packed) > 0 {
		distance, n := binary.Uvarint(packed)
		if n <= 0 || last+distance < last {
			return fmt.Errorf("people's indexes are damaged after %d of them", len(*x))
		}
		last += distance
		*x = append(*x, last)
		packed = packed[n:]
	}
	return nil
}

// All yields the indexes.
func (x Indexes) All() iter.Seq[uint64] { return slices.Values(x) }
