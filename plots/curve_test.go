package plots

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

// TestThinnedLinesLookTheSame: of a long line every column keeps its ends, its lowest and its highest point, in their
// order, and no more; a short line is kept as it is.
func TestThinnedLinesLookTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count, width := rapid.IntRange(2, 5000).Draw(t, "points"), rapid.Float64Range(0.1, 400).Draw(t, "width")
		heights := rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 50).Draw(t, "heights")
		var line []vg.Point
		for i := range count {
			line = append(line, vg.Point{X: vg.Length(width * float64(i) / float64(count)), Y: vg.Length(heights[i*i%len(heights)])})
		}
		kept := thinned(line)
		columns := int(line[count-1].X/thinnedWidth) + 1
		if few := count <= 8*columns; few && !slices.Equal(kept, line) || !few && len(kept) > 4*columns {
			t.Fatalf("%d of %d points are kept of %d columns", len(kept), count, columns)
		}
		if !slices.IsSortedFunc(kept, func(a, b vg.Point) int { return int(math.Copysign(1, float64(a.X-b.X))) }) {
			t.Fatal("the points are not in order")
		}
		if !slices.Equal(outline(kept), outline(line)) {
			t.Fatalf("the line looks different: %v, want %v", outline(kept), outline(line))
		}
	})
}

// outline returns the first, the last, the lowest and the highest point of every column of a line.
func outline(line []vg.Point) (all []vg.Length) {
	for first := 0; first < len(line); {
		next := first
		column := func(i int) int { return int((line[i].X - line[0].X) / thinnedWidth) }
		low, high := line[first].Y, line[first].Y
		for ; next < len(line) && column(next) == column(first); next++ {
			low, high = min(low, line[next].Y), max(high, line[next].Y)
		}
		all = append(all, line[first].X, line[first].Y, line[next-1].X, line[next-1].Y, low, high)
		first = next
	}
	return all
}
