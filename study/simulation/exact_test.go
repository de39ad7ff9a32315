package simulation

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// awkward holds a value of every kind that is written exactly.
type awkward struct {
	Truth   bool
	Whole   int64
	Small   int8
	Natural uint64
	Float   float64
	Text    string
	Bytes   []byte
	Many    []float64
	Pair    [2]float64
	Maybe   *float64
	Map     map[string][]string
	Inner   *awkward
	Took    time.Duration
	At      time.Time
}

func awkwardGenerator() *rapid.Generator[awkward] {
	return rapid.Custom(func(t *rapid.T) awkward {
		float := rapid.Custom(func(t *rapid.T) float64 { return math.Float64frombits(rapid.Uint64().Draw(t, "bits")) })
		a := awkward{
			Truth: rapid.Bool().Draw(t, "truth"), Whole: rapid.Int64().Draw(t, "whole"), Small: rapid.Int8().Draw(t, "small"), Natural: rapid.Uint64().Draw(t, "natural"),
			Float: float.Draw(t, "float"), Text: rapid.String().Draw(t, "text"), Pair: [2]float64{float.Draw(t, "a"), float.Draw(t, "b")},
			Took: time.Duration(rapid.Int64().Draw(t, "took")), At: time.Unix(rapid.Int64Range(0, 1e10).Draw(t, "at"), 1).UTC(),
		}
		if rapid.Bool().Draw(t, "bytes are there") {
			a.Bytes = rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		}
		if rapid.Bool().Draw(t, "many are there") {
			a.Many = rapid.SliceOf(float).Draw(t, "many")
		}
		if rapid.Bool().Draw(t, "maybe is there") {
			value := rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.NaN(), 1}).Draw(t, "maybe")
			a.Maybe = &value
		}
		if rapid.Bool().Draw(t, "map is there") {
			a.Map = rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.String())).Draw(t, "map")
		}
		if rapid.Bool().Draw(t, "inner is there") {
			a.Inner = &awkward{Many: []float64{}, Bytes: []byte{}}
		}
		return a
	})
}

// What is written is read again: equal bytes, and so equal in every bit, with nil apart from empty.
func TestExactlyIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := awkwardGenerator().Draw(t, "value")
		text, err := exactly(a)
		if err != nil {
			t.Fatal(err)
		}
		var b awkward
		if err := readExactly(text, &b); err != nil {
			t.Fatal(err)
		}
		again, err := exactly(b)
		if err != nil || !bytes.Equal(text, again) {
			t.Fatalf("%+v became %+v (%v)", a, b, err)
		}
		if (a.Many == nil) != (b.Many == nil) || (a.Bytes == nil) != (b.Bytes == nil) || (a.Map == nil) != (b.Map == nil) || (a.Maybe == nil) != (b.Maybe == nil) {
			t.Fatalf("nil and empty are mixed up: %+v became %+v", a, b)
		}
		if math.Float64bits(a.Float) != math.Float64bits(b.Float) || a.Text != b.Text || !a.At.Equal(b.At) || !reflect.DeepEqual(a.Map, b.Map) {
			t.Fatalf("%+v became %+v", a, b)
		}
	})
}

// What cannot be written exactly is refused, not left out.
func TestWhatIsNotExactIsRefused(t *testing.T) {
	for why, value := range map[string]any{
		"a field that is not exported": struct{ a int }{1}, "an interface": struct{ A any }{1}, "a function": struct{ A func() }{}, "a half float": struct{ A float32 }{},
	} {
		if _, err := exactly(value); err == nil {
			t.Errorf("%s was written", why)
		}
	}
}

// No bytes make the reader panic or take more memory than they have themselves, and what it reads is what would be written.
func FuzzReadExactly(f *testing.F) {
	text, err := exactly(awkward{Text: "a", Many: []float64{1}, Map: map[string][]string{"a": nil}, Inner: &awkward{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, text []byte) {
		var a, b awkward
		if readExactly(text, &a) != nil {
			return
		}
		again, err := exactly(a)
		if err != nil {
			t.Skip(err) // an instant with a zone that time does not write
		}
		if err := readExactly(again, &b); err != nil {
			t.Fatal(err)
		}
	})
}
