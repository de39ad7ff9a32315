package workload_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
)

// TestPositionsOfAPermutation checks that Position undoes At, for populations of every size.
func TestPositionsOfAPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, 1<<40).Draw(t, "size")
		seed := workload.Seed{Value: rapid.Uint64().Draw(t, "seed")}
		p := workload.NewPermutation(seed, workload.NewPurpose("test"), size)
		i := rapid.Uint64Range(0, size-1).Draw(t, "i")
		if got := p.Position(p.At(i)); got != i {
			t.Fatalf("the element at position %d is at position %d", i, got)
		}
	})
}
